"""The worker's judging: after each reading, once, and never in the way of anything."""

import logging
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from connectors.jobs.alerts import Judge, judge_once, judge_until
from connectors.jobs.schedule import next_pause
from connectors.registry import PAUSES, SOURCES
from data.alert_facts import Watch
from data.alert_rules import make_rule, remove_rule, switch_rule
from data.alerts import history, open_alerts
from data.books import close_books, open_book
from data.faults import RecordsBusy
from data.market import Lake
from data.settings import Settings
from engine.market import offers_frame
from engine.people import local_actor
from tests.connectors.samples import Fake, ingest
from tests.connectors.test_worker import real_worker, soon
from tests.data.test_alert_facts import failed, listed
from tests.data.test_market import saved
from tests.engine.alert_looks import rule
from tests.engine.test_alerts import SIGNED, UNSIGNED
from tests.support import OBSERVED, offer

ANN = local_actor("ann")
HOUR = timedelta(hours=1)
LOW = rule(usd_per_gpu_hour_below=Decimal(2))


@pytest.fixture
def settings(tmp_path):
    yield Settings.from_env({"NECTO_HOME": str(tmp_path)})
    close_books()


@pytest.fixture
def judge(settings, lake):
    return Judge(settings, lake)


def opened(settings):
    with open_book(settings).reading() as view:
        return open_alerts(view)


def states(settings):
    with open_book(settings).reading() as view:
        return [alert.state for alert in history(view)]


def test_a_price_opens_an_alert_once_and_two_quiet_readings_close_it(settings, lake, judge):
    make_rule(open_book(settings), ANN, LOW)
    at = OBSERVED
    said = []
    for price in ("2.5", "1.5", "2.5", "1.5", "2.5", "2.5", "1.5"):
        saved(lake, at, price)
        said += [[alert.state for alert in judge.look(at)] for _ in range(2)]
        at += HOUR

    assert [one for one in said if one] == [["open"], ["closed"], ["open"]]
    assert states(settings) == ["open", "closed"]


def test_nothing_is_judged_without_rules_and_a_new_rule_is_judged_at_once(settings, lake, judge):
    saved(lake, OBSERVED, "1.5")
    assert judge.look(OBSERVED) == []
    made = make_rule(open_book(settings), ANN, LOW)
    assert [alert.state for alert in judge.look(OBSERVED)] == ["open"]
    off = switch_rule(open_book(settings), ANN, made, on=False)

    assert (judge.look(OBSERVED), opened(settings)) == ([], [])
    on = switch_rule(open_book(settings), ANN, off, on=True)
    assert [alert.state for alert in judge.look(OBSERVED)] == ["open"]
    remove_rule(open_book(settings), ANN, on)
    assert (judge.look(OBSERVED), opened(settings)) == ([], [])


def test_silence_is_judged_by_the_clock_without_any_reading(settings, lake, judge):
    make_rule(open_book(settings), ANN, rule("network_silent", hours=6))
    saved(lake, OBSERVED)
    failing(lake, OBSERVED, 36)
    assert judge.look(OBSERVED + 5 * HOUR) == []
    assert [alert.state for alert in judge.look(OBSERVED + 6 * HOUR)] == ["open"]
    assert judge.look(OBSERVED + 9 * HOUR) == []
    saved(lake, OBSERVED + 10 * HOUR)

    assert [alert.state for alert in judge.look(OBSERVED + 10 * HOUR)] == ["closed"]


def failing(lake, since, quarters):
    """Akash gives nothing, every quarter of an hour after this moment."""
    for n in range(1, quarters + 1):
        failed(lake, since + n * HOUR / 4)


def test_a_machine_that_slept_opens_no_alert_of_silence_and_misses_none(settings, lake, judge):
    make_rule(open_book(settings), ANN, rule("network_silent", hours=2))
    saved(lake, OBSERVED)
    failing(lake, OBSERVED, 4)
    woken = OBSERVED + 90 * HOUR
    assert judge.look(woken) == []
    failing(lake, woken - HOUR / 4, 4)
    assert judge.look(woken + 3 * HOUR / 4) == []
    failing(lake, woken + 3 * HOUR / 4, 1)
    (alert,) = judge.look(woken + HOUR)

    assert "at least 2 hours ago. Not judged: Necto itself was not reading Akash" in alert.sentence
    assert judge.look(woken + 99 * HOUR) == []
    assert [one.state for one in opened(settings)] == ["open"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda kind: kind.name)
def test_a_worker_that_is_awake_is_never_said_to_stand_still(source, lake):
    took = timedelta(hours=4) if source.name == "aws" else timedelta(minutes=9)
    at = saved_at = OBSERVED
    saved(lake, at, network=source.name)
    for failures in range(15):
        at += took + timedelta(seconds=next_pause(source, failures))
        failed(lake, at, source.name)
    found = Watch(PAUSES).look(lake, at).asked[source.name]

    assert all(one.again_by >= after.at for one, after in pairwise(found))
    assert (found[0].at, found[-1].at, len(found)) == (saved_at, at, 16)


def test_a_signature_that_is_lost_opens_an_alert(settings, lake, judge):
    make_rule(open_book(settings), ANN, rule("signature_lost"))
    listed(lake, OBSERVED, SIGNED)
    assert judge.look(OBSERVED) == []
    listed(lake, OBSERVED + HOUR, UNSIGNED)
    (alert,) = judge.look(OBSERVED + HOUR)

    assert [one.key for one in alert.evidence.lost] == ["country"]
    listed(lake, OBSERVED + 2 * HOUR, UNSIGNED)
    assert judge.look(OBSERVED + 2 * HOUR) == []
    listed(lake, OBSERVED + 3 * HOUR, SIGNED)
    assert [one.state for one in judge.look(OBSERVED + 3 * HOUR)] == ["closed"]


def test_two_processes_that_judge_the_same_readings_open_one_alert(settings, lake, judge):
    make_rule(open_book(settings), ANN, LOW)
    saved(lake, OBSERVED, "1.5")
    other = Judge(settings, Lake(lake.root))

    assert len(judge.look(OBSERVED) + other.look(OBSERVED)) == 1
    assert len(judge_once(settings, lake, OBSERVED)) == 0
    assert states(settings) == ["open"]


def test_what_happened_while_the_records_were_away_is_still_seen(
    settings, lake, judge, monkeypatch, caplog
):
    make_rule(open_book(settings), ANN, rule("availability_returns", gpu="H100-SXM"))
    listed_free(lake, OBSERVED, free=False)
    judge.look(OBSERVED)
    listed_free(lake, OBSERVED + HOUR, free=True)
    with monkeypatch.context() as broken:
        broken.setattr("connectors.jobs.alerts.settle", busy)
        with pytest.raises(RecordsBusy):
            judge.look(OBSERVED + HOUR)
    listed_free(lake, OBSERVED + 2 * HOUR, free=True)

    assert [alert.state for alert in judge.look(OBSERVED + 2 * HOUR)] == ["open"]


def busy(*_):
    raise RecordsBusy("another process held the records: try again")


def listed_free(lake, at, *, free):
    frame = offers_frame([offer(available=free, observed_at=at)])
    lake.save("offers", "akash", lake.new_run_id("akash", at), frame)


def test_a_fault_of_ours_ends_no_judging(settings, lake, monkeypatch, caplog):
    monkeypatch.setattr("connectors.jobs.alerts.LOOK_SECONDS", 0.01)
    make_rule(open_book(settings), ANN, LOW)
    saved(lake, datetime.now(UTC), "1.5")
    stop, faults = threading.Event(), iter([ValueError("ours")])

    def rules(view):
        for fault in faults:
            raise fault
        stop.set()
        return []

    monkeypatch.setattr("connectors.jobs.alerts.rules", rules)
    judge_until(settings, lake, lambda: OBSERVED, stop)

    assert caplog.text.count("could not be judged") == 1
    assert "ours" in caplog.text


def test_an_alert_is_in_the_worker_s_log(settings, lake, caplog):
    caplog.set_level(logging.INFO)
    make_rule(open_book(settings), ANN, LOW)
    saved(lake, OBSERVED, "1.5")

    assert len(judge_once(settings, lake, OBSERVED)) == 1
    assert "alert open: H100-SXM on demand costs $1.50 per GPU-hour on Akash" in caplog.text


@contextmanager
def judging(settings, lake):
    stop = threading.Event()
    thread = threading.Thread(target=judge_until, args=(settings, lake, lambda: OBSERVED, stop))
    thread.start()
    yield
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_chore_judges_what_an_ingest_brings(settings, lake, monkeypatch):
    monkeypatch.setattr("connectors.jobs.alerts.LOOK_SECONDS", 0.05)
    make_rule(open_book(settings), ANN, rule(usd_per_gpu_hour_below=Decimal(100)))
    with judging(settings, lake):
        ingest(lake, now=OBSERVED).run(Fake("nosana"))
        assert soon(lambda: opened(settings))


def test_the_real_worker_judges(tmp_path, settings):
    saved(Lake(tmp_path / "market"), datetime.now(UTC), "1.5")
    make_rule(open_book(settings), ANN, LOW)
    with real_worker(tmp_path, tmp_path / "log"):
        assert soon(lambda: opened(settings))

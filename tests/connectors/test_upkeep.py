"""Upkeep once a day: every network on its own, none that is being read."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from connectors.jobs.upkeep import keep_up, keep_up_daily, tell_of_decisions
from data.books import open_book
from data.decisions import saved as saved_decision
from data.faults import RecordsBusy
from tests.data.test_market import saved
from tests.data.test_preferences import told
from tests.kept import small_market, small_record
from tests.support import ADA, OBSERVED, house_of, settings_of

NOW = OBSERVED + timedelta(days=500)


@pytest.fixture
def house(tmp_path):
    """How the house book is opened."""
    return partial(house_of, tmp_path)


def history_of(lake, *networks):
    for network in networks:
        for day in (0, 0, 1, 500):
            saved(lake, OBSERVED + timedelta(days=day), network=network)


def test_every_network_is_rolled_up_merged_and_cleared(lake, house):
    history_of(lake, "akash", "nosana")

    found = keep_up(lake, house, NOW, 400)

    assert [(done.network, done.days_rolled_up, done.skipped) for done in found] == [
        ("akash", 2, None),
        ("nosana", 2, None),
    ]
    assert found[0].compacted.days == 3  # one of offers, two of run records
    assert found[0].removed.days == 2


def test_a_network_that_is_being_read_is_left_alone_and_told(lake, house):
    history_of(lake, "akash", "nosana")
    with lake.ingesting("akash"):
        akash, nosana = keep_up(lake, house, NOW, 400)

    assert "another process" in akash.skipped
    assert (akash.removed.files, nosana.removed.days) == (0, 2)


def test_a_fault_in_one_network_does_not_keep_the_others_from_it(lake, house):
    history_of(lake, "akash", "nosana")
    (lake.root / "daily" / "network=akash").write_text("a file where a folder should be")

    akash, nosana = keep_up(lake, house, NOW, 400)

    assert akash.skipped
    assert nosana.days_rolled_up == 2
    assert len(lake.drops_on("offers", "akash", OBSERVED.date())) == 2  # nothing was removed


def test_it_runs_until_it_is_stopped_and_survives_a_fault(lake, house):
    history_of(lake, "akash")
    stop = threading.Event()

    def clock():
        stop.set()
        raise ValueError("a fault of ours")

    keep_up_daily(lake, house, clock, stop, 400, first_seconds=0)

    assert lake.days("offers", "akash")[0] == OBSERVED.date()


def test_what_is_merged_and_removed_is_entered_by_whoever_asked(lake, house):
    history_of(lake, "akash")
    keep_up(lake, house, NOW, 400, ADA)
    entries = told(house())

    assert [entry["type"] for entry in entries] == [
        "necto.market.compacted", "necto.market.retired", "necto.market.retired",
    ]  # fmt: skip
    assert {entry["data"]["actor"]["id"] for entry in entries} == {"local:ada"}


def test_records_in_trouble_keep_every_file_and_are_told(lake):
    history_of(lake, "akash")

    def broken():
        raise RecordsBusy("another process held the records")

    (akash,) = keep_up(lake, broken, NOW, 400)
    assert akash.skipped == "another process held the records"
    assert len(lake.own_files_on("offers", "akash", OBSERVED.date())) == 2


def test_files_of_decisions_that_nothing_committed_are_told_and_stay(lake, tmp_path):
    orphan = lake.root / "decisions" / "mode=sandbox" / "half.json"
    orphan.parent.mkdir(parents=True)
    orphan.write_text("{}")
    later = datetime.now(UTC) + timedelta(days=1)
    found = tell_of_decisions(settings_of(tmp_path), lake, later)

    assert list(found) == ["decisions/mode=sandbox/half.json"]
    assert "garbage, unless the records are an older backup" in next(iter(found.values()))
    assert orphan.exists()
    assert not (tmp_path / "records").exists()  # a look makes no book


def test_a_kept_decision_that_is_lost_is_told(lake, tmp_path):
    settings = settings_of(tmp_path)
    book = open_book(settings, "sandbox")
    kept = saved_decision(lake, book, small_record(market=small_market(drops=())), ADA)
    assert tell_of_decisions(settings, lake, NOW) == {}
    (lake.root / "decisions" / "mode=sandbox" / f"{kept.digest[7:]}.json").unlink()

    assert "is gone" in next(iter(tell_of_decisions(settings, lake, NOW).values()))


def test_books_in_trouble_are_told_and_end_nothing(lake, tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "sandbox.sqlite").write_text("no database, whatever its name says")

    found = tell_of_decisions(settings_of(tmp_path), lake, NOW)
    assert "cannot be looked after now" in found["decisions/mode=sandbox"]


def test_what_else_is_looked_after_comes_after_the_networks(lake, house):
    history_of(lake, "akash")
    stop = threading.Event()
    seen = []

    def also(now):
        seen.append((now, len(lake.days("offers", "akash"))))
        stop.set()

    keep_up_daily(lake, house, lambda: NOW, stop, 400, first_seconds=0, also=also)

    assert seen == [(NOW, 1)]

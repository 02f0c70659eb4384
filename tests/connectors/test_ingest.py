"""One ingest: only one at a time per network, always remembered, never an empty market."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from connectors.base import (
    Answer,
    Denied,
    Http,
    Reading,
    Reject,
    SourceError,
    Unreachable,
    Unreadable,
)
from connectors.jobs.ingest import Ingest, load_recorded
from data import offers as questions
from data.market import Busy, Lake
from data.shipped import catalogue, recorded_offers
from engine.market import Provider
from engine.resources import Catalogue
from engine.runs import RunRecord, moment_of
from tests.connectors.samples import NOW, client
from tests.support import offer

WAIT_SECONDS = 30
HTTP = client(lambda request: pytest.fail(f"asked {request.url}"))


class Fake:
    """A source that says what the test says; ``before`` runs while the network is being read."""

    refresh_seconds = 300

    def __init__(
        self, reading: Reading | Exception, before: Callable[[], object] = lambda: None
    ) -> None:
        self.name, self.reading, self.before = "akash", reading, before

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del http, catalogue
        self.before()
        return []

    def parse(self, answers: Sequence[Answer], observed_at: datetime, _: Catalogue) -> Reading:
        del answers, observed_at
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading


GOOD = Reading([offer()])


def ingest(lake: Lake, now: datetime = NOW) -> Ingest:
    return Ingest(lake, HTTP, catalogue(), lambda: now)


def runs(lake: Lake) -> list[RunRecord | None]:
    return [lake.run("akash", run_id) for run_id in lake.run_ids("akash")]


def test_of_two_threads_one_reads_and_the_other_is_told_busy(lake):
    inside, go = threading.Event(), threading.Event()
    slow = Fake(GOOD, lambda: (inside.set(), go.wait(WAIT_SECONDS)))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(ingest(lake).run, slow)
        assert inside.wait(WAIT_SECONDS)
        with pytest.raises(Busy, match="akash"):
            ingest(lake).run(Fake(GOOD))
        go.set()
    assert runs(lake) == [reading.result()]


def _read_slowly(root: Path, inside: Event, go: Event) -> None:
    slow = Fake(GOOD, lambda: (inside.set(), go.wait(WAIT_SECONDS)))
    ingest(Lake(root)).run(slow)


def test_of_two_processes_one_reads_and_the_other_is_told_busy(lake):
    context = multiprocessing.get_context("spawn")
    inside, go = context.Event(), context.Event()
    other = context.Process(target=_read_slowly, args=(lake.root, inside, go))
    other.start()
    try:
        assert inside.wait(WAIT_SECONDS)
        with pytest.raises(Busy):
            ingest(lake).run(Fake(GOOD))
        assert runs(lake) == []
    finally:
        go.set()
        other.join(WAIT_SECONDS)
    assert (other.exitcode, len(runs(lake))) == (0, 1)
    assert ingest(lake).run(Fake(GOOD)).outcome == "ok"


def test_another_network_is_not_busy(lake):
    with lake.ingesting("nosana"):
        assert ingest(lake).run(Fake(GOOD)).outcome == "ok"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unreachable("no answer from akash"), "unreachable"),
        (Denied("the key is wrong"), "denied"),
        (Unreadable("a web page"), "unreadable"),
        (SourceError("something else"), "unreadable"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failed_run_is_remembered_with_its_sentence(lake, error, outcome):
    ingest(lake).run(Fake(GOOD))
    record = ingest(lake, NOW + timedelta(hours=1)).run(Fake(error))
    assert (record.outcome, record.message) == (outcome, str(error))
    assert (record.drops, record.reject_counts, record.source_kind) == ({}, {}, "live")
    assert record.started_at == record.finished_at == NOW + timedelta(hours=1)
    assert runs(lake)[0] == record
    assert questions.read(lake).offers["offer_id"].to_list() == [offer().offer_id]


@pytest.mark.parametrize("fault", [KeyError("x"), TypeError("y"), RecursionError("z")], ids=repr)
def test_a_fault_of_ours_is_remembered_too(lake, fault):
    ingest(lake).run(Fake(GOOD))
    with suppress(type(fault)):
        ingest(lake).run(Fake(fault))
    assert [run.outcome for run in runs(lake)] == ["unreadable", "ok"]
    assert len(runs(lake)[0].message) > 10
    assert len(questions.read(lake).offers) == 1


def test_a_fault_of_ours_frees_the_network(lake):
    with suppress(KeyError):
        ingest(lake).run(Fake(KeyError("x")))
    assert ingest(lake).run(Fake(GOOD)).outcome == "ok"


def test_no_offers_at_all_is_unreadable_and_the_last_ones_stay(lake):
    ingest(lake).run(Fake(GOOD))
    none = Reading([], rejects=[Reject("unpriced", "no bid", "{}"), Reject("odd", "?", "7")])
    record = ingest(lake).run(Fake(none))
    assert (record.outcome, record.drops) == ("unreadable", {})
    assert record.message == "akash answered, but none of 2 rows is an offer"
    assert len(questions.read(lake).offers) == 1


def test_rejects_can_be_read_with_their_reasons(lake):
    rejects = [Reject("unpriced", "no bid", '{"gpu": "b300"}'), Reject("unpriced", "nor here", "7")]
    twice = [offer(), offer(raw='{"second": true}')]
    record = ingest(lake).run(Fake(Reading(twice, rejects=rejects)))
    assert record.reject_counts == {"unpriced": 2, "duplicate": 1}
    assert (record.offers, record.drops["rejects"].rows) == (1, 3)
    kept = questions.rejects(lake, record).rows()
    assert kept[:2] == [("unpriced", "no bid", '{"gpu": "b300"}'), ("unpriced", "nor here", "7")]
    assert kept[2] == ("duplicate", "another row for the same machine is kept", '{"second": true}')


def test_rejects_of_another_run_are_not_shown(lake):
    bad = Reading([offer()], rejects=[Reject("odd", "why", "1")])
    first = ingest(lake).run(Fake(bad))
    second = ingest(lake).run(Fake(GOOD))
    third = ingest(lake).run(Fake(bad))
    counts = [questions.rejects(lake, run).height for run in (first, second, third)]
    assert counts == [1, 0, 1]


def test_what_providers_say_is_kept_with_their_offers(lake):
    said = Provider(
        network="akash",
        provider_id="p1",
        observed_at=NOW,
        source_kind="live",
        source="a test",
        country_code="NL",
    )
    ingest(lake).run(Fake(Reading([offer()], [said])))
    assert questions.providers(lake, "akash")["country_code"].to_list() == ["NL"]


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_goes_backwards_still_gives_a_newer_run(lake, back):
    first = ingest(lake).run(Fake(GOOD))
    second = ingest(lake, NOW - back).run(Fake(Reading([offer(vcpu=3.0)])))
    assert second.run_id > first.run_id
    assert second.started_at == NOW - back
    assert [run.run_id for run in runs(lake)] == [second.run_id, first.run_id]
    assert questions.read(lake).offers["vcpu"].to_list() == [3.0]
    assert moment_of(second.run_id) > NOW


def test_the_shipped_figures_are_loaded_once(lake):
    loaded = load_recorded(lake, lambda: NOW)
    assert {r.network: r.offers for r in loaded} == {
        network: len(offers) for network, offers in recorded_offers().items()
    }
    assert {(r.outcome, r.source_kind) for r in loaded} == {("ok", "recorded")}
    assert load_recorded(lake, lambda: NOW + timedelta(days=1)) == []
    assert questions.latest(lake).offers.height == sum(r.offers for r in loaded)


def test_live_figures_are_never_replaced_by_shipped_ones(lake):
    live = ingest(lake).run(Fake(GOOD))
    loaded = load_recorded(lake, lambda: NOW)
    assert "akash" not in {r.network for r in loaded}
    shown = questions.latest(lake).offers.filter(network="akash")
    assert (shown["source_kind"].to_list(), runs(lake)) == (["live"], [live])


def test_a_failed_first_reading_does_not_keep_the_shipped_figures_away(lake):
    ingest(lake).run(Fake(Unreachable("no answer")))
    loaded = {r.network: r for r in load_recorded(lake, lambda: NOW)}
    assert loaded["akash"].offers > 0
    assert ingest(lake).run(Fake(Unreachable("still none"))).outcome == "unreachable"
    assert load_recorded(lake, lambda: NOW) == []


def test_shipped_figures_are_loaded_again_when_they_were_updated(lake):
    first = {r.network: r for r in load_recorded(lake, lambda: NOW)}
    lake.record(first["akash"].model_copy(update={"reference_digest": "of an older version"}))
    again = load_recorded(lake, lambda: NOW)
    assert [r.network for r in again] == ["akash"]
    assert again[0].run_id > first["akash"].run_id
    assert again[0].reference_digest == first["akash"].reference_digest
    assert load_recorded(lake, lambda: NOW) == []

"""One ingest: only one at a time per network, always remembered, never an empty market."""

import multiprocessing
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from connectors.base import (
    Closed,
    Denied,
    Reading,
    Reject,
    Unreachable,
    Unreadable,
)
from connectors.jobs.ingest import Ingest, load_recorded
from data import offers as questions
from data.faults import RecordsFull
from data.market import Busy, Lake
from data.market_trail import recover
from data.shipped import recorded_offers
from engine.market import Provider
from engine.runs import RunRecord, moment_of
from tests.connectors.samples import NOW, Fake, ingest
from tests.data.test_preferences import told
from tests.support import house_of, offer

WAIT_SECONDS = 30


def runs(lake: Lake) -> list[RunRecord | None]:
    return [lake.run("akash", run_id) for run_id in lake.run_ids("akash")]


def test_of_two_threads_one_reads_and_the_other_is_told_busy(lake):
    inside, go = threading.Event(), threading.Event()
    slow = Fake(before=lambda: (inside.set(), go.wait(WAIT_SECONDS)))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(ingest(lake).run, slow)
        assert inside.wait(WAIT_SECONDS)
        with pytest.raises(Busy, match="akash"):
            ingest(lake).run(Fake())
        go.set()
    assert runs(lake) == [reading.result()]


def _read_slowly(root: Path, inside: Event, go: Event) -> None:
    slow = Fake(before=lambda: (inside.set(), go.wait(WAIT_SECONDS)))
    ingest(Lake(root)).run(slow)


def test_of_two_processes_one_reads_and_the_other_is_told_busy(lake):
    context = multiprocessing.get_context("spawn")
    inside, go = context.Event(), context.Event()
    other = context.Process(target=_read_slowly, args=(lake.root, inside, go))
    other.start()
    try:
        assert inside.wait(WAIT_SECONDS)
        with pytest.raises(Busy):
            ingest(lake).run(Fake())
        assert runs(lake) == []
    finally:
        go.set()
        other.join(WAIT_SECONDS)
    assert (other.exitcode, len(runs(lake))) == (0, 1)
    assert ingest(lake).run(Fake()).outcome == "ok"


def test_another_network_is_not_busy(lake):
    with lake.ingesting("nosana"):
        assert ingest(lake).run(Fake()).outcome == "ok"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unreachable("no answer from akash"), "unreachable"),
        (Denied("the key is wrong"), "denied"),
        (Unreadable("a web page"), "unreadable"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failed_run_is_remembered_with_its_sentence(lake, error, outcome):
    ingest(lake).run(Fake())
    record = ingest(lake, now=NOW + timedelta(hours=1)).run(Fake(said=error))
    assert (record.outcome, record.message) == (outcome, str(error))
    assert (record.drops, record.reject_counts, record.source_kind) == ({}, {}, "live")
    assert record.started_at == record.finished_at == NOW + timedelta(hours=1)
    assert runs(lake)[0] == record
    assert questions.read(lake, NOW).offers["offer_id"].to_list() == ["akash:1"]


@pytest.mark.parametrize("fault", [KeyError("x"), TypeError("y"), RecursionError("z")], ids=repr)
def test_a_fault_of_ours_is_remembered_too(lake, fault):
    ingest(lake).run(Fake())
    record = ingest(lake).run(Fake(said=fault))
    assert [run.outcome for run in runs(lake)] == ["failed", "ok"]
    assert record.message.startswith("Necto itself failed, see its log")
    assert type(fault).__name__ in record.message
    assert len(questions.read(lake, NOW).offers) == 1
    assert ingest(lake).run(Fake()).outcome == "ok"


def test_what_is_cut_off_because_we_end_is_no_reading(lake):
    with pytest.raises(Closed):
        ingest(lake).run(Fake(said=Closed("the client was closed")))
    assert runs(lake) == []


def test_a_store_that_cannot_be_written_is_remembered_too(lake):
    ingest(lake).run(Fake())
    shutil.rmtree(lake.root / "rejects")
    (lake.root / "rejects").write_text("a file where the folder should be")
    bad = Reading([offer(vcpu=3.0)], rejects=[Reject("odd", "why", "1")])
    record = ingest(lake).run(Fake(said=bad))
    assert (record.outcome, record.drops) == ("failed", {})
    assert questions.read(lake, NOW).offers["offer_id"].to_list() == ["akash:1"]


def test_what_a_source_asked_for_is_remembered(lake):
    record = ingest(lake).run(Fake(said=Unreachable("busy", retry_after_seconds=90.0)))
    assert record.retry_after_seconds == 90
    assert ingest(lake).run(Fake(said=Unreachable("gone"))).retry_after_seconds is None


def test_no_offers_at_all_is_unreadable_and_the_last_ones_stay(lake):
    ingest(lake).run(Fake())
    none = Reading([], rejects=[Reject("unpriced", "no bid", "{}"), Reject("odd", "?", "7")])
    record = ingest(lake).run(Fake(said=none))
    assert (record.outcome, record.drops) == ("unreadable", {})
    assert record.message == "akash answered, but none of 2 rows is an offer"
    assert len(questions.read(lake, NOW).offers) == 1


def test_rejects_can_be_read_with_their_reasons(lake):
    rejects = [Reject("unpriced", "no bid", '{"gpu": "b300"}'), Reject("unpriced", "nor here", "7")]
    twice = [offer(), offer(raw='{"second": true}')]
    record = ingest(lake).run(Fake(said=Reading(twice, rejects=rejects)))
    assert record.reject_counts == {"unpriced": 2, "duplicate": 1}
    assert (record.offers, record.drops["rejects"].rows) == (1, 3)
    kept = questions.rejects(lake, record).rows()
    assert kept[:2] == [("unpriced", "no bid", '{"gpu": "b300"}'), ("unpriced", "nor here", "7")]
    assert kept[2] == ("duplicate", "another row for the same machine is kept", '{"second": true}')


def test_rejects_of_another_run_are_not_shown(lake):
    bad = Reading([offer()], rejects=[Reject("odd", "why", "1")])
    first = ingest(lake).run(Fake(said=bad))
    second = ingest(lake).run(Fake())
    third = ingest(lake).run(Fake(said=bad))
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
    ingest(lake).run(Fake(said=Reading([offer()], [said])))
    assert questions.providers(lake, "akash")["country_code"].to_list() == ["NL"]


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_goes_backwards_still_gives_a_newer_run(lake, back):
    first = ingest(lake).run(Fake())
    second = ingest(lake, now=NOW - back).run(Fake(said=Reading([offer(vcpu=3.0)])))
    assert second.run_id > first.run_id
    assert second.started_at == NOW - back
    assert [run.run_id for run in runs(lake)] == [second.run_id, first.run_id]
    assert questions.read(lake, NOW).offers["vcpu"].to_list() == [3.0]
    assert moment_of(second.run_id) > NOW


def recorded(lake: Lake) -> dict[str, RunRecord]:
    """The newest run of every network, if it loaded what is shipped."""
    newest = ((n, lake.run(n, next(lake.run_ids(n)))) for n in lake.networks())
    return {n: run for n, run in newest if run and run.source_kind == "recorded"}


def test_the_shipped_figures_are_loaded_once(lake):
    assert load_recorded(lake, lambda: NOW) == []
    loaded = recorded(lake)
    expected = {network: len(offers) for network, offers in recorded_offers().items()}
    assert {network: run.offers for network, run in loaded.items()} == expected
    assert {run.outcome for run in loaded.values()} == {"ok"}
    assert load_recorded(lake, lambda: NOW + timedelta(days=1)) == []
    assert recorded(lake) == loaded
    assert questions.latest(lake, NOW).offers.height == sum(expected.values())


def test_live_figures_are_never_replaced_by_shipped_ones(lake):
    live = ingest(lake).run(Fake())
    load_recorded(lake, lambda: NOW)
    assert recorded(lake).keys() == recorded_offers().keys() - {"akash"}
    shown = questions.latest(lake, NOW).offers.filter(network="akash")
    assert (shown["source_kind"].to_list(), runs(lake)) == (["live"], [live])


def test_a_failed_first_reading_does_not_keep_the_shipped_figures_away(lake):
    ingest(lake).run(Fake(said=Unreachable("no answer")))
    load_recorded(lake, lambda: NOW)
    loaded = runs(lake)[0]
    assert (loaded.source_kind, loaded.outcome) == ("recorded", "ok")
    failed = ingest(lake).run(Fake(said=Unreachable("still none")))
    load_recorded(lake, lambda: NOW)
    assert runs(lake)[0] == failed
    assert questions.latest(lake, NOW).offers.filter(network="akash").height == loaded.offers > 0


def test_shipped_figures_are_loaded_again_when_they_were_updated(lake):
    load_recorded(lake, lambda: NOW)
    first = recorded(lake)
    lake.record(first["akash"].model_copy(update={"reference_digest": "of an older version"}))
    load_recorded(lake, lambda: NOW)
    again = recorded(lake)
    assert again["akash"].run_id > first["akash"].run_id
    assert again["akash"].reference_digest == first["akash"].reference_digest
    assert again | {"akash": first["akash"]} == first


def test_a_network_that_is_being_read_does_not_keep_the_others_from_loading(lake):
    with lake.ingesting("akash"):
        assert load_recorded(lake, lambda: NOW) == ["akash"]
    assert recorded(lake).keys() == recorded_offers().keys() - {"akash"}
    assert load_recorded(lake, lambda: NOW) == []
    assert recorded(lake).keys() == recorded_offers().keys()


def entered(lake: Lake, home: Path) -> Ingest:
    return replace(ingest(lake), house=partial(house_of, home))


def test_every_run_is_entered_in_the_house_book_failed_ones_too(lake, tmp_path):
    good = entered(lake, tmp_path).run(Fake())
    bad = entered(lake, tmp_path).run(Fake(said=Denied("the key is wrong")))
    entries = told(house_of(tmp_path))

    assert [e["data"]["input"]["body"]["run"] for e in entries] == [good.run_id, bad.run_id]
    assert [e["data"]["result"]["outcome"] for e in entries] == ["ok", "denied"]
    assert [len(e["data"]["files"]) for e in entries] == [1, 0]


@pytest.mark.parametrize("fault", [RecordsFull("the disk is full"), KeyError("ours")])
def test_trouble_with_the_records_keeps_nothing_from_being_read_and_the_entry_follows(
    lake, tmp_path, caplog, fault
):
    def broken():
        raise fault

    record = replace(ingest(lake), house=broken).run(Fake())
    assert (record.outcome, runs(lake)) == ("ok", [record])
    assert "akash is kept, its entry is late" in caplog.text

    recover(house_of(tmp_path), lake)
    (entry,) = told(house_of(tmp_path))
    assert entry["data"]["input"]["body"]["run"] == record.run_id


def test_the_shipped_figures_are_entered_when_they_are_loaded(lake, tmp_path):
    load_recorded(lake, lambda: NOW, partial(house_of, tmp_path))
    entries = told(house_of(tmp_path))

    assert {e["subject"] for e in entries} == {f"network/{name}" for name in recorded_offers()}
    assert {e["data"]["input"]["body"]["source_kind"] for e in entries} == {"recorded"}
    assert all(e["data"]["result"]["reference"] for e in entries)

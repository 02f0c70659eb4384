"""However often people ask, a source is read no sooner than it allows, and no click is lost."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.base import Source, Unreachable
from connectors.baselines.aws import REGIONS, Aws
from connectors.http import Limits
from connectors.jobs.ingest import Ingest, load_recorded, now_utc
from connectors.jobs.schedule import Worker, held_seconds
from connectors.registry import SOURCES
from data.market import Lake
from data.shipped import catalogue
from data.terms import terms_of
from data.worker import request_refresh, request_test, take_test_requests
from engine.runs import STALE_AFTER
from tests.connectors.samples import NOW, Fake, client, ingest, says
from tests.connectors.test_worker import live_runs, soon, working

FORCED = {"lium": 60, "akash": 120, "aws": 21_600, "gcp": 3600, "azure": 600}
BUSY = Unreachable("busy", retry_after_seconds=900)


def worker_now(home: Path, *sources: Source) -> Worker:
    """A worker whose clock is the real one, as its floor is."""
    return Worker(home, Ingest(Lake(home / "market"), client(says(404)), catalogue()), sources)


def read_ago(home: Path, seconds: float, source: Source) -> Lake:
    """The lake of a worker that read a source some seconds ago and was then ended."""
    lake = Lake(home / "market")
    ingest(lake, now=now_utc() - timedelta(seconds=seconds)).run(source)
    return lake


def idle(seconds: float = 2.5) -> None:
    """Long enough for a worker that looks every second to do what it should not."""
    time.sleep(seconds)


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.name)
def test_every_source_has_its_floor(kind):
    assert kind.forced_seconds == FORCED.get(kind.name, 60)
    assert kind.forced_seconds <= kind.refresh_seconds


@pytest.mark.parametrize(("name", "words"), [("akash", "2 minutes"), ("lium", "a minute")])
def test_the_terms_say_the_pace_of_readings_that_people_ask_for(name, words):
    kind = next(kind for kind in SOURCES if kind.name == name)
    note = terms_of(name).note
    assert f"by itself every {kind.refresh_seconds // 60} minutes" in note
    assert f"when asked, never sooner than {words} after the last reading" in note
    assert {"2 minutes": 120, "a minute": 60}[words] == kind.forced_seconds


def test_pressing_refresh_again_and_again_asks_no_faster(tmp_path):
    asked_at: list[float] = []
    source = Fake(before=lambda: asked_at.append(time.monotonic()), forced_seconds=3)
    with working(worker_now(tmp_path, source)):
        assert soon(lambda: request_refresh(tmp_path, NOW) or len(asked_at) == 3)
    assert min(asked_at[1] - asked_at[0], asked_at[2] - asked_at[1]) > 2.5


@pytest.mark.parametrize("error", [Unreachable("x"), RuntimeError("ours")], ids=str)
def test_a_failed_reading_is_tried_again_no_sooner_either(tmp_path, monkeypatch, error):
    monkeypatch.setattr("connectors.jobs.schedule.RETRY_SECONDS", 0.1)
    source = Fake("nosana", error, forced_seconds=600)
    with working(worker_now(tmp_path, source)):
        assert soon(lambda: source.times_asked == 1)
        request_test(tmp_path, "nosana", NOW)
        idle()
        assert source.times_asked == 1


def test_a_reading_that_cannot_be_recorded_counts_too(tmp_path, monkeypatch):
    source = Fake("nosana", forced_seconds=600)
    monkeypatch.setattr(Lake, "record", lambda *_: 1 / 0)
    with working(worker_now(tmp_path, source)):
        assert soon(lambda: source.times_asked == 1)
        request_test(tmp_path, "nosana", NOW)
        idle()
        assert source.times_asked == 1


def test_a_click_that_comes_too_early_is_carried_out_when_it_may_be(tmp_path):
    source = Fake("nosana", forced_seconds=4)
    with working(worker := worker_now(tmp_path, source)):
        assert soon(lambda: live_runs(worker, "nosana") == 1)
        request_test(tmp_path, "nosana", NOW)
        assert soon(lambda: not list(tmp_path.rglob("*.request")))
        assert source.times_asked == 1
        assert soon(lambda: live_runs(worker, "nosana") == 2)


def test_a_restart_does_not_forget_when_a_source_was_read(tmp_path):
    source = Fake("nosana", forced_seconds=600)
    read_ago(tmp_path, 300, source)
    request_refresh(tmp_path, NOW)
    with working(worker_now(tmp_path, source, lium := Fake("lium"))):
        assert soon(lambda: lium.times_asked == 1)
        idle()
    assert source.times_asked == 1


def test_a_click_that_waits_survives_a_restart(tmp_path):
    source = Fake("nosana", forced_seconds=600)
    read_ago(tmp_path, 300, source)
    request_test(tmp_path, "nosana", NOW)
    with working(worker := worker_now(tmp_path, source)):
        assert soon(lambda: not list(tmp_path.rglob("*.request")))
        idle(1)
    assert (live_runs(worker, "nosana"), take_test_requests(tmp_path)) == (1, ["nosana"])


def test_nothing_is_left_to_the_next_worker_when_nobody_waits(tmp_path):
    with working(worker := worker_now(tmp_path, Fake("nosana"))):
        assert soon(lambda: live_runs(worker, "nosana") == 1)
        request_test(tmp_path, "nosana", NOW)
        assert soon(lambda: live_runs(worker, "nosana") == 2)
        idle(0.5)
    assert take_test_requests(tmp_path) == []


def test_a_source_that_asked_to_wait_is_not_asked_before_that_has_passed(tmp_path):
    source = Fake("nosana", BUSY)
    with working(worker_now(tmp_path, source)):
        assert soon(lambda: source.times_asked == 1)
        request_refresh(tmp_path, NOW)
        idle()
        assert source.times_asked == 1


@pytest.mark.parametrize(
    ("age_seconds", "error", "held"),
    [
        (0, None, 300),
        (100, None, 200),
        (300, None, 0),
        (100, Unreachable("x"), 200),
        (100, BUSY, 800),
        (899, BUSY, 1),
        (900, BUSY, 0),
        (-10, None, 0),
        (-10, BUSY, 0),
    ],
)
def test_how_long_a_source_is_held_after_its_last_reading(tmp_path, age_seconds, error, held):
    source = Fake(said=error, forced_seconds=300)
    lake = Lake(tmp_path / "market")
    ingest(lake, now=NOW - timedelta(seconds=age_seconds)).run(source)
    assert held_seconds(lake, source, NOW) == held


def test_shipped_figures_loaded_since_are_no_reading(tmp_path):
    source = Fake(said=Unreachable("x"), forced_seconds=300)
    lake = Lake(tmp_path / "market")
    assert held_seconds(lake, source, NOW) == 0
    ingest(lake, now=NOW).run(source)
    load_recorded(lake, lambda: NOW)
    assert lake.run("akash", next(lake.run_ids("akash"))).source_kind == "recorded"
    assert held_seconds(lake, source, NOW) == 300


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.name)
def test_a_source_that_is_well_is_never_called_stale(kind):
    lists = len(REGIONS) if kind is Aws else 0
    reading = timedelta(hours=1, seconds=lists * Limits().lines_timeout_seconds)
    # From the start of one reading to the end of the next, each as long as it can be.
    assert 2 * reading + timedelta(seconds=kind.refresh_seconds) < STALE_AFTER

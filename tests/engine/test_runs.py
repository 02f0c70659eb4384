"""What is remembered of a run, and the one word that says how fresh a network is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs import (
    STALE_AFTER,
    DropRecord,
    NetworkState,
    RunRecord,
    is_day,
    is_run_id,
    moment_of,
    run_id_after,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
clocks = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def run(outcome: str = "ok", kind: str = "live", **changes: object) -> RunRecord:
    fields = {"run_id": "20261123T120000000000Z", "network": "akash", "source_kind": kind}
    times = {"outcome": outcome, "message": "", "started_at": NOON, "finished_at": NOON}
    return RunRecord.model_validate(fields | times | changes)


def state(
    source_kind: str | None, last: RunRecord | None, observed_at: datetime | None = None
) -> NetworkState:
    return NetworkState(
        network="akash",
        good=None,
        last=last,
        source_kind=source_kind,
        oldest_at=None,
        observed_at=observed_at,
        offers=0,
        available=None,
    )


@given(st.lists(clocks, min_size=1, max_size=12))
def test_every_run_sorts_after_the_one_before_whatever_the_clock_does(moments: list[datetime]):
    ids: list[str] = []
    for moment in moments:
        ids.append(run_id_after(ids[-1] if ids else None, moment))
    assert ids == sorted(set(ids))
    assert all(moment_of(i) >= m for i, m in zip(ids, moments, strict=True))


@given(clocks)
def test_a_run_is_named_by_its_start_when_the_clock_goes_forward(moment: datetime):
    name = run_id_after(run_id_after(None, moment - timedelta(microseconds=1)), moment)
    assert moment_of(name) == moment
    assert moment_of(run_id_after(None, moment)) == moment


@pytest.mark.parametrize("back", [timedelta(0), timedelta(microseconds=1), timedelta(days=365)])
def test_a_clock_that_went_back_costs_one_microsecond(back: timedelta):
    assert run_id_after("20261123T120000000000Z", NOON - back) == "20261123T120000000001Z"


def test_a_run_is_named_in_utc():
    there = datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert run_id_after(None, there) == "20261122T230000000000Z"


@pytest.mark.parametrize(
    "name", ["", "latest", "20261123", "20261123T120000000000Z.tmp", "20261323T120000000000Z"]
)
def test_a_name_that_is_no_runs_is_refused(name: str):
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        moment_of(name)


@pytest.mark.parametrize(
    ("source_kind", "last", "word"),
    [
        ("live", run(), "live"),
        ("live", None, "live"),
        ("recorded", run(kind="recorded"), "recorded"),
        ("contract", run(kind="contract"), "contract"),
        ("live", run("unreachable"), "failing"),
        ("recorded", run("denied"), "failing"),
        ("live", run("failed"), "failing"),
        (None, run("unreadable"), "failing"),
        (None, run(), "empty"),
        (None, None, "empty"),
    ],
)
def test_one_word_says_how_fresh_a_network_is(
    source_kind: str | None, last: RunRecord | None, word: str
):
    assert state(source_kind, last).status_at(NOON) == word
    assert state(source_kind, last).failing == (word == "failing")


@pytest.mark.parametrize(
    ("kind", "age", "word"),
    [
        ("live", STALE_AFTER, "live"),
        ("live", STALE_AFTER + timedelta(microseconds=1), "stale"),
        ("recorded", timedelta(days=56), "recorded"),
        ("contract", timedelta(days=56), "contract"),
    ],
)
def test_live_figures_are_live_for_36_hours(kind: str, age: timedelta, word: str):
    assert state(kind, run(kind=kind), NOON - age).status_at(NOON) == word


def test_a_failing_network_is_failing_however_old_its_figures():
    old = NOON - timedelta(days=9)
    assert state("live", run("unreachable"), old).status_at(NOON) == "failing"


def test_a_run_without_a_drop_brought_no_offers():
    drop = DropRecord(rows=38, sha256="0" * 64, bytes=1)
    assert run("unreachable").offers == 0
    assert run(drops={"offers": drop}).offers == 38
    assert run(drops={"rejects": drop}).offers == 0


def test_a_run_is_read_back_as_it_was_written():
    drops = {"offers": DropRecord(rows=38, sha256="0" * 64, bytes=1)}
    whole = run(drops=drops, reject_counts={"price": 2}, reference_digest="abc")
    assert RunRecord.model_validate_json(whole.model_dump_json()) == whole


@given(clocks)
def test_every_runs_name_is_told_from_other_names(moment: datetime):
    name = run_id_after(None, moment)
    assert is_run_id(name)
    assert not any(is_run_id(other) for other in (name.lower(), name[:-2] + "Z", name + "\n"))


@pytest.mark.parametrize("name", ["", "latest", "2026123T120000000000Z", "20261123T1200001Z"])
def test_a_name_that_only_resembles_a_runs_is_none(name: str):
    assert not is_run_id(name)


def test_a_day_is_written_in_one_way_only():
    assert is_day("2026-02-28")
    others = ("2026-02-29", "20260228", "2026-W09-6", "2026-2-28", "2026-02-28 ", "")
    assert [text for text in others if is_day(text)] == []


def test_an_outcome_that_nobody_defined_is_refused():
    with pytest.raises(ValueError, match="outcome"):
        run("maybe")

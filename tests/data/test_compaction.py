"""Finished days are merged: the same answers from fewer files, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import compaction, history
from data import offers as questions
from data.compaction import compact
from data.keeping import keep
from data.market import REJECT_SCHEMA, Lake
from data.schemas import ALIKE, REQUIRED, SCHEMAS
from engine.market import OFFER_SCHEMA, offers_frame
from engine.runs import RunRecord
from tests.data.test_market import saved
from tests.support import OBSERVED, offer

LATER = OBSERVED + timedelta(days=3)
OFFER = "akash:p1:h100 80Gi SXM5:on_demand:-"
COUNT = "SELECT run_id, count(*) AS rows FROM drops GROUP BY run_id ORDER BY run_id"


@pytest.fixture
def three_days(lake):
    """Three readings on each of two days, one on the newest."""
    for hours, price in ((0, "2.5"), (1, "2.25"), (2, "2"), (24, "3"), (25, "2.75"), (26, "2.6")):
        saved(lake, OBSERVED + timedelta(hours=hours), price)
    saved(lake, OBSERVED + timedelta(days=2), "3")
    return lake


def files(lake: Lake, kind: str = "offers") -> list[str]:
    found = (path for path in (lake.root / kind).rglob("*") if path.is_file())
    return sorted(f"{path.parent.name}/{path.name}" for path in found)


def answers(root: Path) -> list[object]:
    """Everything that reads a day's drops, asked of a lake that remembers nothing."""
    lake = Lake(root)
    drops = [path for day in lake.days("offers", "akash") for path in lake.drops_on(
        "offers", "akash", day)]  # fmt: skip
    return [
        [str(path) for path in drops],
        lake.frame("offers", drops, list(OFFER_SCHEMA)).to_dicts(),
        lake.query("offers", drops, COUNT).to_dicts(),
        history.model_history(lake, "H100-SXM").to_dicts(),
        history.offer_history(lake, OFFER, "akash").to_dicts(),
        history.bands(lake, "H100-SXM", LATER).to_dicts(),
        history.market_facts(lake, LATER).to_dicts(),
        list(lake.run_ids("akash")),
        [lake.run("akash", run_id) for run_id in lake.run_ids("akash")],
        questions.latest(lake, LATER).key,
    ]


def test_merged_days_give_the_same_answers_from_fewer_files(three_days):
    before = answers(three_days.root)

    done = compact(three_days, "akash", LATER)

    assert answers(three_days.root) == before
    assert (done.days, done.files, done.problems) == (5, 13, ())
    assert 0 < done.bytes_after < done.bytes_before
    newest = three_days.newest_drop("offers", "akash")
    assert files(three_days) == [
        "day=2026-11-23/day.parquet",
        "day=2026-11-24/day.parquet",
        f"day=2026-11-25/{newest.name}",
    ]
    assert files(three_days, "runs")[0] == "day=2026-11-23/day.jsonl"


def test_merging_again_changes_nothing(three_days):
    compact(three_days, "akash", LATER)
    stamps = [path.stat().st_mtime_ns for path in (three_days.root / "offers").rglob("day.parquet")]

    assert compact(three_days, "akash", LATER).files == 0
    again = [path.stat().st_mtime_ns for path in (three_days.root / "offers").rglob("day.parquet")]
    assert again == stamps


def test_a_backlog_is_merged_in_parts(three_days, monkeypatch):
    monkeypatch.setattr(compaction, "DAYS_MAX", 2)
    before = answers(three_days.root)

    assert [compact(three_days, "akash", LATER).days for _ in range(4)] == [2, 2, 1, 0]
    assert answers(three_days.root) == before


def test_the_running_day_and_what_must_be_kept_are_left_alone(three_days):
    first = three_days.drops_on("offers", "akash", OBSERVED.date())[-1]
    keep(three_days, "akash", first.stem, "a decision names it")

    compact(three_days, "akash", OBSERVED + timedelta(days=1))

    assert first.exists()
    assert len([name for name in files(three_days) if name.startswith("day=2026-11-24/2")]) == 3
    assert len(three_days.drops_on("offers", "akash", OBSERVED.date())) == 3


def test_a_drop_that_comes_late_joins_its_merged_day(three_days):
    compact(three_days, "akash", LATER)
    late = (OBSERVED + timedelta(hours=5)).strftime("%Y%m%dT%H%M%S%fZ")
    three_days.save("offers", "akash", late, offers_frame([offer()]))
    before = answers(three_days.root)

    assert compact(three_days, "akash", LATER).days == 1
    assert answers(three_days.root) == before
    assert len(three_days.merged_on("offers", "akash", OBSERVED.date())) == 4


def test_a_run_that_is_there_twice_counts_once_and_the_next_time_cleans_up(three_days):
    before = answers(three_days.root)
    day = three_days.root / "offers" / "network=akash" / "day=2026-11-23"
    copies = {path: path.read_bytes() for path in day.iterdir()}
    compact(three_days, "akash", LATER)
    for path, content in list(copies.items())[:2]:  # killed before it removed these
        path.write_bytes(content)

    assert answers(three_days.root) == before
    assert compact(three_days, "akash", LATER).files == 2
    assert files(three_days)[0] == "day=2026-11-23/day.parquet"
    assert answers(three_days.root) == before


def test_a_merged_file_names_its_runs_and_their_digests(three_days):
    run_id = three_days.drops_on("offers", "akash", OBSERVED.date())[0].stem
    compact(three_days, "akash", LATER)

    record = three_days.run("akash", run_id)
    assert record is not None
    assert (
        three_days.merged_on("offers", "akash", OBSERVED.date())[run_id] == record.drops["offers"]
    )


def test_rejects_of_a_run_keep_their_order(lake):
    rows = {"code": ["b", "a", "b"], "reason": ["2", "1", "0"], "row": ["x", "y", "z"]}
    runs = []
    for hour in range(3):
        at = OBSERVED + timedelta(hours=hour)
        run_id = lake.new_run_id("akash", at)
        frame = pl.DataFrame(rows, schema=dict(REJECT_SCHEMA))
        drops: dict = {"rejects": lake.save("rejects", "akash", run_id, frame)}
        run = RunRecord(
            run_id=run_id, network="akash", source_kind="live", outcome="ok", message="",
            started_at=at, finished_at=at, drops=drops,
        )  # fmt: skip
        lake.record(run)
        runs.append(run)

    compact(lake, "akash", LATER)

    assert len(lake.merged_on("rejects", "akash", OBSERVED.date())) == 2
    assert [questions.rejects(lake, run).to_dict(as_series=False) for run in runs] == [rows] * 3


def test_damaged_drops_are_set_aside_and_the_rest_is_merged(three_days):
    cut, hollow = three_days.drops_on("offers", "akash", OBSERVED.date())[:2]
    cut.write_bytes(cut.read_bytes()[:-9])
    run = three_days.root / "runs" / "network=akash" / hollow.parent.name / f"{hollow.stem}.json"
    run.unlink()  # its writer was killed before it recorded the digest
    hollow.write_bytes(b"PAR1" + b"\0" * 200 + hollow.read_bytes()[204:])

    lake = Lake(three_days.root)
    assert compact(lake, "akash", LATER).problems == ()

    assert len(lake.aside()) == 2
    assert len(lake.drops_on("offers", "akash", OBSERVED.date())) == 1
    assert len(lake.drops_on("offers", "akash", OBSERVED.date() + timedelta(days=1))) == 3


@pytest.mark.parametrize("content", [b"", b"PAR1 no table PAR1"])
def test_a_damaged_merged_day_is_set_aside_and_the_other_days_serve(three_days, content):
    compact(three_days, "akash", LATER)
    merged = three_days.root / "offers" / "network=akash" / "day=2026-11-23" / "day.parquet"
    merged.write_bytes(content)

    lake = Lake(three_days.root)

    assert lake.drops_on("offers", "akash", OBSERVED.date()) == []
    assert len(lake.drops_on("offers", "akash", OBSERVED.date() + timedelta(days=1))) == 3
    assert "are lost" in next(iter(lake.aside().values()))


def test_the_drop_before_a_damaged_newest_one_serves_from_its_merged_day(three_days):
    compact(three_days, "akash", LATER)
    newest = three_days.newest_drop("offers", "akash")
    newest.write_bytes(b"")

    market = questions.latest(Lake(three_days.root), LATER)

    assert market.offers["usd_per_hour"].to_list() == [Decimal("2.6")]


def test_a_spoilt_line_of_run_records_costs_that_run_only(three_days):
    compact(three_days, "akash", LATER)
    path = three_days.root / "runs" / "network=akash" / "day=2026-11-23" / "day.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:20], lines[2]]) + "\n")

    assert len(list(three_days.run_ids("akash"))) == 6
    compact(three_days, "akash", LATER)
    assert len(path.read_text().splitlines()) == 2
    assert "no run records" in next(iter(three_days.aside().values()))


def test_a_reader_whose_file_was_merged_meanwhile_finds_its_rows(three_days):
    drops = three_days.drops_on("offers", "akash", OBSERVED.date())
    expected = three_days.query("offers", drops, COUNT)
    compact(Lake(three_days.root), "akash", LATER)  # another process

    assert three_days.query("offers", drops, COUNT).equals(expected)
    assert three_days.frame("offers", drops, ["usd_per_hour"]).height == 3


def test_readers_see_every_run_once_while_days_are_merged(three_days):
    expected = answers(three_days.root)
    seen: list[bool] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(answers(three_days.root)[:5] == expected[:5])

    reader = threading.Thread(target=read)
    reader.start()
    while len(seen) < 2:
        time.sleep(0.01)
    compact(Lake(three_days.root), "akash", LATER)
    stop.set()
    reader.join()

    assert all(seen)
    assert three_days.aside() == {}


_MERGE = """
import sys
from datetime import datetime
from pathlib import Path
from data.compaction import compact
from data.market import Lake
print("go", flush=True)
compact(Lake(Path(sys.argv[1])), "akash", datetime.fromisoformat(sys.argv[2]))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.12])
def test_nothing_is_lost_when_it_is_killed(three_days, seconds):
    before = answers(three_days.root)
    command = [sys.executable, "-c", _MERGE, str(three_days.root), LATER.isoformat()]
    job = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert job.stdout is not None
    job.stdout.readline()
    time.sleep(seconds)
    os.kill(job.pid, signal.SIGKILL)
    job.communicate()

    assert answers(three_days.root) == before
    compact(Lake(three_days.root), "akash", LATER)
    assert answers(three_days.root) == before
    assert Lake(three_days.root).aside() == {}


@settings(
    derandomize=True,
    deadline=None,
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    hours=st.lists(st.integers(0, 70), min_size=1, max_size=5, unique=True),
    prices=st.lists(st.integers(1, 9_999), min_size=1, max_size=3),
)
def test_any_history_gives_the_same_answers_before_and_after(tmp_path_factory, hours, prices):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for hour in sorted(hours):
        for number, price in enumerate(prices):
            at = OBSERVED + timedelta(hours=hour, minutes=number)
            saved(lake, at, f"{price / 100:.2f}")
    before = answers(lake.root)

    assert compact(lake, "akash", LATER).problems == ()
    assert answers(lake.root) == before


def test_what_merged_days_are_sorted_by_is_in_every_drop():
    assert [kind for kind in SCHEMAS if not set(ALIKE[kind]) <= REQUIRED[kind]] == []

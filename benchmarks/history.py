"""What the pages' questions cost as history grows, and what keeping it costs, in one run.

1. Two lakes of the same network, read four times a day: 1,000,000 rows of history, and ``--rows``
   (10,000,000 unless told otherwise). The questions of the Dashboard and of the Market are asked
   of both by a process that remembers nothing; rows scanned and time (median of five) compared.
2. The roll-up of every day against one plain DuckDB ``GROUP BY`` over the same files.
3. Compaction of the smaller lake: time and size.
``python benchmarks/history.py [--rows 100000000]`` needs about 12 bytes of disk a row.
Targets: rows scanned 1.00 x, time <= 1.5 x.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data import history
from data import offers as questions
from data.compaction import compact
from data.market import Lake

RUNS = 5
NETWORK, MODELS, SMALL = "bench", 40, 1_000_000
OFFERS, RUNS_A_DAY = 2_272, 4
NOW = datetime(2026, 11, 30, 23, tzinfo=UTC)
BYTES_A_ROW = 12
OFFER = "bench:7"
ROWS = """
    COPY (SELECT 'bench:' || i AS offer_id, 'bench' AS network, false AS is_baseline,
                 'MODEL-' || i % $models AS gpu_model, 'gpu' AS gpu_name, 1 AS gpu_count,
                 'on_demand' AS term, price AS usd_per_hour, price AS usd_per_gpu_hour,
                 'instance' AS price_basis, true AS rankable, (i + $run) % 5 > 0 AS available,
                 i % 9 AS available_count, $at::TIMESTAMP AS observed_at, 'live' AS source_kind,
                 'a benchmark' AS source, 'row ' || i AS raw
          FROM (SELECT i, (1 + i % 97 / 10 + hash(i, $day // 7) % 100 / 100)::DECIMAL(38,18)
                       AS price FROM range($offers) t(i)))
    TO '{path}' (FORMAT parquet, COMPRESSION zstd)"""
PLAIN = """
    SELECT CAST(observed_at AS DATE) AS day, offer_id, any_value(gpu_model), min(usd_per_gpu_hour),
           arg_max(usd_per_gpu_hour, observed_at), max(usd_per_gpu_hour), count(*)
    FROM read_parquet(?, hive_partitioning = false) GROUP BY day, offer_id"""


def built(root: Path, rows: int) -> Lake:
    """Write a lake of so many rows, the newest reading today."""
    lake = Lake(root)
    connection = duckdb.connect()
    days = rows // (OFFERS * RUNS_A_DAY)
    for age in range(days - 1, -1, -1):
        midnight = NOW.replace(hour=0) - timedelta(days=age)
        folder = root / "offers" / f"network={NETWORK}" / f"day={midnight.date()}"
        folder.mkdir(parents=True)
        for run in range(RUNS_A_DAY):
            at = midnight + timedelta(hours=5 * run)
            path = folder / f"{at:%Y%m%dT%H%M%S%f}Z.parquet"
            values = {
                "models": MODELS, "run": run, "at": at.replace(tzinfo=None), "day": age,
                "offers": OFFERS,
            }  # fmt: skip
            connection.execute(ROWS.format(path=path), values)
    return lake


def dashboard(lake: Lake) -> None:
    questions.states(lake, questions.read(lake, NOW))
    history.model_history(lake, "MODEL-7")
    history.model_index(lake, "MODEL-7", NOW)


def market(lake: Lake) -> None:
    questions.read(lake, NOW)
    history.bands(lake, "MODEL-7", NOW)
    history.market_facts(lake, NOW)
    history.offer_history(lake, OFFER, NETWORK)
    questions.providers(lake, NETWORK)
    questions.raw_row(lake, NETWORK, OFFER)


def cost(root: Path, ask: Callable[[Lake], None]) -> tuple[int, float]:
    """Return (rows scanned, median seconds) of a process that remembers nothing."""
    taken = []
    with (lake := Lake(root)).measured() as scan:
        ask(lake)
    for _ in range(RUNS):
        lake = Lake(root)
        lake.duck.frame("SELECT ?", [1])  # the connection and its first parameter cost once
        start = time.perf_counter()
        ask(lake)
        taken.append(time.perf_counter() - start)
    return scan.rows, statistics.median(taken)


def rolled_up(lake: Lake, rows: int) -> None:
    """Roll everything up, against one query over the same files; prints both rates."""
    files = str(lake.root / "offers" / f"network={NETWORK}" / "*" / "*.parquet")
    start = time.perf_counter()
    duckdb.connect().execute(f"CREATE TABLE plain AS {PLAIN}", [files])
    theirs = time.perf_counter() - start
    start = time.perf_counter()
    days = history.roll_up(lake, NETWORK, NOW + timedelta(days=1))
    mine = time.perf_counter() - start
    print(
        f"roll-up of {rows:,} rows, {days:,} days   DuckDB GROUP BY {rows / theirs:10,.0f}/s   "
        f"Necto {rows / mine:10,.0f}/s   rate {theirs / mine:.2f} x"
    )


def compared(small: Path, large: Path, rows: int) -> None:
    for name, ask in (("Dashboard", dashboard), ("Market", market)):
        (few, quick), (many, slow) = cost(small, ask), cost(large, ask)
        print(
            f"{name}'s questions, {SMALL:,} -> {rows:,} rows of history   rows scanned {few:,} -> "
            f"{many:,}, {many / few:.2f} x (target 1)   "
            f"{quick * 1000:.0f} -> {slow * 1000:.0f} ms, {slow / quick:.2f} x (target <= 1.5)"
        )


def merged(lake: Lake) -> None:
    start = time.perf_counter()
    done = compact(lake, NETWORK, NOW) + compact(lake, NETWORK, NOW)  # a hundred days each
    taken = time.perf_counter() - start
    print(
        f"compaction of {done.files:,} files into {done.days:,}   {SMALL / taken:,.0f} rows/s   "
        f"{done.bytes_before:,} -> {done.bytes_after:,} bytes, "
        f"{done.bytes_after / done.bytes_before:.2f} x"
    )


def oldest_day(lake: Lake) -> date:
    return lake.days("offers", NETWORK)[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    wanted = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as temporary:
        free = shutil.disk_usage(temporary).free
        if free < 2 * BYTES_A_ROW * (wanted + SMALL):
            sys.exit(f"{free:,} bytes are free in {temporary}: too few for {wanted:,} rows")
        lakes = [(Path(temporary) / str(size), size) for size in (SMALL, wanted)]
        for root, size in lakes:
            lake = built(root, size)
            print(f"{size:,} rows since {oldest_day(lake)}, {RUNS_A_DAY} readings a day")
            rolled_up(lake, size)
        compared(lakes[0][0], lakes[1][0], wanted)
        merged(Lake(lakes[0][0]))
        compared(lakes[0][0], lakes[1][0], wanted)

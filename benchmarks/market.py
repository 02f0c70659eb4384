"""The lake against plain DuckDB, in one run.

1. Ingest of 1,000,000 rows: a published, digested drop against DuckDB's own COPY; and of 100,000
   offers that still are Python objects, with the check for duplicates.
2. Newest offers + filters + savings against three hyperscalers over 150,000 offers, from the files
   on disk, against one DuckDB query that answers the same question.
``python benchmarks/market.py`` prints medians of five runs (wall time) and their ratio; targets:
rate of the million rows >= 0.5, time <= 3.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data import offers as questions
from data.market import Lake
from data.shipped import recorded_offers
from engine.market import OFFER_SCHEMA, Offer, distinct, offers_frame
from engine.overview import savings_by_offer
from engine.search import Search, matching

RUNS = 5
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SEARCH = Search(
    gpu_models=frozenset({"H100-SXM", "A100-80-SXM", "T4"}),
    usd_per_gpu_hour_max=Decimal(5),
    terms=frozenset({"on_demand"}),
)
PLAIN = """
    WITH base AS (
      SELECT network, gpu_model, term, min(usd_per_gpu_hour) AS price FROM read_parquet($files)
      WHERE is_baseline AND price_basis = 'instance' AND rankable GROUP BY ALL)
    SELECT o.*, 1 - o.usd_per_gpu_hour::DOUBLE / aws.price::DOUBLE AS saving_aws,
           1 - o.usd_per_gpu_hour::DOUBLE / azure.price::DOUBLE AS saving_azure,
           1 - o.usd_per_gpu_hour::DOUBLE / gcp.price::DOUBLE AS saving_gcp
    FROM read_parquet($files) o
    LEFT JOIN base aws ON aws.network = 'aws' AND aws.gpu_model = o.gpu_model AND aws.term = o.term
    LEFT JOIN base azure ON azure.network = 'azure' AND azure.gpu_model = o.gpu_model
      AND azure.term = o.term
    LEFT JOIN base gcp ON gcp.network = 'gcp' AND gcp.gpu_model = o.gpu_model AND gcp.term = o.term
    WHERE NOT o.is_baseline AND o.gpu_model IN ('H100-SXM', 'A100-80-SXM', 'T4')
      AND o.usd_per_gpu_hour <= 5 AND o.term = 'on_demand'
    ORDER BY o.usd_per_gpu_hour, o.offer_id"""


def seconds(work: Callable[[int], object]) -> float:
    """Median wall time of five runs after one warm-up."""
    taken = []
    for run in range(RUNS + 1):
        start = time.perf_counter()
        work(run)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def many(rows: int) -> pl.DataFrame:
    """The shipped network offers, repeated under new ids and slightly different prices."""
    shipped = [o for found in recorded_offers().values() for o in found if not o.is_baseline]
    frame = offers_frame(shipped)
    copies = pl.concat([frame] * (rows // frame.height + 1)).head(rows)
    factor = (pl.int_range(pl.len()) % 997 + 500) / 1000
    return (
        copies.with_row_index("n")
        .with_columns(
            offer_id=pl.col("offer_id") + ":" + pl.col("n").cast(pl.String),
            usd_per_gpu_hour=(pl.col("usd_per_gpu_hour").cast(pl.Float64) * factor).cast(
                OFFER_SCHEMA["usd_per_gpu_hour"]
            ),
        )
        .drop("n")
    )


def ingest(folder: Path, rows: int) -> None:
    """Rows of a frame, and rows that still are Python objects, against COPY of the same rows."""
    lake = Lake(folder / "ingest")
    connection = duckdb.connect()

    def copy(frame: pl.DataFrame) -> float:
        connection.register("frame", frame.to_arrow())
        target = str(folder / "plain.parquet")
        sql = "COPY frame TO ? (FORMAT parquet, COMPRESSION zstd)"
        return seconds(lambda _: connection.execute(sql, [target]))

    def publish(ready: pl.DataFrame) -> None:
        lake.save("offers", "bench", lake.new_run_id("bench", datetime.now(UTC)), ready)

    frame = many(rows)
    report(f"{rows:,} rows", rows, copy(frame), seconds(lambda _: publish(frame)))
    offers = objects(rows // 10)
    mine = seconds(lambda _: publish(offers_frame(distinct(offers)[0])))
    report(f"{len(offers):,} Python objects", len(offers), copy(offers_frame(offers)), mine)


def objects(rows: int) -> list[Offer]:
    """One network's offers, as a connector hands them over."""
    shipped = recorded_offers()["akash"]
    return [
        replace(shipped[n % len(shipped)], offer_id=f"{shipped[n % len(shipped)].offer_id}:{n}")
        for n in range(rows)
    ]


def report(what: str, rows: int, theirs: float, mine: float) -> None:
    print(
        f"ingest of {what}   DuckDB COPY {rows / theirs:10,.0f}/s   Necto {rows / mine:10,.0f}/s   "
        f"rate {theirs / mine:.2f} x"
    )


def compare(folder: Path, rows: int) -> None:
    lake = Lake(folder / "compare")
    baselines = [o for found in recorded_offers().values() for o in found if o.is_baseline]
    lake.save("offers", "bench", lake.new_run_id("bench", NOW), many(rows))
    lake.save("offers", "hyper", lake.new_run_id("hyper", NOW), offers_frame(baselines))
    files = [str(path) for path in (lake.newest_drop("offers", n) for n in lake.networks())]
    connection = duckdb.connect()

    def plain(_: int) -> pl.DataFrame:
        return connection.sql(PLAIN, params={"files": files}).pl()

    def from_disk(_: int) -> pl.DataFrame:
        return answer(questions.read(lake, NOW))

    def at_hand(_: int) -> pl.DataFrame:
        return answer(questions.latest(lake, NOW))

    def answer(market: questions.Market) -> pl.DataFrame:
        found = matching(market.networks, SEARCH, NOW)
        return savings_by_offer(found, market.baselines, NOW)

    assert plain(0).height == from_disk(0).height > 0
    theirs, cold, warm = seconds(plain), seconds(from_disk), seconds(at_hand)
    for name, mine in (("read from disk", cold), ("market at hand", warm)):
        print(
            f"latest + filters + comparison over {rows:,}, {name}   DuckDB {theirs * 1000:7.1f} ms"
            f"   Necto {mine * 1000:7.1f} ms   {mine / theirs:.2f} x (target <= 3)"
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        ingest(Path(temporary), 1_000_000)
        compare(Path(temporary), 150_000)

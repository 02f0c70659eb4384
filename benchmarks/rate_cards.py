"""A rate card of 100,000 rows: imported, or refused with every fault, end to end.

From the bytes of a file to offers that the market shows (or to the sorted list of faults), against
reading the same file plainly with Polars. ``python benchmarks/rate_cards.py`` prints medians of
three runs and the ratio; target: <= 5 s each on two cores. Beside the wall time stands the
processor time, which tells when the machine is busy with other work.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.card_files import _csv, _xlsx, read_card
from data.market import Lake
from data.rate_cards import current, import_card
from data.shipped import catalogue
from engine.rate_cards import NAMES, CardRefused, examples

ROWS = 100_000
RUNS = 3
TARGET_SECONDS = 5
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def good(rows: int) -> pl.DataFrame:
    """Rows of one contract: every machine another, prices with up to five decimals.

    The template's note is taken out: it marks a made-up row, which is refused.
    """
    one = examples().head(1).with_columns(note=pl.lit(None, pl.String))
    price = (pl.col("n") % 700_000 + 100_001).cast(pl.Decimal(38, 0)) / 100_000
    return (
        pl.concat([one] * rows)
        .with_row_index("n")
        .with_columns(
            provider=pl.format("Data centre {}", "n"),
            usd_per_gpu_hour=price.cast(pl.Decimal(38, 5)).cast(pl.String),
        )
        .select(NAMES)
    )


def bad(rows: int) -> pl.DataFrame:
    """The same rows, each with six faults."""
    return good(rows).with_columns(
        usd_per_gpu_hour=pl.lit("1,234.50"),
        gpu_count=pl.lit("eight"),
        country_code=pl.lit("Germany"),
        currency=pl.lit("EUR"),
        valid_until=pl.lit("31.12.2027"),
        contract_reference=pl.lit(None, pl.String),
    )


def imported(filename: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        import_card(lake, read_card(filename, content, catalogue(), NOW), by="bench", now=NOW)
        assert current(lake, NOW).height == ROWS


def refused(filename: str, content: bytes) -> None:
    found = 0
    try:
        read_card(filename, content, catalogue(), NOW)
    except CardRefused as error:
        found = error.faults.height
    assert found == 6 * ROWS


def plainly(filename: str, content: bytes) -> None:
    if filename.endswith(".csv"):
        pl.read_csv(io.BytesIO(content), infer_schema=False)
    else:
        pl.read_excel(io.BytesIO(content), infer_schema_length=0)


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Median wall and processor time."""
    wall, processor = [], []
    for _ in range(RUNS):
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return statistics.median(wall), statistics.median(processor)


if __name__ == "__main__":
    for what, rows, act in (("imported", good(ROWS), imported), ("refused", bad(ROWS), refused)):
        for filename, write in (("card.csv", _csv), ("card.xlsx", _xlsx)):
            made = write(rows)
            content = made.encode() if isinstance(made, str) else made
            mine, used = seconds(lambda: act(filename, content))  # noqa: B023 - called at once
            theirs, _ = seconds(lambda: plainly(filename, content))  # noqa: B023
            print(
                f"{ROWS:,} rows {what:8} {filename:9} {len(content) / 1e6:5.1f} MB   "
                f"Polars alone {theirs:5.2f} s   Necto {mine:5.2f} s (processor {used:5.2f} s)   "
                f"{mine / theirs:4.1f} x   (target <= {TARGET_SECONDS} s)"
            )

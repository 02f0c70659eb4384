"""Finished days, one file per network and month, in two tables.

    daily/network=akash/month=2026-11.parquet    a row per offer and day, by offer
    bands/network=akash/month=2026-11.parquet    a row per GPU model, term and day

They are made from the drops by whoever ingests. Once retention has removed a day's drops they are
all that is left of it, so a file is replaced as a whole, read back before it gets its name, and
never thrown away: a damaged one is set aside, what the drops still hold is made again and the days
that are lost are named. Each file names the days it holds in its own metadata.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl

from data import folders
from data.checks import Stamp, stamp
from data.files import TEMPORARY_SUFFIX, publish
from data.market import BrokenLake, Lake
from engine.market import MOMENT, PRICE
from engine.overview import BASELINE_NAMES
from engine.series import BAND_SCHEMA, bands_of_day

Table = Literal["daily", "bands"]

DAILY_SCHEMA = {
    "run_day": pl.Date(),
    "day": pl.Date(),
    "offer_id": pl.String(),
    "network": pl.String(),
    "is_baseline": pl.Boolean(),
    "gpu_model": pl.String(),
    "term": pl.String(),
    "rankable": pl.Boolean(),
    "price_basis": pl.String(),
    "source_kind": pl.String(),
    "source_url": pl.String(),
    "min_usd_per_gpu_hour": PRICE,
    "last_usd_per_gpu_hour": PRICE,
    "max_usd_per_gpu_hour": PRICE,
    "last_observed_at": MOMENT,
    "last_available_count": pl.Int64(),
    "readings": pl.Int64(),
    "readings_free": pl.Int64(),
}
"""One row per offer and day. ``run_day`` is the day of the reading, ``day`` that of the figure:
they differ for shipped figures. ``readings_free`` of ``readings`` were not known to be taken."""

SCHEMAS = {"daily": DAILY_SCHEMA, "bands": dict(BAND_SCHEMA)}
_SORTED = {"daily": ["offer_id", "run_day", "day"], "bands": ["gpu_model", "term", "run_day"]}
_DAYS_KEY = "necto_days"
_READ_ATTEMPTS = 3
_ROWS_A_GROUP = 4096  # one offer's days lie together: asking for it skips the other groups

_DAILY_SQL = """
    SELECT ?::DATE AS run_day, CAST(observed_at AS DATE) AS day, offer_id,
           any_value(network) AS network, bool_or(is_baseline) AS is_baseline,
           arg_max(gpu_model, observed_at) AS gpu_model,
           any_value(term) AS term, bool_and(rankable) AS rankable,
           arg_max(price_basis, observed_at) AS price_basis,
           arg_max(source_kind, observed_at) AS source_kind,
           arg_max(source_url, observed_at) AS source_url,
           min(usd_per_gpu_hour) AS min_usd_per_gpu_hour,
           arg_max(usd_per_gpu_hour, observed_at) AS last_usd_per_gpu_hour,
           max(usd_per_gpu_hour) AS max_usd_per_gpu_hour,
           max(observed_at) AS last_observed_at,
           arg_max(available_count, observed_at) AS last_available_count,
           count(*) AS readings,
           count(*) FILTER (available IS DISTINCT FROM false) AS readings_free
    FROM drops GROUP BY day, offer_id"""

_SEEN_SQL = """,
    runs AS (SELECT source_kind, count(DISTINCT run_id) AS runs FROM drops GROUP BY source_kind),
    seen AS (
      SELECT any_value(network) AS network, bool_or(is_baseline) AS is_baseline,
             gpu_model, term, source_kind,
             count(DISTINCT run_id) FILTER (available) AS free,
             count(available) > 0 AS is_stated
      FROM drops
      WHERE rankable AND price_basis <> 'gpu_only' AND gpu_model IS NOT NULL
      GROUP BY gpu_model, term, source_kind)
    SELECT ?::DATE AS run_day, network, is_baseline, gpu_model, term, source_kind, runs,
           CASE WHEN is_stated THEN free END AS runs_free
    FROM seen JOIN runs USING (source_kind)"""

_SEEN_NOTHING = pl.DataFrame(
    schema={
        name: BAND_SCHEMA[name]
        for name in (
            *("run_day", "network", "is_baseline", "gpu_model", "term", "source_kind"),
            *("runs", "runs_free"),
        )
    }
)


def made(lake: Lake, day: date, drops: Sequence[Path]) -> dict[Table, pl.DataFrame]:
    """Make both tables' rows of one day of readings from its drops."""
    daily = lake.query("offers", drops, _DAILY_SQL, [day])
    seen = lake.query("offers", drops, _SEEN_SQL, [day])
    rows = daily.select(list(DAILY_SCHEMA)).cast(DAILY_SCHEMA)  # type: ignore[arg-type]
    known = seen.cast(dict(_SEEN_NOTHING.schema))  # type: ignore[arg-type]
    return {"daily": rows, "bands": bands_of_day(rows, known)}


def bands_alone(daily: pl.DataFrame) -> pl.DataFrame:
    """Make the bands of a day whose drops are gone: prices, and unknown how often it was free."""
    return bands_of_day(daily, _SEEN_NOTHING)


def months(lake: Lake, table: Table, network: str, since: date | None = None) -> list[str]:
    """Return the months a network has a file of (``2026-11``), oldest first."""
    found = (n for n in folders.names(folders.of(lake.root, table, network)) if _is_month(n))
    names = sorted(n.removeprefix("month=").removesuffix(".parquet") for n in found)
    return [name for name in names if since is None or name >= month_of(since)]


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def path_of(lake: Lake, table: Table, network: str, month: str) -> Path:
    return folders.of(lake.root, table, network) / f"month={month}.parquet"


def days_in(lake: Lake, table: Table, network: str, month: str) -> frozenset[date]:
    """Return the reading days a month's file holds, from its metadata; none when there is none."""
    path = path_of(lake, table, network, month)
    try:
        return _days_of(path, stamp(path))
    except FileNotFoundError:
        return frozenset()
    except (pl.exceptions.PolarsError, ValueError) as error:
        _damaged(lake, table, network, month, error)
        return frozenset()


def read(
    lake: Lake, table: Table, network: str, month: str, offer_id: str | None = None
) -> pl.DataFrame:
    """Return a month's rows, of one offer if asked; a damaged file is set aside and is empty.

    Raises BrokenLake when the file cannot be read now, which says nothing about the file.
    """
    path = path_of(lake, table, network, month)
    schema = SCHEMAS[table]
    for _ in range(_READ_ATTEMPTS):
        seen = stamp(path)
        try:
            lake.meter.count(path)
            rows = pl.scan_parquet(path)
            if offer_id is not None:
                rows = rows.filter(pl.col("offer_id") == offer_id)
            found = rows.collect()
            absent = [pl.lit(None, t).alias(n) for n, t in schema.items() if n not in found]
            return found.with_columns(absent).select(list(schema)).cast(schema)  # type: ignore[arg-type]
        except FileNotFoundError:
            break
        except OSError as error:
            raise BrokenLake(f"{path} cannot be read now: {error}") from error
        except pl.exceptions.PolarsError as error:
            if stamp(path) == seen:  # else it was replaced while it was read
                _damaged(lake, table, network, month, error)
    else:
        raise BrokenLake(f"{path} changes faster than it can be read: ask again")
    return pl.DataFrame(schema=schema)


def add(
    lake: Lake, table: Table, network: str, month: str, days: Iterable[date], rows: pl.DataFrame
) -> None:
    """Add days to a month's file, replacing it as a whole; days it already holds stay as they are.

    Call it while ingesting the network. Raises BrokenLake rather than lose what is there.
    """
    known = days_in(lake, table, network, month)
    new = set(days) - known
    if not new:
        return
    held = read(lake, table, network, month)
    known &= days_in(lake, table, network, month)  # fewer when reading found it damaged
    both = pl.concat([held, rows.filter(pl.col("run_day").is_in(list(new)))]).sort(_SORTED[table])
    path = path_of(lake, table, network, month)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    names = " ".join(sorted(day.isoformat() for day in known | new))
    both.write_parquet(temporary, metadata={_DAYS_KEY: names}, row_group_size=_ROWS_A_GROUP)
    if not pl.read_parquet(temporary).equals(both):
        raise BrokenLake(f"{temporary} does not read back as it was written: is the disk sound?")
    publish(temporary, path)


def converted(lake: Lake, network: str) -> pl.DataFrame:
    """Return the rows of the one growing file that versions before 0.2 kept; empty if none."""
    path = old_path(lake, network)
    try:
        rows = pl.read_parquet(path)
        is_baseline = pl.col("network").is_in(list(BASELINE_NAMES)).alias("is_baseline")
        return rows.with_columns(is_baseline).select(list(DAILY_SCHEMA)).cast(DAILY_SCHEMA)  # type: ignore[arg-type]
    except FileNotFoundError:
        pass
    except pl.exceptions.PolarsError as error:
        lake.set_aside(path, f"cannot be read, is rebuilt from the drops: {error}".splitlines()[0])
    return pl.DataFrame(schema=DAILY_SCHEMA)


def old_path(lake: Lake, network: str) -> Path:
    return lake.root / "daily" / f"network={network}.parquet"


def _is_month(name: str) -> bool:
    return name.startswith("month=") and name.endswith(".parquet")


@lru_cache(maxsize=2000)
def _days_of(path: Path, version: Stamp | None) -> frozenset[date]:
    """Read which days a file holds; ``version`` is what makes a replaced file another one."""
    if version is None:
        raise FileNotFoundError(path)
    text = pl.read_parquet_metadata(path).get(_DAYS_KEY)
    if text is None:
        raise ValueError("it does not name its days")
    return frozenset(date.fromisoformat(name) for name in text.split())


def _damaged(lake: Lake, table: Table, network: str, month: str, error: Exception) -> None:
    """Set a month's file aside and say which days the drops cannot give back."""
    other = path_of(lake, "bands" if table == "daily" else "daily", network, month)
    try:
        known = _days_of(other, stamp(other))
    except (OSError, ValueError, pl.exceptions.PolarsError):
        runs = folders.days(folders.of(lake.root, "runs", network))
        known = frozenset(day for day in runs if month_of(day) == month)
    lost = sorted(str(day) for day in known - set(lake.days("offers", network)))
    what = f"of these days the drops are gone: {', '.join(lost)}" if lost else "nothing is lost"
    why = f"cannot be read, is rebuilt from the drops; {what}: {error}".splitlines()[0]
    lake.set_aside(path_of(lake, table, network, month), why)

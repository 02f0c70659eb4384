"""Prices over time: one small file per network with every offer's finished days.

``daily/network=<name>.parquet`` is derived: it is made from the drops, extended once a day by
whoever ingests, replaced as a whole, and rebuilt when it is lost or damaged. What charts read does
not grow with the number of readings: finished days from it, the running day from its drops.
"""

import os
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from data.files import TEMPORARY_SUFFIX, publish
from data.market import Lake
from data.shipped import price_history
from engine.market import MOMENT, PRICE

DAILY_SCHEMA = {
    "run_day": pl.Date(),
    "day": pl.Date(),
    "offer_id": pl.String(),
    "network": pl.String(),
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

_SQL = """
    SELECT ?::DATE AS run_day, CAST(observed_at AS DATE) AS day, offer_id,
           any_value(network) AS network, arg_max(gpu_model, observed_at) AS gpu_model,
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


def roll_up(lake: Lake, network: str, now: datetime) -> int:
    """Add the finished days that are missing; returns how many. Call it while ingesting."""
    known = _rolled(lake, network)
    days = _open_days(lake, network, known)
    finished = [day for day in days if day < now.astimezone(UTC).date()]
    if finished:
        added = [_day(lake, network, day) for day in finished]
        _replace(_path(lake, network), pl.concat([known, *added]).sort("day", "offer_id"))
    return len(finished)


def model_history(lake: Lake, gpu_model: str) -> pl.DataFrame:
    """Return the daily lowest and median on-demand price of a model, per network or seller.

    Columns: day, network, gpu_model, min_usd_per_gpu_hour, median_usd_per_gpu_hour (Decimal),
    offers, price_basis, source_url, collected_by: Necto (read live), recorded (shipped) or
    third party (a series others collected); they are never joined into one line. What was taken
    all day does not count.
    """
    ours = (
        _everything(lake, lake.networks())
        .filter(
            pl.col("gpu_model") == gpu_model,
            pl.col("term") == "on_demand",
            pl.col("rankable"),
            pl.col("price_basis") != "gpu_only",
            pl.col("readings_free") > 0,
        )
        .with_columns(
            collected_by=pl.when(pl.col("source_kind") == "live")
            .then(pl.lit("Necto"))
            .otherwise(pl.col("source_kind"))
        )
        .sort("min_usd_per_gpu_hour", "offer_id")
        .group_by("day", "network", "gpu_model", "collected_by")
        .agg(
            pl.col("min_usd_per_gpu_hour").min(),
            median_usd_per_gpu_hour=pl.col("min_usd_per_gpu_hour").get((pl.len() - 1) // 2),
            offers=pl.col("offer_id").n_unique(),
            price_basis=pl.col("price_basis").first(),
            source_url=pl.col("source_url").first(),
        )
    )
    recorded = price_history().filter(gpu_model=gpu_model)
    same_form = ours.select(recorded.columns).cast(recorded.schema)
    return pl.concat([recorded, same_form]).sort("day", "network")


def offer_history(lake: Lake, offer_id: str, network: str) -> pl.DataFrame:
    """Return one offer's last price of each day: observed_at, usd_per_gpu_hour, available_count."""
    rows = _everything(lake, [network]).filter(offer_id=offer_id).sort("last_observed_at")
    return rows.select(
        pl.col("last_observed_at").alias("observed_at"),
        pl.col("last_usd_per_gpu_hour").alias("usd_per_gpu_hour"),
        pl.col("last_available_count").alias("available_count"),
        "source_kind",
    ).unique(maintain_order=True)


_cache_guard = threading.Lock()
_cache: dict[tuple[Path, tuple[str, ...]], tuple[object, pl.DataFrame]] = {}  # newest answer each


def _everything(lake: Lake, networks: Sequence[str]) -> pl.DataFrame:
    """Every offer's days; computed again only when a network has a newer drop or rollup."""
    asked = (lake.root, tuple(networks))
    version = [(lake.newest_drop("offers", n), _stamp(_path(lake, n))) for n in networks]
    with _cache_guard:
        known, answer = _cache.get(asked, (None, pl.DataFrame()))
    if known == version:
        return answer
    frames = [pl.DataFrame(schema=DAILY_SCHEMA)]
    for network in networks:
        rolled = _rolled(lake, network)
        frames += [rolled, *(_day(lake, network, d) for d in _open_days(lake, network, rolled))]
    answer = pl.concat(frames)
    with _cache_guard:
        _cache[asked] = version, answer
    return answer


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _open_days(lake: Lake, network: str, known: pl.DataFrame) -> list[date]:
    done = set(known["run_day"].unique())
    return [day for day in lake.days("offers", network) if day not in done]


def _day(lake: Lake, network: str, day: date) -> pl.DataFrame:
    rows = lake.query("offers", lake.drops_on("offers", network, day), _SQL, [day])
    return rows.select(list(DAILY_SCHEMA)).cast(DAILY_SCHEMA)  # type: ignore[arg-type]


def _rolled(lake: Lake, network: str) -> pl.DataFrame:
    path = _path(lake, network)
    try:
        return pl.read_parquet(path).select(list(DAILY_SCHEMA)).cast(DAILY_SCHEMA)  # type: ignore[arg-type]
    except FileNotFoundError:
        pass
    except pl.exceptions.PolarsError as error:
        lake.set_aside(path, f"cannot be read, is rebuilt from the drops: {error}".splitlines()[0])
    return pl.DataFrame(schema=DAILY_SCHEMA)


def _replace(path: Path, rows: pl.DataFrame) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    rows.write_parquet(temporary)
    publish(temporary, path)


def _path(lake: Lake, network: str) -> Path:
    return lake.root / "daily" / f"network={network}.parquet"

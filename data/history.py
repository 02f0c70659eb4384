"""Prices over time: finished days from one file per month, the running day from its drops.

What an answer reads depends on the days it is asked for, never on how long the history is.
"""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from weakref import WeakKeyDictionary

import polars as pl

from data import rollups
from data.market import Lake
from data.rollups import DAILY_SCHEMA, Table, days_in, month_of, months
from data.shipped import price_history
from engine.outlook import outlook
from engine.series import BAND_SCHEMA, facts, index_price, one_kind

DAYS = 90
"""How far back a question reads that does not say."""

_PRICES = tuple(f"{part}_usd_per_gpu_hour" for part in ("min", "p25", "median", "p75", "max"))


def roll_up(lake: Lake, network: str, now: datetime) -> int:
    """Add the finished days that are missing; returns how many. Call it while ingesting."""
    _convert(lake, network)
    _mend(lake, network)
    today = now.astimezone(UTC).date()
    missing = [day for day in _open_days(lake, network) if day < today]
    for month, days in groupby(missing, month_of):
        _add(lake, network, month, {day: _made(lake, network, day) for day in days})
    return len(missing)


def is_rolled_up(lake: Lake, network: str, day: date) -> bool:
    """Whether a day of readings stands in both tables, so that it needs its drops no more."""
    return day in _done(lake, network, month_of(day))


def model_history(
    lake: Lake, gpu_model: str, *, days: int | None = DAYS, now: datetime | None = None
) -> pl.DataFrame:
    """Return the daily prices of a model on demand, per network or seller.

    Columns: day, network, gpu_model, min_/p25_/median_/p75_/max_usd_per_gpu_hour (Decimal),
    offers, price_basis, source_url, collected_by: Necto (read live), recorded (shipped) or
    third party (a series others collected); they are never joined into one line. What was taken
    all day does not count.

    Read in the last ``days`` days before ``now``, or before the newest reading; None is all of
    them. Shipped series are whole: they do not grow. Their quartiles and maximum are unknown.
    """
    ours = (
        _bands(lake, _since(lake, days, now))
        .filter(
            pl.col("gpu_model") == gpu_model,
            pl.col("term") == "on_demand",
            pl.col("min_usd_per_gpu_hour").is_not_null(),
        )
        .with_columns(
            collected_by=pl.when(pl.col("source_kind") == "live")
            .then(pl.lit("Necto"))
            .otherwise(pl.col("source_kind"))
        )
        .sort("day", "network", "run_day")
        .unique(["day", "network", "collected_by"], keep="last", maintain_order=True)
    )
    recorded = price_history().filter(gpu_model=gpu_model)
    more = [pl.lit(None, BAND_SCHEMA[n]).alias(n) for n in _PRICES if n not in recorded.columns]
    recorded = recorded.with_columns(more)
    same_form = ours.select(recorded.columns).cast(recorded.schema)
    return pl.concat([recorded, same_form]).sort("day", "network")


def bands(lake: Lake, gpu_model: str, now: datetime, days: int | None = DAYS) -> pl.DataFrame:
    """Return a model's daily price bands on every network and term, oldest day first.

    Columns: day, network, gpu_model, term, min_/p25_/median_/p75_/max_usd_per_gpu_hour (Decimal;
    prices somebody asked), offers, runs, runs_free, price_basis, source_kind, source_url. One row
    per day, network and term that had a price; live ones where there are any, else shipped ones.
    Shipped figures of days before the range are left out, though they were loaded in it.
    """
    since = _since(lake, days, now)
    rows = _bands(lake, since).filter(gpu_model=gpu_model)
    found = one_kind(rows.filter(pl.col("day") >= since) if since else rows)
    return found.sort("day", "network", "term").select(
        *("day", "network", "gpu_model", "term", *_PRICES),
        *("offers", "runs", "runs_free", "price_basis", "source_kind", "source_url"),
    )


def market_facts(lake: Lake, now: datetime, days: int | None = DAYS) -> pl.DataFrame:
    """Return ``engine.series.facts`` of every network, GPU model and term seen in these days."""
    return facts(_bands(lake, _since(lake, days, now)))


def market_outlook(lake: Lake, now: datetime, days: int | None = DAYS) -> pl.DataFrame:
    """Return ``engine.outlook.outlook`` of every network, GPU model and term read in these days.

    Of finished days, as they were rolled up: what is expected does not change within a day, and no
    drop is read for it.
    """
    since = _since(lake, days, now)
    found = [pl.DataFrame(schema=dict(BAND_SCHEMA))]
    for network in lake.networks():
        read = months(lake, "bands", network, since)
        found += [rollups.read(lake, "bands", network, month) for month in read]
    bands_read = pl.concat(found)
    return outlook(bands_read.filter(pl.col("run_day") >= since) if since else bands_read)


def model_index(lake: Lake, gpu_model: str, now: datetime, days: int | None = DAYS) -> pl.DataFrame:
    """Return ``engine.series.index_price`` of a model, oldest day first."""
    return index_price(_bands(lake, _since(lake, days, now)).filter(gpu_model=gpu_model))


def offer_history(
    lake: Lake,
    offer_id: str,
    network: str,
    *,
    days: int | None = DAYS,
    now: datetime | None = None,
) -> pl.DataFrame:
    """Return one offer's last price of each day: observed_at, usd_per_gpu_hour, available_count.

    Read in the last ``days`` days before ``now``, or before the network's newest reading.
    """
    since = _since(lake, days, now, [network])
    found = [pl.DataFrame(schema=DAILY_SCHEMA), *_rows(lake, "daily", network, since, offer_id)]
    rows = pl.concat(found).filter(offer_id=offer_id).sort("last_observed_at")
    return rows.select(
        pl.col("last_observed_at").alias("observed_at"),
        pl.col("last_usd_per_gpu_hour").alias("usd_per_gpu_hour"),
        pl.col("last_available_count").alias("available_count"),
        "source_kind",
    ).unique(maintain_order=True)


def _since(
    lake: Lake, days: int | None, now: datetime | None, networks: Sequence[str] | None = None
) -> date | None:
    """Return the first day of the range; None when it has no beginning."""
    if days is None:
        return None
    if now is not None:
        return now.astimezone(UTC).date() - timedelta(days=days)
    newest = (lake.newest_day("offers", name) for name in networks or lake.networks())
    last = max((day for day in newest if day), default=None)
    return last - timedelta(days=days) if last else None


def _bands(lake: Lake, since: date | None) -> pl.DataFrame:
    found = [pl.DataFrame(schema=dict(BAND_SCHEMA))]
    for network in lake.networks():
        found += _rows(lake, "bands", network, since)
    return pl.concat(found)


def _rows(
    lake: Lake, table: Table, network: str, since: date | None, offer_id: str | None = None
) -> Iterator[pl.DataFrame]:
    """Yield a network's rows read on that day or later: finished days, then open ones."""
    still_open = _open_days(lake, network, since, (table,))  # first: a roll-up may close them now
    for month in months(lake, table, network, since):
        rows = rollups.read(lake, table, network, month, offer_id)
        rows = rows.filter(~pl.col("run_day").is_in(still_open))
        yield rows.filter(pl.col("run_day") >= since) if since else rows
    for day in still_open:
        yield _made(lake, network, day)[table]


def _open_days(
    lake: Lake,
    network: str,
    since: date | None = None,
    tables: Sequence[Table] = ("daily", "bands"),
) -> list[date]:
    """Return the days with drops that a table does not hold, oldest first."""
    days = lake.days("offers", network, since)
    done = {month: _done(lake, network, month, tables) for month in {month_of(d) for d in days}}
    return [day for day in days if day not in done[month_of(day)]]


def _done(
    lake: Lake, network: str, month: str, tables: Sequence[Table] = ("daily", "bands")
) -> frozenset[date]:
    first, *others = (days_in(lake, table, network, month) for table in tables)
    return first.intersection(*others)


_Known = dict[tuple[str, date], tuple[list[Path], dict[Table, pl.DataFrame]]]
_cache_guard = threading.Lock()
_cache: WeakKeyDictionary[Lake, _Known] = WeakKeyDictionary()
_CACHED_MAX = 500  # open days: one per network, more only before the first roll-up


def _made(lake: Lake, network: str, day: date) -> dict[Table, pl.DataFrame]:
    """Make an open day's rows; made again only when the day has other drops."""
    drops = lake.drops_on("offers", network, day)
    with _cache_guard:
        known = _cache.setdefault(lake, {})
        found = known.get((network, day))
    if found and found[0] == drops:
        return found[1]
    answer = rollups.made(lake, day, drops)
    with _cache_guard:
        if len(known) >= _CACHED_MAX:
            known.clear()
        known[network, day] = drops, answer
    return answer


def _add(lake: Lake, network: str, month: str, made: dict[date, dict[Table, pl.DataFrame]]) -> None:
    """Write a month's new days into both tables."""
    tables: tuple[Table, ...] = ("bands", "daily")
    for table in tables:
        days = [day for day, rows in made.items() if rows["daily"].height]
        if days:
            rows = pl.concat([made[day][table] for day in days])
            rollups.add(lake, table, network, month, days, rows)


def _convert(lake: Lake, network: str) -> None:
    """Take over the one growing file of earlier versions, then remove it."""
    old = rollups.old_path(lake, network)
    if not old.exists():
        return
    rows = rollups.converted(lake, network)
    days = sorted(rows["run_day"].unique())
    gone = [day for day in days if not lake.drops_on("offers", network, day)]
    for month, of_month in groupby(gone, month_of):  # the others are made again from their drops
        _add(lake, network, month, {day: _from_daily(rows, day) for day in of_month})
    old.unlink(missing_ok=True)


def _mend(lake: Lake, network: str) -> None:
    """Make bands that were lost from the daily rows, where the drops are gone."""
    with_drops = set(lake.days("offers", network))
    for month in months(lake, "daily", network):
        held = days_in(lake, "bands", network, month)
        lost = days_in(lake, "daily", network, month) - held - with_drops
        if lost:
            rows = rollups.read(lake, "daily", network, month)
            _add(lake, network, month, {day: _from_daily(rows, day) for day in sorted(lost)})


def _from_daily(rows: pl.DataFrame, day: date) -> dict[Table, pl.DataFrame]:
    daily = rows.filter(run_day=day)
    return {"daily": daily, "bands": rollups.bands_alone(daily)}

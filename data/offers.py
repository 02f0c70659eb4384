"""Questions about the market: one function per question, answered from the lake."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from data.market import REJECT_SCHEMA, Lake
from data.shipped import price_history
from engine.market import OFFER_SCHEMA, PROVIDER_SCHEMA
from engine.runs import NetworkState, RunRecord, moment_of

HISTORY_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The newest offers of every network and hyperscaler. ``key`` changes when any of them does."""

    key: str
    offers: pl.DataFrame

    @property
    def networks(self) -> pl.DataFrame:
        """What can be procured: everything but the hyperscalers."""
        return self.offers.filter(~pl.col("is_baseline"))

    @property
    def baselines(self) -> pl.DataFrame:
        return self.offers.filter("is_baseline")


_cache_guard = threading.Lock()
_cache: dict[Path, Market] = {}  # one market per lake folder: the newest


def latest(lake: Lake) -> Market:
    """Return the newest usable drop of every network, read again only when one is newer."""
    drops = _newest(lake)
    with _cache_guard:
        known = _cache.get(lake.root)
    if known and known.key == _key(drops):
        return known
    market = read(lake, drops)
    with _cache_guard:
        _cache[lake.root] = market
    return market


def read(lake: Lake, drops: Sequence[Path] | None = None) -> Market:
    """Read the newest drops from disk: every column of an offer but the raw row."""
    chosen = _newest(lake) if drops is None else drops
    columns = [name for name in OFFER_SCHEMA if name != "raw"]
    return Market(key=_key(chosen), offers=lake.frame("offers", chosen, columns))


def raw_row(lake: Lake, network: str, offer_id: str) -> str | None:
    """Return the row of the newest drop as it was received; None when it was not kept."""
    drop = lake.newest_drop("offers", network)
    found = lake.query(
        "offers", [drop] if drop else [], "SELECT raw FROM drops WHERE offer_id = ?", [offer_id]
    )
    return found["raw"][0] if found.height else None


def providers(lake: Lake, network: str) -> pl.DataFrame:
    """Return what the network's providers say about themselves, newest run."""
    drop = lake.newest_drop("providers", network)
    return lake.frame("providers", [drop] if drop else [], list(PROVIDER_SCHEMA))


def rejects(lake: Lake, run: RunRecord) -> pl.DataFrame:
    """Return the rows of a run that did not become offers: code, reason, row as received."""
    drops = lake.drops("rejects", run.network, since=moment_of(run.run_id))
    of_run = [path for path in drops if path.stem == run.run_id]
    return lake.frame("rejects", of_run, list(REJECT_SCHEMA))


def states(lake: Lake, market: Market | None = None) -> list[NetworkState]:
    """Return the state of every network, by name."""
    market = market or latest(lake)
    figures = {
        str(row["network"]): row
        for row in market.offers.group_by("network")
        .agg(
            offers=pl.len(),
            observed_at=pl.col("observed_at").max(),
            available=pl.col("available").fill_null(value=False).sum(),
            models=pl.col("gpu_model").n_unique(),
        )
        .to_dicts()
    }
    return [_state(lake, network, figures.get(network, {})) for network in lake.networks()]


def model_history(lake: Lake, gpu_model: str, now: datetime) -> pl.DataFrame:
    """Return the daily lowest and median on-demand price of a model, per network or seller.

    Columns: day, network, gpu_model, min_usd_per_gpu_hour, median_usd_per_gpu_hour (Decimal),
    offers, price_basis, source_url, collected_by (Necto, or whose recorded series it is: the two
    are never joined into one line).
    """
    since = now.astimezone(UTC) - timedelta(days=HISTORY_DAYS)
    drops = [p for network in lake.networks() for p in lake.drops("offers", network, since=since)]
    sql = """
        SELECT CAST(observed_at AS DATE) AS day, network, gpu_model,
               min(usd_per_gpu_hour) AS min_usd_per_gpu_hour,
               CAST(quantile_disc(usd_per_gpu_hour, 0.5) AS DECIMAL(38, 18))
                 AS median_usd_per_gpu_hour,
               count(DISTINCT offer_id) AS offers, any_value(price_basis) AS price_basis,
               any_value(source_url) AS source_url, 'Necto' AS collected_by
        FROM drops
        WHERE gpu_model = ? AND term = 'on_demand' AND rankable AND price_basis <> 'gpu_only'
        GROUP BY ALL ORDER BY day, network"""
    ours = lake.query("offers", drops, sql, [gpu_model])
    recorded = price_history().filter(gpu_model=gpu_model)
    return pl.concat([recorded, ours.cast(recorded.schema)]).sort("day", "network")


def offer_history(lake: Lake, offer_id: str, network: str, now: datetime) -> pl.DataFrame:
    """Return every price seen of one offer: observed_at, usd_per_gpu_hour, available_count."""
    since = now.astimezone(UTC) - timedelta(days=HISTORY_DAYS)
    sql = """
        SELECT DISTINCT observed_at, usd_per_gpu_hour, available_count, source_kind
        FROM drops WHERE offer_id = ? ORDER BY observed_at"""
    return lake.query("offers", lake.drops("offers", network, since=since), sql, [offer_id])


def _newest(lake: Lake) -> list[Path]:
    found = (lake.newest_drop("offers", network) for network in lake.networks())
    return [path for path in found if path]


def _key(drops: Sequence[Path]) -> str:
    return "|".join(f"{path.parent.parent.name}/{path.stem}" for path in drops)


def _state(lake: Lake, network: str, figures: dict[str, object]) -> NetworkState:
    last_id = next(lake.run_ids(network), None)
    drop = lake.newest_drop("offers", network)
    good = lake.run(network, drop.stem) if drop else None
    observed_at = figures.get("observed_at")
    return NetworkState(
        network=network,
        good=good,
        last=lake.run(network, last_id) if last_id else None,
        observed_at=observed_at.replace(tzinfo=UTC) if isinstance(observed_at, datetime) else None,
        offers=int(str(figures.get("offers", 0))),
        available=int(str(figures.get("available", 0))),
        models=int(str(figures.get("models", 0))),
    )

"""Questions about the market: one function per question, answered from the lake."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data import rate_cards
from data.market import Lake
from data.schemas import REJECT_SCHEMA
from engine.market import OFFER_SCHEMA, PROVIDER_SCHEMA
from engine.runs import NetworkState, RunRecord, moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The newest offers of every network and hyperscaler, and the rate cards that hold today.

    ``key`` changes when any of them does, and with rate cards every day.
    """

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


def latest(lake: Lake, now: datetime) -> Market:
    """Return the newest usable drop of every network and the rate cards valid today (UTC).

    Read again only when a drop or a card is newer, or the day is another one.
    """
    drops = _newest(lake)
    key = _key(lake, drops, now)
    with _cache_guard:
        known = _cache.get(lake.root)
    if known and known.key == key:
        return known
    market = read(lake, now, drops)
    with _cache_guard:
        _cache[lake.root] = market
    return market


def read(lake: Lake, now: datetime, drops: Sequence[Path] | None = None) -> Market:
    """Read the market from disk: every column of an offer but the raw row."""
    chosen = _newest(lake) if drops is None else drops
    columns = [name for name in OFFER_SCHEMA if name != "raw"]
    key = _key(lake, chosen, now)  # before reading: a card that comes meanwhile is read next time
    offers = lake.frame("offers", chosen, columns)
    contracts = rate_cards.current(lake, now)
    if contracts.height:
        offers = pl.concat([offers, contracts.select(columns)])
    return Market(key=key, offers=offers)


def raw_row(lake: Lake, network: str, offer_id: str) -> str | None:
    """Return the row of the newest drop or rate card as received; None when it was not kept."""
    drop = lake.newest_drop("offers", network)
    found = lake.query(
        "offers", [drop] if drop else [], "SELECT raw FROM drops WHERE offer_id = ?", [offer_id]
    )
    return found["raw"][0] if found.height else rate_cards.raw_row(lake, network, offer_id)


def providers(lake: Lake, network: str) -> pl.DataFrame:
    """Return what the network's providers say about themselves, newest run."""
    drop = lake.newest_drop("providers", network)
    return lake.frame("providers", [drop] if drop else [], list(PROVIDER_SCHEMA))


def rejects(lake: Lake, run: RunRecord) -> pl.DataFrame:
    """Return the rows of a run that did not become offers: code, reason, row as received."""
    drops = lake.drops_on("rejects", run.network, moment_of(run.run_id).date())
    of_run = [path for path in drops if path.stem == run.run_id]
    return lake.frame("rejects", of_run, list(REJECT_SCHEMA))


def states(lake: Lake, market: Market) -> list[NetworkState]:
    """Return the state of every network, by name.

    Contract prices never change what is said of a network's own readings: they are counted apart.
    A seller that has nothing but rate cards is as old as its newest import.
    """
    is_contract = pl.col("source_kind") == "contract"
    figures = _by_network(market.offers.filter(~is_contract))
    contracts = _by_network(market.offers.filter(is_contract))
    names = sorted({*lake.networks(), *contracts})
    return [_state(lake, n, figures.get(n, {}), contracts.get(n, {})) for n in names]


def _by_network(offers: pl.DataFrame) -> dict[str, dict[str, Any]]:
    rows = offers.group_by("network").agg(
        offers=pl.len(),
        oldest_at=pl.coalesce("price_as_of", "observed_at").min(),
        observed_at=pl.col("observed_at").max(),
        source_kind=pl.col("source_kind").first(),
        available=pl.when(pl.col("available").is_not_null().any()).then(pl.col("available").sum()),
    )
    return {str(row["network"]): row for row in rows.to_dicts()}


def _newest(lake: Lake) -> list[Path]:
    found = (lake.newest_drop("offers", network) for network in lake.networks())
    return [path for path in found if path]


def _key(lake: Lake, drops: Sequence[Path], now: datetime) -> str:
    names = [f"{path.parent.parent.name}/{path.stem}" for path in drops]
    return "|".join([*names, rate_cards.state_key(lake, now)])


def _state(
    lake: Lake, network: str, figures: dict[str, Any], contracts: dict[str, Any]
) -> NetworkState:
    seen = figures or contracts
    imported_at = None if figures else contracts.get("observed_at")
    last_id = next(lake.run_ids(network), None)
    drop = lake.newest_drop("offers", network)
    available = figures.get("available")
    return NetworkState(
        network=network,
        good=lake.run(network, drop.stem) if drop else None,
        last=lake.run(network, last_id) if last_id else None,
        source_kind=seen.get("source_kind"),
        oldest_at=_utc(imported_at or seen.get("oldest_at")),
        observed_at=_utc(seen.get("observed_at")),
        offers=figures.get("offers", 0),
        available=None if available is None else int(available),
        contract_offers=contracts.get("offers", 0),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None

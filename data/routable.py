"""The newest market in the lake, made ready for routing once for as long as it stays the newest.

What it was read from is named (``Prepared.drops``): every run's drop and every rate card by its
name in the lake, so that a decision made in it can be made again.
"""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from data import folders
from data.billing import costs
from data.history import market_outlook
from data.market import Lake
from data.offers import Market, latest
from data.shipped import catalogue
from engine.market import PROVIDER_SCHEMA
from engine.routing import Facts, Prepared, prepared

_NETWORK, _CARD = "network=", "seller="

_cache_guard = threading.Lock()
_cache: dict[Path, Prepared] = {}  # one market per lake folder: the newest


def market_of(lake: Lake, now: datetime) -> Prepared:
    """Return the newest offers of every network and hyperscaler and the rate cards that hold."""
    market = latest(lake, now)
    networks = market.offers["network"].unique().sort().to_list()
    told = _provider_drops(lake, networks)
    names = _names(lake, told)
    key = "|".join((market.key, *names, f"costs/{costs().version}"))
    with _cache_guard:
        known = _cache.get(lake.root)
    if known and known.key == key:
        return known
    drops = (*_offer_drops(lake, market), *names)
    ready = prepared(market.offers, _facts(lake, told, now), now, key=key, drops=drops)
    with _cache_guard:
        _cache[lake.root] = ready
    return ready


def known_of(lake: Lake, networks: Sequence[str], now: datetime) -> tuple[Facts, tuple[str, ...]]:
    """Return what the lake knows of these networks beside offers, and the drops that say it."""
    told = _provider_drops(lake, networks)
    return _facts(lake, told, now), _names(lake, told)


def _facts(lake: Lake, drops: Sequence[Path], now: datetime) -> Facts:
    return Facts(
        providers=lake.frame("providers", drops, list(PROVIDER_SCHEMA)),
        catalogue=catalogue(),
        costs=costs(),
        history=market_outlook(lake, now),
    )


def _provider_drops(lake: Lake, networks: Sequence[str]) -> list[Path]:
    return [drop for name in networks if (drop := lake.newest_drop("providers", name))]


def _names(lake: Lake, drops: Sequence[Path]) -> tuple[str, ...]:
    return tuple(path.relative_to(lake.root).as_posix() for path in drops)


def _offer_drops(lake: Lake, market: Market) -> Iterator[str]:
    """Yield what a market was read from: its key names runs and cards."""
    for part in market.key.split("|"):
        if part.startswith(_NETWORK):
            network, _, run_id = part.removeprefix(_NETWORK).partition("/")
            drop = folders.of_run(lake.root, "offers", network, run_id, ".parquet")
            yield from _names(lake, [drop])
        elif part.startswith(_CARD):
            card, _, version = part.rpartition("/")
            yield f"cards/{card}/version={int(version):06d}/offers.parquet"

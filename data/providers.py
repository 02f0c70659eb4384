"""What the providers of the whole market state about themselves, ready to be asked about."""

import threading
from pathlib import Path

import polars as pl

from data.market import Lake
from data.offers import Market
from engine.market import PROVIDER_SCHEMA
from engine.provider_search import SIGNALS_SCHEMA, signals_of

_cache_guard = threading.Lock()
_cache: dict[Path, tuple[list[Path], pl.DataFrame]] = {}  # one answer per lake folder: the newest


def provider_signals(lake: Lake, market: Market) -> pl.DataFrame:
    """Return the facts about every network's providers (``SIGNALS_SCHEMA``).

    Read again only when a network that sells on this market has newer ones.
    """
    networks = market.networks["network"].unique().sort()
    drops = [drop for name in networks if (drop := lake.newest_drop("providers", name))]
    with _cache_guard:
        known, answer = _cache.get(lake.root, ([], pl.DataFrame(schema=dict(SIGNALS_SCHEMA))))
    if known == drops:
        return answer
    answer = signals_of(lake.frame("providers", drops, list(PROVIDER_SCHEMA)))
    with _cache_guard:
        _cache[lake.root] = drops, answer
    return answer

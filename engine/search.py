"""What a buyer asks of the market, as values; each condition is one polars expression.

Unknown never passes a stated condition: an offer without a country is not "in Germany".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from engine.market import PRICE, naive_utc
from engine.provider_search import ProviderSearch, provider_conditions, provider_unstated

_DAYS_MAX = 36_500  # a century: older than any price, and no date overflows


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on offers; an empty one asks for everything. Sets are "any of"."""

    gpu_models: frozenset[str] = frozenset()
    gpu_count: int | None = None
    gpu_memory_gib_min: float | None = None
    form_factors: frozenset[str] = frozenset()
    vcpu_min: float | None = None
    memory_gib_min: float | None = None
    storage_gib_min: float | None = None
    networks: frozenset[str] = frozenset()
    provider_ids: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    usd_per_gpu_hour_max: Decimal | None = None
    available_only: bool = False
    terms: frozenset[str] = frozenset()
    source_kinds: frozenset[str] = frozenset()
    age_days_max: float | None = None
    provider: ProviderSearch = field(default_factory=ProviderSearch)


def matching(offers: pl.DataFrame, search: Search, now: datetime) -> pl.DataFrame:
    """Return the offers that meet every stated condition, cheapest per GPU-hour first.

    What must never be ranked (a worked example that looks like a price) is left out. Conditions on
    providers need offers ``with_signals``.
    """
    found = offers.filter(pl.col("rankable"), *_conditions(search, now))
    return found.sort("usd_per_gpu_hour", "offer_id")


def unstated(offers: pl.DataFrame, search: Search) -> dict[str, int]:
    """Return, per value that the search asks about, how many offers do not state it."""
    asked = {
        "GPU model": (search.gpu_models, ["gpu_model"]),
        "provider": (search.provider_ids, ["provider_id"]),
        "country": (search.countries, ["country_code"]),
        "region": (search.regions, ["region"]),
        "form factor": (search.form_factors, ["form_factor"]),
        "GPU memory": (search.gpu_memory_gib_min, ["gpu_memory_gib"]),
        "vCPU": (search.vcpu_min, ["vcpu_max", "vcpu"]),
        "RAM": (search.memory_gib_min, ["memory_gib_max", "memory_gib"]),
        "disk": (search.storage_gib_min, ["storage_gib_max", "storage_gib"]),
        "availability": (search.available_only, ["available"]),
    }
    silent = {
        label: pl.coalesce(columns).is_null()
        for label, (asks, columns) in asked.items()
        if _is_asked(asks)
    } | provider_unstated(search.provider)
    counts = {label: offers.select(is_silent.sum()).item() for label, is_silent in silent.items()}
    return {label: count for label, count in counts.items() if count}


def _is_asked(value: object) -> bool:
    """Whether a search states this value; zero is stated too."""
    return value is not None and value is not False and value != frozenset()


def _conditions(search: Search, now: datetime) -> Iterator[pl.Expr]:
    yield from _membership(search)
    yield from _at_least(search)
    yield from provider_conditions(search.provider)
    if search.gpu_count is not None:
        yield _count_fits(search.gpu_count)
    if search.usd_per_gpu_hour_max is not None:
        yield pl.col("usd_per_gpu_hour") <= pl.lit(search.usd_per_gpu_hour_max, dtype=PRICE)
    if search.available_only:
        yield pl.col("available")
    if search.age_days_max is not None:
        oldest = naive_utc(now) - timedelta(days=min(search.age_days_max, _DAYS_MAX))
        is_agreed = pl.col("source_kind") == "contract"  # its days say whether it holds
        yield is_agreed | (pl.coalesce("price_as_of", "observed_at") >= oldest)


def _membership(search: Search) -> Iterator[pl.Expr]:
    for column, allowed in (
        ("gpu_model", search.gpu_models),
        ("form_factor", search.form_factors),
        ("network", search.networks),
        ("provider_id", search.provider_ids),
        ("country_code", search.countries),
        ("region", search.regions),
        ("term", search.terms),
        ("source_kind", search.source_kinds),
    ):
        if allowed:
            yield pl.col(column).is_in(sorted(allowed))


def _at_least(search: Search) -> Iterator[pl.Expr]:
    if search.gpu_memory_gib_min is not None:
        yield pl.col("gpu_memory_gib") >= search.gpu_memory_gib_min
    for column, least in (
        ("vcpu", search.vcpu_min),
        ("memory_gib", search.memory_gib_min),
        ("storage_gib", search.storage_gib_min),
    ):
        if least is not None:
            yield pl.coalesce(f"{column}_max", column) >= least


def _count_fits(count: int) -> pl.Expr:
    chosen_by_buyer = pl.col("gpu_count_max").is_not_null()
    return (
        pl.when(chosen_by_buyer)
        .then(pl.col("gpu_count_max") >= count)
        .otherwise(pl.col("gpu_count") == count)
    )

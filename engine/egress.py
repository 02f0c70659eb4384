"""What it costs to move data out of a cloud: cumulative monthly tiers after a free part.

Tiers are those of one provider, region and direction. The free gigabytes of a month are used
first; what is left fills the tiers in order, each up to its cumulative border, so the 10,001st
paid GB is the first one at the second rate. Exact: nothing is rounded, a month at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal

import polars as pl

from engine.market import PRICE
from engine.money import Money, stored

Direction = Literal["internet", "inter_region"]
GB_MAX = 10**12
"""More than a zettabyte a month is a mistake in units."""
_PRECISION = 250  # digits while computing: as in engine.money


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressTier:
    """One rate: USD per GB from ``from_gb`` (paid GB of the month) up to ``up_to_gb`` (or on)."""

    from_gb: Decimal
    up_to_gb: Decimal | None
    usd_per_gb: Decimal

    def __post_init__(self) -> None:
        if self.from_gb < 0 or (self.up_to_gb is not None and self.up_to_gb <= self.from_gb):
            raise ValueError(f"a tier from {self.from_gb} to {self.up_to_gb} GB has no width")
        if self.usd_per_gb < 0:
            raise ValueError(f"{self.usd_per_gb} USD per GB is below zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRate:
    """A provider's price list for data that leaves a region, with its source and date.

    Raises ValueError, with a sentence, unless the tiers follow each other from zero without a gap
    and the last one is open: otherwise some amount would have no price.
    """

    provider: str
    service: str
    region: str
    direction: Direction
    free_gb_per_month: Decimal
    tiers: tuple[EgressTier, ...]
    observed_on: date
    source: str
    source_url: str
    note: str = ""

    def __post_init__(self) -> None:
        where = f"{self.provider} {self.region} {self.direction}"
        if not self.tiers or self.tiers[0].from_gb != 0 or self.tiers[-1].up_to_gb is not None:
            raise ValueError(f"{where}: the tiers do not reach from zero to any amount")
        if any(low.up_to_gb != high.from_gb for low, high in pairwise(self.tiers)):
            raise ValueError(f"{where}: the tiers do not follow each other")
        if self.free_gb_per_month < 0:
            raise ValueError(f"{where}: {self.free_gb_per_month} free GB is below zero")

    def cost(self, gb: Decimal) -> Money:
        """Return what ``gb`` moved in one month costs, the free part taken off first."""
        return egress_cost(self.tiers, max(_amount(gb) - self.free_gb_per_month, Decimal(0)))


def egress_cost(tiers: Sequence[EgressTier], gb: Decimal) -> Money:
    """Return what ``gb`` paid gigabytes of one month cost over cumulative tiers, exactly.

    Raises ValueError for an amount that is negative, no number or above ``GB_MAX``.
    """
    left = _amount(gb)
    with localcontext(prec=_PRECISION):
        parts = ((_within(tier, left), tier.usd_per_gb) for tier in tiers)
        return Money(sum((part * usd for part, usd in parts), Decimal(0)))


def egress_comparison(
    rates: Iterable[EgressRate], gb: Decimal, direction: Direction = "internet"
) -> pl.DataFrame:
    """Return what ``gb`` in one month costs with each provider, cheapest first.

    Columns: provider, region, service, direction, gb, usd, usd_per_gb (null for no data),
    free_gb_per_month, observed_on, source, source_url, note. Amounts are exact Decimals.
    """
    rows = [_row(rate, gb) for rate in rates if rate.direction == direction]
    return pl.DataFrame(rows, schema=dict(_SCHEMA), orient="row").sort("usd", "provider", "region")


_SCHEMA: Mapping[str, pl.DataType] = {
    "provider": pl.String(),
    "region": pl.String(),
    "service": pl.String(),
    "direction": pl.String(),
    "gb": PRICE,
    "usd": PRICE,
    "usd_per_gb": PRICE,
    "free_gb_per_month": PRICE,
    "observed_on": pl.Date(),
    "source": pl.String(),
    "source_url": pl.String(),
    "note": pl.String(),
}


def _row(rate: EgressRate, gb: Decimal) -> tuple[object, ...]:
    usd = rate.cost(gb).amount
    with localcontext(prec=_PRECISION):
        per_gb = stored(usd / gb) if gb else None
    return (
        rate.provider,
        rate.region,
        rate.service,
        rate.direction,
        stored(gb),
        stored(usd),
        per_gb,
        rate.free_gb_per_month,
        rate.observed_on,
        rate.source,
        rate.source_url,
        rate.note,
    )


def _within(tier: EgressTier, gb: Decimal) -> Decimal:
    """How much of a month's paid amount falls into this tier."""
    top = gb if tier.up_to_gb is None else min(gb, tier.up_to_gb)
    return max(top - tier.from_gb, Decimal(0))


def _amount(gb: Decimal) -> Decimal:
    if not gb.is_finite() or not 0 <= gb <= GB_MAX:
        raise ValueError(f"{gb} GB is no amount of data")
    return gb

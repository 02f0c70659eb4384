"""Landed cost of a whole market as floats, to rank it; ``engine.landed`` gives the exact figures.

Prepare a market once (``keyed``): every offer gets a small code for what its rates depend on. A job
is then priced with a look-up per rate (``landed_frame``), on the frame or any part of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple

import polars as pl

from engine.billing import Band, Costs
from engine.cost_rates import CostKey, Rater, Rates, egress_regions, span_hours
from engine.requirement import Requirement

LANDED_COLUMNS = (
    "quoted_usd_per_hour",
    "landed_usd",
    "landed_usd_per_hour",
    "landed_low_usd_per_hour",
    "landed_high_usd_per_hour",
    "is_estimate",
)
KEYED_COLUMNS = (
    "cost_key",
    "cost_is_chosen",
    "cost_usd_per_hour",
    "cost_storage_gib",
    "cost_vcpu",
    "cost_memory_gib",
)
_KEY = ("network", "term", "price_basis", "is_contract", "egress_region", "is_chosen")
_PRECISION = 60  # digits while the rates are worked out: four times what a float holds


class MarketKey(NamedTuple):
    """A kind of offer; ``is_chosen``: the buyer chooses how many GPUs, prices are of one."""

    kind: CostKey
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class KeyedOffers:
    """A market with its codes: ``frame`` also has ``KEYED_COLUMNS``."""

    frame: pl.DataFrame
    keys: tuple[MarketKey, ...]


def keyed(offers: pl.DataFrame, costs: Costs) -> KeyedOffers:
    """Return the offers, in their order, with ``KEYED_COLUMNS``: ready to price any job.

    ``cost_key`` points into ``keys``. The other columns are floats of one GPU and its part of the
    priced shape where the buyer chooses it, else of the machine; an unknown shape counts as none.
    """
    chosen = pl.col("gpu_count_max").is_not_null()
    parts = offers.select(
        "network",
        "term",
        "price_basis",
        is_contract=(pl.col("source_kind") == "contract").fill_null(value=False),
        egress_region=_own_region(costs),
        is_chosen=chosen,
    )
    kinds = parts.unique(maintain_order=True).with_row_index("cost_key")
    codes = parts.join(kinds, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    gpus = pl.when(chosen).then(pl.col("gpu_count")).otherwise(1)
    names = ("usd_per_hour", "storage_gib", "vcpu", "memory_gib")
    floats = {f"cost_{n}": pl.col(n).cast(pl.Float64).fill_null(0.0) / gpus for n in names}
    frame = offers.with_columns(codes["cost_key"], cost_is_chosen=chosen, **floats)
    keys = (MarketKey(CostKey(*row[:-1]), row[-1]) for row in kinds.select(_KEY).iter_rows())
    return KeyedOffers(frame, tuple(keys))


def with_landed(requirement: Requirement, offers: pl.DataFrame, costs: Costs) -> pl.DataFrame:
    """Return the offers with ``LANDED_COLUMNS``; ``landed_usd`` is null for an open-ended job."""
    market = keyed(offers, costs)
    return offers.hstack(landed_frame(requirement, market.frame, market.keys, costs))


def landed_frame(
    requirement: Requirement,
    offers: pl.DataFrame,
    keys: Sequence[MarketKey],
    costs: Costs,
    *,
    bands: bool = True,
    known: dict[CostKey, "Line"] | None = None,
) -> pl.DataFrame:
    """Return ``LANDED_COLUMNS`` for ``keyed`` offers or any part of them, row by row.

    Without ``bands`` the low and the high column are left out, which halves the work. About a
    nanosecond per offer and rate; 30 microseconds per kind of offer, unless it is ``known`` (of the
    same job and costs; what is worked out here is added).
    """
    lines = _lines(requirement, keys, costs, {} if known is None else known)
    span = float(span_hours(requirement))
    market = _Market(requirement, offers, keys)
    usual = market.cost(lines, 1)
    is_open = requirement.duration_hours is None
    columns = {
        "quoted_usd_per_hour": offers["cost_usd_per_hour"] * market.gpus,
        "landed_usd": pl.repeat(None, offers.height, dtype=pl.Float64, eager=True)
        if is_open
        else usual,
        "landed_usd_per_hour": usual / span,
    }
    if bands:
        columns["landed_low_usd_per_hour"] = market.cost(lines, 0) / span
        columns["landed_high_usd_per_hour"] = market.cost(lines, 2) / span
    return pl.DataFrame(columns | {"is_estimate": offers["cost_is_chosen"]})


@dataclass(frozen=True, slots=True)
class Line:
    """A kind's landed cost as a line: ``per_price`` x the price an hour + ``fixed`` + extras.

    Each for the low, the usual and the high case; extras per GiB or vCPU beyond the machine's own.
    """

    per_price: Band
    fixed: Band
    storage: Band
    vcpu: Band
    memory: Band


def _lines(
    requirement: Requirement,
    keys: Sequence[MarketKey],
    costs: Costs,
    known: dict[CostKey, Line],
) -> list[Line]:
    missing = {key.kind for key in keys} - known.keys()
    if missing:
        with localcontext(prec=_PRECISION):
            rater = Rater(requirement, costs)
            known |= {kind: _line(rater.rates(kind)) for kind in missing}
    return [known[key.kind] for key in keys]


def _line(rates: Rates) -> Line:
    fees = [1 + rates.platform_fee + conversion for conversion in rates.conversion]
    bought = [f * (1 + fee) for f, fee in zip(fees, rates.network_fee, strict=True)]
    hours = (h + more for h, more in zip(rates.hours, rates.lost_hours, strict=True))
    moved = (out + into for out, into in zip(rates.egress, rates.ingress, strict=True))
    return Line(
        per_price=_product(hours, bought),
        fixed=_product(moved, fees),
        storage=_product(rates.storage, fees),
        vcpu=_product(rates.vcpu, bought),
        memory=_product(rates.memory, bought),
    )


def _product(amounts: Iterable[Decimal], factors: Iterable[Decimal]) -> Band:
    return Band(*(a * f for a, f in zip(amounts, factors, strict=True)))


class _Market:
    """Offers of one job: the cost of each by its kind's line."""

    def __init__(
        self, requirement: Requirement, offers: pl.DataFrame, keys: Sequence[MarketKey]
    ) -> None:
        self._job = requirement
        self._offers = offers
        self._keys = keys
        self._counts = [requirement.gpus.count if key.is_chosen else 1 for key in keys]
        self.gpus = self._rate(self._counts)

    def cost(self, lines: Sequence[Line], case: int) -> pl.Series:
        """The low (0), the usual (1) or the high case (2)."""
        pairs = zip(lines, self._counts, strict=True)
        cost = self._offers["cost_usd_per_hour"] * self._rate(
            [line.per_price[case] * count for line, count in pairs]
        )
        fixed = [line.fixed[case] for line in lines]
        if any(fixed):
            cost += self._rate(fixed)
        chosen = [key.is_chosen for key in self._keys]
        shaped = list(zip(lines, chosen, strict=True))
        job = self._job
        for asked, name, rates in (
            (job.storage_gib_min, "cost_storage_gib", [line.storage[case] for line in lines]),
            (job.vcpu_min, "cost_vcpu", [line.vcpu[case] * is_it for line, is_it in shaped]),
            (
                job.memory_gib_min,
                "cost_memory_gib",
                [line.memory[case] * is_it for line, is_it in shaped],
            ),
        ):
            if asked is not None and any(rates):
                cost += self._rate(rates) * self._beyond(asked, name)
        return cost

    def _beyond(self, asked: float, name: str) -> pl.Series:
        """What the job asks for beyond the machine's own; a chosen shape grows with its GPUs."""
        return (asked - self._offers[name] * self.gpus).clip(lower_bound=0.0)

    def _rate(self, values: Sequence[Decimal | int]) -> pl.Series:
        """The rate of each offer's kind; one that all kinds share is no look-up."""
        numbers = pl.Series([float(value) for value in values], dtype=pl.Float64)
        return numbers if numbers.len() == 1 else numbers.gather(self._offers["cost_key"])


def _own_region(costs: Costs) -> pl.Expr:
    """The region where it has an egress list of its own."""
    own: pl.Expr = pl.lit(None, pl.String)
    for network, region in sorted(egress_regions(costs)):
        is_it = (pl.col("network") == network) & (pl.col("region") == region)
        own = pl.when(is_it).then(pl.lit(region)).otherwise(own)
    return own

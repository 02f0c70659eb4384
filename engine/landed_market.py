"""Landed cost of a whole market as floats, to rank it; ``engine.landed`` gives the exact figures.

Prepare a market once (``keyed``): every offer gets a small code for what its rates depend on. A job
is then priced with one gather per rate (``landed_columns``), on the frame or any part of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import localcontext

import polars as pl

from engine.billing import Band, Costs
from engine.cost_rates import CostKey, Rates, rates_of
from engine.landed import egress_regions
from engine.requirement import Requirement

LANDED_COLUMNS = (
    "quoted_usd_per_hour",
    "landed_usd",
    "landed_usd_per_hour",
    "landed_low_usd_per_hour",
    "landed_high_usd_per_hour",
    "is_estimate",
)
_KEY = ("network", "term", "price_basis", "is_contract", "egress_region")
_PRECISION = 60  # digits while the rates are worked out: four times what a float holds


@dataclass(frozen=True, slots=True)
class KeyedOffers:
    """A market with its codes: ``frame`` has ``cost_key`` (into ``keys``) and ``price`` (float).

    ``price``: USD an hour for one GPU where the buyer chooses how many, else for the machine.
    """

    frame: pl.DataFrame
    keys: tuple[CostKey, ...]


def keyed(offers: pl.DataFrame, costs: Costs) -> KeyedOffers:
    """Return the offers with ``cost_key`` and ``price``, in their order."""
    parts = offers.select(
        "network",
        "term",
        "price_basis",
        is_contract=(pl.col("source_kind") == "contract").fill_null(value=False),
        egress_region=_own_region(costs),
    )
    kinds = parts.unique(maintain_order=True).with_row_index("cost_key")
    codes = parts.join(kinds, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    hour = pl.col("usd_per_hour").cast(pl.Float64)
    chosen = pl.col("gpu_count_max").is_not_null()
    frame = offers.with_columns(
        codes["cost_key"], price=pl.when(chosen).then(hour / pl.col("gpu_count")).otherwise(hour)
    )
    return KeyedOffers(frame, tuple(CostKey(*row) for row in kinds.select(_KEY).iter_rows()))


def with_landed(requirement: Requirement, offers: pl.DataFrame, costs: Costs) -> pl.DataFrame:
    """Return the offers with ``LANDED_COLUMNS``; ``landed_usd`` is null for an open-ended job."""
    market = keyed(offers, costs)
    columns = landed_columns(requirement, market.keys, costs)
    return market.frame.with_columns(columns).drop("cost_key", "price")


def landed_columns(
    requirement: Requirement, keys: Sequence[CostKey], costs: Costs
) -> list[pl.Expr]:
    """Return the expressions of ``LANDED_COLUMNS`` over a frame with ``keyed``'s columns.

    They also read ``gpu_count``, ``gpu_count_max`` and, where the job asks for them, ``vcpu``,
    ``memory_gib`` and ``storage_gib``.
    """
    with localcontext(prec=_PRECISION):
        lines = [_Line.of(rates_of(requirement, key, costs)) for key in keys]
    span = float(requirement.duration_hours or 1)
    chosen = pl.col("gpu_count_max").is_not_null()
    quoted = pl.when(chosen).then(pl.col("price") * requirement.gpus.count).otherwise("price")
    low, usual, high = (_cost(requirement, lines, quoted, index) for index in range(3))
    total = usual if requirement.duration_hours is not None else pl.lit(None, pl.Float64)
    return [
        quoted.alias("quoted_usd_per_hour"),
        total.alias("landed_usd"),
        (usual / span).alias("landed_usd_per_hour"),
        (low / span).alias("landed_low_usd_per_hour"),
        (high / span).alias("landed_high_usd_per_hour"),
        chosen.alias("is_estimate"),
    ]


@dataclass(frozen=True, slots=True)
class _Line:
    """A kind's landed cost as a line: ``per_price`` x the price an hour + ``fixed`` + extras.

    Each for the low, the usual and the high case; extras per GiB or vCPU beyond the machine's own.
    """

    per_price: Band
    fixed: Band
    storage: Band
    vcpu: Band
    memory: Band

    @classmethod
    def of(cls, rates: Rates) -> "_Line":
        fees = [1 + rates.platform_fee + conversion for conversion in rates.conversion]
        network = [1 + fee for fee in rates.network_fee]
        bought = [f * n for f, n in zip(fees, network, strict=True)]
        hours = (h + more for h, more in zip(rates.hours, rates.lost_hours, strict=True))
        moved = (out + into for out, into in zip(rates.egress, rates.ingress, strict=True))
        return cls(
            per_price=_product(hours, bought),
            fixed=_product(moved, fees),
            storage=_product(rates.storage, fees),
            vcpu=_product(rates.vcpu, bought),
            memory=_product(rates.memory, bought),
        )


def _product(amounts: Iterable, factors: Iterable) -> Band:
    return Band(*(a * f for a, f in zip(amounts, factors, strict=True)))


def _cost(
    requirement: Requirement, lines: Sequence[_Line], quoted: pl.Expr, index: int
) -> pl.Expr:
    cost = quoted * _gathered([line.per_price[index] for line in lines])
    fixed = [line.fixed[index] for line in lines]
    if any(fixed):
        cost += _gathered(fixed)
    extras = (
        (requirement.storage_gib_min, "storage_gib", [line.storage[index] for line in lines], False),
        (requirement.vcpu_min, "vcpu", [line.vcpu[index] for line in lines], True),
        (requirement.memory_gib_min, "memory_gib", [line.memory[index] for line in lines], True),
    )
    for asked, name, rates, only_chosen in extras:
        if asked is not None and any(rates):
            cost += _gathered(rates) * _beyond(requirement, asked, name, only_chosen=only_chosen)
    return cost


def _beyond(requirement: Requirement, asked: float, name: str, *, only_chosen: bool) -> pl.Expr:
    """What the job asks for beyond the machine's own; a chosen shape grows with its GPUs."""
    chosen = pl.col("gpu_count_max").is_not_null()
    part = pl.when(chosen).then(requirement.gpus.count / pl.col("gpu_count")).otherwise(1.0)
    have = pl.col(name).fill_null(0.0) * part
    more = (asked - have).clip(lower_bound=0.0)
    return pl.when(chosen).then(more).otherwise(0.0) if only_chosen else more


def _gathered(values: Sequence[object]) -> pl.Expr:
    """The rate of each offer's kind; one that all kinds share is no look-up."""
    numbers = [float(value) for value in values]
    if len(set(numbers)) == 1:
        return pl.lit(numbers[0])
    return pl.lit(pl.Series(numbers, dtype=pl.Float64)).gather(pl.col("cost_key"))


def _own_region(costs: Costs) -> pl.Expr:
    """The region where it has an egress list of its own."""
    own: pl.Expr = pl.lit(None, pl.String)
    for network, region in sorted(egress_regions(costs)):
        is_it = (pl.col("network") == network) & (pl.col("region") == region)
        own = pl.when(is_it).then(pl.lit(region)).otherwise(own)
    return own

"""One limit's values one by one: how far it would have to give way for which saving.

Of offers that save the same the strictest value is told. ``engine.relaxed_values`` does the same
for constraints on names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Literal

import polars as pl

from engine.conditions import number
from engine.decision import Decision
from engine.gates import Facet, Gate
from engine.market import naive_utc
from engine.policy import Rules
from engine.quoting import NEAR
from engine.relaxed_values import VALUES_MAX, Value, by_name
from engine.requirement import Requirement

_COST = "landed_usd_per_hour"
_UPTIME_DAYS: tuple[Literal[1, 7, 30], ...] = (1, 7, 30)
_HOUR = timedelta(hours=1)

Exact = Callable[[Decision, int], Decimal]


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit on an amount, higher or (``is_most``) lower than which nothing may be.

    ``amounts``: of the rows of ``facet`` (``offer``: of the offers looked at); ``exact``: of one
    offer. ``decimals``: as precise as people state it, rounded so that the offer still passes.
    """

    facet: Facet
    amounts: Callable[[Decision], pl.Expr]
    label: str
    exact: Exact | None = None
    is_most: bool = False
    decimals: int = 9

    @property
    def sign(self) -> int:
        """By which a stricter amount is the higher one."""
        return -1 if self.is_most else 1


def limits_of(
    decision: Decision, gate: Gate, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return the values of a limit that admit one of the ``cheaper`` offers.

    ``rows`` and ``cheaper`` are those of ``engine.relaxed_values.values_of``.
    """
    if gate.code in _LIMITS:
        yield from _steps(decision, gate, _LIMITS[gate.code], rows, cheaper)
    elif gate.code == "uptime":
        yield from _uptimes(decision, gate, rows, cheaper)


def _column(*names: str) -> Callable[[Decision], pl.Expr]:
    return lambda _decision: pl.coalesce(*names).cast(pl.Float64)


def _prices(decision: Decision) -> pl.Expr:
    price = pl.col("usd_per_hour").cast(pl.Float64)
    of_asked = price / pl.col("gpu_count") * decision.requirement.gpus.count
    return pl.when(pl.col("gpu_count_max").is_not_null()).then(of_asked).otherwise(price)


def _price(decision: Decision, row: int) -> Decimal:
    return decision.quotes.quoter.exact(row).quoted_usd_per_hour


def _gpu_price(decision: Decision, row: int) -> Decimal:
    price: Decimal = decision.market.offers["usd_per_gpu_hour"][row]
    return price


def _total(decision: Decision, row: int) -> Decimal:
    total = decision.quotes.quoter.exact(row).total_usd
    assert total is not None, "a job with a total has an end"
    return total


def _ages(decision: Decision) -> pl.Expr:
    return (pl.lit(naive_utc(decision.now)) - pl.col("priced_at")) / _HOUR


_OF_OFFER = ("usd_per_hour", "usd_per_gpu_hour", "gpu_count", "gpu_count_max", "priced_at")
_LIMITS: Mapping[str, _Limit] = {
    "vcpu": _Limit("machine", _column("vcpu_max", "vcpu"), "at least {} vCPU"),
    "memory": _Limit("machine", _column("memory_gib_max", "memory_gib"), "at least {} GiB of RAM"),
    "storage": _Limit(
        "machine", _column("storage_gib_max", "storage_gib"), "at least {} GiB of storage"
    ),
    "gpu_memory": _Limit("machine", _column("kind_memory_gib"), "at least {} GiB a GPU"),
    "tflops": _Limit("machine", _column("kind_tflops"), "at least {} bf16 TFLOPS"),
    "price": _Limit("offer", _prices, "up to {} USD an hour", _price, is_most=True, decimals=4),
    "gpu_price": _Limit(
        "offer",
        _column("usd_per_gpu_hour"),
        "up to {} USD per GPU-hour",
        _gpu_price,
        is_most=True,
        decimals=4,
    ),
    "total": _Limit(
        "route", _column("landed_usd"), "up to {} USD in all", _total, is_most=True, decimals=2
    ),
    "age": _Limit("offer", _ages, "prices up to {} hours old", is_most=True, decimals=0),
}


def _steps(
    decision: Decision, gate: Gate, limit: _Limit, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return the strictest value of each saving, from the most saving on."""
    strict = _amounts(decision, limit, cheaper) * limit.sign
    known = strict.is_not_null().arg_true()
    highest = strict.gather(known).cum_max()
    steps = known.filter((highest > highest.shift(1)).fill_null(value=True))
    all_strict = _amounts(decision, limit, rows) * limit.sign
    required = [one.required for one in decision.conditions if one.gate is gate]
    if not required:
        required = [f"{number(decision.requirement.usd_total_max)} USD"]
    now = " and ".join(dict.fromkeys(required))
    for step in _most_saving(cheaper[_COST].gather(steps).to_list(), steps.to_list()):
        row = cheaper["row"][step]
        text = _rounded(decision, limit, row, strict[step] * limit.sign)
        admitted = int((all_strict >= float(text) * limit.sign).sum())
        yield Value(text, f"{limit.label.format(text)} instead of {now}", row, admitted)


def _amounts(decision: Decision, limit: _Limit, rows: pl.DataFrame) -> pl.Series:
    market = decision.market
    if limit.facet == "route":
        return rows.select(amount=limit.amounts(decision))["amount"]
    if limit.facet == "offer":
        offers = market.offers.select(_OF_OFFER)[rows["row"]]
        return offers.select(amount=limit.amounts(decision))["amount"]
    amounts = market.facets[limit.facet].select(amount=limit.amounts(decision))["amount"]
    return amounts.gather(market.offers[limit.facet].gather(rows["row"]))


def _most_saving(costs: list[float], steps: list[int]) -> list[int]:
    """Return the strictest step of each saving: the first, the last, and what saves most between.

    ``costs`` rise with ``steps``, which get stricter.
    """
    gains = [late - cost for cost, late in pairwise(costs)]
    strictest = [place for place, gain in enumerate(gains) if gain > costs[place] * NEAR]
    kept = [*strictest, len(steps) - 1] if steps else []
    others = sorted(kept[1:-1], key=lambda place: -gains[place])[: VALUES_MAX - 2]
    return [steps[place] for place in sorted({*kept[:1], *others, *kept[-1:]})]


def _rounded(decision: Decision, limit: _Limit, row: int, amount: float) -> str:
    exact = limit.exact(decision, row) if limit.exact else Decimal(repr(amount))
    side = ROUND_CEILING if limit.is_most else ROUND_FLOOR
    return number(exact.quantize(Decimal(1).scaleb(-limit.decimals), side)) or ""


def _uptimes(
    decision: Decision, gate: Gate, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return lower shares of uptime, and the same share over other days."""
    of_job: tuple[Requirement | Rules, ...] = (
        decision.requirement,
        *decision.policy.rules_for(decision.requirement.data_class),
    )
    asked = [(one.uptime_min, one.uptime_days) for one in of_job if one.uptime_min is not None]
    days = {day for _, day in asked}
    if len(days) == 1:
        (day,) = days
        label = f"uptime of at least {{}} over {_listed(days)}"
        limit = _Limit("place", _column(f"provider_uptime_{day}d"), label, decimals=4)
        yield from _steps(decision, gate, limit, rows, cheaper)
    most = max(share for share, _ in asked)
    for other in _UPTIME_DAYS:
        if other not in days:
            passes = pl.col(f"provider_uptime_{other}d") >= most
            names = decision.market.places.select(name=pl.when(passes).then(pl.lit(str(other))))
            label = f"uptime over {_listed([other])} instead of {_listed(days)}"
            found = by_name(decision, "place", names["name"], label, rows["row"], cheaper["row"])
            yield from (replace(one, value=f"{one.value}d") for one in found)


def _listed(days: Iterable[int]) -> str:
    return " and ".join(f"{day} day{'s' * (day > 1)}" for day in sorted(days))

"""One constraint's values one by one: which other value of it would admit a cheaper offer.

Looked at are offers that this constraint alone refuses, so that what is told here holds when the
value alone is changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import reduce
from operator import add
from typing import Literal

import polars as pl

from engine.conditions import number
from engine.decision import Decision
from engine.gates import Facet, Gate
from engine.market import naive_utc
from engine.policy import Rules
from engine.requirement import Requirement

VALUES_MAX = 5
"""So many values of one constraint are told: those that save most."""

_COST = "landed_usd_per_hour"
_UPTIME_DAYS: tuple[Literal[1, 7, 30], ...] = (1, 7, 30)


@dataclass(frozen=True, slots=True)
class Value:
    """A value that would be allowed, in words; the cheapest offer then, and how many more pass."""

    value: str | None
    label: str
    row: int
    offers: int


def values_of(
    decision: Decision, gate: Gate, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return the values of a constraint that admit one of the ``cheaper`` offers.

    ``rows``: every offer that this gate alone refuses; ``cheaper``: those that are worth it,
    cheapest first. Columns: row, is_silent (only for not being known), landed_usd,
    landed_usd_per_hour.
    """
    if gate.code in _NAMED:
        yield from _named(decision, gate.code, rows, cheaper)
    elif gate.code in _PARTS:
        yield from _parts(decision, gate, rows, cheaper)
    elif gate.code in _LIMITS:
        yield from _limits(decision, gate, _LIMITS[gate.code], rows, cheaper)
    elif gate.code == "uptime":
        yield from _uptimes(decision, gate, rows, cheaper)


_NAMED: Mapping[str, tuple[Facet, pl.Expr, str]] = {
    "country": ("place", pl.col("country_code").str.to_uppercase(), "allowing {}"),
    "network_banned": ("place", pl.col("network"), "allowing the network {}"),
    "baseline": ("place", pl.col("network"), "allowing {}"),
    "provider_banned": (
        "place",
        pl.coalesce("provider_name", "provider_id"),
        "allowing the provider {}",
    ),
    "gpu_model": ("machine", pl.col("gpu_model"), "taking {}"),
    "gpu_count": ("machine", pl.col("gpu_count").cast(pl.String), "taking a machine of {} GPUs"),
    "form_factor": ("machine", pl.col("kind_form_factor"), "taking {}"),
    "generation": ("machine", pl.col("kind_generation"), "taking {}"),
    "term": ("deal", pl.col("term"), "allowing {}"),
}
"""Constraints on a name: whose it is, the name, and what allowing it is called."""


def _named(
    decision: Decision, code: str, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    facet, name, label = _NAMED[code]
    names = decision.market.facets[facet].select(name=name)["name"]
    stated, of_cheaper = (one.filter(~pl.col("is_silent")) for one in (rows, cheaper))
    yield from _by_name(decision, facet, names, label, stated, of_cheaper)


def _by_name(
    decision: Decision,
    facet: Facet,
    names: pl.Series,
    label: str,
    rows: pl.DataFrame,
    cheaper: pl.DataFrame,
) -> Iterator[Value]:
    """Return the cheapest offer of each name; ``names``: one per row of the facet, null: none."""
    codes = decision.market.offers[facet]
    of_cheaper = names.gather(codes.gather(cheaper["row"]))
    firsts = (
        cheaper.select("row", name=of_cheaper)
        .drop_nulls("name")
        .unique("name", keep="first", maintain_order=True)
        .head(VALUES_MAX)
    )
    counts = names.gather(codes.gather(rows["row"])).value_counts(name="offers")
    known = dict(counts.iter_rows())
    for row, name in firsts.iter_rows():
        yield Value(name, label.format(_said(name)), row, known[name])


def _said(name: str) -> str:
    return name.replace("_", " ")


_PARTS = {"compliance": "without control {}", "attribute": "without the attribute {}"}


def _parts(
    decision: Decision, gate: Gate, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return what dropping one of several controls or attributes saves, the others kept."""
    conditions = [one for one in decision.conditions if one.gate is gate]
    names = [one.required for one in conditions]
    if gate.code == "compliance":
        names = _controls(decision)
    tests: dict[str, list[pl.Expr]] = {}
    for name, condition in zip(names, conditions, strict=True):
        tests.setdefault(name, []).append(~condition.passes.fill_null(value=False))
    fails = {name: pl.any_horizontal(*of) for name, of in tests.items()}
    number_failed = reduce(add, [one.cast(pl.UInt32) for one in fails.values()])
    named = pl.coalesce(*(pl.when(one).then(pl.lit(name)) for name, one in fails.items()))
    alone = decision.market.places.select(name=pl.when(number_failed == 1).then(named))["name"]
    yield from _by_name(decision, "place", alone, _PARTS[gate.code], rows, cheaper)


def _controls(decision: Decision) -> list[str]:
    """Return the control of every compliance condition, in their order."""
    of_job = decision.policy.rules_for(decision.requirement.data_class)
    return [control for rules in of_job for control in sorted(rules.controls)]


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit on an amount: how it is read (higher is stricter by ``sign``) and told."""

    facet: Facet
    amount: Callable[[Decision], pl.Expr]
    sign: int
    label: str
    decimals: int = 9


def _column(*names: str) -> Callable[[Decision], pl.Expr]:
    return lambda _decision: pl.coalesce(*names).cast(pl.Float64)


def _price(decision: Decision) -> pl.Expr:
    chosen = pl.col("usd_per_hour").cast(pl.Float64) / pl.col("gpu_count")
    is_chosen = pl.col("gpu_count_max").is_not_null()
    return (
        pl.when(is_chosen)
        .then(chosen * decision.requirement.gpus.count)
        .otherwise(pl.col("usd_per_hour").cast(pl.Float64))
    )


def _age_hours(decision: Decision) -> pl.Expr:
    now: datetime = naive_utc(decision.now)
    return (pl.lit(now) - pl.col("priced_at")).dt.total_microseconds() / 3.6e9


_LIMITS: Mapping[str, _Limit] = {
    "vcpu": _Limit("machine", _column("vcpu_max", "vcpu"), 1, "at least {} vCPU"),
    "memory": _Limit(
        "machine", _column("memory_gib_max", "memory_gib"), 1, "at least {} GiB of RAM"
    ),
    "storage": _Limit(
        "machine", _column("storage_gib_max", "storage_gib"), 1, "at least {} GiB of storage"
    ),
    "gpu_memory": _Limit(
        "machine", _column("kind_memory_gib"), 1, "at least {} GiB of memory a GPU"
    ),
    "tflops": _Limit("machine", _column("kind_tflops"), 1, "at least {} bf16 TFLOPS"),
    "price": _Limit("offer", _price, -1, "up to {} USD an hour", 4),
    "gpu_price": _Limit("offer", _column("usd_per_gpu_hour"), -1, "up to {} USD per GPU-hour", 4),
    "total": _Limit("route", lambda _decision: pl.col("landed_usd"), -1, "up to {} USD in all", 2),
    "age": _Limit("offer", _age_hours, -1, "prices up to {} hours old", 0),
}


def _limits(
    decision: Decision, gate: Gate, limit: _Limit, rows: pl.DataFrame, cheaper: pl.DataFrame
) -> Iterator[Value]:
    """Return the steps of a limit: the strictest value of each saving, most saving first."""
    amounts = _amounts(decision, limit, rows)
    steps = cheaper.with_columns(strict=_amounts(decision, limit, cheaper) * limit.sign)
    earlier = pl.col("strict").cum_max().shift(1)
    steps = steps.drop_nulls("strict").filter((pl.col("strict") > earlier).fill_null(value=True))
    required = [one.required for one in decision.conditions if one.gate is gate]
    if not required:
        required = [f"{number(decision.requirement.usd_total_max)} USD"]
    for row, strict in _most_saving(steps).select("row", "strict").iter_rows():
        text = _rounded(strict * limit.sign, limit)
        label = f"{limit.label.format(text)} instead of {' and '.join(dict.fromkeys(required))}"
        admitted = int((amounts * limit.sign >= strict).sum())
        yield Value(text, label, row, admitted)


def _amounts(decision: Decision, limit: _Limit, rows: pl.DataFrame) -> pl.Series:
    if limit.facet == "route":
        return rows.select(amount=limit.amount(decision))["amount"]
    if limit.facet == "offer":
        offers = decision.market.offers[rows["row"]]
        return offers.select(amount=limit.amount(decision))["amount"]
    amounts = decision.market.facets[limit.facet].select(amount=limit.amount(decision))["amount"]
    return amounts.gather(decision.market.offers[limit.facet].gather(rows["row"]))


def _most_saving(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the few steps that each save most beyond the next stricter one, in their order."""
    if steps.height <= VALUES_MAX:
        return steps
    gain = (pl.col(_COST).shift(-1) - pl.col(_COST)).fill_null(0.0)
    best = steps.with_columns(gain=gain).with_row_index("step").sort("gain", descending=True)
    first = steps.head(1)
    others = best.filter(pl.col("step") > 0).head(VALUES_MAX - 1).sort("step")
    return pl.concat([first, others.select(steps.columns)])


def _rounded(amount: float, limit: _Limit) -> str:
    """Return a limit as people write it, on the side that still admits the offer."""
    side = ROUND_FLOOR if limit.sign > 0 else ROUND_CEILING
    exact = Decimal(repr(amount)).quantize(Decimal(1).scaleb(-limit.decimals), side)
    return number(exact) or ""


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
        label = f"uptime of at least {{}} over {day} days"
        limit = _Limit("place", _column(f"provider_uptime_{day}d"), 1, label, 4)
        yield from _limits(decision, gate, limit, rows, cheaper)
    most = max(share for share, _ in asked)
    for other in _UPTIME_DAYS:
        if other not in days:
            passes = pl.when(pl.col(f"provider_uptime_{other}d") >= most).then(pl.lit(str(other)))
            names = decision.market.places.select(name=passes)["name"]
            label = f"uptime over the last {{}} days instead of {_listed(days)}"
            yield from _by_name(decision, "place", names, label, rows, cheaper)


def _listed(days: Iterable[int]) -> str:
    return " and ".join(str(day) for day in sorted(days))

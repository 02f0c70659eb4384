"""One constraint's names one by one: which country, network or control allowed would save what.

Looked at are offers that this constraint alone refuses, so that what is told here holds when the
value alone is changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import polars as pl

from engine.decision import Decision
from engine.gates import Facet, Gate

VALUES_MAX = 5
"""So many values of one constraint are told: those that save most."""


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
    stated, worth = (one["row"].filter(~one["is_silent"]) for one in (rows, cheaper))
    yield from by_name(decision, facet, names, label, stated, worth)


def by_name(
    decision: Decision,
    facet: Facet,
    names: pl.Series,
    label: str,
    rows: pl.Series,
    cheaper: pl.Series,
) -> Iterator[Value]:
    """Return the cheapest offer of each name; ``names``: one per row of the facet, null: none."""
    codes = decision.market.offers[facet]
    firsts: dict[str, int] = {}
    of_cheaper = names.gather(codes.gather(cheaper)).to_list()
    for place, name in enumerate(of_cheaper):
        if name is not None and name not in firsts:
            firsts[name] = place
            if len(firsts) == VALUES_MAX:
                break
    of_rows = names.gather(codes.gather(rows)) if firsts else names
    for name, place in firsts.items():
        yield Value(name, label.format(_said(name)), cheaper[place], int(of_rows.eq(name).sum()))


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
    alone = decision.market.places.with_columns(name=pl.when(number_failed == 1).then(named))[
        "name"
    ]
    yield from by_name(decision, "place", alone, _PARTS[gate.code], rows["row"], cheaper["row"])


def _controls(decision: Decision) -> list[str]:
    """Return the control of every compliance condition, in their order."""
    of_job = decision.policy.rules_for(decision.requirement.data_class)
    return [control for rules in of_job for control in sorted(rules.controls)]

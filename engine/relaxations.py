"""What relaxing one constraint alone would save: the offers that only it refuses are its price.

The masks say which offers one gate alone refuses; the cheapest of them is what relaxing it admits.
Within a gate the same is said value by value ("allowing US", "uptime of at least 95 %").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from engine.conditions import JOB
from engine.decision import Decision
from engine.gates import GATES, Gate
from engine.quoting import NEAR, Quoter
from engine.relaxed_values import Value, values_of

NEVER = frozenset({"not_rankable"})
"""What is no price of a whole machine cannot be compared: relaxing it would say nothing."""

_COST = "landed_usd_per_hour"
_WHOLE: Mapping[str, str] = {
    "baseline": "allowing hyperscalers",
    "blocked": "taking a blocked offer again",
    "gpu_count": "taking a larger machine",
    "unavailable": "waiting until it is free",
    "validity": "for the days of the contract",
}
_BY_ROUTE = {"blocked": ("the list of blocked offers",), "total": (JOB,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One constraint relaxed, all others kept.

    ``code``: the gate's, or its ``_unknown`` one where only what is not known is accepted.
    ``value``: what is allowed instead or besides; None: the whole constraint is dropped.
    ``offers``: how many offers pass then that are refused now; ``offer_id``: the cheapest of them.
    ``saving``: a fraction of the cheapest landed cost now, 0 where it saves nothing, None where no
    offer passes now.
    """

    code: str
    value: str | None
    label: str
    stated_by: tuple[str, ...]
    offers: int
    offer_id: str
    landed_usd_per_hour: Decimal
    saving: float | None


def relaxations(decision: Decision, best_usd: Decimal | None) -> tuple[Relaxation, ...]:
    """Return every constraint that alone refuses an offer, what saves most first.

    ``best_usd``: the cheapest landed cost per hour that passes, None where none does. Values within
    a constraint are told only where they save something (or where nothing passes).
    """
    near = _near(decision)
    quoter = Quoter(decision.requirement, decision.market)
    if not near:
        return ()
    every = pl.concat(list(near.values()))
    costs = quoter.costs(every["row"]).select("row", "landed_usd", _COST, every["is_silent"])
    found: list[Relaxation] = []
    start = 0
    for gate, rows in near.items():
        of_gate = costs.slice(start, rows.height)
        start += rows.height
        for code, value in _values(decision, gate, of_gate, best_usd):
            found.append(_told(decision, quoter, gate, code, value, best_usd))
    return tuple(sorted(found, key=_order))


def _near(decision: Decision) -> dict[Gate, pl.DataFrame]:
    """Return the offers that one gate alone refuses: row, is_silent (only for not being known)."""
    present = frozenset(decision.masks.unique())
    found = {}
    for gate in GATES:
        masks = {gate.bit, gate.unknown_bit, gate.bit | gate.unknown_bit} & present - {0}
        if not masks or gate.code in NEVER:
            continue
        parts = [
            pl.DataFrame({"row": decision.masks.eq(mask).arg_true()}).with_columns(
                is_silent=pl.lit(mask == gate.unknown_bit)
            )
            for mask in sorted(masks)
        ]
        rows = pl.concat(parts)
        if gate.code == "gpu_count":
            rows = rows.filter(_is_larger(decision, rows["row"]))
        if rows.height:
            found[gate] = rows
    return found


def _is_larger(decision: Decision, rows: pl.Series) -> pl.Series:
    """Whether a machine has more GPUs than asked: fewer are another job, and no saving."""
    machines = decision.market.machines.select(
        is_larger=pl.col("gpu_count_max").is_null()
        & (pl.col("gpu_count") > decision.requirement.gpus.count)
    )["is_larger"]
    return machines.gather(decision.market.offers["machine"].gather(rows))


def _values(
    decision: Decision, gate: Gate, rows: pl.DataFrame, best_usd: Decimal | None
) -> Iterator[tuple[str, Value]]:
    """Return the whole constraint, then accepting what is not known, then single values."""
    silent = rows.filter("is_silent")
    if silent.height < rows.height:
        label = _WHOLE.get(gate.code, f"without the condition on {gate.title}")
        yield gate.code, Value(None, label, _first(rows), rows.height)
    if silent.height:
        label = f"accepting that the {gate.title} is not known"
        yield gate.unknown_code, Value(None, label, _first(silent), silent.height)
    cheaper = rows
    if best_usd is not None:
        cheaper = rows.filter(pl.col(_COST) < float(best_usd) * (1 - NEAR))
    if cheaper.height:
        for value in values_of(decision, gate, rows, cheaper.sort(_COST, "row")):
            yield gate.code, value


def _first(rows: pl.DataFrame) -> int:
    """Return the cheapest offer's row, the first by id where several cost the same."""
    cheapest = rows.filter(pl.col(_COST) == pl.col(_COST).min())
    return int(min(cheapest["row"].to_list()))


def _told(
    decision: Decision,
    quoter: Quoter,
    gate: Gate,
    code: str,
    value: Value,
    best_usd: Decimal | None,
) -> Relaxation:
    usd = quoter.exact(value.row).landed_usd_per_hour
    by = (condition.by for condition in decision.conditions if condition.gate is gate)
    return Relaxation(
        code=code,
        value=value.value,
        label=value.label,
        stated_by=_BY_ROUTE.get(gate.code) or tuple(dict.fromkeys(by)),
        offers=value.offers,
        offer_id=decision.market.offers["offer_id"][value.row],
        landed_usd_per_hour=usd,
        saving=None if best_usd is None else max(float(1 - usd / best_usd), 0.0),
    )


def _order(one: Relaxation) -> tuple[float, Decimal, int, str, str]:
    place = next(n for n, gate in enumerate(GATES) if one.code in (gate.code, gate.unknown_code))
    return -(one.saving or 0.0), one.landed_usd_per_hour, place, one.code, one.value or ""

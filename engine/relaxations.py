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
from engine.gates import GATE, GATES, Gate, gate_of
from engine.quoting import NEAR
from engine.relaxed_limits import limits_of
from engine.relaxed_values import Value, values_of

NEVER = frozenset({"not_rankable"})
"""What is no price of a whole machine cannot be compared: relaxing it would say nothing."""

_BY_BIT = {gate.bit: gate for gate in GATES}
_KNOWN = sum(gate.bit for gate in GATES)
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
    It is priced as the job is asked for now: a machine with less storage still pays for more.
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
    alone = _alone(decision)
    if not alone.height:
        return ()
    costs = decision.quotes.quoter.costs(alone["row"])
    alone = alone.with_columns(costs["landed_usd"], costs[_COST])
    found = list(_whole(alone))
    cheaper = alone
    if best_usd is not None:
        cheaper = alone.filter(pl.col(_COST) < float(best_usd) * (1 - NEAR))
    parts = cheaper.sort(_COST, "row").partition_by("gate", as_dict=True, maintain_order=True)
    for (bit,), of_gate in parts.items():
        rows = alone.filter(pl.col("gate") == bit)
        gate = _BY_BIT[bit]
        for told_of in (values_of, limits_of):
            found += [(gate, gate.code, one) for one in told_of(decision, gate, rows, of_gate)]
    told = (_told(decision, *one, best_usd) for one in found)
    return tuple(sorted(told, key=_order))


def _alone(decision: Decision) -> pl.DataFrame:
    """Return the offers that one gate alone refuses: row, gate (its bit), is_silent.

    ``is_silent``: only because it is not known whether they meet it.
    """
    masks = decision.masks
    gates = (masks | (masks // 2)) & _KNOWN  # an unknown bit is the next one above its gate's
    is_one = gates.ne(0) & (gates & (gates - gates.ne(0).cast(pl.UInt64))).eq(0)
    rows = is_one.arg_true()
    gate = gates.gather(rows)
    is_count = gate == GATE["gpu_count"].bit
    keeps = ~gate.is_in([GATE[code].bit for code in NEVER])
    if is_count.any():
        keeps &= ~is_count | _is_larger(decision, rows)
    is_silent = masks.gather(rows) & gate == 0
    return pl.DataFrame({"row": rows, "gate": gate, "is_silent": is_silent}).filter(keeps)


def _is_larger(decision: Decision, rows: pl.Series) -> pl.Series:
    """Whether a machine has more GPUs than asked: fewer are another job, and no saving."""
    machines = decision.market.machines
    is_larger = machines["gpu_count_max"].is_null() & (
        machines["gpu_count"] > decision.requirement.gpus.count
    )
    return is_larger.gather(decision.market.offers["machine"].gather(rows))


def _whole(alone: pl.DataFrame) -> Iterator[tuple[Gate, str, Value]]:
    """Return every whole constraint, and accepting what is not known; the cheapest, first by id."""
    cost, row, is_silent = pl.col(_COST), pl.col("row"), pl.col("is_silent")
    gates = alone.group_by("gate").agg(
        offers=pl.len(),
        silent=is_silent.sum(),
        first=row.get(cost.arg_min()),
        first_silent=row.filter("is_silent").get(
            cost.filter("is_silent").arg_min(), null_on_oob=True
        ),
    )
    for bit, offers, silent, first, first_silent in gates.iter_rows():
        gate = _BY_BIT[bit]
        if silent < offers:
            label = _WHOLE.get(gate.code, f"without the condition on {gate.title}")
            yield gate, gate.code, Value(None, label, first, offers)
        if silent:
            label = f"accepting that the {gate.title} is not known"
            yield gate, gate.unknown_code, Value(None, label, first_silent, silent)


def _told(
    decision: Decision, gate: Gate, code: str, value: Value, best_usd: Decimal | None
) -> Relaxation:
    usd = decision.quotes.quoter.exact(value.row).landed_usd_per_hour
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
    place = GATES.index(gate_of(one.code))
    return -(one.saving or 0.0), one.landed_usd_per_hour, place, one.code, one.value or ""

"""A plan's answer for a person in a terminal."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from engine.decision_words import count, usd
from engine.portfolio_types import Placement, Portfolio

_WORDS = {
    "optimal": "proven: no plan costs less",
    "feasible": "the time limit came first: a better one may cost up to {gap} less",
    "infeasible": "There is no such plan: these conditions contradict each other.",
    "unknown": "The time limit came before any plan: give it more time (time_limit_seconds).",
}


def plan_text(plan: Portfolio) -> str:
    """Return the plan as lines: what it costs, who carries what, what is moved."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Portfolio) -> Iterator[str]:
    words = _WORDS[plan.status].format(gap=f"{plan.gap:.2%}")
    if plan.status in ("infeasible", "unknown"):
        yield words
        yield from (f"  {one.sentence}" for one in plan.conflicts)
        if plan.conflicts and not plan.is_smallest:
            yield "  (some of them may do no harm: the time did not suffice to tell)"
        return
    yield f"{_usd(plan.total_usd)} USD in all; {words}"
    yield from _placed("", plan.placements)
    yield from _placed("stands by: ", plan.standbys)
    for move in plan.moves:
        known = "" if move.is_known else " (its price is not known: counted as nothing)"
        yield f"  {move.source} -> {move.target}: {move.gb:f} GB, {_usd(move.usd)} USD{known}"
    yield from (
        f"  {name}: left out, it is worth less than it would cost" for name in plan.left_out
    )


def _placed(role: str, placements: Iterable[Placement]) -> Iterator[str]:
    for one in placements:
        machines = f"{count(one.machines, 'machine')}, {count(one.gpus, 'GPU')}"
        yield f"  {role}{one.task}: {one.offer_id} ({machines}), {_usd(one.usd)} USD"


def _usd(amount: float) -> str:
    return usd(Decimal(repr(amount)))

"""Why a plan cannot be: a set of its conditions that contradict each other, and none too many.

A deletion filter: conditions are lifted, many at once and then one by one; what can be lifted while
the rest still contradicts itself is no part of the conflict. Every set that stays is irreducible:
with any one of its conditions lifted the others can be met.
"""

from collections.abc import Collection
from dataclasses import replace

from engine.portfolio_model import Model
from engine.portfolio_types import Conflict, ConflictCode
from engine.portfolio_words import capacity_words, free_words
from engine.solver import Found, Ready

_WHOLE: tuple[ConflictCode, ...] = (
    "capacity", "one_place", "standbys", "network_share", "provider_share", "budget",
)  # fmt: skip
"""Lifted as a whole first: what is left without them is checked faster."""
_APART: tuple[ConflictCode, ...] = ("budget", "job", "one_place", "standbys", "capacity")
"""Then one by one: few jobs first, so that a conflict is easy to understand."""
_CAPACITIES_MAX = 12
"""More of them are one condition: what is free. Nobody reads a list of 70 offers."""
_PART = 0.2
"""Of the time, for one check: one that takes longer is left undecided."""


class _Filter:
    """``seconds``: what is left for the solver, by its own account."""

    def __init__(self, model: Model, ready: Ready, seconds: float) -> None:
        self._model = model
        self._ready = ready
        self.seconds = seconds
        self.held = frozenset(range(len(model.groups)))
        self.is_smallest = True
        self.is_in_doubt = False

    def lift(self, groups: list[int]) -> bool:
        """Take these groups out of ``held``; return False where the conflict needs some of them."""
        rest = self.held.difference(groups)
        found = self._found(rest)
        if found == "infeasible":
            self.held = rest
        return found == "infeasible"

    def lift_apart(self, groups: list[int]) -> None:
        """Take out of ``held`` what of these groups the conflict does not need."""
        if not groups or self.lift(groups):
            return
        if len(groups) > 1:
            half = len(groups) // 2
            self.lift_apart(groups[:half])
            self.lift_apart(groups[half:])
        elif self.is_in_doubt:
            self.is_smallest = False

    def _found(self, held: frozenset[int]) -> Found:
        """Say whether these can hold together. A doubtful case takes at most a part of the time."""
        if self.seconds <= 0:
            self.is_in_doubt = True
            return "unknown"
        solution = self._ready.solved(
            self.seconds * _PART, costs={}, held=held, fixed=_unasked(self._model, held)
        )
        self.seconds -= solution.seconds
        self.is_in_doubt = solution.found == "unknown"
        return solution.found


def conflict(model: Model, ready: Ready, seconds: float) -> tuple[tuple[Conflict, ...], bool]:
    """Return conditions of a plan known to be impossible that contradict each other.

    The second value: whether none of them can be left away (False: a check was not done in time).
    Jobs without any offer are told alone, all of them: each is a conflict by itself.
    """
    if alone := tuple(group for group in model.groups if group.code == "no_offer"):
        return alone, True
    search = _Filter(model, ready, seconds)
    _narrow(model, search)
    if not search.is_smallest:  # what was in doubt is looked at again: there is less of it now
        search.is_smallest, search.seconds = True, seconds / 2
        _narrow(model, search)
    return _in_words(model, search, ready, seconds), search.is_smallest


def _narrow(model: Model, search: _Filter) -> None:
    for code in _WHOLE:
        search.lift(_groups(model, search.held, code))
    for code in _APART:
        groups = _groups(model, search.held, code)
        if code != "capacity" or len(groups) <= _CAPACITIES_MAX:
            search.lift_apart(groups)
        if code == "job":
            search.lift(_idle(model, search.held))


def _in_words(model: Model, search: _Filter, ready: Ready, seconds: float) -> tuple[Conflict, ...]:
    jobs = {model.groups[index].subject for index in _groups(model, search.held, "job")}
    capacities = [
        capacity_words(pool, model.jobs.capacities[pool], jobs & model.about[index])
        for index in _groups(model, search.held, "capacity")
        for pool in (model.groups[index].subject,)
    ]
    told = [
        _with_least(model, index, search.held - {index}, ready, seconds)
        for index in sorted(search.held)
        if model.groups[index].code != "capacity"
    ]
    if len(capacities) > _CAPACITIES_MAX:
        capacities = [free_words(capacities)]
    return (*told, *capacities)


def _groups(model: Model, held: Collection[int], code: ConflictCode) -> list[int]:
    return [index for index in sorted(held) if model.groups[index].code == code]


def _idle(model: Model, held: Collection[int]) -> list[int]:
    """Return the groups that are only about jobs that need not be placed.

    Hardly ever part of a conflict, but placing such a job can be what keeps a share of spend.
    """
    jobs = {model.groups[index].subject for index in _groups(model, held, "job")}
    return [i for i in sorted(held) if model.about[i] and not model.about[i] & jobs]


def _with_least(
    model: Model, index: int, others: frozenset[int], ready: Ready, seconds: float
) -> Conflict:
    """Return the conflict; of a budget also the least that the others would need of it."""
    group = model.groups[index]
    if group.code != "budget":
        return group
    costs = {p.column: p.usd for p in model.payments if p.cost_centre == group.subject}
    least = ready.solved(seconds * _PART, costs=costs, held=others, fixed=_unasked(model, others))
    if least.found != "optimal":
        return group
    needs = f"the other conditions need at least {least.bound:.2f} USD"
    return replace(group, sentence=f"{group.sentence}; {needs}")


def _unasked(model: Model, held: Collection[int]) -> dict[int, float]:
    """Return the columns of standbys that nobody asks for while ``held`` holds: there are none.

    Their cost would count in the shares of sellers, and so keep one that cannot be kept.
    """
    found = dict[int, float]()
    names = [job.task.name for job in model.jobs.jobs]
    for index, group in enumerate(model.groups):
        if group.code == "standbys" and index not in held:
            found |= dict.fromkeys(model.columns[names.index(group.subject)].standbys, 0.0)
    return found

"""Why a plan cannot be: a set of its conditions that contradict each other, and none too many.

A deletion filter: conditions are lifted, many at once and then one by one; what can be lifted while
the rest still contradicts itself is no part of the conflict. Every set that stays is irreducible:
with any one of its conditions lifted the others can be met.
"""

from dataclasses import replace

from engine.portfolio_model import Model
from engine.portfolio_types import Conflict, ConflictCode
from engine.solver import Found, solved

_LIFTED_FIRST: tuple[ConflictCode, ...] = (
    "job", "no_offer", "standbys", "one_place", "capacity", "network_share", "provider_share",
    "budget",
)  # fmt: skip
"""Jobs first: a conflict of few jobs is easier to understand."""
_SECONDS_MIN = 0.05


class _Filter:
    def __init__(self, model: Model, seconds: float) -> None:
        self._model = model
        self.seconds = max(seconds / (len(model.groups) + 1), _SECONDS_MIN)
        self._free = [0.0] * len(model.programme.costs)
        self.held = frozenset(range(len(model.groups)))
        self.is_smallest = True

    def lift(self, groups: list[int]) -> None:
        """Take out of ``held`` what of these groups the conflict does not need."""
        rest = self.held.difference(groups)
        found = self._found(rest)
        if found == "infeasible":
            self.held = rest
        elif len(groups) > 1:
            half = len(groups) // 2
            self.lift(groups[:half])
            self.lift(groups[half:])
        elif found == "unknown":
            self.is_smallest = False

    def _found(self, held: frozenset[int]) -> Found:
        return solved(self._model.programme, self.seconds, costs=self._free, held=held).found


def conflict(model: Model, seconds: float) -> tuple[tuple[Conflict, ...], bool]:
    """Return conditions of a plan known to be impossible that contradict each other.

    The second value: whether none of them can be left away (False: a check was not done in time).
    Jobs without any offer are told alone, all of them: each is a conflict by itself.
    """
    if alone := tuple(group for group in model.groups if group.code == "no_offer"):
        return alone, True
    search = _Filter(model, seconds)
    by_kind = [
        [index for index, group in enumerate(model.groups) if group.code == code]
        for code in _LIFTED_FIRST
    ]
    for groups in filter(None, by_kind):
        search.lift(groups)
    left = [(model.groups[index], index) for index in sorted(search.held)]
    told = tuple(_with_least(model, group, index, search) for group, index in left)
    return told, search.is_smallest


def _with_least(model: Model, group: Conflict, index: int, search: _Filter) -> Conflict:
    """Return the conflict; of a budget also the least that the others would need of it."""
    if group.code != "budget":
        return group
    costs = [0.0] * len(model.programme.costs)
    for row in model.programme.rows:
        if row.group == index:
            for column, usd in row.terms.items():
                costs[column] = usd
    least = solved(model.programme, search.seconds, costs=costs, held=search.held - {index})
    if least.found != "optimal":
        return group
    usd = sum(value * cost for value, cost in zip(least.values, costs, strict=True))
    return replace(group, sentence=f"{group.sentence}; the others need at least {usd:.2f} USD")

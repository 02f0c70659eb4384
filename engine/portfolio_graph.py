"""Plans whose jobs meet only through the data they pass on: one table a job, one an edge.

Where nothing else is shared, a job takes its zone's cheapest offer, so only zones are chosen. A
graph without circles (a chain, a tree) is solved exactly by dynamic programming; from any other one
the zones go that no best plan needs (dead-end elimination: R. Goldstein, Biophys. J. 66, 1994).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.portfolio_options import Job, Jobs, Option
from engine.portfolio_types import Edge, Limits, Tariff

Costs = npt.NDArray[np.float64]
_RIVALS = 12  # zones that a zone is compared with: the cheapest ones remove nearly all others
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Tables:
    """Per job its zones' cheapest offers and costs; per pair of jobs (lower first) the costs."""

    options: list[list[Option]]
    costs: list[Costs]
    pairs: dict[tuple[int, int], Costs]

    def neighbours(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.options]
        for low, high in self.pairs:
            found[low].append(high)
            found[high].append(low)
        return found

    def between(self, one: int, other: int) -> Costs:
        """Return the costs with a row per zone of ``one``."""
        return self.pairs[one, other] if one < other else self.pairs[other, one].T


def meets_only_in_data(jobs: Jobs, limits: Limits) -> bool:
    """Return whether the jobs share nothing but edges."""
    shared = (
        jobs.capacities,
        limits.budgets,
        limits.provider_share_max is not None,
        limits.network_share_max is not None,
    )
    return not any(shared) and all(
        job.task.worth_usd is None and not job.task.combine and not job.task.standbys.count
        for job in jobs.jobs
    )


def tables(jobs: Sequence[Job], edges: Sequence[Edge], tariff: Tariff) -> Tables:
    """Return the tables. Every job has an offer."""
    options = [_one_a_zone(job) for job in jobs]
    costs = [
        np.array([option.usd * job.units for option in of])
        for job, of in zip(jobs, options, strict=True)
    ]
    at = {job.task.name: index for index, job in enumerate(jobs)}
    pairs: dict[tuple[int, int], Costs] = {}
    for edge in edges:
        source, target = at[edge.source], at[edge.target]
        matrix = move_costs(edge, options[source], options[target], tariff)
        key = (min(source, target), max(source, target))
        turned = matrix if source < target else matrix.T
        pairs[key] = pairs[key] + turned if key in pairs else turned
    return Tables(options, costs, pairs)


def move_costs(
    edge: Edge, sources: Sequence[Option], targets: Sequence[Option], tariff: Tariff
) -> Costs:
    """Return USD for the edge's data, a row per source zone, a column per target zone."""
    rates = [tariff.rates(option.zone, edge.gb) for option in sources]
    inside, outside = (np.array([rate[side] for rate in rates])[:, None] for side in (0, 1))
    networks = {o.network: i for i, o in enumerate((*sources, *targets))}
    zones = {o.zone: i for i, o in enumerate((*sources, *targets))}
    same_network = _same(
        [networks[o.network] for o in sources], [networks[o.network] for o in targets]
    )
    same_zone = _same([zones[o.zone] for o in sources], [zones[o.zone] for o in targets])
    return np.where(same_zone, 0.0, np.where(same_network, inside, outside))


def cheapest_tree(tables: Tables) -> list[int] | None:
    """Return each job's zone in the cheapest plan; None where the graph has a circle."""
    order = _from_roots(tables.neighbours())
    if len(tables.pairs) != sum(parent is not None for _, parent in order):
        return None
    totals = [costs.copy() for costs in tables.costs]
    best: list[npt.NDArray[np.intp]] = [np.zeros(0, np.intp)] * len(totals)
    for job, parent in reversed(order):
        if parent is not None:
            joint = tables.between(parent, job) + totals[job]
            best[job] = joint.argmin(axis=1)
            totals[parent] += joint.min(axis=1)
    chosen = [0] * len(totals)
    for job, parent in order:
        chosen[job] = int(totals[job].argmin() if parent is None else best[job][chosen[parent]])
    return chosen


def without_dead_ends(jobs: Jobs, tables: Tables) -> Jobs:
    """Return the jobs with those offers that a best plan can need: one of each zone left."""
    left = [np.arange(len(options)) for options in tables.options]
    neighbours = tables.neighbours()
    for _ in range(_ROUNDS):
        before = sum(map(len, left))
        for job in range(len(left)):
            left[job] = _left_of(job, tables, neighbours[job], left)
        if sum(map(len, left)) == before:
            break
    kept = (
        tuple(options[index] for index in of)
        for options, of in zip(tables.options, left, strict=True)
    )
    return replace(
        jobs,
        jobs=tuple(replace(job, options=of) for job, of in zip(jobs.jobs, kept, strict=True)),
    )


def _left_of(
    job: int, tables: Tables, neighbours: Sequence[int], left: Sequence[npt.NDArray[np.intp]]
) -> npt.NDArray[np.intp]:
    """Return a job's zones without those that a rival beats wherever the neighbours are.

    A zone that is only equalled goes to the earlier one, so that of two equals one stays.
    """
    mine = left[job]
    moves = [tables.between(job, other)[np.ix_(mine, left[other])] for other in neighbours]
    typical = tables.costs[job][mine] + sum((m.mean(axis=1) for m in moves), np.zeros(len(mine)))
    rivals = np.argsort(typical, kind="stable")[:_RIVALS]
    lead = tables.costs[job][mine][rivals][:, None] - tables.costs[job][mine][None, :]
    for move in moves:
        lead = lead + (move[rivals][:, None, :] - move[None, :, :]).max(axis=2)
    beats = (lead < 0) | ((lead == 0) & (rivals[:, None] < np.arange(len(mine))[None, :]))
    kept: npt.NDArray[np.intp] = mine[~beats.any(axis=0)]
    return kept


def _one_a_zone(job: Job) -> list[Option]:
    found = {option.zone: option for option in reversed(job.options)}
    return sorted(found.values(), key=lambda option: (option.usd, option.offer_id))


def _same(ones: list[int], others: list[int]) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = np.array(ones)[:, None] == np.array(others)[None, :]
    return same


def _from_roots(neighbours: Sequence[Sequence[int]]) -> list[tuple[int, int | None]]:
    """Return every job after the one through which it is reached from the first of its part."""
    order: list[tuple[int, int | None]] = []
    seen: set[int] = set()
    for root in range(len(neighbours)):
        if root not in seen:
            seen.add(root)
            order.extend(_reached(root, neighbours, seen))
    return order


def _reached(
    root: int, neighbours: Sequence[Sequence[int]], seen: set[int]
) -> Iterator[tuple[int, int | None]]:
    waiting: list[tuple[int, int | None]] = [(root, None)]
    while waiting:
        job, parent = waiting.pop()
        yield job, parent
        for other in neighbours[job]:
            if other not in seen:
                seen.add(other)
                waiting.append((other, job))


def ordered(names: Sequence[str], edges: Sequence[Edge]) -> bool:
    """Return whether the edges have no circle: whether some order of the jobs respects them."""
    waits = {name: {e.source for e in edges if e.target == name} for name in names}
    while ready := [name for name, sources in waits.items() if not sources & waits.keys()]:
        for name in ready:
            del waits[name]
    return not waits

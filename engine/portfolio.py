"""Many jobs at once: where each should run so that all together cost least, as far as allowed.

Shared capacity, budgets, shares of spend, machines in one place, standbys and moved data are
decided together. Deterministic: the same jobs give the same plan, unless the time limit is reached.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.portfolio_conflicts import conflict
from engine.portfolio_graph import (
    cheapest_tree,
    meets_only_in_data,
    ordered,
    tables,
    without_dead_ends,
)
from engine.portfolio_model import Columns, Model
from engine.portfolio_options import Job, Jobs, prepared
from engine.portfolio_rules import modelled
from engine.portfolio_told import Machines, told
from engine.portfolio_types import DataPlace, Edge, Limits, Portfolio, Tariff, Task
from engine.solver import Ready, Solution
from engine.tariffs import FreeMoves

NO_LIMITS = Limits()


def portfolio(
    tasks: Sequence[Task],
    edges: Sequence[Edge] = (),
    *,
    data: Sequence[DataPlace] = (),
    limits: Limits = NO_LIMITS,
    tariff: Tariff | None = None,
    seconds: float = 10.0,
) -> Portfolio:
    """Return the cheapest plan for all jobs, or why there is none.

    ``seconds``: the solver's time limit; a plan found by then comes with its gap. Raises
    ValueError, with a sentence, for names that are not there or there twice, edges that run in a
    circle, and offers with absurd values.
    """
    _refuse_unknown(tasks, edges, data, limits)
    tariff = tariff or FreeMoves()
    jobs = prepared(tasks, data, limits, is_regional=tariff.is_regional)
    if meets_only_in_data(jobs, limits) and all(job.options for job in jobs.jobs):
        cost_tables = tables(jobs.jobs, edges, tariff)
        if (zones := cheapest_tree(cost_tables)) is not None:
            chosen = [
                ((options[zone], job.units),)
                for job, options, zone in zip(jobs.jobs, cost_tables.options, zones, strict=True)
            ]
            return told(jobs.jobs, chosen, edges, tariff)
        if all(job.is_in_one_zone for job in jobs.jobs):
            jobs = without_dead_ends(jobs, cost_tables)
    return _by_programme(jobs, edges, tariff, limits, seconds)


def _refuse_unknown(
    tasks: Sequence[Task], edges: Sequence[Edge], data: Sequence[DataPlace], limits: Limits
) -> None:
    names = [*(task.name for task in tasks), *(place.name for place in data)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)}: there twice; every job needs a name of its own")
    for edge in edges:
        if missing := {edge.source, edge.target} - set(names):
            raise ValueError(f"edge {edge.source} -> {edge.target}: no job {min(missing)}")
    if into := sorted({edge.target for edge in edges} & {place.name for place in data}):
        raise ValueError(f"{into[0]} is where data lies: no job can write to it")
    if not ordered(names, edges):
        raise ValueError("the edges run in a circle: some job would wait for itself")
    if absurd := [centre for centre, usd in limits.budgets.items() if not 0 <= usd <= 10**12]:
        raise ValueError(f"the budget of {absurd[0]} is no amount of USD")


def _by_programme(
    jobs: Jobs, edges: Sequence[Edge], tariff: Tariff, limits: Limits, seconds: float
) -> Portfolio:
    model = modelled(jobs, edges, limits, tariff)
    ready = model.programme.ready()
    solution = ready.solved(seconds)
    if solution.found not in {"optimal", "feasible"}:
        return _without_plan(model, ready, solution, seconds)
    waiting = solution
    if not limits.standby_share and any(job.task.standbys.count for job in jobs.jobs):
        waiting = _cheapest_standbys(model, ready, solution, seconds)
    plan = told(
        jobs.jobs,
        [_taken(job, columns.machines, solution) for job, columns in _columns(model)],
        edges,
        tariff,
        standbys=[_taken(job, columns.standbys, waiting) for job, columns in _columns(model)],
        standby_share=limits.standby_share,
    )
    left_out = [job.task.worth_usd for job in jobs.jobs if job.task.name in plan.left_out]
    minimised = plan.total_usd + float(sum(worth for worth in left_out if worth is not None))
    is_proven = solution.found == "optimal"
    bound = minimised if is_proven else max(0.0, min(solution.bound, minimised))
    return replace(
        plan,
        method="mixed-integer programming",
        status="optimal" if is_proven else "feasible",
        bound_usd=bound,
        gap=(minimised - bound) / minimised if minimised else 0.0,
    )


def _without_plan(model: Model, ready: Ready, solution: Solution, seconds: float) -> Portfolio:
    if solution.found != "infeasible":
        return Portfolio(status="unknown", method="mixed-integer programming", gap=math.inf)
    conflicts, is_smallest = conflict(model, ready, seconds)
    return Portfolio(
        status="infeasible",
        method="mixed-integer programming",
        conflicts=conflicts,
        is_smallest=is_smallest,
    )


def _cheapest_standbys(model: Model, ready: Ready, solution: Solution, seconds: float) -> Solution:
    """Return the same plan with the cheapest standbys: they cost nothing, so any were as good."""
    costs: dict[int, float] = {}
    fixed: dict[int, float] = {}
    for job, columns in _columns(model):
        for column in (*columns.machines, columns.placed):
            fixed[column] = round(solution.values[column])
        for column, option in zip(columns.standbys, job.options, strict=False):
            costs[column] = option.usd
    better = ready.solved(seconds, costs=costs, fixed=fixed)
    return better if better.values else solution


def _columns(model: Model) -> Iterator[tuple[Job, Columns]]:
    return zip(model.jobs.jobs, model.columns, strict=True)


def _taken(job: Job, columns: Sequence[int], solution: Solution) -> Machines:
    counts = ((option, round(solution.values[column]))
              for column, option in zip(columns, job.options, strict=False))  # fmt: skip
    return tuple((option, count) for option, count in counts if count)

"""What holds between the jobs of a plan: capacity, budgets, shares of spend, and moved data."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from engine.portfolio_graph import move_costs
from engine.portfolio_model import Model, Payment, Term, add_job, add_one_place, add_standbys
from engine.portfolio_options import Job, Jobs, Option
from engine.portfolio_types import Conflict, Edge, Limits, Tariff, Zone
from engine.portfolio_words import budget_words, capacity_words, share_words
from engine.solver import INFINITY, total

Terms = list[Term]


def modelled(jobs: Jobs, edges: Sequence[Edge], limits: Limits, tariff: Tariff) -> Model:
    """Return the model of a plan."""
    model = Model(jobs, limits)
    for job in jobs.jobs:
        add_job(model, job)
    for index, job in enumerate(jobs.jobs):
        if job.task.one_place and job.units > 1:
            add_one_place(model, index, job)
        if job.task.standbys.count:
            add_standbys(model, index, job)
    at = {job.task.name: index for index, job in enumerate(jobs.jobs)}
    for edge in edges:
        _add_edge(model, edge, at[edge.source], at[edge.target], tariff)
    _add_capacities(model)
    _add_shares(model)
    _add_budgets(model)
    return model


def _add_capacities(model: Model) -> None:
    used: dict[str, dict[int, float]] = defaultdict(dict)
    users: dict[str, set[str]] = defaultdict(set)
    for job, columns in zip(model.jobs.jobs, model.columns, strict=True):
        for which in (columns.machines, columns.standbys):
            for column, option in zip(which, job.options, strict=False):
                if option.pool is not None:
                    used[option.pool][column] = option.uses
                    users[option.pool].add(job.task.name)
    for pool, terms in sorted(used.items()):
        free = model.jobs.capacities[pool]
        group = model.group(capacity_words(pool, free, users[pool]), *users[pool])
        model.programme.row(terms, high=free, group=group)


def _add_shares(model: Model) -> None:
    """Spend with one seller <= share x spend with all; moved data counts in neither."""
    limits = model.limits
    if limits.provider_share_max is not None:
        words = share_words("provider", limits.provider_share_max)
        _add_share(model, words, limits.provider_share_max, lambda option: option.provider)
    if limits.network_share_max is not None:
        words = share_words("network", limits.network_share_max)
        _add_share(model, words, limits.network_share_max, _network)


def _add_share(
    model: Model, words: Conflict, share: float, owner: Callable[[Option], Hashable]
) -> None:
    group = model.group(words)
    paid = [(p, p.option) for p in model.payments if p.option is not None]
    spent = model.programme.column(top=INFINITY, is_whole=False)
    model.programme.row({spent: -1} | {p.column: p.usd for p, _ in paid}, 0, 0)
    by_owner: dict[Hashable, Terms] = defaultdict(list)
    for payment, option in paid:
        by_owner[owner(option)].append((payment.column, payment.usd))
    for terms in by_owner.values():
        model.programme.row({spent: -share, **dict(terms)}, high=0, group=group)


def _add_budgets(model: Model) -> None:
    by_centre: dict[str | None, Terms] = defaultdict(list)
    for payment in model.payments:
        by_centre[payment.cost_centre].append((payment.column, payment.usd))
    for centre, usd in sorted(model.limits.budgets.items()):
        group = model.group(budget_words(centre, usd))
        model.programme.row(total(by_centre[centre]), high=float(usd), group=group)


def _add_edge(model: Model, edge: Edge, source: int, target: int, tariff: Tariff) -> None:
    """Add what moving the edge's data costs; its source's cost centre pays."""
    jobs = model.jobs.jobs
    centre = jobs[source].task.cost_centre if not jobs[source].is_data else None
    centre = centre or jobs[target].task.cost_centre
    is_single = jobs[source].is_in_one_zone and jobs[target].is_in_one_zone
    if is_single or _is_same_in_network(edge, jobs[source], tariff):
        _add_steps(model, edge, (source, target), centre, tariff)
    else:
        _add_flows(model, edge, (source, target), centre, tariff)


def _is_same_in_network(edge: Edge, source: Job, tariff: Tariff) -> bool:
    """Return whether all zones of a network cost the same to leave, and leaving it no less."""
    rates = {(zone[0], tariff.rates(zone, edge.gb)) for zone in _by_zone(source)}
    return len(rates) == len({network for network, _ in rates}) and all(
        inside <= outside for _, (inside, outside) in rates
    )


def _add_flows(
    model: Model, edge: Edge, ends: tuple[int, int], centre: str | None, tariff: Tariff
) -> None:
    """Add jobs in several zones at once: data goes the cheapest way (a transport problem)."""
    source, target = ends
    outs, ins = (_by_zone(model.jobs.jobs[end]) for end in ends)
    matrix = move_costs(edge, list(outs.values()), list(ins.values()), tariff)
    flows = np.empty(matrix.shape, np.int64)
    for (row, column), usd in np.ndenumerate(matrix):
        flows[row, column] = _paid(model, float(usd), centre)
    for end, zones, lines in ((source, outs, flows), (target, ins, flows.T)):
        parts = model.fractions(end, _zone)
        for zone, line in zip(zones, lines, strict=True):
            terms = [*((int(c), 1.0) for c in line), *_negative(parts[zone])]
            model.programme.row(total(terms), high=0)
    placed = [(model.columns[end].placed, -1.0) for end in ends]
    model.programme.row(total([*((int(c), 1.0) for c in flows.flat), *placed]), low=-1)


def _add_steps(
    model: Model, edge: Edge, ends: tuple[int, int], centre: str | None, tariff: Tariff
) -> None:
    """Add what leaving the zone costs, and what leaving the network adds to that.

    Per network where all its zones cost the same to leave: that is exactly what the cheapest way
    costs, also for jobs in several zones, with far fewer columns than a flow per pair of zones.
    """
    source, target = ends
    beyond: dict[tuple[str, float], Terms] = defaultdict(list)
    arriving, near = model.fractions(target, _zone), model.fractions(target, _network)
    for zone, here in model.fractions(source, _zone).items():
        there = arriving.get(zone, [])
        inside, outside = tariff.rates(zone, edge.gb)
        _add_step(model, min(inside, outside), here, there, target, centre)
        if outside > inside:
            beyond[zone[0], outside - inside] += here
        elif inside > outside:
            parts = (here, near.get(zone[0], []), there)
            _add_detour(model, inside - outside, parts, centre)
    for (network, usd), here in beyond.items():
        _add_step(model, usd, here, near.get(network, []), target, centre)


def _add_step(
    model: Model, usd: float, here: Terms, there: Terms, target: int, centre: str | None
) -> None:
    """Pay for what is here and whose reader is placed, but not there."""
    if usd:
        leaving = _paid(model, usd, centre)
        placed = (model.columns[target].placed, -1.0)
        terms = total([(leaving, 1.0), *_negative(here), *there, placed])
        model.programme.row(terms, low=-1)


def _add_detour(
    model: Model, usd: float, parts: tuple[Terms, Terms, Terms], centre: str | None
) -> None:
    """Pay more inside a network than to leave it: a reader in the network, but not there."""
    here, near, there = parts
    detour = _paid(model, usd, centre)
    terms = total([(detour, 1.0), *_negative(here), *_negative(near), *there])
    model.programme.row(terms, low=-1)


def _paid(model: Model, usd: float, centre: str | None) -> int:
    column = model.programme.column(usd, is_whole=False)
    if usd:
        model.payments.append(Payment(column, usd, centre, None))
    return column


def _by_zone(job: Job) -> dict[Zone, Option]:
    return {option.zone: option for option in reversed(job.options)}


def _zone(option: Option) -> Zone:
    return option.zone


def _network(option: Option) -> str:
    return option.network


def _negative(terms: Terms) -> Terms:
    return [(column, -value) for column, value in terms]

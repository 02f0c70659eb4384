"""A plan's answer as values: who carries what, what each move costs, and the total."""

import math
from collections.abc import Sequence

from engine.portfolio_graph import Costs, move_costs
from engine.portfolio_options import Job, Option
from engine.portfolio_types import Edge, Move, Placement, Portfolio, Tariff
from engine.solver import Programme

Machines = tuple[tuple[Option, int], ...]
"""Offers taken for one job, and how many machines of each."""

_SECONDS = 10.0  # for a transport problem of a few zones: it takes milliseconds


def told(
    jobs: Sequence[Job],
    chosen: Sequence[Machines],
    edges: Sequence[Edge],
    tariff: Tariff,
    *,
    standbys: Sequence[Machines] = (),
    standby_share: float = 0.0,
) -> Portfolio:
    """Return the plan as found by dynamic programming: optimal, without a gap."""
    at = {job.task.name: index for index, job in enumerate(jobs)}
    ends = [(edge, at[edge.source], at[edge.target]) for edge in edges]
    moves = tuple(
        _move(edge, (jobs[source], chosen[source]), (jobs[target], chosen[target]), tariff)
        for edge, source, target in ends
        if chosen[source] and chosen[target]
    )
    placements = _placements(jobs, chosen)
    waiting = _placements(jobs, standbys) if standbys else ()
    usd = math.fsum(
        (
            *(placement.usd for placement in placements),
            *(move.usd for move in moves),
            *(standby_share * placement.usd for placement in waiting),
        )
    )
    return Portfolio(
        status="optimal",
        method="dynamic programming",
        total_usd=usd,
        bound_usd=usd,
        placements=placements,
        standbys=waiting,
        moves=moves,
        left_out=tuple(
            job.task.name for job, machines in zip(jobs, chosen, strict=True) if not machines
        ),
    )


def _placements(jobs: Sequence[Job], chosen: Sequence[Machines]) -> tuple[Placement, ...]:
    return tuple(
        Placement(
            task=job.task.name,
            offer_id=option.offer_id,
            network=option.network,
            provider_id=option.provider_id,
            region=option.region,
            country_code=option.country_code,
            machines=count,
            gpus=option.gpus * count,
            usd=option.usd * count,
        )
        for job, machines in zip(jobs, chosen, strict=True)
        if not job.is_data
        for option, count in machines
    )


def _move(
    edge: Edge, source: tuple[Job, Machines], target: tuple[Job, Machines], tariff: Tariff
) -> Move:
    outs, ins = ([option for option, _ in machines] for _, machines in (source, target))
    matrix = move_costs(edge, outs, ins, tariff)
    usd = float(matrix[0, 0])
    if matrix.size > 1:
        usd = _cheapest_way(matrix, _fractions(*source), _fractions(*target))
    stays = {option.zone for option in outs} == {option.zone for option in ins}
    return Move(
        source=edge.source,
        target=edge.target,
        gb=edge.gb,
        usd=usd,
        is_known=stays or all(tariff.is_known(option.zone) for option in outs),
    )


def _fractions(job: Job, machines: Machines) -> list[float]:
    return [count * job.weight(option) / job.units for option, count in machines]


def _cheapest_way(matrix: Costs, outs: Sequence[float], ins: Sequence[float]) -> float:
    """Return what moving between jobs in several places costs at least."""
    programme = Programme()
    flows = [[programme.column(float(usd), is_whole=False) for usd in row] for row in matrix]
    for row, part in zip(flows, outs, strict=True):
        programme.row(dict.fromkeys(row, 1.0), low=part)
    for column, part in zip(zip(*flows, strict=True), ins, strict=True):
        programme.row(dict.fromkeys(column, 1.0), low=part)
    values = programme.ready().solved(_SECONDS).values
    return math.fsum(v * c for v, c in zip(values, programme.costs, strict=True))

"""The chain and the layered graph of 20 jobs, with what moving data costs in SkyPilot's model."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from benchmarks.routes.catalog import NOW
from engine.portfolio import portfolio
from engine.portfolio_types import DataPlace, Edge, Portfolio, Tariff, Task, Zone
from engine.requirement import Gpus, Requirement
from engine.routing import Prepared, route

JOBS = 20
ASKED = (
    ("A100-80GB", 8), ("H100", 8), ("L4", 1), ("T4", 1), ("L40S", 4), ("A100-80GB", 4),
    ("H100", 4), ("V100", 8),
)  # fmt: skip
"""What the jobs ask for, in turn."""
LAYERS = (1, 6, 6, 6, 1)
INPUT = DataPlace(name="input", network="aws", region="us-east-1")
_INPUT_GB = Decimal(50)
_USD_PER_GB = {"aws": 0.09, "azure": 0.0875, "gcp": 0.12}
_FREE_GB = {"aws": 1, "azure": 1}
_GB_MAX = 1024


class SkyPilotsMoves:
    """SkyPilot 0.14's model (its ``get_egress_cost``) up to 1,024 GB: free inside a cloud."""

    is_regional = False

    def rates(self, source: Zone, gb: Decimal) -> tuple[float, float]:
        assert gb <= _GB_MAX, "above that SkyPilot's price has tiers"
        cloud, _ = source
        paid = max(float(gb) - _FREE_GB.get(cloud, 0), 0.0)
        return 0.0, paid * _USD_PER_GB.get(cloud, 0.0)

    def is_known(self, source: Zone) -> bool:
        del source
        return True


def job(number: int) -> Requirement:
    """Return one of the jobs: an hour on one machine, on the ten clouds that SkyPilot knows."""
    name, count = ASKED[number % len(ASKED)]
    return Requirement(
        name=f"t{number}",
        gpus=Gpus(count=count, models=frozenset({name})),
        duration_hours=Decimal(1),
        networks_banned=frozenset({"nebius"}),
    )


def tasks_in(market: Prepared) -> list[Task]:
    """Return the jobs, each with the offers that may carry it: looked for anew for each."""
    return [_task(job(number), market) for number in range(JOBS)]


def _task(need: Requirement, market: Prepared) -> Task:
    found = route(need, market, None, NOW).candidates
    return Task(
        name=need.name,
        candidates=found.rename({"available_count": "capacity"}),
        gpus=need.gpus.count,
    )


def chain() -> list[Edge]:
    return [_first(), *(_edge(number, number + 1) for number in range(JOBS - 1))]


def layered() -> list[Edge]:
    """Return the edges 1 - 6 - 6 - 6 - 1: inner jobs read from one or two of the layer before."""
    starts = [sum(LAYERS[:place]) for place in range(len(LAYERS) + 1)]
    layers = [range(low, high) for low, high in pairwise(starts)]
    return [
        _first(),
        *(e for a, b in pairwise(layers) for e in _between(a, b)),
    ]


def _between(before: range, after: range) -> Iterator[Edge]:
    if len(after) == 1:
        yield from (_edge(source, after[0]) for source in before)
        return
    for place, target in enumerate(after):
        yield _edge(before[place % len(before)], target)
        if len(before) > 1:
            yield _edge(before[(place + 1) % len(before)], target)


def _first() -> Edge:
    return Edge(source=INPUT.name, target="t0", gb=_INPUT_GB)


def _edge(source: int, target: int) -> Edge:
    return Edge(source=f"t{source}", target=f"t{target}", gb=Decimal(20 + source))


def planned(
    market: Prepared, edges: list[Edge], tariff: Tariff | None = None, seconds: float = 60.0
) -> Portfolio:
    """Return the plan of all jobs, the search for their offers included."""
    return portfolio(
        tasks_in(market), edges, data=(INPUT,), tariff=tariff or SkyPilotsMoves(), seconds=seconds
    )


def usd_of(placed: list[tuple[str, float]], edges: list[Edge]) -> float:
    """Return what a plan costs in SkyPilot's model: cloud and USD of each job, t0 first."""
    clouds = {f"t{number}": cloud for number, (cloud, _) in enumerate(placed)}
    clouds[INPUT.name] = INPUT.network
    moved = sum(
        SkyPilotsMoves().rates((clouds[edge.source], None), edge.gb)[1]
        for edge in edges
        if clouds[edge.source] != clouds[edge.target]
    )
    return moved + sum(usd for _, usd in placed)

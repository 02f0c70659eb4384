"""Small plans, and their cheapest cost found by trying everything: what the planner is held to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, permutations, product
from math import inf, lcm

import polars as pl

from engine.portfolio_types import DataPlace, Edge, Limits, Portfolio, Tariff, Task, Zone

OFFER_SCHEMA = {
    "offer_id": pl.String, "network": pl.String, "provider_id": pl.String, "region": pl.String,
    "country_code": pl.String, "landed_usd": pl.Float64, "capacity": pl.Int64, "gpus": pl.Int64,
    "pool": pl.String, "uses": pl.Int64, "hosting_provider": pl.String, "city": pl.String,
}  # fmt: skip
SMALL = 1e-6


def offer(offer_id: str = "o", usd: float = 1.0, **values: object) -> dict[str, object]:
    """Return one offer of provider ``p`` in region ``r`` of network ``n``, or as told."""
    place = {"network": "n", "provider_id": "p", "region": "r", "country_code": "DE"}
    rest = {"capacity": None, "gpus": None, "pool": None, "uses": None}
    names = {"hosting_provider": None, "city": None}
    return {"offer_id": offer_id, "landed_usd": usd, **place, **rest, **names, **values}


def frame(*offers: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(offers), schema=OFFER_SCHEMA)


class MadeUpMoves:
    """Per network USD per GB to its other regions and to other networks."""

    def __init__(self, rates: Mapping[str, tuple[float, float]], *, is_regional: bool) -> None:
        self._rates = rates
        self.is_regional = is_regional

    def rates(self, source: Zone, gb: Decimal) -> tuple[float, float]:
        inside, outside = self._rates.get(source[0], (0.0, 0.0))
        return (inside if self.is_regional else 0.0) * float(gb), outside * float(gb)

    def is_known(self, source: Zone) -> bool:
        return source[0] in self._rates


@dataclass(frozen=True)
class Choice:
    """Machines per row for a job, and for each of its standbys."""

    machines: tuple[int, ...]
    standbys: tuple[tuple[int, ...], ...]


def cheapest(
    tasks: list[Task], edges: list[Edge], data: list[DataPlace], limits: Limits, tariff: Tariff
) -> float:
    """Return the least of what the planner minimises over all plans; inf: there is none."""
    rows = [task.candidates.to_dicts() for task in tasks]
    choices = [list(_choices(task, of)) for task, of in zip(tasks, rows, strict=True)]
    costs = (
        _cost(tasks, rows, plan, edges, data, limits, tariff)
        for plan in product(*choices)
        if _has_room(rows, plan)
    )
    return min(costs, default=inf)


def _choices(task: Task, rows: list[dict]) -> Iterator[Choice]:
    whole = list(_wholes(task, rows))
    for machines in whole:
        if task.one_place and len({_place(row) for row in _used(rows, machines)}) > 1:
            continue
        for standbys in combinations(whole, task.standbys.count):
            if _are_apart(task, rows, (machines, *standbys)):
                yield Choice(machines, standbys)
    if task.worth_usd is not None:
        yield Choice((0,) * len(rows), ())


def _wholes(task: Task, rows: list[dict]) -> Iterator[tuple[int, ...]]:
    """All ways to carry the whole job."""
    gpus = [row["gpus"] or task.gpus for row in rows]
    units = task.nodes * task.gpus if task.combine else task.nodes
    weights = gpus if task.combine else [1] * len(rows)
    tops = [
        units // weight if task.combine or own == task.gpus else 0
        for weight, own in zip(weights, gpus, strict=True)
    ]
    for counts in product(*(range(top + 1) for top in tops)):
        if sum(n * w for n, w in zip(counts, weights, strict=True)) == units:
            yield counts


def _are_apart(task: Task, rows: list[dict], carriers: tuple[tuple[int, ...], ...]) -> bool:
    """A standby sits at one site; none shares with the job or another one what it must not."""
    if len(carriers) == 1:
        return True
    sites = [{_site(task, row) for row in _used(rows, counts)} for counts in carriers]
    if any(len(site) != 1 for site in sites[1:]) or any(None in s for of in sites for s in of):
        return False
    return all(
        one[at] != other[at]
        for ones, others in combinations(sites, 2)
        for one, other in product(ones, others)
        for at in range(len(one))
    )


def _site(task: Task, row: dict) -> tuple:
    keys = [(row["network"], row["provider_id"])]
    keys += [row["network"]] if task.standbys.other_network else []
    keys += [row["hosting_provider"]] if task.standbys.other_hosting else []
    city = None if row["city"] is None else (row["country_code"], row["city"])
    keys += [city] if task.standbys.other_datacenter else []
    return tuple(keys)


def _place(row: dict) -> tuple:
    return row["network"], row["provider_id"], row["region"]


def _used(rows: list[dict], counts: tuple[int, ...]) -> list[dict]:
    return [row for row, count in zip(rows, counts, strict=True) if count]


def _has_room(rows: list[list[dict]], plan: tuple[Choice, ...]) -> bool:
    used: dict[str, int] = {}
    free: dict[str, int] = {}
    for of, choice in zip(rows, plan, strict=True):
        for index, row in enumerate(of):
            pool = row["pool"] or row["offer_id"]
            count = choice.machines[index] + sum(standby[index] for standby in choice.standbys)
            used[pool] = used.get(pool, 0) + count * (row["uses"] or 1)
            if row["capacity"] is not None:
                free[pool] = min(free.get(pool, row["capacity"]), row["capacity"])
    return all(used[pool] <= most for pool, most in free.items())


def _cost(tasks, rows, plan, edges, data, limits, tariff) -> float:
    places = {place.name: [(place.network, place.region)] for place in data}
    centres = {task.name: task.cost_centre for task in tasks}
    spent: dict[str | None, float] = {}
    owned: dict[tuple, float] = {}
    left_out = 0.0
    for task, of, choice in zip(tasks, rows, plan, strict=True):
        places[task.name] = _pieces(task, of, choice)
        left_out += 0 if any(choice.machines) else float(task.worth_usd or 0)
        for index, row in enumerate(of):
            waiting = limits.standby_share * sum(standby[index] for standby in choice.standbys)
            usd = row["landed_usd"] * (choice.machines[index] + waiting)
            spent[task.cost_centre] = spent.get(task.cost_centre, 0) + usd
            for owner in (
                ("network", row["network"]),
                ("provider", row["network"], row["provider_id"]),
            ):
                owned[owner] = owned.get(owner, 0) + usd
    shares = {"network": limits.network_share_max, "provider": limits.provider_share_max}
    machines = sum(spent.values())
    if any(
        shares[owner[0]] is not None and usd > shares[owner[0]] * machines + SMALL
        for owner, usd in owned.items()
    ):
        return inf
    for edge in edges:
        if places[edge.source] and places[edge.target]:
            centre = centres.get(edge.source) or centres[edge.target]
            usd = _moved(edge, places[edge.source], places[edge.target], tariff)
            spent[centre] = spent.get(centre, 0) + usd
    if any(spent.get(centre, 0) > float(most) + SMALL for centre, most in limits.budgets.items()):
        return inf
    return sum(spent.values()) + left_out


def _pieces(task: Task, rows: list[dict], choice: Choice) -> list[Zone]:
    """The zone of each equal piece of a placed job."""
    return [
        (row["network"], row["region"])
        for row, count in zip(rows, choice.machines, strict=True)
        for _ in range(count * ((row["gpus"] or task.gpus) if task.combine else 1))
    ]


def _moved(edge: Edge, sources: list[Zone], targets: list[Zone], tariff: Tariff) -> float:
    pieces = lcm(len(sources), len(targets))
    outs = [zone for zone in sources for _ in range(pieces // len(sources))]
    ins = [zone for zone in targets for _ in range(pieces // len(targets))]
    ways = permutations(ins) if len(set(outs)) > 1 and len(set(ins)) > 1 else [tuple(ins)]
    return min(
        sum(_rate(edge, out, to, tariff) for out, to in zip(outs, way, strict=True)) / pieces
        for way in ways
    )


def _rate(edge: Edge, source: Zone, target: Zone, tariff: Tariff) -> float:
    inside, outside = tariff.rates(source, edge.gb)
    if source[0] != target[0]:
        return outside
    return 0.0 if source[1] == target[1] or not tariff.is_regional else inside


def minimised(plan: Portfolio, tasks: list[Task]) -> float:
    """Return what the planner minimised: the total and what left-out jobs are worth."""
    worth = {task.name: float(task.worth_usd or 0) for task in tasks}
    return plan.total_usd + sum(worth[name] for name in plan.left_out)

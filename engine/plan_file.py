"""A plan as a file: many jobs at once, what they pass on and what holds for all of them together.

A plan is a folder of requirement files, one a job, with ``plan.yaml`` beside them.
``docs/plan.md`` explains every field.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

import polars as pl
from pydantic import Field

from engine.plan_words import PLAN
from engine.portfolio_types import NO_STANDBYS, DataPlace, Edge, Limits, Task
from engine.requirement import Fraction, Gigabytes, Name, Requirement, Standbys, Told, Usd
from engine.told_faults import BadFile, Fault, Place, in_order, path_text, shown
from engine.told_models import Reading, read_as
from engine.told_schema import schema_of

PLAN_FILE = "plan.yaml"
OPEN_ENDED_HOURS = Decimal(720)
"""A job without an end is planned for 30 days: costs of one plan have one unit."""

Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
Budget = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 12, max_digits=28, decimal_places=9)]

_ENDS = ("source", "target")


class PlanTask(Told):
    """What a plan says of one job, beside its requirement."""

    combine: bool = False
    worth_usd: Usd | None = None
    standbys: Standbys | None = None


class PlanData(Told):
    """Where data lies that jobs read."""

    network: Name
    region: Name | None = None


class PlanEdge(Told):
    """Data that one job leaves for another one."""

    source: Name
    target: Name
    gb: Gigabytes


class Plan(Told):
    """How the jobs of a folder belong together; an empty plan only plans them together."""

    name: Name = "plan"
    tasks: Annotated[dict[Name, PlanTask], Field(max_length=1000)] = Field(default_factory=dict)
    data: Annotated[dict[Name, PlanData], Field(max_length=1000)] = Field(default_factory=dict)
    edges: Annotated[tuple[PlanEdge, ...], Field(max_length=5000)] = ()
    budgets: Annotated[dict[Name, Budget], Field(max_length=1000)] = Field(default_factory=dict)
    provider_share_max: Fraction | None = None
    network_share_max: Fraction | None = None
    standbys: Standbys = NO_STANDBYS
    standby_share: Fraction = 0.0
    regional_egress: bool = True
    time_limit_seconds: Seconds = 10.0


def read_plan(text: str, name: str, files: Collection[str]) -> Plan:
    """Return the plan that a file states; raises BadFile with everything that is wrong.

    ``files``: the names of the requirement files beside it: tasks and edges name these.
    """
    reading = read_as(Plan, plan_schema(), text, name, {})
    unknown = [
        Fault(reading.told.line(place), path_text(place), message)
        for place, message in _unknown(reading, files)
    ]
    if reading.faults or unknown:
        raise BadFile(name, in_order([*reading.faults, *unknown]))
    return reading.whole()


@cache
def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan, as ``docs/schemas`` holds it."""
    words = "How many jobs belong together: data passed on, budgets, shares of spend, standbys."
    return schema_of(Plan, PLAN, "plan", words)


def tasks_of(
    plan: Plan, requirements: Mapping[str, Requirement], candidates: Mapping[str, pl.DataFrame]
) -> list[Task]:
    """Return the plan's jobs; both mappings are by file name, every requirement has candidates."""
    return [
        _task(plan, file, requirement, candidates[file])
        for file, requirement in sorted(requirements.items())
    ]


def edges_of(plan: Plan) -> list[Edge]:
    return [Edge(source=edge.source, target=edge.target, gb=edge.gb) for edge in plan.edges]


def data_of(plan: Plan) -> list[DataPlace]:
    return [
        DataPlace(name=name, network=place.network, region=place.region)
        for name, place in sorted(plan.data.items())
    ]


def limits_of(plan: Plan) -> Limits:
    return Limits(
        budgets=plan.budgets,
        provider_share_max=plan.provider_share_max,
        network_share_max=plan.network_share_max,
        standby_share=plan.standby_share,
    )


def _task(plan: Plan, file: str, requirement: Requirement, candidates: pl.DataFrame) -> Task:
    said = plan.tasks.get(file, PlanTask())
    return Task(
        name=file,
        candidates=candidates,
        gpus=requirement.gpus.count,
        nodes=requirement.nodes,
        one_place=requirement.one_place,
        combine=said.combine,
        cost_centre=requirement.cost_centre,
        standbys=plan.standbys if said.standbys is None else said.standbys,
        worth_usd=said.worth_usd,
    )


def _unknown(said: Reading[Plan], files: Collection[str]) -> Iterator[tuple[Place, str]]:
    """What the file names that is not there, or that two things are called.

    Of what it says rather than of what is left of it: there the places are those of the file.
    """
    known = f"the requirement files are {', '.join(sorted(files)) or 'none: add one'}"
    tasks, data, edges = (said.told.at((field,)) for field in ("tasks", "data", "edges"))
    places = data if isinstance(data, dict) else {}
    for task in tasks if isinstance(tasks, dict) else ():
        if task not in files:
            yield ("tasks", task), f"there is no file {shown(task)} beside the plan: {known}"
    for name in places:
        if name in files:
            yield ("data", name), f"{shown(name)} is a requirement file: choose another name"
    for index, edge in enumerate(edges if isinstance(edges, list) else ()):
        source, target = (edge.get(end) if isinstance(edge, dict) else None for end in _ENDS)
        if isinstance(source, str) and source not in {*files, *places}:
            where = f"name a requirement file, or put {shown(source)} under data"
            yield ("edges", index, "source"), f"nothing is called {shown(source)}: {where}; {known}"
        if isinstance(target, str) and target not in files:
            yield ("edges", index, "target"), f"there is no job {shown(target)}: {known}"

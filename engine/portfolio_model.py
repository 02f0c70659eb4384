"""A plan as a linear programme: who carries what, where, for how much, and which rules hold.

Every rule that a person set belongs to a named group, so that a plan that cannot be can be told
which of them contradict each other.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from engine.portfolio_options import Job, Jobs, Option
from engine.portfolio_types import Conflict, Limits
from engine.portfolio_words import job_words, one_place_words, standby_words
from engine.solver import INFINITY, Programme

K = TypeVar("K", bound=Hashable)
Term = tuple[int, float]


@dataclass(slots=True)
class Columns:
    """The columns of one job: machines per option, whether it is placed, standbys per option."""

    machines: list[int]
    placed: int
    standbys: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Payment:
    """What one unit of a column costs, for whom; ``option`` None: moved data."""

    column: int
    usd: float
    cost_centre: str | None
    option: Option | None


@dataclass(slots=True)
class Model:
    """The programme, its groups in words, and where to read the answer."""

    jobs: Jobs
    limits: Limits
    programme: Programme = field(default_factory=Programme)
    groups: list[Conflict] = field(default_factory=list)
    columns: list[Columns] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)

    about: list[frozenset[str]] = field(default_factory=list)
    """Per group the jobs that it is about; none: all of them."""

    def group(self, conflict: Conflict, *jobs: str) -> int:
        self.groups.append(conflict)
        self.about.append(frozenset(jobs))
        return len(self.groups) - 1

    def fractions(self, index: int, where: Callable[[Option], K]) -> dict[K, list[Term]]:
        """Return which fraction of a job is where, as terms."""
        job, found = self.jobs.jobs[index], defaultdict[K, list[Term]](list)
        for column, option in zip(self.columns[index].machines, job.options, strict=True):
            found[where(option)].append((column, job.weight(option) / job.units))
        return found


def add_job(model: Model, job: Job) -> None:
    """All machines or none: the machines are as many as asked for, or zero."""
    programme = model.programme
    worth = 0.0 if job.task.worth_usd is None else float(job.task.worth_usd)
    machines = [
        programme.column(option.usd, job.units // job.weight(option)) for option in job.options
    ]
    placed = programme.column(-worth)
    programme.constant += worth
    terms = zip(machines, map(job.weight, job.options), strict=True)
    programme.row({**dict(terms), placed: -job.units}, 0, 0)
    if job.task.worth_usd is None:
        group = None if job.is_data else model.group(job_words(job), job.task.name)
        programme.row({placed: 1}, 1, INFINITY, group)
    columns = Columns(machines, placed)
    model.columns.append(columns)
    _pay(model, job, machines, 1.0)
    if job.task.standbys.count:
        share = model.limits.standby_share
        columns.standbys = [
            programme.column(share * option.usd, job.units // job.weight(option))
            for option in job.options
        ]
        _pay(model, job, columns.standbys, share)


def _pay(model: Model, job: Job, columns: list[int], share: float) -> None:
    model.payments += [
        Payment(column, share * option.usd, job.task.cost_centre, option)
        for column, option in zip(columns, job.options, strict=True)
        if share * option.usd
    ]


def add_one_place(model: Model, index: int, job: Job) -> None:
    group = model.group(one_place_words(job), job.task.name)
    columns = model.columns[index]
    places: dict[Hashable, dict[int, float]] = defaultdict(dict)
    for column, option in zip(columns.machines, job.options, strict=True):
        places[option.place][column] = job.weight(option)
    here = [model.programme.column() for _ in places]
    for column, terms in zip(here, places.values(), strict=True):
        model.programme.row({**terms, column: -job.units}, high=0, group=group)
    model.programme.row(dict.fromkeys(here, 1), high=1, group=group)


def add_standbys(model: Model, index: int, job: Job) -> None:
    """A standby is a site that can carry the whole job and shares with it what it must not."""
    programme, columns, asked = model.programme, model.columns[index], job.task.standbys
    group = model.group(standby_words(job), job.task.name)
    machines: dict[tuple[Hashable, ...], dict[int, float]] = defaultdict(dict)
    for column, option in zip(columns.standbys, job.options, strict=True):
        if None not in (keys := kept_apart(job, option)):
            machines[keys][column] = job.weight(option)
        else:  # what is not known cannot be shown to differ
            programme.row({column: 1}, 0, 0)
    sites = {site: programme.column() for site in machines}
    for site, column in sites.items():
        programme.row({**machines[site], column: -job.units}, 0, 0)
    programme.row({**dict.fromkeys(sites.values(), 1.0), columns.placed: -asked.count}, 0, 0, group)
    _keep_apart(model, index, job, sites, group)


def kept_apart(job: Job, option: Option) -> tuple[Hashable, ...]:
    """Return what a job and its standbys must not share; None where it is not known."""
    asked = job.task.standbys
    return (
        option.provider,
        *((option.network,) if asked.other_network else ()),
        *((option.hosting,) if asked.other_hosting else ()),
        *((option.datacenter,) if asked.other_datacenter else ()),
    )


def _keep_apart(
    model: Model, index: int, job: Job, sites: dict[tuple[Hashable, ...], int], group: int
) -> None:
    """Of all that share a provider (network, …) at most one: the job itself or a standby."""
    shared: dict[tuple[int, Hashable], dict[int, float]] = defaultdict(dict)
    for keys, column in sites.items():
        for key in enumerate(keys):
            shared[key][column] = job.units
    for column, option in zip(model.columns[index].machines, job.options, strict=True):
        keys = kept_apart(job, option)
        if None in keys:
            model.programme.row({column: 1}, 0, 0, group)
        for key in enumerate(keys):
            shared[key][column] = job.weight(option)
    for terms in shared.values():
        model.programme.row(terms, high=job.units, group=group)

"""What a plan of many jobs is made from, and what it says: values only.

A job of a plan (``Task``) comes with the offers that may carry it; one row is one machine.
``docs/plan.md`` explains what the plan looks for and what each rule means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

import polars as pl

from engine.requirement import Standbys

NO_STANDBYS = Standbys(count=0)

Zone = tuple[str, str | None]
"""Where data lies, as far as moving it costs: a network and, where that matters, its region."""

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
"""``optimal``: proven. ``feasible``: the time limit came first, the gap is stated. ``infeasible``:
proven, with the conflict. ``unknown``: the time limit came before any plan was found."""

ConflictCode = Literal[
    "job", "no_offer", "one_place", "standbys", "capacity", "provider_share", "network_share",
    "budget",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job of a plan: ``nodes`` machines with ``gpus`` GPUs each, all of them or none.

    ``candidates``: one row per machine that may carry a node: offer_id, network, provider_id
    (null: the network sells itself), region, country_code, landed_usd (one machine for the whole
    job), capacity (null: not known to end). Optional: gpus (of one machine; otherwise the task's),
    pool and uses (what the capacity is shared as, and how much of it one machine takes; otherwise
    the offer and 1), hosting_provider, city (for standbys).

    ``one_place``: all nodes at one provider in one region. ``combine``: machines with fewer GPUs
    may together be the nodes x gpus GPUs, exactly. ``worth_usd``: the job may be left out, whole,
    where placing it would cost more than that; None: it must be placed.
    """

    name: str
    candidates: pl.DataFrame
    gpus: int = 1
    nodes: int = 1
    one_place: bool = False
    combine: bool = False
    cost_centre: str | None = None
    standbys: Standbys = NO_STANDBYS
    worth_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlace:
    """Where data lies that jobs read: the start of an edge, placed already."""

    name: str
    network: str
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """``target`` reads what ``source`` (a job or a data place) wrote: ``gb`` x 10^9 bytes."""

    source: str
    target: str
    gb: Decimal


class Tariff(Protocol):
    """What moving data costs. ``engine.tariffs`` has those of published price lists."""

    is_regional: bool
    """Whether regions of one network are different places."""

    def rates(self, source: Zone, gb: Decimal) -> tuple[float, float]:
        """Return USD for ``gb`` out of ``source``: to a region of its network, to elsewhere."""
        ...

    def is_known(self, source: Zone) -> bool:
        """Return whether that price is known; an unknown one counts as zero and is said."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for the plan as a whole. Shares are fractions of what all machines cost.

    ``budgets``: USD per cost centre, moving data included. ``standby_share``: the fraction of a
    standby machine's cost that is paid for holding it (0: it costs nothing until used).
    """

    budgets: Mapping[str, Decimal] = field(default_factory=dict)
    provider_share_max: float | None = None
    network_share_max: float | None = None
    standby_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """``machines`` of one offer for one job; ``usd``: for all of them, the whole job."""

    task: str
    offer_id: str
    network: str
    provider_id: str | None
    region: str | None
    country_code: str | None
    machines: int
    gpus: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What moving an edge's data costs in this plan. ``is_known``: whether every price is."""

    source: str
    target: str
    gb: Decimal
    usd: float
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One of the conditions that cannot hold together: about what, and in words."""

    code: ConflictCode
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Where every job goes, and how sure that is.

    ``total_usd``: machines, moved data and what standbys are paid for, in USD; ``bound_usd``: no
    plan costs less; ``gap``: what lies between, as a fraction of the total. What jobs left out are
    worth counts in what is minimised and so in ``gap``, not in ``total_usd``. ``method``: how it
    was found. ``conflicts``: a set of conditions that contradict each other; with any one of them
    lifted the others can be met (``is_smallest``; False: the time limit came first).
    """

    status: Status
    method: Literal["dynamic programming", "mixed-integer programming"]
    total_usd: float = 0.0
    bound_usd: float = 0.0
    gap: float = 0.0
    placements: tuple[Placement, ...] = ()
    standbys: tuple[Placement, ...] = ()
    moves: tuple[Move, ...] = ()
    left_out: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    is_smallest: bool = True

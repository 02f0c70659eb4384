"""What passes between an order and the network that serves it, in no network's own words.

A purchaser looks (reads only) and says what there is and which one write comes next; whoever runs
the order commits that as an intent, has it made, and commits what came of it. So a write whose
answer was lost is looked for, and never repeated blindly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

from engine.requirement import Requirement

StepName = Literal["create", "lease", "deposit", "close"]
STEPS: tuple[StepName, ...] = get_args(StepName)
LeaseWord = Literal["active", "insufficient_funds", "reclaiming", "closed"]
CloseReason = Literal[
    "owner", "insufficient_funds", "unstable", "decommission", "manifest_timeout", "unspecified",
]  # fmt: skip
"""Why a lease ended: ``owner`` and ``insufficient_funds`` are ours, ``unstable`` and
``decommission`` the provider's, ``manifest_timeout`` either's, ``unspecified`` nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bidder:
    """A provider that may serve the order: it passed the same gates as the chosen quote."""

    provider_id: str
    offer_id: str
    usd_per_hour: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order as its network is told of it.

    ``order_id`` is the tag on the network's side. ``gpu_name`` is the model in the network's words;
    the shape is of one machine, sizes in GiB. ``usd_per_hour_max`` is the approved ceiling for all
    of it; ``first_deposit_usd`` what lies at the network at first. ``own_sdl``: the buyer's own
    deployment file, as it was approved.
    """

    order_id: str
    requirement: Requirement
    gpu_name: str
    gpu_count: int
    vcpu: Decimal
    memory_gib: Decimal
    storage_gib: Decimal
    usd_per_hour_max: Decimal
    first_deposit_usd: Decimal
    bidders: tuple[Bidder, ...]
    bids_until: datetime
    own_sdl: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The one write that comes next.

    ``handle``: the network's name of the order (a deployment's number), None before a create.
    ``details`` is what the write needs and the trail keeps: text only, never a secret. ``is_safe``:
    the network answers a repetition with the first result.
    """

    name: StepName
    handle: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    is_safe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A running agreement. ``price`` and ``unit`` are the network's own ("5264.5", "uact/block").

    ``usd_per_hour``: what that is worth at the network's own pace (``docs/jobs.md``). ``since``:
    when it began by the network's clock, as it says it (a block's number).
    """

    handle: str
    provider_id: str
    price: Decimal
    unit: str
    usd_per_hour: Decimal
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Make this write now."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to write yet; ``why`` is for people. ``handle`` when the network knows the order."""

    why: str
    handle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The order runs."""

    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Nobody serves it on these terms: every reason in words. What was created is to be closed."""

    reasons: tuple[str, ...]
    handle: str | None = None


Look = Next | Wait | Leased | Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something of ours on the network's side. ``tag`` is the order's id, None where it has none.

    ``units_deposited`` and ``units_spent``: whole smallest units, cumulated since the beginning.
    """

    handle: str
    tag: str | None
    is_open: bool
    lease: Lease | None
    units_deposited: int
    units_spent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of a running job: replicas that answer, of those that should."""

    name: str
    ready: int
    total: int
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the network says of a running order at one moment.

    ``word`` None: it could not be told, which is not a death. ``services`` None: the provider did
    not answer. Money in whole smallest units of the network: ``units_spent`` cumulated, from the
    deposits' beginning; ``units_left`` in escrow (negative: overdrawn). ``at``: its own clock.
    """

    handle: str
    word: LeaseWord | None
    reason: CloseReason | None = None
    lease: Lease | None = None
    services: tuple[Service, ...] | None = None
    units_deposited: int = 0
    units_spent: int = 0
    units_left: int = 0
    reclaimed_by: datetime | None = None
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line that the job wrote, or an event of its provider: hostile text, shown inert."""

    source: str
    text: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What the network says it charged the account on one day (UTC), in USD to the cent."""

    day: str
    usd: Decimal

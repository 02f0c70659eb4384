"""Orders: what was bought on which terms, in which state it is, and who sees to it until when.

An order's facts are its placement and its events; what it is now is folded from them
(``engine.order_events``). ``docs/jobs.md`` draws the states.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict

from engine.buying import Bidder, Lease, Step, Wanted
from engine.requirement import Requirement

State = Literal[
    "waiting", "placed", "buying", "active", "closing", "closed", "declined", "cancelled",
    "expired",
]  # fmt: skip
STATES: tuple[State, ...] = get_args(State)
OPEN: frozenset[State] = frozenset({"waiting", "placed", "buying", "active", "closing"})
"""An order in one of these may still cost money, or will: somebody owns it, until a moment."""

Kind = Literal[
    "placed", "approved", "rejected", "expired", "cancelled", "intent", "made", "unmade", "lost",
    "leased", "declined", "stop_asked", "reclaiming", "ended", "enlarged", "warned", "closed",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

BID_WAIT = timedelta(seconds=90)
"""How long providers have to offer; https://akash.network/docs says to give up after 60 to 90 s."""
CLOSE_WITHIN = timedelta(minutes=15)
BUY_WITHIN = timedelta(minutes=15)
"""An order that is not leased by then is looked at by a person."""


class OrderRefused(ValueError):
    """The order does not allow this now: the sentence says why and what to do."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptBidder(_Kept):
    """See ``engine.buying.Bidder``."""

    provider_id: str
    offer_id: str
    usd_per_hour: Decimal


class Placed(_Kept):
    """What was ordered, and on which terms it was agreed to. Amounts in USD, sizes in GiB.

    ``decision``: the digest of the kept decision that quoted it. ``usd_per_hour_max``: dearer than
    this is never bought. ``hold_cents``: what is set aside, the most that it may cost;
    ``first_deposit_cents`` of it lies at the network at first. ``runs_hours`` None: open-ended.
    ``policy_editor``: who imported the version of the policy that it was decided under.
    ``approval_above_usd``: dearer orders need a second person; ``approval_expires_at`` is set where
    this one does, and an approval counts until then.
    An open-ended order ends when its hold is used up.
    """

    order_id: str
    network: str
    decision: str
    offer_id: str
    gpu_name: str
    gpu_model: str | None
    gpu_count: int
    vcpu: Decimal
    memory_gib: Decimal
    storage_gib: Decimal
    country_code: str | None
    requirement: Requirement
    bidders: tuple[KeptBidder, ...]
    usd_per_hour: Decimal
    usd_per_hour_max: Decimal
    hold_cents: int
    first_deposit_cents: int
    runs_hours: Decimal | None
    requester: str
    cost_centre: str
    po_number: str | None
    policy: str | None
    policy_editor: str | None
    approval_above_usd: Decimal | None
    approval_expires_at: AwareDatetime | None
    placed_at: AwareDatetime
    quote_expires_at: AwareDatetime
    own_sdl: str | None = None
    is_simulated: bool = False

    @property
    def hold_id(self) -> str:
        """The hold in the ledger has the order's name."""
        return self.order_id

    @property
    def title(self) -> str:
        return self.requirement.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to an order. ``detail``: text and lists of text, as JSON keeps it."""

    order_id: str
    ordinal: int
    kind: Kind
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that was about to be made. ``is_lost``: its answer never came."""

    step: Step
    at: datetime
    is_lost: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its events left it.

    ``since``: when it came into its state. ``handle``: the network's name of it. ``intent``: the
    write that is being made. ``stopped_by``: who asked for its end. ``created_at``: when the
    network had been told. ``reasons``: why it was declined, rejected, cancelled or ended.
    """

    placed: Placed
    state: State
    ordinal: int
    since: datetime
    hold_cents: int
    handle: str | None = None
    lease: Lease | None = None
    intent: Intent | None = None
    created_at: datetime | None = None
    leased_at: datetime | None = None
    approved_by: str | None = None
    stopped_by: str | None = None
    reclaimed_by: datetime | None = None
    runs_hours: Decimal | None = None
    reasons: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()

    @property
    def order_id(self) -> str:
        return self.placed.order_id

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def runs_until(self) -> datetime | None:
        """When its time is over; None while it does not run, and when it is open-ended."""
        if self.leased_at is None or self.runs_hours is None:
            return None
        return self.leased_at + timedelta(seconds=float(self.runs_hours * 3600))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """By when something must happen to an order, and who sees to it."""

    at: datetime | None
    owner: str
    what: str


def deadline(order: Order) -> Deadline:
    """Return who owns the order until when. ``at`` None: an open-ended job, while it is paid."""
    placed = order.placed
    if order.state == "waiting":
        return Deadline(at=placed.approval_expires_at, owner="an approver", what="approve it")
    if order.state == "placed":
        return Deadline(at=placed.quote_expires_at, owner="the worker", what="buy it")
    if order.state == "buying":
        began = order.created_at or order.since
        return Deadline(at=began + BUY_WITHIN, owner="the worker", what="find a provider")
    if order.state == "active":
        return Deadline(at=order.runs_until, owner="the worker", what="end it in time")
    if order.state == "closing":
        return Deadline(at=order.since + CLOSE_WITHIN, owner="the worker", what="close it")
    return Deadline(at=None, owner="nobody", what="nothing")


def is_overdue(order: Order, now: datetime) -> bool:
    """Whether what must have happened has not."""
    by = deadline(order).at
    return order.is_open and by is not None and by < now


def wanted_of(order: Order, now: datetime) -> Wanted:
    """Return the order as its network is told of it."""
    return wanted_by(order.placed, (order.created_at or now) + BID_WAIT)


def wanted_by(placed: Placed, bids_until: datetime) -> Wanted:
    """Return what was placed, or would be, as its network is told of it."""
    return Wanted(
        order_id=placed.order_id,
        requirement=placed.requirement,
        gpu_name=placed.gpu_name,
        gpu_count=placed.gpu_count,
        vcpu=placed.vcpu,
        memory_gib=placed.memory_gib,
        storage_gib=placed.storage_gib,
        usd_per_hour_max=placed.usd_per_hour_max,
        first_deposit_usd=Decimal(placed.first_deposit_cents).scaleb(-2),
        bidders=tuple(
            Bidder(provider_id=b.provider_id, offer_id=b.offer_id, usd_per_hour=b.usd_per_hour)
            for b in placed.bidders
        ),
        bids_until=bids_until,
        own_sdl=placed.own_sdl,
    )


def cents_of(units: int, units_per_usd: int) -> int:
    """Return what so many of a network's smallest units come to in cents, rounded half up once.

    It is taken of the cumulated amount: what is posted is the difference to what was posted before.
    """
    return (units * 200 + units_per_usd) // (units_per_usd * 2)

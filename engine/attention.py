"""Orders that need a person now, and what they cost together: pure questions to what lists show.

What an order's network said last is ``engine.watching``'s to tell; here it is only read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol

from engine.billing import HOURS_A_MONTH
from engine.orders import OPEN, State
from engine.watching import RUNWAY_LOW

Why = Literal["approve", "lost", "reclaimed", "overdue", "runway", "silent", "unread"]
URGENCY: tuple[Why, ...] = (
    "reclaimed", "lost", "overdue", "runway", "silent", "unread", "approve",
)  # fmt: skip
"""The most urgent first."""

UNREAD_AFTER = timedelta(minutes=10)
"""A running order that was not read for so long is not being watched."""


class Headed(Protocol):
    """What is asked of an order here: see ``data.orders.Seen``."""

    @property
    def order_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def since(self) -> datetime: ...
    @property
    def deadline(self) -> datetime | None: ...
    @property
    def usd_per_hour(self) -> str | None: ...
    @property
    def observed_at(self) -> datetime | None: ...
    @property
    def observed(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What of an order needs a person, in a sentence; ``by``: until when, None: no moment is set.

    ``is_lost``: a write's answer never came.
    """

    order_id: str
    title: str
    why: Why
    sentence: str
    by: datetime | None = None


def needs(
    orders: Iterable[Headed], now: datetime, lost: Mapping[str, str] | None = None
) -> list[Need]:
    """Return what needs a person, the most urgent first; an order may need one for several things.

    ``lost``: the orders with a write whose answer never came, and which write.
    """
    found = [
        need
        for order in orders
        if order.state in OPEN
        for need in _of(order, now, (lost or {}).get(order.order_id))
    ]
    return sorted(found, key=lambda need: (URGENCY.index(need.why), need.order_id))


def burn(orders: Iterable[Headed]) -> Decimal:
    """Return what the running orders cost an hour together, in USD."""
    return sum(
        (Decimal(order.usd_per_hour) for order in running(orders) if order.usd_per_hour),
        Decimal(0),
    )


def a_month(usd_per_hour: Decimal) -> Decimal:
    """Return what an hourly cost comes to in a month at this rate."""
    return usd_per_hour * HOURS_A_MONTH


def running(orders: Iterable[Headed]) -> list[Headed]:
    """Return the orders that cost money now: leased, and not yet closed at the network."""
    return [order for order in orders if order.state in {"active", "closing"}]


def runway_hours(observed: Mapping[str, Any] | None) -> Decimal | None:
    """Return how long what lies at the network lasts; None where nobody said."""
    told = (observed or {}).get("runway_hours")
    return None if told is None else Decimal(str(told))


def health(observed: Mapping[str, Any] | None) -> str:
    """Return the health that was told last: ``unknown`` where nobody said."""
    return str((observed or {}).get("health") or "unknown")


def _of(order: Headed, now: datetime, lost: str | None) -> Iterator[Need]:
    def need(why: Why, sentence: str, by: datetime | None = None) -> Need:
        return Need(order_id=order.order_id, title=order.title, why=why, sentence=sentence, by=by)

    if order.state == "waiting":
        yield need("approve", "waits for a second person's approval", order.deadline)
    if lost is not None:
        yield need(
            "lost",
            f"the network's answer to {lost} never came: the worker looks for what became of it",
        )
    if order.deadline is not None and order.deadline < now:
        yield need("overdue", f"is overdue: still {order.state}", order.deadline)
    if order.state == "active":
        yield from (need(*told) for told in _running(order, now))


def _running(order: Headed, now: datetime) -> Iterator[tuple[Why, str, datetime | None]]:
    observed = order.observed or {}
    if until := observed.get("reclaimed_by"):
        by = datetime.fromisoformat(str(until))
        yield "reclaimed", "its provider takes the machine back: save what is on it", by
    hours = runway_hours(observed)
    if hours is not None and hours < RUNWAY_LOW and not _ends_first(order, now, hours):
        yield "runway", f"what lies at the network lasts {hours:.1f} h", None
    if health(observed) == "silent":
        yield "silent", "its provider does not answer", None
    seen = order.observed_at or order.since
    if now - seen > UNREAD_AFTER:
        yield "unread", "was not read lately: the worker may not be running", None


def _ends_first(order: Headed, now: datetime, hours: Decimal) -> bool:
    """Whether the job is over before its money is: then nothing needs anybody."""
    return order.deadline is not None and order.deadline - now <= timedelta(hours=float(hours))


def states_of(shown: Literal["open", "ended"]) -> Sequence[State]:
    """Return the states behind a filter."""
    ended: tuple[State, ...] = ("closed", "declined", "cancelled", "expired")
    return sorted(OPEN) if shown == "open" else ended

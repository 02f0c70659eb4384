"""Orders in a book: read, and written down event by event within a command.

An order is its placement and its events (facts); ``order_heads`` repeats what it is now, to be
found and claimed by, and is rewritten in the same unit of work as the facts it is made of.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Case,
    Connection,
    Row,
    and_,
    case,
    insert,
    or_,
    select,
    update,
)

from data.faults import RecordsDamaged, RecordsFault
from data.order_search import says
from data.tables import order_events, order_heads, orders
from data.unit import Transaction
from engine.canonical import Json, canonical, plain
from engine.order_events import after, folded
from engine.orders import OPEN, Event, Kind, Order, OrderRefused, Placed, State, deadline
from engine.plain_models import exact_parts

WOKEN = datetime(2000, 1, 1, tzinfo=UTC)
"""When an order is due that a person has just acted on: before all others, whoever holds it."""


class NoOrder(RecordsFault):
    """There is no such order in this book: the message says how to find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event and its place in the trail."""

    event: Event
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An order as lists show it: what it is now, what it has cost, what its network said last.

    ``units``, ``deposited``: in the network's smallest units; ``cents``: posted so far.
    ``observed``: see ``engine.watching``; None before the network said anything. ``writing``: the
    write to the network that is under way or whose answer was lost.
    """

    order_id: str
    network: str
    cost_centre: str
    title: str
    state: State
    since: datetime
    placed_at: datetime
    due_at: datetime
    ordinal: int
    hold_cents: int
    deposited: int
    units: int
    cents: int
    usages: int
    handle: str | None
    provider_id: str | None
    usd_per_hour: str | None
    deadline: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    observed_at: datetime | None
    observed: Mapping[str, Any] | None
    writing: str | None


def order(view: Connection, order_id: str) -> Order:
    """Return an order as its events left it; raises NoOrder, RecordsDamaged."""
    what, kept = placed(view, order_id), events(view, order_id)
    try:
        return folded(what, (one.event for one in kept))
    except (OrderRefused, ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise RecordsDamaged(
            f"the events of order {order_id} do not follow ({error!s:.200}): run necto audit verify"
        ) from error


def placed(view: Connection, order_id: str) -> Placed:
    """Return what was ordered; raises NoOrder, RecordsDamaged."""
    found = view.execute(select(orders.c.body).where(orders.c.order_id == order_id)).scalar()
    if found is None:
        raise NoOrder(f"there is no order {order_id[:80]!r} in this book: see necto order list")
    return _placed(order_id, found)


def events(view: Connection, order_id: str) -> list[KeptEvent]:
    """Return what happened to an order, oldest first."""
    asked = select(order_events).where(order_events.c.order_id == order_id)
    rows = view.execute(asked.order_by(order_events.c.ordinal))
    return [KeptEvent(event=_event(row), entry_index=row.entry_index) for row in rows]


def seen(view: Connection, order_id: str) -> Seen | None:
    """Return what lists show of one order."""
    row = view.execute(select(order_heads).where(order_heads.c.order_id == order_id)).first()
    return _seen(row) if row else None


def seen_many(view: Connection, order_ids: Sequence[str]) -> list[Seen]:
    """Return what lists show of these orders, by id."""
    found: list[Seen] = []
    for first in range(0, len(order_ids), 500):
        part = order_ids[first : first + 500]
        rows = view.execute(select(order_heads).where(order_heads.c.order_id.in_(part)))
        found.extend(map(_seen, rows))
    return sorted(found, key=lambda one: one.order_id)


def listed(
    view: Connection,
    states: Sequence[State] = (),
    most: int = 50,
    before: datetime | None = None,
    network: str | None = None,
    skipped: int = 0,
    words: str = "",
    before_id: str | None = None,
) -> list[Seen]:
    """Return orders, the newest first.

    To page on: ``before``: placed before this moment, or then with an id after ``before_id``.
    ``words``: found in the title or the cost centre, or at the beginning of the id.
    """
    heads = order_heads.c
    asked = select(order_heads)
    if states:
        asked = asked.where(heads.state.in_(states))
    if before is not None:
        moment = str(plain(before))
        earlier = heads.placed_at < moment
        if before_id is not None:
            same = and_(heads.placed_at == moment, heads.order_id > before_id)
            earlier = and_(heads.placed_at <= moment, or_(earlier, same))
        asked = asked.where(earlier)
    if network is not None:
        asked = asked.where(heads.network == network)
    if words:
        asked = asked.where(says(words))
    newest = asked.order_by(heads.placed_at.desc(), heads.order_id)
    rows = view.execute(newest.limit(most).offset(skipped))
    return [_seen(row) for row in rows]


def unsettled(view: Connection) -> Iterator[Order]:
    """Yield every open order, whole."""
    asked = select(order_heads.c.order_id).where(order_heads.c.state.in_(sorted(OPEN)))
    for name in view.execute(asked.order_by(order_heads.c.order_id)).scalars().all():
        yield order(view, name)


def add_placed(unit: Transaction, what: Placed) -> Order:
    """Write down a new order, within a command."""
    body = canonical(plain(exact_parts(what))).decode()
    unit.add(
        "orders", order_id=what.order_id, network=what.network, cost_centre=what.cost_centre,
        month=f"{what.placed_at:%Y-%m}", requester=what.requester,
        placed_at=plain(what.placed_at), body=body,
    )  # fmt: skip
    first = _written(unit, what.order_id, 1, "placed", {})
    made = after(what, None, first)
    head = head_of(made) | dict.fromkeys(("deposited", "units", "cents", "usages"), 0)
    unit.connection.execute(insert(order_heads).values(**head, due_at=plain(unit.now)))
    return made


def happened(
    unit: Transaction, known: Order, kind: Kind, detail: Mapping[str, Json] | None = None,
    due_at: datetime | None = None,
) -> Order:  # fmt: skip
    """Write down what happened to an order, within a command, and return what it is then.

    ``known`` is the order as its caller read it: raises OrderRefused where the event does not
    follow, Outdated where somebody else was faster. ``due_at``: when the worker looks at it again,
    at once unless it is said.
    """
    told = dict(detail or {})
    event = Event(
        order_id=known.order_id, ordinal=known.ordinal + 1, kind=kind, at=unit.now, detail=told
    )
    _refuse_older(unit.connection, known)
    then = after(known.placed, known, event)
    _written(unit, known.order_id, event.ordinal, kind, told)
    changed = order_heads.c.order_id == known.order_id
    unit.connection.execute(
        update(order_heads).where(changed).values(**_now(then), due_at=plain(due_at or unit.now))
    )
    return then


def unless_woken(at: "BindParameter[str]") -> "Case[str]":
    """Return what sets the time when an order is due, unless a person has acted on it."""
    woken = str(plain(WOKEN))
    return case((order_heads.c.due_at == woken, woken), else_=at)


def _refuse_older(view: Connection, known: Order) -> None:
    """Read the newest ordinal: two who act on one order at once must not both succeed."""
    asked = select(order_heads.c.ordinal).where(order_heads.c.order_id == known.order_id)
    newest = view.execute(asked).scalar()
    if newest != known.ordinal:
        raise Outdated(
            f"order {known.order_id} has changed meanwhile (event {newest}): look at it again"
        )


class Outdated(RecordsFault):
    """Somebody else wrote to the order meanwhile: read it again, then decide again."""


def _written(
    unit: Transaction, order_id: str, ordinal: int, kind: Kind, detail: Mapping[str, Json]
) -> Event:
    unit.add(
        "order_events", order_id=order_id, ordinal=ordinal, kind=kind, at=unit.at,
        detail=canonical(plain(detail)).decode(),
    )  # fmt: skip
    return Event(order_id=order_id, ordinal=ordinal, kind=kind, at=unit.now, detail=detail)


def head_of(now: Order) -> dict[str, Any]:
    """Return all that the head says of an order by its placement and events."""
    what = now.placed
    return _now(now) | {
        "order_id": what.order_id, "network": what.network, "cost_centre": what.cost_centre,
        "title": what.title, "placed_at": plain(what.placed_at),
    }  # fmt: skip


def _now(now: Order) -> dict[str, Any]:
    """Return what the head says of an order by its events."""
    by = deadline(now).at
    return {
        "state": now.state,
        "since": plain(now.since),
        "ordinal": now.ordinal,
        "hold_cents": now.hold_cents,
        "handle": now.handle,
        "writing": now.intent.step.name if now.intent else None,
        "provider_id": now.lease.provider_id if now.lease else None,
        "usd_per_hour": plain(now.lease.usd_per_hour) if now.lease else None,
        "deadline": None if by is None else plain(by),
    }


def _event(row: Row[Any]) -> Event:
    try:
        return Event(
            order_id=row.order_id, ordinal=row.ordinal, kind=row.kind,
            at=datetime.fromisoformat(row.at), detail=dict(json.loads(row.detail)),
        )  # fmt: skip
    except (ValueError, TypeError, RecursionError) as error:
        raise RecordsDamaged(
            f"event {row.ordinal} of order {row.order_id} cannot be read: run necto audit verify"
        ) from error


def _placed(order_id: str, body: str) -> Placed:
    try:
        return Placed.model_validate_json(body)
    except ValueError as error:
        raise RecordsDamaged(f"order {order_id} cannot be read: run necto audit verify") from error


def _seen(row: Row[Any]) -> Seen:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in ("since", "placed_at", "due_at", "deadline", "claimed_until", "observed_at"):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    values["observed"] = None if values["observed"] is None else json.loads(values["observed"])
    return Seen(**values)

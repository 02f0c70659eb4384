"""What happened to an order, and what it is after it: one rule a kind of event.

Nothing is changed: a cancelled order has an event that cancels it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.buying import Lease, Step, StepName
from engine.canonical import Json, plain
from engine.orders import OPEN, Event, Intent, Kind, Order, OrderRefused, Placed, State


def folded(placed: Placed, events: Iterable[Event]) -> Order:
    """Return the order that these events made, in their order; the first is ``placed``.

    Raises OrderRefused for an event that does not follow.
    """
    order: Order | None = None
    for event in events:
        order = after(placed, order, event)
    if order is None:
        raise OrderRefused(f"order {placed.order_id} has no event: it was never placed")
    return order


def after(placed: Placed, order: Order | None, event: Event) -> Order:
    """Return the order after one more event; raises OrderRefused where it does not follow."""
    if order is None:
        if event.kind != "placed" or event.ordinal != 1:
            raise OrderRefused(f"order {placed.order_id} begins with its placement")
        first: State = "waiting" if placed.approval_expires_at else "placed"
        return Order(
            placed=placed,
            state=first,
            ordinal=1,
            since=event.at,
            hold_cents=placed.hold_cents,
            runs_hours=placed.runs_hours,
        )
    refuse(order, event.kind)
    if event.kind == "intent":
        _refuse_step(order, event.detail["step"])
    if event.ordinal != order.ordinal + 1:
        raise OrderRefused(
            f"event {event.ordinal} does not follow event {order.ordinal} of {order.order_id}: "
            "somebody else was faster; read the order again"
        )
    state = _STATE_AFTER.get(event.kind, order.state)
    if event.kind == "intent" and order.state == "placed":
        state = "buying"
    since = event.at if state != order.state else order.since
    moved = replace(order, state=state, since=since, ordinal=event.ordinal)
    return replace(moved, **_changes(order, event))


def refuse(order: Order, kind: Kind) -> None:
    """Raise OrderRefused, with the remedy, unless this may happen to the order now."""
    if order.state not in _ALLOWED.get(kind, OPEN):
        raise OrderRefused(f"order {order.order_id} is {order.state}: it cannot be {_WORDS[kind]}")
    if kind in {"made", "unmade", "lost"} and order.intent is None:
        raise OrderRefused(f"order {order.order_id} has no write under way")
    if kind in _NOT_DURING_A_WRITE and order.intent is not None:
        raise OrderRefused(
            f"order {order.order_id} has a write under way ({order.intent.step.name}): find out "
            "what became of it first"
        )
    if kind == "enlarged" and order.stopped_by is not None:
        raise OrderRefused(
            f"order {order.order_id} is being ended, as {order.stopped_by} asked: it cannot be "
            "extended, order again"
        )


def _refuse_step(order: Order, name: StepName) -> None:
    """Raise OrderRefused for a write that is not of this state: nothing is bought for what ends."""
    if name != "close" and order.stopped_by is not None:
        raise OrderRefused(
            f"order {order.order_id} is being ended, as {order.stopped_by} asked: it takes no "
            f"{name}"
        )
    if order.state not in _STEPS_IN[name]:
        raise OrderRefused(f"order {order.order_id} is {order.state}: it takes no {name}")


def step_detail(step: Step) -> dict[str, Json]:
    """Return a step as an event keeps it."""
    return {
        "step": step.name,
        "handle": step.handle,
        "details": dict(step.details),
        "is_safe": step.is_safe,
    }


def lease_detail(lease: Lease) -> dict[str, Json]:
    """Return a lease as an event keeps it."""
    return {
        "handle": lease.handle,
        "provider_id": lease.provider_id,
        "price": plain(lease.price),
        "unit": lease.unit,
        "usd_per_hour": plain(lease.usd_per_hour),
        "since": lease.since,
    }


def _changes(order: Order, event: Event) -> dict[str, Any]:
    """Return what an event changes beside the state."""
    detail, kind = event.detail, event.kind
    if kind == "intent":
        return {"intent": Intent(step=_step(detail), at=event.at)}
    if kind == "lost" and order.intent:
        return {"intent": replace(order.intent, is_lost=True, why=str(detail["why"]))}
    if kind == "unmade":
        return {"intent": None}
    if kind == "made" and order.intent:
        return _made(order, order.intent.step.name, event)
    return _simple(event)


def _made(order: Order, name: StepName, event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"intent": None}
    if name == "create":
        new = event.detail["handle"]
        found |= {"handle": new, "created_at": event.at}
        if order.handle not in {None, new}:  # it ended, and nobody heard of it
            found |= {"abandoned": (*order.abandoned, order.handle)}
    if name == "close" and order.state == "buying":  # an attempt that led nowhere
        gone = event.detail["handle"]
        found |= {"abandoned": (*order.abandoned, str(gone))}
        if gone == order.handle:
            found |= {"handle": None, "created_at": None}
    return found


def _simple(event: Event) -> dict[str, Any]:
    detail = event.detail
    reasons = tuple(str(one) for one in detail.get("reasons", ()))
    found: dict[str, Any] = {"reasons": reasons} if reasons else {}
    match event.kind:
        case "approved":
            found["approved_by"] = detail["by"]
        case "leased":
            lease = _lease(detail)
            found |= {"lease": lease, "handle": lease.handle, "leased_at": event.at}
        case "stop_asked" | "ended":
            found["stopped_by"] = detail["by"]
        case "reclaiming":
            found["reclaimed_by"] = datetime.fromisoformat(detail["until"])
        case "enlarged":
            hours = detail["runs_hours"]
            found["hold_cents"] = int(detail["hold_cents"])
            found["runs_hours"] = None if hours is None else Decimal(hours)
        case _:
            pass
    return found


def _step(detail: Mapping[str, Any]) -> Step:
    return Step(
        name=detail["step"],
        handle=detail["handle"],
        details=dict(detail["details"]),
        is_safe=bool(detail["is_safe"]),
    )


def _lease(detail: Mapping[str, Any]) -> Lease:
    return Lease(
        handle=detail["handle"],
        provider_id=detail["provider_id"],
        price=Decimal(detail["price"]),
        unit=detail["unit"],
        usd_per_hour=Decimal(detail["usd_per_hour"]),
        since=detail["since"],
    )


_STATE_AFTER: Mapping[Kind, State] = {
    "approved": "placed",
    "rejected": "declined",
    "expired": "expired",
    "cancelled": "cancelled",
    "leased": "active",
    "declined": "declined",
    "ended": "closing",
    "closed": "closed",
}
_STEPS_IN: Mapping[StepName, frozenset[State]] = {
    "create": frozenset({"placed", "buying"}),
    "lease": frozenset({"placed", "buying"}),
    "deposit": frozenset({"buying", "active"}),
    "close": frozenset({"placed", "buying", "active", "closing"}),
}
_NOT_DURING_A_WRITE: frozenset[Kind] = frozenset(
    {"intent", "leased", "declined", "cancelled", "closed"}
)
"""An order that ended with a write unresolved could come to life at its network, unwatched."""
_ALLOWED: Mapping[Kind, frozenset[State]] = {
    "placed": frozenset(),
    "approved": frozenset({"waiting"}),
    "rejected": frozenset({"waiting"}),
    "expired": frozenset({"waiting", "placed"}),
    "cancelled": frozenset({"waiting", "placed", "buying"}),
    "intent": frozenset({"placed", "buying", "active", "closing"}),
    "made": frozenset({"buying", "active", "closing"}),
    "unmade": frozenset({"buying", "active", "closing"}),
    "lost": frozenset({"buying", "active", "closing"}),
    "leased": frozenset({"placed", "buying"}),  # a restored book may not know that it was begun
    "declined": frozenset({"placed", "buying"}),
    "reclaiming": frozenset({"active"}),
    "ended": frozenset({"active"}),
    "enlarged": frozenset({"waiting", "placed", "buying", "active"}),
    "closed": frozenset({"closing"}),
}
_WORDS: Mapping[Kind, str] = {
    "placed": "placed again",
    "approved": "approved",
    "rejected": "rejected",
    "expired": "expired",
    "cancelled": "cancelled: ask for its end instead",
    "intent": "written to the network",
    "made": "written to the network",
    "unmade": "written to the network",
    "lost": "written to the network",
    "leased": "leased",
    "declined": "declined",
    "stop_asked": "stopped",
    "reclaiming": "reclaimed",
    "ended": "ended",
    "enlarged": "extended",
    "warned": "warned of",
    "closed": "closed",
}

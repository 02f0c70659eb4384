"""The end of an order: closed at the network, read for the last time, settled to the cent."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.buying import Purchaser
from connectors.jobs.order_desk import Desk
from data import ledger
from data.metering import Reading, WentDown, meter
from data.order_money import funded, hold_of, settled
from data.orders import events
from data.unit import Transaction as Unit
from engine import postings
from engine.buying import Found, Observation, Step
from engine.holds import event
from engine.ledger import escrow
from engine.orders import Kind, Order, is_overdue
from engine.watching import running, watched

__all__ = [
    "Unit", "adopted", "after_stop", "brought_back", "closed", "failures_in_a_row", "reading_of",
    "undone",
]  # fmt: skip

log = logging.getLogger(__name__)

_AGAIN = timedelta(seconds=3)
_LATER = timedelta(seconds=30)


def closed(
    desk: Desk, purchaser: Purchaser, order: Order, write: Callable[[Order, Step], datetime]
) -> datetime:
    """Bring an ending order to its end: close it, book its last usage, free what is left.

    Whatever else the network has under its tag is closed too.
    """
    now = desk.now()
    assert order.handle, "what runs has a name on its network"
    seen = purchaser.observe([order.handle]).get(order.handle)
    if seen is not None and seen.word in {"active", "reclaiming"}:
        return write(order, purchaser.close_step(order.handle))
    everything = purchaser.find(order.order_id)
    double = next((one for one in everything if one.is_open), None)
    if double is not None:
        return write(order, purchaser.close_step(double.handle))
    if seen is None or seen.word is None:
        return _untold(desk, order)
    units = _spent(purchaser, order, everything)
    if units is None:
        return _untold(desk, order)
    last = reading_of(order, seen, purchaser.units_per_usd, now, now)
    order = _counted(desk, order, replace(last, units=units))
    desk.tell(order, "closed", {"reasons": list(order.reasons)}, also=_settle)
    return now


def undone(
    desk: Desk, purchaser: Purchaser, order: Order, write: Callable[[Order, Step], datetime]
) -> datetime:
    """End an order that was never known to run: close what the network has of it, then settle.

    What it is known by is closed by that name, however late the network's lists are. An attempt may
    have had a lease all the same: what that cost is counted.
    """
    now, everything = desk.now(), purchaser.find(order.order_id)
    shut = {one.handle for one in everything if not one.is_open}
    alive = [one.handle for one in everything if one.is_open]
    if order.handle is not None and order.handle not in {*shut, *alive}:
        alive.append(order.handle)
    if alive:
        return write(order, purchaser.close_step(alive[0]))
    units = _spent(purchaser, order, everything)
    if units is None:
        return _untold(desk, order)
    if units:
        last = Reading(
            order_id=order.order_id, clock="", deposited=0, units=units,
            units_per_usd=purchaser.units_per_usd, observed=None, due_at=now,
        )  # fmt: skip
        order = _counted(desk, order, last)
    desk.tell(order, after_stop(order), {"reasons": list(order.reasons)}, also=_settle)
    return now


def _spent(purchaser: Purchaser, order: Order, everything: Sequence[Found]) -> int | None:
    """Return what all that the order ever had on its network cost; None: it cannot be told now.

    What the network's lists do not show (they are late) is asked for by its name.
    """
    spent = {one.handle: one.units_spent for one in everything}
    names = {*order.abandoned, order.handle} - {None, *spent}
    for handle, seen in purchaser.observe(sorted(name for name in names if name)).items():
        if seen.word is None:
            return None
        spent[handle] = seen.units_spent
    return sum(spent.values())


def _counted(desk: Desk, order: Order, last: Reading) -> Order:
    """Book the last reading; a network that takes back what it said before is told to people."""
    try:
        meter(desk.records, [last], desk.who, f"{order.order_id}/last-reading/{last.units}")
    except WentDown as fault:
        log.warning("order %s: %s", order.order_id, fault)
        words = f"{fault}: what was counted before stays"
        return desk.tell(order, "warned", {"what": "usage", "words": words})
    return order


def reading_of(
    order: Order,
    seen: Observation,
    units_per_usd: int,
    now: datetime,
    due_at: datetime,
) -> Reading:
    """Return what the network says of an order's money, as it is kept."""
    what = watched(
        running(order), seen, None, now, units_per_usd=units_per_usd, asked_services=False
    )
    return Reading(
        order_id=order.order_id,
        clock=seen.at,
        deposited=seen.units_deposited,
        units=seen.units_spent,
        units_per_usd=units_per_usd,
        observed=what.json(),
        due_at=due_at,
    )


def brought_back(unit: Unit, then: Order) -> None:
    """Book that a deposit came back with an attempt that led to no lease."""
    known = hold_of(unit.connection, then.order_id)
    network = then.placed.network
    lying = known.places.get(escrow(network), 0) if known else 0
    if known is None or lying == 0:
        return
    head = postings.Head(
        f"{then.order_id}/returned/{then.ordinal}", unit.now,
        f"came back from {network}", f"order/{then.order_id}",
    )  # fmt: skip
    posting = postings.escrow_returned(head, known.hold_id, network, lying)
    ledger.post(unit, posting, event(posting, "moved"))


def adopted(unit: Unit, then: Order) -> None:
    """Book the deposit of a lease whose create was never known to be made."""
    known = hold_of(unit.connection, then.order_id)
    if known is not None and not known.places.get(escrow(then.placed.network), 0):
        funded(unit, then, then.placed.first_deposit_cents)


def after_stop(order: Order) -> Kind:
    """Return what a stopped order becomes: cancelled by a person, declined by Necto itself."""
    return "declined" if order.stopped_by == "job:procure" else "cancelled"


def failures_in_a_row(desk: Desk, order: Order) -> tuple[int, int]:
    """Count the writes that the network refused, and that failed in all, since one succeeded."""
    with desk.records.reading() as view:
        kept = events(view, order.order_id)
    refused = failed = 0
    for one in reversed(kept):
        if one.event.kind == "made":
            break
        if one.event.kind == "unmade" and (word := one.event.detail.get("refused")):
            failed += 1
            refused += word == "yes"
    return refused, failed


def _settle(unit: Unit, then: Order) -> None:
    settled(unit, then)


def _untold(desk: Desk, order: Order) -> datetime:
    """The network does not know it any more, or cannot say: an order is not forgotten so."""
    if is_overdue(order, desk.now()):
        log.error("order %s cannot be closed: its network does not speak of it", order.order_id)
        return desk.now() + _LATER
    return desk.now() + _AGAIN

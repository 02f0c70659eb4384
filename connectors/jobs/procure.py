"""The saga of an order: from what was placed to a lease, and from its end to the last cent.

One step at a time: look at the network, commit an intent, make one write, commit what came of it. A
write whose answer was lost is looked for until it is known; a create is never repeated while it may
still come into effect. Whatever breaks off, the next look goes on from what is true.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from connectors.base import Denied, Unreachable, Unreadable
from connectors.buying import Purchaser, Uncertain
from connectors.jobs import order_end
from connectors.jobs.order_desk import Desk
from data.claims import claimed, released
from data.faults import RecordsBusy
from data.order_money import funded, settled
from data.orders import Outdated
from data.stops import stops
from engine.buying import Declined, Found, Leased, Next, Step, Wait
from engine.order_events import lease_detail, step_detail
from engine.orders import Kind, Order, State, is_overdue, wanted_of

log = logging.getLogger(__name__)

SOON = timedelta(seconds=1)
WAITS = timedelta(seconds=3)
"""How often bids are looked for; Console itself asks every three seconds."""
LATER = timedelta(seconds=15)
CLAIM_LASTS = timedelta(seconds=150)
"""Longer than any one write takes: then another worker goes on."""
WORKED_ON: tuple[State, ...] = ("waiting", "placed", "buying", "closing")
AT_ONCE = 20
REFUSED_MAX = 3
"""A network that refused so many writes in a row is not asked again: the order is declined."""
SAFE: frozenset[str] = frozenset({"lease", "close"})


def work_due(desk: Desk, most: int = AT_ONCE) -> int:
    """Take orders that are due and that nobody else works on one step further; how many.

    They are claimed one by one: a step may take a minute, and no claim is to end before its turn.
    """
    for done in range(most):
        ids = claimed(desk.records, desk.worker, WORKED_ON, 1, CLAIM_LASTS)
        for order_id in ids:
            released(desk.records, desk.worker, {order_id: worked(desk, order_id)})
        if not ids:
            return done
    return most


def work_until(desk: Callable[[], Desk], stop: threading.Event) -> None:
    """Work orders until stopped; a fault of ours in one order ends nothing else."""
    while not stop.wait(SOON.total_seconds()):
        try:
            opened = desk()
            while not stop.is_set() and work_due(opened):
                pass
        except Exception:
            log.exception("orders could not be worked on")


def worked(desk: Desk, order_id: str) -> datetime:
    """Take one order a step further; returns when it is to be looked at again. Never raises."""
    now = desk.now()
    try:
        return _worked(desk, desk.order(order_id))
    except Outdated:
        return now + SOON
    except RecordsBusy:
        return now + LATER
    except Unreachable as away:
        seconds = away.retry_after_seconds or LATER.total_seconds()
        return now + timedelta(seconds=max(seconds, SOON.total_seconds()))
    except (Denied, Unreadable) as fault:
        log.warning("order %s waits: %s", order_id, fault)
        return now + LATER * 2
    except Exception:
        log.exception("order %s could not be worked on", order_id)
        return now + LATER * 4


def _worked(desk: Desk, order: Order) -> datetime:
    if order.state not in WORKED_ON:
        return desk.now() + SOON  # somebody acted on it after it was claimed
    if order.state == "waiting":
        return _unapproved(desk, order)
    purchaser = desk.purchaser(order.placed.network)
    if purchaser is None:
        return _unsold(desk, order)
    if order.intent is not None:
        return resolved(desk, purchaser, order)
    if order.state == "closing":
        write = partial(written, desk, purchaser)
        return order_end.closed(desk, purchaser, order, write)
    return _buying(desk, purchaser, order)


def _unapproved(desk: Desk, order: Order) -> datetime:
    """End an order that nobody approved in time: what was set aside for it is free again."""
    now, by = desk.now(), order.placed.approval_expires_at
    if by is not None and now < by:
        return by
    words = "nobody approved it in time: order it again"
    desk.tell(order, "expired", {"reasons": [words]}, also=_settle)
    return now


def _buying(desk: Desk, purchaser: Purchaser, order: Order) -> datetime:
    if order.stopped_by is not None:
        return _undone(desk, purchaser, order)
    if order.state == "placed" and (reasons := _refusals(desk, purchaser, order)):
        return _given_up(desk, order, reasons)
    if order.state == "buying" and is_overdue(order, desk.now()):
        return _give_up(desk, order, ["no provider was found in time"])
    return _bought(desk, purchaser, order)


def _bought(desk: Desk, purchaser: Purchaser, order: Order) -> datetime:
    """Look at the network and do what comes next."""
    now = desk.now()
    look = purchaser.look(wanted_of(order, now), order.handle, now)
    match look:
        case Next(step=step):
            if step.name != "close" and _is_stopped(desk):
                return now + LATER
            return written(desk, purchaser, order, step)
        case Leased(lease=lease):
            desk.tell(order, "leased", lease_detail(lease), also=order_end.adopted)
            return now
        case Declined(reasons=reasons):
            return _give_up(desk, order, reasons)
        case Wait():
            return now + WAITS


def written(desk: Desk, purchaser: Purchaser, order: Order, step: Step) -> datetime:
    """Commit the intent, make the write once, commit what came of it."""
    order = desk.tell(order, "intent", step_detail(step))
    wanted = wanted_of(order, desk.now())
    try:
        names = purchaser.secrets_needed(wanted) if step.name == "create" else ()
        handle = purchaser.act(wanted, step, desk.secrets_of(names))
    except Uncertain as doubt:
        desk.tell(order, "lost", {"why": str(doubt)})
        return desk.now() + WAITS
    except (Unreachable, Denied, ValueError) as refusal:
        return _unmade(desk, order, step, refusal)
    return _made(desk, order, step, handle or step.handle)


def _made(desk: Desk, order: Order, step: Step, handle: str | None) -> datetime:
    detail = step_detail(step) | {"handle": handle}
    desk.tell(order, "made", detail, also=partial(_money, step))
    return desk.now() + (WAITS if step.name == "create" else SOON)


def _money(step: Step, unit: order_end.Unit, then: Order) -> None:
    """Book what a write did to the money."""
    if step.name == "create":
        order_end.brought_back(unit, then)  # the end of an attempt before it may not be known
        funded(unit, then, then.placed.first_deposit_cents)
    elif step.name == "deposit":
        funded(unit, then, int(step.details["cents"]))
    elif step.name == "close" and then.state == "buying" and then.handle is None:
        order_end.brought_back(unit, then)


def _unmade(desk: Desk, order: Order, step: Step, why: Exception) -> datetime:
    """A write that was surely not made is tried again, ever later.

    A network that refused it often enough is not asked again: the order is given up.
    """
    word = "no" if isinstance(why, Unreachable) else "yes"
    detail = {"step": step.name, "why": str(why), "refused": word}
    order = desk.tell(order, "unmade", detail)
    refused, failed = order_end.failures_in_a_row(desk, order)
    if order.state == "buying" and refused >= REFUSED_MAX:
        return _give_up(desk, order, [str(why)])
    later: timedelta = LATER * 2 ** min(failed - 1, 5)
    return desk.now() + later


def resolved(desk: Desk, purchaser: Purchaser, order: Order) -> datetime:
    """Find out what became of a write that was under way when somebody broke off."""
    intent = order.intent
    assert intent is not None, "asked for orders with an intent only"
    if not intent.is_lost:
        order = desk.tell(order, "lost", {"why": "the worker ended before the answer came"})
    step, now = intent.step, desk.now()
    is_settled = now - intent.at > timedelta(seconds=purchaser.settles_after_seconds)
    if step.name in SAFE:
        desk.tell(order, "unmade", {"step": step.name, "why": "it is safe to repeat"})
        return now
    found = _found(purchaser, order, step)
    was_made = bool(found) if step.name == "create" else purchaser.was_made(step, found)
    if was_made:
        return _made(desk, order, step, found.handle if found else step.handle)
    if is_settled:
        why = f"nothing of it is found {purchaser.settles_after_seconds} seconds later"
        desk.tell(order, "unmade", {"step": step.name, "why": why})
        return now
    return now + WAITS * 2


def _found(purchaser: Purchaser, order: Order, step: Step) -> Found | None:
    """Return what the network has of an order: a new one for a create, else what it is called."""
    everything = purchaser.find(order.order_id)
    if step.name == "create":
        old = {*order.abandoned, order.handle}
        new = [one for one in everything if one.handle not in old]
        return next(iter(sorted(new, key=lambda one: (not one.is_open, one.handle))), None)
    return next((one for one in everything if one.handle == step.handle), None)


def _undone(desk: Desk, purchaser: Purchaser, order: Order) -> datetime:
    """Close whatever the network has of an order that somebody stopped before it was leased."""
    found = purchaser.find(order.order_id)
    leased = next((one.lease for one in found if one.is_open and one.lease), None)
    if leased is not None and order.handle == leased.handle:  # it was faster
        order = desk.tell(order, "leased", lease_detail(leased), also=order_end.adopted)
        told = {"by": order.stopped_by or "", "reasons": list(order.reasons)}
        desk.tell(order, "ended", told)
        return desk.now()
    return order_end.undone(desk, purchaser, order, partial(written, desk, purchaser))


def _refusals(desk: Desk, purchaser: Purchaser, order: Order) -> list[str]:
    """Return why an order that was placed is not bought."""
    now, policy = desk.now(), order.placed.policy
    if order.placed.quote_expires_at <= now:
        return ["its quote has expired before it was bought: order it again"]
    if policy is not None and (holds := desk.policy_now(policy)) != policy:
        other = holds or "none of that name"
        return [f"it was decided under policy {policy}, and {other} holds now: order it again"]
    return list(purchaser.refusals(wanted_of(order, now)))


def _given_up(desk: Desk, order: Order, reasons: list[str]) -> datetime:
    """End an order of which the network knows nothing."""
    is_old = order.placed.quote_expires_at <= desk.now()
    kind: Kind = "expired" if is_old else "declined"
    desk.tell(order, kind, {"reasons": list(reasons)}, also=_settle)
    return desk.now()


def _give_up(desk: Desk, order: Order, reasons: list[str] | tuple[str, ...]) -> datetime:
    """Stop buying; what was created is closed first, then the order is declined."""
    desk.tell(order, "stop_asked", {"by": desk.who.name, "reasons": list(reasons)})
    return desk.now()


def _settle(unit: order_end.Unit, then: Order) -> None:
    settled(unit, then)


def _is_stopped(desk: Desk) -> bool:
    with desk.records.reading() as view:
        return bool(stops(view))


def _unsold(desk: Desk, order: Order) -> datetime:
    """Nobody here can buy on that network: an order that was not begun is declined, others wait."""
    if order.state == "placed" and is_overdue(order, desk.now()):
        return _given_up(desk, order, [f"{order.placed.network} is not connected for buying"])
    return desk.now() + LATER * 4

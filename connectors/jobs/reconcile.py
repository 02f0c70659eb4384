"""Comparing what networks have with what the book knows: at start, on schedule, when asked.

Closes only what carries the tag of an order of this book and should not be there. Everything else
is reported, with its age and who sees to it.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from connectors.base import SourceError
from connectors.buying import Purchaser
from connectors.jobs.order_desk import Desk
from data.claims import hurry
from data.orders import unsettled
from data.reconciliations import Reconciled, closing, counted_on, keep, states_of
from engine.buying import Found
from engine.orders import wanted_of
from engine.reconciling import CLOSED_BY_US, Discrepancy, bill_differences, compared

log = logging.getLogger(__name__)

EVERY_SECONDS = 600
RETRY_SECONDS = 30
DAY = timedelta(days=1)


def reconcile(desk: Desk, network: str) -> Reconciled:
    """Compare one network with the book, close what is ours and should not be there, keep it all.

    Raises SourceError where the network does not answer: then nothing is known and nothing kept.
    """
    purchaser = desk.sellers.of(network)
    found = [one for one in purchaser.everything() if one.is_open]
    told = [*_compared(desk, network, found), *_bill(desk, purchaser)]
    for one in told:
        if one.kind in CLOSED_BY_US:
            _close(desk, purchaser, one)
    hurry(desk.records, [o.order_id for o in told if o.kind == "zombie" and o.order_id])
    return keep(desk.records, network, told, desk.who, f"reconcile/{uuid.uuid4()}")


def reconcile_until(desk: Callable[[], Desk], stop: threading.Event) -> None:
    """Reconcile every network at once and then every ten minutes, until stopped."""
    pause = 0.0
    while not stop.wait(pause):
        pause = EVERY_SECONDS
        try:
            opened = desk()
            for network in opened.sellers.networks:
                reconcile(opened, network)
        except SourceError as fault:
            log.warning("not reconciled: %s", fault)
            pause = RETRY_SECONDS
        except Exception:
            log.exception("not reconciled")
            pause = RETRY_SECONDS


def _compared(desk: Desk, network: str, found: Sequence[Found]) -> list[Discrepancy]:
    with desk.records.reading() as view:
        orders = [one for one in unsettled(view) if one.placed.network == network]
        states = states_of(view, [one.tag for one in found if one.tag])
    return compared(network, found, orders, states, desk.now())


def _bill(desk: Desk, purchaser: Purchaser) -> list[Discrepancy]:
    """Compare the network's own account of yesterday with what was counted."""
    now = desk.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = f"{midnight - DAY:%Y-%m-%d}"
    billed = {one.day: one.usd for one in purchaser.billed(midnight - DAY, midnight)}
    with desk.records.reading() as view:
        ours = counted_on(view, purchaser.network, day, purchaser.units_per_usd)
    theirs = {day: billed[day]} if day in billed else {}
    return bill_differences(purchaser.network, theirs, {day: ours}, now)


def _close(desk: Desk, purchaser: Purchaser, one: Discrepancy) -> None:
    """Close what is ours and should not be there; what cannot be now is found again next time."""
    assert one.order_id
    assert one.handle
    closing(desk.records, one, desk.who, f"reconcile/close/{one.handle}")
    order = desk.order(one.order_id)
    try:
        purchaser.act(wanted_of(order, desk.now()), purchaser.close_step(one.handle), {})
    except SourceError as fault:
        log.warning("%s of %s is not closed yet: %s", one.handle, one.order_id, fault)

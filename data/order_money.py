"""What an order does to the ledger: set aside, deposited, used, given back. Within a command.

Every posting is named after its order and what it is of it, so that none can be made twice.
"""

from sqlalchemy import Connection

from data import ledger
from data.unit import Transaction
from engine import postings
from engine.assets import USD, shown
from engine.commands import Refused
from engine.holds import Hold, HoldRefused, closed_empty, event
from engine.ledger import escrow
from engine.orders import Order, Placed


def open_hold(unit: Transaction, placed: Placed) -> None:
    """Set aside the most that an order may cost; raises Refused with the numbers."""
    head = _head(unit, placed.order_id, "hold", f"set aside for {placed.title}")
    posting = postings.hold_opened(head, placed.hold_id, placed.hold_cents)
    try:
        ledger.post(unit, posting, event(posting, "opened"))
    except HoldRefused as refused:
        raise Refused(str(refused)) from refused


def enlarge_hold(unit: Transaction, order: Order, cents: int, approval: str) -> None:
    """Set aside more for an order; ``approval``: who allowed it. Raises Refused."""
    name = f"hold/{order.ordinal + 1}"
    head = _head(unit, order.order_id, name, f"more set aside for {order.placed.title}")
    posting = postings.hold_enlarged(head, order.placed.hold_id, cents)
    try:
        ledger.post(unit, posting, event(posting, "enlarged", approval))
    except HoldRefused as refused:
        raise Refused(str(refused)) from refused


def funded(unit: Transaction, order: Order, cents: int) -> None:
    """Book what was deposited at the network out of the hold."""
    name = f"deposit/{order.ordinal + 1}"
    head = _head(unit, order.order_id, name, f"deposited for {order.placed.title}")
    posting = postings.escrow_funded(head, order.placed.hold_id, order.placed.network, cents)
    ledger.post(unit, posting, event(posting, "moved"))


def used(
    unit: Transaction, order_id: str, network: str, cents: int, ordinal: int, known: Hold
) -> str:
    """Book usage: out of the deposit, and what goes beyond it out of the hold. Returns its id."""
    in_escrow = min(cents, known.places.get(escrow(network), 0))
    for part, amount in (("usage", in_escrow), ("usage-beyond", cents - in_escrow)):
        if amount == 0:
            continue
        head = _head(unit, order_id, f"{part}/{ordinal}", f"used on {network}")
        make = postings.escrow_drawn if part == "usage" else postings.hold_posted
        posting = make(head, order_id, network, amount)
        ledger.post(unit, posting, event(posting, "posted"))
    first = "usage" if in_escrow else "usage-beyond"
    return f"{order_id}/{first}/{ordinal}"


def settled(unit: Transaction, order: Order) -> int:
    """Take back what lies at the network, free the rest and close the hold; cents set free."""
    known = hold_of(unit.connection, order.order_id)
    if known is None or known.is_closed:
        return 0
    network = order.placed.network
    if back := known.places.get(escrow(network), 0):
        head = _head(unit, order.order_id, "returned", f"came back from {network}")
        posting = postings.escrow_returned(head, known.hold_id, network, back)
        ledger.post(unit, posting, event(posting, "moved"))
    head = _head(unit, order.order_id, "closed", f"set free: {order.placed.title}")
    closing = postings.hold_closed(head, known.hold_id, known.remaining)
    if closing is None:
        ledger.close_empty(unit, closed_empty(known, unit.now))
    else:
        ledger.post(unit, closing, event(closing, "closed"))
    return known.remaining


def hold_of(view: Connection, order_id: str) -> Hold | None:
    """Return an order's hold as it is now."""
    return ledger.hold(view, order_id)


def dollars(cents: int) -> str:
    """Return cents as people write dollars, without the sign."""
    return shown(cents, USD)


def _head(unit: Transaction, order_id: str, name: str, words: str) -> postings.Head:
    text = " ".join(words.split())[:200]
    return postings.Head(f"{order_id}/{name}", unit.now, text, f"order/{order_id}")

"""What an order does to the ledger: set aside, deposited, used, given back. Within a command.

Every posting is named after its order and what it is of it, so that none can be made twice.
"""

from sqlalchemy import Connection

from data import ledger
from data.unit import Transaction
from engine import postings
from engine.assets import USD, shown
from engine.commands import Refused
from engine.holds import Hold, HoldEvent, HoldRefused, event
from engine.ledger import usage
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


USED = ("usage", "usage-beyond", "usage-owed")
"""What usage is paid from: the deposit, the rest of the hold, nothing yet."""


def used(unit: Transaction, order_id: str, network: str, cents: int, ordinal: int) -> str:
    """Book usage: out of the deposit, what goes beyond it out of the hold. Returns the first id.

    What the hold does not cover any more, or came after its close, is owed to the network: the
    ledger says what was used whatever was set aside, and the hold is never overdrawn.
    """
    known = ledger.standing(unit.connection, order_id)
    assert known is not None, "an order that costs something has a hold"
    drawn = min(cents, known.in_escrow)
    beyond = min(cents - drawn, known.at_home)
    first = ""
    for part, amount in zip(USED, (drawn, beyond, cents - drawn - beyond), strict=True):
        if amount == 0:
            continue
        head = _head(unit, order_id, f"{part}/{ordinal}", f"used on {network}")
        if part == "usage-owed":
            ledger.post(unit, postings.invoice_received(head, usage(network), amount))
        else:
            make = postings.escrow_drawn if part == "usage" else postings.hold_posted
            posting = make(head, order_id, network, amount)
            ledger.post(unit, posting, event(posting, "posted"))
        first = first or head.posting_id
    return first


def settled(unit: Transaction, order: Order) -> int:
    """Take back what lies at the network, free the rest and close the hold; cents set free."""
    known = ledger.standing(unit.connection, order.placed.hold_id)
    if known is None or known.is_closed:
        return 0
    network = order.placed.network
    if back := known.in_escrow:
        head = _head(unit, order.order_id, "returned", f"came back from {network}")
        posting = postings.escrow_returned(head, known.hold_id, network, back)
        ledger.post(unit, posting, event(posting, "moved"))
    head = _head(unit, order.order_id, "closed", f"set free: {order.placed.title}")
    closing = postings.hold_closed(head, known.hold_id, known.remaining)
    if closing is None:
        empty = HoldEvent(known.hold_id, "closed", USD.code, 0, unit.now, None)
        ledger.close_empty(unit, empty)
    else:
        ledger.post(unit, closing, event(closing, "closed"))
    return known.remaining


def hold_of(view: Connection, order_id: str) -> Hold | None:
    """Return an order's hold as its every event left it; for one order, not for lists."""
    return ledger.hold(view, order_id)


def dollars(cents: int) -> str:
    """Return cents as people write dollars, without the sign."""
    return shown(cents, USD)


def _head(unit: Transaction, order_id: str, name: str, words: str) -> postings.Head:
    text = " ".join(words.split())[:200]
    return postings.Head(f"{order_id}/{name}", unit.now, text, f"order/{order_id}")

"""One order with all that became of it: its events, its hold, what its network said last."""

from dataclasses import dataclass

from sqlalchemy import Connection

from data.order_money import hold_of
from data.orders import KeptEvent, NoOrder, Seen, events, placed, seen
from engine.holds import Hold
from engine.order_events import folded
from engine.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """An order as it is now (``order``, ``head``), and how it came to be so (``events``)."""

    order: Order
    head: Seen
    events: tuple[KeptEvent, ...]
    hold: Hold | None


def life(view: Connection, order_id: str) -> Life:
    """Return one order whole; raises NoOrder, RecordsDamaged."""
    what, head = placed(view, order_id), seen(view, order_id)
    if head is None:
        raise NoOrder(f"order {order_id[:80]!r} has lost its head: run necto audit verify")
    kept = tuple(events(view, order_id))
    return Life(
        order=folded(what, (one.event for one in kept)),
        head=head,
        events=kept,
        hold=hold_of(view, order_id),
    )

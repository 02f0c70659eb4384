"""Ending everything at once: each order by a command of its own, so that none hides another."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.ordering import stop
from data.records import Records
from data.tables import order_heads
from engine.commands import Refused
from engine.names import counted
from engine.orders import OPEN
from engine.people import Actor
from engine.permissions import allowed

CLOSE_ALL = "buying.close-all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What ending everything means now: orders by state, and what is set aside for them."""

    orders: dict[str, int]
    held_cents: int

    @property
    def words(self) -> str:
        running = self.orders.get("active", 0)
        waiting = sum(self.orders.values()) - running
        return (
            f"{counted(running, 'running job')} would be ended, and what it has not saved is lost; "
            f"{counted(waiting, 'more order')} would be cancelled or closed. None of it can be "
            "undone."
        )


def consequences(view: Connection) -> Consequences:
    """Return what ``stop_everything`` would end."""
    heads = order_heads.c
    asked = select(heads.state, func.count(), func.sum(heads.hold_cents)).where(
        heads.state.in_(sorted(OPEN))
    )
    rows = view.execute(asked.group_by(heads.state)).all()
    return Consequences(
        orders={str(state): int(count) for state, count, _ in rows},
        held_cents=sum(int(cents) for _, _, cents in rows),
    )


def stop_everything(records: Records, why: str, who: Actor, key: str) -> list[str]:
    """End every open order; returns their ids. The worker closes what runs.

    ``key``: the same key again goes on where it broke off. Raises NotAllowed, RecordsFault.
    """
    allowed(who, CLOSE_ALL)
    with records.reading() as view:
        asked = select(order_heads.c.order_id).where(
            order_heads.c.state.in_(sorted(OPEN - {"closing"}))
        )
        ids = list(view.execute(asked.order_by(order_heads.c.order_id)).scalars())
    ended = []
    for order_id in ids:
        try:
            stop(records, order_id, why, who, f"{key}/{order_id}")
        except Refused:  # it has ended meanwhile
            continue
        ended.append(order_id)
    return ended

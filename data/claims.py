"""Work that two workers share: who sees to which orders, until when.

A claim is no fact and no promise: whoever lets one expire may find the order changed, and is told
so when they write (``data.orders.Outdated``).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, null, or_, select, update

from data.orders import unless_woken
from data.records import Records
from data.tables import order_heads
from engine.canonical import plain
from engine.orders import State


def claimed(
    records: Records, worker: str, states: Sequence[State], most: int, lasting: timedelta
) -> list[str]:
    """Claim orders that are due and that nobody else sees to, the longest due first.

    ``worker`` is of one thread: its own claims are given to it again.
    """
    heads = order_heads.c
    with records.transaction() as unit:
        free = or_(heads.claimed_until.is_(None), heads.claimed_until <= unit.at)
        asked = select(heads.order_id).where(
            heads.state.in_(states), heads.due_at <= unit.at, or_(free, heads.claimed_by == worker)
        )
        found = unit.connection.execute(asked.order_by(heads.due_at).limit(most)).scalars().all()
        until = str(plain(unit.now + lasting))
        for part in _parts(found):
            unit.connection.execute(
                update(order_heads)
                .where(heads.order_id.in_(part))
                .values(claimed_by=worker, claimed_until=until, due_at=unit.at)
            )
    return list(found)


def released(records: Records, worker: str, due: Mapping[str, datetime]) -> None:
    """Give orders back, with when each is to be looked at again.

    One that a person acted on meanwhile is looked at at once. Who buys an order keeps it until the
    claim ends: what a network gave on the way (a manifest with secrets in it) is known in that
    process only.
    """
    if not due:
        return
    heads = order_heads.c
    keeps = heads.state == "buying"
    told = (
        update(order_heads)
        .where(heads.order_id == bindparam("of_order"), heads.claimed_by == worker)
        .values(
            due_at=unless_woken(bindparam("again_at")),
            claimed_by=case((keeps, heads.claimed_by), else_=null()),
            claimed_until=case((keeps, heads.claimed_until), else_=null()),
        )
    )
    rows = [{"of_order": name, "again_at": str(plain(at))} for name, at in due.items()]
    with records.transaction() as unit:
        unit.connection.execute(told, rows)


def hurry(records: Records, order_ids: Sequence[str]) -> None:
    """Have orders looked at at once."""
    if not order_ids:
        return
    with records.transaction() as unit:
        for part in _parts(order_ids):
            unit.connection.execute(
                update(order_heads).where(order_heads.c.order_id.in_(part)).values(due_at=unit.at)
            )


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + 500] for first in range(0, len(ids), 500)]

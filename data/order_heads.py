"""What every order is now, made again of its facts where it differs from them.

``order_heads`` is no fact: it is found and claimed by. A head that somebody changed, or that was
lost, is rebuilt; what its network said last and who sees to it are not facts and stay.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from data.orders import head_of, order
from data.records import Records
from data.tables import order_heads, orders, usage
from data.unit import Transaction
from engine.canonical import Json, plain
from engine.commands import Command
from engine.people import Actor

REBUILT = "orders.rebuilt"


def expected(view: Connection, order_id: str) -> dict[str, Any]:
    """Return what the head of an order must say, by its facts; raises NoOrder, RecordsDamaged."""
    known = order(view, order_id)
    last = func.max(usage.c.ordinal)
    newest = select(last).where(usage.c.order_id == order_id).scalar_subquery()
    asked = select(usage.c.units, usage.c.cents, usage.c.ordinal)
    row = view.execute(asked.where(usage.c.order_id == order_id, usage.c.ordinal == newest)).first()
    units, cents, usages = (0, 0, 0) if row is None else row
    return head_of(known) | {"units": units, "cents": cents, "usages": usages}


def difference(head: Mapping[str, Any], must: Mapping[str, Any]) -> str | None:
    """Return in words where a head is not what its facts make of it; None: it is."""
    wrong = [name for name in must if head[name] != must[name]]
    if not wrong:
        return None
    return "; ".join(f"{name} is {head[name]!r:.60}, not {must[name]!r:.60}" for name in wrong)


def rebuild_heads(records: Records, who: Actor, key: str) -> list[str]:
    """Make every head that differs from its facts again; returns the orders, kept in the trail.

    An order whose facts cannot be read raises RecordsDamaged, and nothing is changed: such a book
    is restored, not repaired. Raises RecordsFault.
    """
    found: list[str] = []

    def act(unit: Transaction) -> Json:
        found.extend(_rebuilt(unit))
        return {"orders": list(found)}

    records.perform(Command.of(key, REBUILT, who, "orders", {}), act)
    return found


def _rebuilt(unit: Transaction) -> list[str]:
    view, heads, changed = unit.connection, order_heads.c, []
    lost = select(heads.order_id).where(heads.order_id.not_in(select(orders.c.order_id)))
    for name in view.execute(lost).scalars().all():
        view.execute(delete(order_heads).where(heads.order_id == name))
        changed.append(str(name))
    for name in view.execute(select(orders.c.order_id).order_by(orders.c.order_id)).scalars().all():
        must = expected(view, name)
        row = view.execute(select(order_heads).where(heads.order_id == name)).first()
        if row is None:
            at = str(plain(unit.now))
            view.execute(insert(order_heads).values(**must, deposited=0, due_at=at))
        elif difference(row._asdict(), must) is None:
            continue
        else:
            view.execute(update(order_heads).where(heads.order_id == name).values(**must))
        changed.append(str(name))
    return sorted(changed)

"""What running orders cost: readings of their networks, posted to the ledger, many in one command.

A network's figures are cumulated and kept exactly in its smallest units; the ledger's cents follow
the cumulated amount, rounded half up once, so that no sum of roundings drifts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from data import order_money
from data.orders import Seen, seen_many, unless_woken
from data.records import Records
from data.tables import order_heads
from data.unit import Transaction
from engine.canonical import Json, canonical, plain
from engine.commands import Command
from engine.orders import cents_of
from engine.people import Actor

METERED = "usage.metered"
READINGS_MAX = 200
"""So many readings are one command: one entry in the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a network says of an order's money at one moment, cumulated, in its smallest units.

    ``clock``: the network's own time. ``observed``: what else it said, for lists.
    """

    order_id: str
    clock: str
    deposited: int
    units: int
    units_per_usd: int
    observed: Json
    due_at: datetime


_GROWN = (
    update(order_heads)
    .where(order_heads.c.order_id == bindparam("of_order"))
    .values(units=bindparam("used"), cents=bindparam("posted"), usages=bindparam("read"))
)


class WentDown(ValueError):
    """A network says that less was used, or for less, than it said before: a person must look."""


def meter(records: Records, readings: Sequence[Reading], who: Actor, key: str) -> int:
    """Keep readings and post what they add; returns how many orders cost more than before.

    Up to ``READINGS_MAX``; of several of one order the last counts. A reading that adds nothing
    changes what lists show, and no fact. Raises WentDown, naming the orders, after having kept the
    others.
    """
    assert len(readings) <= READINGS_MAX, "more are several commands"
    latest = {reading.order_id: reading for reading in readings}
    with records.transaction() as unit:
        known = [(latest[head.order_id], head) for head in seen_many(unit.connection, [*latest])]
        fell = [r.order_id for r, head in known if _is_less(r, head)]
        grown = [(r, head) for r, head in known if r.units > head.units and not _is_less(r, head)]
        if grown:
            command = Command.of(key, METERED, who, "usage", _body(grown))
            unit.perform(command, lambda inner: _posted(inner, grown))
        _observe(unit.connection, [reading for reading, _ in known], unit.at)
    if fell:
        raise WentDown(f"less was used than before: {', '.join(fell)}")
    return len(grown)


def _is_less(reading: Reading, head: Seen) -> bool:
    """Say whether it takes back what was kept before, in units or in cents."""
    return reading.units < head.units or cents_of(reading.units, reading.units_per_usd) < head.cents


def _posted(unit: Transaction, grown: Sequence[tuple[Reading, Seen]]) -> Json:
    total, rows = 0, list[dict[str, object]]()
    for reading, head in grown:
        cents = cents_of(reading.units, reading.units_per_usd)
        ordinal, more = head.usages + 1, cents - head.cents
        posting = None
        if more:
            posting = order_money.used(unit, head.order_id, head.network, more, ordinal)
        unit.add(
            "usage", order_id=head.order_id, ordinal=ordinal, at=unit.at, clock=reading.clock,
            deposited=reading.deposited, units=reading.units, units_per_usd=reading.units_per_usd,
            cents=cents, posting_id=posting,
        )  # fmt: skip
        rows.append({"of_order": head.order_id, "used": reading.units, "posted": cents,
                     "read": ordinal})  # fmt: skip
        total += more
    unit.connection.execute(_GROWN, rows)
    return {"orders": str(len(grown)), "cents": str(total)}


def _observe(view: Connection, readings: Sequence[Reading], at: str) -> None:
    """Keep what lists show, of many orders by one statement."""
    if not readings:
        return
    told = (
        update(order_heads)
        .where(order_heads.c.order_id == bindparam("of_order"))
        .values(
            observed_at=at, observed=bindparam("said"), deposited=bindparam("put_in"),
            due_at=unless_woken(bindparam("again_at")),
        )
    )  # fmt: skip
    rows = [
        {"of_order": one.order_id, "said": canonical(plain(one.observed)).decode(),
         "put_in": one.deposited, "again_at": str(plain(one.due_at))}
        for one in readings
    ]  # fmt: skip
    view.execute(told, rows)


def _body(grown: Sequence[tuple[Reading, Seen]]) -> Json:
    return {
        "readings": [
            {"order": r.order_id, "clock": r.clock, "units": str(r.units),
             "units_per_usd": str(r.units_per_usd), "deposited": str(r.deposited)}
            for r, _ in grown
        ]
    }  # fmt: skip

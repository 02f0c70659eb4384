"""Checking orders against each other: events that follow, heads, usage, and what the ledger says.

That no placement, event or reading was changed, dropped or added, the trail tells
(``data.verify``); here is told whether they go together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from data import ledger
from data.faults import RecordsFault, explained
from data.order_heads import difference, expected
from data.order_money import USED
from data.orders import order
from data.raw_text import not_text
from data.tables import VOUCHED, legs, order_events, order_heads, orders, postings, usage
from data.verify import Progress, Report
from engine.canonical import plain
from engine.orders import Order, cents_of

assert {orders, order_events, usage} <= set(VOUCHED), "the trail vouches for what is checked here"

_TOLD_EVERY = 100  # orders
_UNREADABLE = (RecordsFault, ValueError, LookupError, TypeError, ArithmeticError)


def check_orders(view: Connection, report: Report, progress: Progress | None = None) -> None:
    """Find orders whose facts, head, usage and money do not go together."""
    names = view.execute(select(orders.c.order_id).order_by(orders.c.order_id)).scalars().all()
    _check_strangers(view, report)
    for done, name in enumerate(names):
        if progress and not done % _TOLD_EVERY:
            progress(done, len(names))
        if not_text({"order_id": name}):
            continue  # the facts tell, and no database looks for it
        try:
            with explained():
                _check(view, report, name)
        except _UNREADABLE as fault:  # whatever a changed cell leads to
            report.found(f"order {name}", f"cannot be read: {fault}")


def _check(view: Connection, report: Report, name: str) -> None:
    known = order(view, name)
    place = f"order {name}"
    for what in (*_columns(view, known), *_used(view, known), *_held(view, known)):
        report.found(place, what)
    row = view.execute(select(order_heads).where(order_heads.c.order_id == name)).first()
    if row is None:
        report.found(f"order_heads {name}", "is missing: rebuild the heads")
    elif wrong := difference(row._asdict(), expected(view, name)):
        report.found(f"order_heads {name}", f"is not what its events say: {wrong}")


def _check_strangers(view: Connection, report: Report) -> None:
    """Find rows of orders that were never placed."""
    for table in (order_heads, order_events, usage):
        asked = select(table.c.order_id).where(table.c.order_id.not_in(select(orders.c.order_id)))
        for name in view.execute(asked.distinct()).scalars().all():
            report.found(f"{table.name} {name}", "is of an order that was never placed")


def _columns(view: Connection, known: Order) -> list[str]:
    """Compare what an order is found by with what it says."""
    what = known.placed
    row = view.execute(select(orders).where(orders.c.order_id == what.order_id)).one()
    must: Mapping[str, Any] = {
        "network": what.network, "cost_centre": what.cost_centre, "requester": what.requester,
        "month": f"{what.placed_at:%Y-%m}", "placed_at": plain(what.placed_at),
    }  # fmt: skip
    if words := difference(row._asdict(), must):
        return [f"is filed wrongly: {words}"]
    return []


def _used(view: Connection, known: Order) -> list[str]:
    """Compare every reading with the one before, with its cents, and with what was posted."""
    asked = select(usage).where(usage.c.order_id == known.order_id).order_by(usage.c.ordinal)
    rows = view.execute(asked).all()
    posted = _posted(view, known.order_id, [row.ordinal for row in rows])
    found: list[str] = []
    units = cents = 0
    for ordinal, row in enumerate(rows, 1):
        found += [f"reading {row.ordinal} {words}" for words in _misread(row, ordinal, units)]
        names = [f"{known.order_id}/{part}/{row.ordinal}" for part in USED]
        there = sum(posted.pop(name, 0) for name in names)
        if there != row.cents - cents:
            found.append(
                f"reading {row.ordinal} adds {row.cents - cents} cents, and {there} are posted"
            )
        if (row.posting_id in names) != (row.cents != cents):
            found.append(f"reading {row.ordinal} names {row.posting_id!r:.80} as its posting")
        units, cents = row.units, row.cents
    return found + [f"posting {name} has no reading" for name in sorted(posted)]


def _misread(row: Row[Any], ordinal: int, units: int) -> Sequence[str]:
    found = []
    if row.ordinal != ordinal:
        found.append(f"is not reading {ordinal}")
    if row.units <= units:
        found.append(f"says {row.units} units after {units}")
    if row.units_per_usd < 1 or row.cents != cents_of(row.units, row.units_per_usd):
        found.append(f"says {row.cents} cents for {row.units} units")
    return found


def _posted(view: Connection, name: str, readings: Sequence[int]) -> dict[str, int]:
    """Return, by posting, the cents of usage that the ledger has of an order.

    Those that its readings name, and all that were paid out of its hold.
    """
    asked = select(postings.c.posting_id).where(postings.c.hold_id == name)
    begins = tuple(f"{name}/{part}/" for part in USED)
    ids = {one for one in view.execute(asked).scalars() if one.startswith(begins)}
    wanted = sorted(ids | {f"{begin}{ordinal}" for begin in begins for ordinal in readings})
    found: dict[str, int] = {}
    for first in range(0, len(wanted), 500):
        among = legs.c.posting_id.in_(wanted[first : first + 500])
        sums = select(legs.c.posting_id, func.sum(legs.c.amount)).where(among, legs.c.amount > 0)
        for posting_id, cents in view.execute(sums.group_by(legs.c.posting_id)):
            found[str(posting_id)] = int(cents)
    return found


def _held(view: Connection, known: Order) -> list[str]:
    """Compare an order with its hold: as large, and closed when and only when it has ended."""
    hold = ledger.standing(view, known.placed.hold_id)
    if hold is None:
        return ["has no hold: nothing was set aside for it"]
    found = []
    if hold.approved != known.hold_cents:
        found.append(f"sets {known.hold_cents} cents aside, and its hold {hold.approved}")
    if hold.is_closed == known.is_open:
        found.append(f"is {known.state}, and its hold is {'closed' if hold.is_closed else 'open'}")
    return found

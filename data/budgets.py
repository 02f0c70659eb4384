"""Budgets: how much a cost centre may commit in a month, and how much it has.

An order counts in the month in which it is placed, with what it has set aside less what was set
free again: what is spent and what may still be.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.documents import current, one, put
from data.faults import RecordsFault
from data.records import Records
from data.tables import hold_events, orders
from data.unit import Transaction
from engine.assets import USD, minor_units
from engine.budgets import Budget
from engine.canonical import Json
from engine.commands import Command
from engine.money import Money, exact
from engine.people import Actor

KIND = "budget"
SET = "budget.set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A cost centre's month: its limit (None: none was set) and what is committed, in cents."""

    cost_centre: str
    month: str
    limit_cents: int | None
    committed_cents: int

    @property
    def left_cents(self) -> int | None:
        return None if self.limit_cents is None else self.limit_cents - self.committed_cents


def set_budget(records: Records, wanted: Budget, who: Actor, key: str) -> None:
    """Set a month's limit for a cost centre; raises OtherCommand, RecordsFault."""
    command = Command.of(
        key, SET, who, f"budget/{wanted.cost_centre}/{wanted.month}",
        {"cost_centre": wanted.cost_centre, "month": wanted.month, "usd": wanted.usd},
    )  # fmt: skip

    def act(unit: Transaction) -> Json:
        put(unit, KIND, f"{wanted.month}/{wanted.cost_centre}", {"usd": wanted.usd})
        return {"cents": str(minor_units(Money(wanted.usd), USD))}

    records.perform(command, act)


def spent(view: Connection, cost_centre: str, month: str) -> Spent:
    """Return how a cost centre stands in a month ("2026-11")."""
    document = one(view, KIND, f"{month}/{cost_centre}")
    return Spent(
        cost_centre=cost_centre,
        month=month,
        limit_cents=None if document is None else _limit(document.body),
        committed_cents=_committed(view, cost_centre, month),
    )


def budgets(view: Connection) -> list[Spent]:
    """Return every month of every cost centre that has a limit, the newest month first."""
    found = []
    for document in current(view, KIND):
        month, _, cost_centre = document.id.partition("/")
        found.append(spent(view, cost_centre, month))
    return sorted(found, key=lambda one: (one.month, one.cost_centre), reverse=True)


def _limit(body: Json) -> int:
    if not isinstance(body, dict) or not isinstance(body.get("usd"), str):
        raise RecordsFault("a budget cannot be read: run necto audit verify")
    return minor_units(Money(exact(body["usd"])), USD)


def _committed(view: Connection, cost_centre: str, month: str) -> int:
    """Add up what the holds of these orders allow less what they gave back when they closed."""
    later = hold_events.alias()
    newest = select(func.max(later.c.ordinal)).where(later.c.hold_id == orders.c.order_id)
    asked = (
        select(hold_events.c.step, hold_events.c.approved, hold_events.c.amount)
        .join(orders, orders.c.order_id == hold_events.c.hold_id)
        .where(
            orders.c.cost_centre == cost_centre, orders.c.month == month,
            hold_events.c.ordinal == newest.scalar_subquery(),
        )
    )  # fmt: skip
    rows = view.execute(asked)
    return sum(approved - (amount if step == "closed" else 0) for step, approved, amount in rows)

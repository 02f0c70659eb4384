"""The orders of a book in numbers, for the health check, Prometheus and the dead-man's signal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from data.books import book_exists, open_book
from data.order_totals import lost_writes
from data.orders import counted
from data.reconciliations import reconciled
from data.settings import Settings
from data.stops import stops
from data.tables import order_heads
from engine.canonical import plain
from engine.orders import OPEN, State

PERSONS_STATES: frozenset[State] = frozenset({"waiting"})
"""Nobody but a person brings these on: that they lie does not say that the worker hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigures:
    """``open``: open orders by state; ``lost_writes``: without an answer, at most 200.

    ``reconciled_age_seconds``: of the network compared longest ago, None before the first.
    ``late_seconds``: how long the order that the worker should have looked at first has waited.
    """

    open: dict[str, int]
    overdue: int
    lost_writes: int
    reconciled_age_seconds: float | None
    findings: int
    is_stopped: bool
    late_seconds: float

    def json(self) -> dict[str, object]:
        return {
            "open": self.open, "overdue": self.overdue, "lost_writes": self.lost_writes,
            "reconciled_age_seconds": self.reconciled_age_seconds, "findings": self.findings,
            "buying_is_stopped": self.is_stopped, "late_seconds": self.late_seconds,
        }  # fmt: skip


def order_figures(view: Connection, now: datetime) -> OrderFigures:
    """Return a book's orders in numbers."""
    heads = order_heads.c
    at, is_open = str(plain(now)), heads.state.in_(sorted(OPEN))
    overdue = select(func.count()).where(is_open, heads.deadline < at)
    free = or_(heads.claimed_until.is_(None), heads.claimed_until <= at)
    due = select(func.min(heads.due_at)).where(heads.state.in_(sorted(OPEN - PERSONS_STATES)), free)
    first = view.execute(due).scalar()
    late = (now - datetime.fromisoformat(first)).total_seconds() if first else 0.0
    found = reconciled(view)
    ages = [(now - one.at).total_seconds() for one in found]
    return OrderFigures(
        open={state: count for state, count in counted(view).items() if state in OPEN},
        overdue=int(view.execute(overdue).scalar() or 0),
        lost_writes=len(lost_writes(view)),
        reconciled_age_seconds=max(ages, default=None),
        findings=sum(len(one.found) for one in found),
        is_stopped=bool(stops(view)),
        late_seconds=max(0.0, late),
    )


def figures_now(settings: Settings, now: datetime) -> OrderFigures | None:
    """Return the orders of the mode in numbers; None before its book is begun.

    Raises RecordsFault.
    """
    if not book_exists(settings, settings.mode):
        return None
    with open_book(settings, settings.mode).reading() as view:
        return order_figures(view, now)

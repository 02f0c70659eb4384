"""Checking the ledger by itself: whether it balances, and whether every hold was kept."""

from sqlalchemy import Connection, func, select

from data import ledger
from data.tables import holds, legs, postings
from data.verify import Report
from data.verify_rows import check_rows
from engine.holds import HoldRefused


def check_ledger(view: Connection, report: Report) -> None:
    """Find postings that do not sum to zero, legs without a posting, holds that were overdrawn."""
    _check_sums(view, report)
    check_rows(view, report)
    _check_legs(view, report)
    for hold_id in view.execute(select(holds.c.hold_id).order_by(holds.c.hold_id)).scalars():
        try:
            ledger.hold(view, hold_id)
        except HoldRefused as fault:
            report.found(f"hold {hold_id}", f"breaks its own rule: {fault}")


def _check_sums(view: Connection, report: Report) -> None:
    summed = func.sum(legs.c.amount)
    asked = select(legs.c.posting_id, legs.c.asset, summed).group_by(
        legs.c.posting_id, legs.c.asset
    )
    for name, asset, units in view.execute(asked.having(summed != 0)):
        report.found(f"posting {name}", f"does not sum to zero: {units} minor units of {asset}")


def _check_legs(view: Connection, report: Report) -> None:
    counted = select(legs.c.posting_id, func.count().label("legs")).group_by(legs.c.posting_id)
    found = counted.subquery()
    asked = select(postings.c.posting_id, postings.c.leg_count, found.c.legs).outerjoin(
        found, postings.c.posting_id == found.c.posting_id
    )
    rows = view.execute(asked.where(postings.c.leg_count != func.coalesce(found.c.legs, 0)))
    for name, said, there in rows:
        report.found(f"posting {name}", f"has {there or 0} legs, and was written with {said}")

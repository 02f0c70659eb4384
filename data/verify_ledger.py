"""Checking the ledger by itself: whether it balances, and whether every hold was kept."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection, func, select

from data import ledger
from data.faults import RecordsFault, explained
from data.raw_text import not_text
from data.tables import holds, legs, postings
from data.verify import Progress, Report
from data.verify_rows import check_rows

_BATCH = 2_000
_TOLD_EVERY = 100  # holds
_Sum = tuple[str, str, int]


def check_ledger(view: Connection, report: Report, progress: Progress | None = None) -> None:
    """Find postings that do not sum to zero, legs without a posting, holds that were overdrawn."""
    _check_sums(view, report)
    check_rows(view, report)
    _check_legs(view, report)
    names = view.execute(select(holds.c.hold_id).order_by(holds.c.hold_id)).scalars().all()
    for done, hold_id in enumerate(names):
        if progress and not done % _TOLD_EVERY:
            progress(done, len(names))
        if not_text({"hold_id": hold_id}):
            continue  # the facts tell, and no database looks for it
        try:
            with explained():
                ledger.hold(view, hold_id)
        except (ValueError, RecordsFault) as fault:  # whatever a changed cell leads to
            report.found(f"hold {hold_id}", f"breaks its own rule: {fault}")


def _check_sums(view: Connection, report: Report) -> None:
    try:
        with explained(), view.begin_nested():
            found = _sums(view)
    except RecordsFault:  # SQLite adds up in 64 bits: an amount that nobody booked goes beyond
        found = list(_sums_of_any_size(view))
    for name, asset, units in found:
        report.found(f"posting {name}", f"does not sum to zero: {units} minor units of {asset}")


def _sums(view: Connection) -> list[_Sum]:
    """Return the postings and assets that do not sum to zero: added up by the database."""
    summed = func.sum(legs.c.amount)
    asked = select(legs.c.posting_id, legs.c.asset, summed).group_by(
        legs.c.posting_id, legs.c.asset
    )
    rows = view.execute(asked.having(summed != 0))
    return [(str(name), str(asset), int(units)) for name, asset, units in rows]


def _sums_of_any_size(view: Connection) -> Iterator[_Sum]:
    asked = select(legs.c.posting_id, legs.c.asset, legs.c.amount)
    asked = asked.order_by(legs.c.posting_id, legs.c.asset)
    rows = view.execute(asked, execution_options={"yield_per": _BATCH})
    for (name, asset), group in groupby(rows, key=lambda row: (row.posting_id, row.asset)):
        if units := sum(row.amount for row in group):
            yield name, asset, units


def _check_legs(view: Connection, report: Report) -> None:
    counted = select(legs.c.posting_id, func.count().label("legs")).group_by(legs.c.posting_id)
    found = counted.subquery()
    asked = select(postings.c.posting_id, postings.c.leg_count, found.c.legs).outerjoin(
        found, postings.c.posting_id == found.c.posting_id
    )
    rows = view.execute(asked.where(postings.c.leg_count != func.coalesce(found.c.legs, 0)))
    for name, said, there in rows:
        report.found(f"posting {name}", f"has {there or 0} legs, and was written with {said}")

"""Checking the ledger's rows against each other: what they name, the chart, the events of holds.

All that the database's own rules refuse, asked again of rows that somebody may have put there
around them, and vouched for in the trail.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Table, exists, or_, select

from data.tables import LEDGER, accounts, assets, hold_events, holds, legs, postings
from data.verify import Report
from engine.assets import ASSETS
from engine.holds import HoldRefused, event
from engine.ledger import HELD, LEG_MAX, Leg, Posting, UnknownAccount, account
from engine.trail import effect_key

_STREAMED = {"yield_per": 2_000}
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # times are compared as they are kept


def check_rows(view: Connection, report: Report) -> None:
    """Find rows that name what is not there, what the chart lacks, events that do not fit."""
    for table in LEDGER:
        for column in table.columns:
            for key in column.foreign_keys if column.name != "entry_index" else ():
                _check_reference(view, report, table, column, key)
    _check_chart(view, report)
    _check_amounts(view, report)
    _check_set_aside(view, report)
    _check_events(view, report)


def _check_reference(
    view: Connection, report: Report, table: Table, column: "Column[Any]", key: ForeignKey
) -> None:
    named = key.column.table.alias()
    is_there = exists().where(named.c[key.column.name] == column)
    asked = select(*table.primary_key, column.label("named")).where(column.is_not(None), ~is_there)
    for *place, name in view.execute(asked, execution_options=_STREAMED):
        report.found(
            f"{table.name} {effect_key(place)}",
            f"names {name!r:.100} of {key.column.table.name}, which does not exist",
        )


def _check_chart(view: Connection, report: Report) -> None:
    for name, kind in view.execute(select(accounts.c.account, accounts.c.kind)):
        try:
            expected = account(name).kind
        except UnknownAccount:
            report.found(f"accounts {effect_key([name])}", "is no account of the chart")
            continue
        if kind != expected:
            report.found(f"accounts {effect_key([name])}", f"is kept as {kind}, and is {expected}")
    for code, scale in view.execute(select(assets.c.asset, assets.c.scale)):
        asset = ASSETS.get(code)
        if asset is None or asset.scale != scale:
            report.found(f"assets {effect_key([code])}", f"is not declared with {scale} decimals")


def _check_amounts(view: Connection, report: Report) -> None:
    """Find what no rule lets in, because databases could not add it up."""
    amount = legs.c.amount
    asked = select(legs.c.posting_id, legs.c.position, amount).where(
        or_(amount > LEG_MAX, amount < -LEG_MAX, amount == 0)
    )
    for name, position, units in view.execute(asked, execution_options=_STREAMED):
        report.found(
            f"legs {effect_key([name, position])}",
            f"carries {units} minor units: a leg has at most {LEG_MAX}, and never 0",
        )


def _check_set_aside(view: Connection, report: Report) -> None:
    place = legs.c.account
    is_set_aside = or_(place == HELD, place.startswith("assets:escrow:"))
    asked = select(legs.c.posting_id, legs.c.position, place).join(postings)
    asked = asked.where(postings.c.hold_id.is_(None), is_set_aside)
    for name, position, where in view.execute(asked, execution_options=_STREAMED):
        report.found(
            f"legs {effect_key([name, position])}", f"moves money of {where} outside of any hold"
        )


def _check_events(view: Connection, report: Report) -> None:
    """Compare what every event says with what the legs of its posting do."""
    told = hold_events.c
    asked = (
        select(
            postings.c.posting_id, postings.c.at, postings.c.reverses, postings.c.hold_id,
            legs.c.account, legs.c.asset, legs.c.amount,
            told.hold_id.label("told_hold"), told.ordinal, told.step, told.amount.label("told"),
            told.at.label("told_at"), told.approval, holds.c.asset.label("told_asset"),
        )
        .join_from(postings, legs, legs.c.posting_id == postings.c.posting_id)
        .outerjoin(hold_events, told.posting_id == postings.c.posting_id)
        .outerjoin(holds, holds.c.hold_id == told.hold_id)
        .where(or_(postings.c.hold_id.is_not(None), told.hold_id.is_not(None)))
        .order_by(postings.c.posting_id, told.hold_id, told.ordinal, legs.c.position)
    )  # fmt: skip
    rows = view.execute(asked, execution_options=_STREAMED)
    for name, of_posting in groupby(rows, key=lambda row: row.posting_id):
        events = [
            list(sides)
            for _, sides in groupby(of_posting, key=lambda row: (row.told_hold, row.ordinal))
        ]
        if len(events) > 1:
            report.found(f"posting {name}", f"has {len(events)} events: a posting has one")
        for sides in events:
            if what := _misfit(sides):
                report.found(f"posting {name}", what)


def _misfit(sides: Sequence[Any]) -> str | None:
    """Return what is wrong between a posting, leg by leg, and its event."""
    row = sides[0]
    if row.told_hold is None:
        return f"names hold {row.hold_id} and says not what it does to it: it has no event"
    made = tuple(Leg(side.account, side.asset, side.amount) for side in sides)
    posting = Posting(row.posting_id, _ANY_TIME, "-", made, row.reverses, row.hold_id)
    try:
        did = event(posting, row.step, row.approval)
    except (HoldRefused, UnknownAccount) as fault:
        return f"has an event that it does not bear out: {fault}"
    if (did.hold_id, did.asset, did.amount, row.at) == (
        row.told_hold, row.told_asset, row.told, row.told_at,
    ):  # fmt: skip
        return None
    return f"is not what event {row.ordinal} of hold {row.told_hold} says of it"

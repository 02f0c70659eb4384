"""Rows of the ledger that somebody put there around every rule are found, on both engines."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from data import ledger
from data.engines import writing
from data.ledger_rules import RULES
from data.records import Records
from data.verify import Report
from data.verify_ledger import check_ledger
from engine.commands import Command
from engine.holds import event
from engine.ledger import LEG_MAX
from engine.people import local_actor
from engine.postings import Head, escrow_funded, hold_opened, hold_posted, top_up

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEG = "INSERT INTO legs (posting_id, position, account, asset, amount, entry_index) VALUES "
EVENT = """INSERT INTO hold_events (hold_id, ordinal, step, amount, at, posting_id, approved, spent,
    at_home, entry_index) VALUES """


@pytest.fixture
def book(records_url):
    """A book of a top-up (p1), a hold (p2), a deposit at a network (p3) and a post (p4)."""
    records = Records.open(records_url, "sandbox", "here", lambda: NOON)
    for made, step in (
        (top_up(Head("p1", NOON, "in"), 50_000), None),
        (hold_opened(Head("p2", NOON, "order"), "h1", 20_000), "opened"),
        (escrow_funded(Head("p3", NOON, "deposit"), "h1", "akash", 1_000), "moved"),
        (hold_posted(Head("p4", NOON, "used"), "h1", "akash", 5_000, 100), "posted"),
    ):
        happened = event(made, step) if step else None
        records.perform(
            Command.of(made.posting_id, "ledger.posted", local_actor("ann"), "order/1", {}),
            lambda unit, made=made, happened=happened: ledger.post(unit, made, happened),
        )
    yield records
    records.close()


def around(book, *statements):
    """Do what every rule and foreign key forbids, with them out of the way."""
    if book.file:
        with closing(sqlite3.connect(book.file, isolation_level=None)) as connection:
            asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.execute(asked).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in ("DROP INDEX ledger_one_event", *statements):
                connection.execute(statement)
        return
    with writing(book.engine) as connection:
        asked = """SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname
            FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
            UNION ALL SELECT 'ALTER TABLE ' || tablename || ' DISABLE TRIGGER USER'
            FROM pg_tables WHERE schemaname = current_schema()"""
        for (statement,) in connection.exec_driver_sql(asked).all():
            connection.exec_driver_sql(statement)
        for statement in ("DROP INDEX ledger_one_event", *statements):
            connection.exec_driver_sql(statement)


def problems(book):
    report = Report()
    with book.reading() as view:
        check_ledger(view, report)
    return {(problem.place, problem.what) for problem in report.problems}


CHANGES = {
    "legs without a posting": (
        [f"{LEG} ('ghost', 1, 'assets:cash', 'USD', -9, 1)",
         f"{LEG} ('ghost', 2, 'assets:treasury', 'USD', 9, 1)"],
        "legs ghost/2", "names 'ghost' of postings, which does not exist"),
    "legs of an account and an asset that are not there": (
        ["UPDATE legs SET account = 'assets:gold', asset = 'XXX' WHERE posting_id = 'p1'"],
        "legs p1/1", "names 'XXX' of assets, which does not exist"),
    "the reversal of nothing": (
        ["UPDATE postings SET reverses = 'p/9' WHERE posting_id = 'p1'"],
        "postings p1", "names 'p/9' of postings, which does not exist"),
    "an event of no hold": (
        ["UPDATE hold_events SET hold_id = 'h9' WHERE posting_id = 'p4'"],
        "hold_events h9/3", "names 'h9' of holds, which does not exist"),
    "an account outside the chart": (
        ["INSERT INTO accounts (account, kind, entry_index) VALUES ('assets:gold', 'asset', 1)"],
        "accounts assets:gold", "is no account of the chart"),
    "an account of another kind": (
        ["UPDATE accounts SET kind = 'income' WHERE account = 'assets:cash'"],
        "accounts assets:cash", "is kept as income, and is asset"),
    "an asset that nobody declared": (
        ["INSERT INTO assets (asset, scale, entry_index) VALUES ('XXX', 2, 1)"],
        "assets XXX", "is not declared with 2 decimals"),
    "an asset with another scale": (
        ["UPDATE assets SET scale = 4"], "assets USD", "is not declared with 4 decimals"),
    "amounts that no database adds up": (
        [f"UPDATE legs SET amount = {2**63 - 1} WHERE amount > 0 AND posting_id < 'p3'",
         f"UPDATE legs SET amount = {1 - 2**63} WHERE amount < 0 AND posting_id < 'p3'"],
        "legs p1/1", f"minor units: a leg has at most {LEG_MAX}"),
    "escrow spent outside of its hold": (
        ["UPDATE postings SET hold_id = NULL WHERE posting_id = 'p3'"],
        "legs p3/1", "moves money of assets:escrow:akash outside of any hold"),
    "a posting that names no hold and has an event": (
        ["UPDATE postings SET hold_id = NULL WHERE posting_id = 'p4'"],
        "posting p4", "names no hold"),
    "a post whose money went to the treasury": (
        ["UPDATE legs SET account = 'assets:treasury' WHERE posting_id = 'p4' AND amount > 0"],
        "posting p4", "which takes expense"),
    "a post whose account is unknown": (
        ["UPDATE legs SET account = 'assets:gold' WHERE posting_id = 'p4' AND amount > 0"],
        "posting p4", "is no account of the chart"),
    "an event of an unknown step": (
        ["UPDATE hold_events SET step = 'xopened' WHERE ordinal = 1"],
        "posting p2", "which is not what 'xopened' does"),
    "an event at another time": (
        ["UPDATE hold_events SET at = '2026-11-24T12:00:01.000000Z' WHERE ordinal = 2"],
        "posting p3", "is not what event 2 of hold h1 says of it"),
    "an event of another amount": (
        ["UPDATE hold_events SET amount = 5099 WHERE ordinal = 3"],
        "posting p4", "is not what event 3 of hold h1 says of it"),
    "a posting without its event": (
        ["DELETE FROM hold_events WHERE ordinal = 3"], "posting p4", "it has no event"),
    "a posting with two events": (
        [f"{EVENT} ('h1', 4, 'posted', 5100, 'noon', 'p4', 20000, 10200, 8800, 4)",
         "UPDATE hold_events SET at = '2026-11-24T12:00:00.000000Z' WHERE at = 'noon'"],
        "posting p4", "has 2 events: a posting has one"),
}  # fmt: skip


def test_rows_that_nobody_touched_are_clean(book):
    assert problems(book) == set()


@pytest.mark.parametrize(("statements", "place", "words"), CHANGES.values(), ids=CHANGES)
def test_what_no_rule_lets_in_is_found_from_the_rows_themselves(book, statements, place, words):
    around(book, *statements)
    assert any(where == place and words in what for where, what in problems(book))


def test_there_is_a_rule_for_every_leg_that_is_refused():
    [bound] = [rule for rule in RULES if str(LEG_MAX) in rule.refused_when]
    assert bound.table == "legs"

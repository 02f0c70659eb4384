"""A small book with everything in it, and what somebody with another tool does to a copy."""

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import count

from data import checkpoints, ledger
from data.documents import put
from data.records import Records
from data.trail_keys import signer
from data.verification import verify
from engine.commands import Command
from engine.holds import event
from engine.people import local_actor
from engine.postings import Head, hold_opened, hold_posted, opening, top_up

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")


def filled(folder):
    """A book of 16 entries with documents, postings, a hold, two checkpoints."""
    minutes = count()
    records = Records.open(f"sqlite:///{folder / 'b.sqlite'}", "sandbox", "here",
                           lambda: NOON + timedelta(minutes=next(minutes)))  # fmt: skip
    for n in range(10):
        asked = Command.of(f"k{n}", "settings.changed", ANN, f"s/{n % 3}", {"n": n})
        records.perform(
            asked, lambda unit, n=n: put(unit, "settings", f"s{n % 3}", {"n": n}).version
        )
    checkpoints.make(records, signer(records, folder, {}), folder)
    kept = [
        (opening(Head("p1", NOON, "start"), 100_000), None),
        (top_up(Head("p2", NOON, "pay in"), 50_000), None),
        (hold_opened(Head("p3", NOON, "order"), "h1", 20_000), "opened"),
        (hold_posted(Head("p4", NOON, "used"), "h1", "akash", 5_000, 100), "posted"),
    ]
    for posting, step in kept:
        happened = event(posting, step) if step else None
        records.perform(Command.of(posting.posting_id, "ledger.posted", ANN, "order/1", {}),
                        lambda unit, p=posting, h=happened: ledger.post(unit, p, h))  # fmt: skip
    checkpoints.make(records, signer(records, folder, {}), folder)
    return records


def tampered(original, folder, change):
    """Change a copy of the book with another tool."""
    file = folder / "b.sqlite"
    file.write_bytes((original / "b.sqlite").read_bytes())
    return changed(file, change)


def changed(file, change):
    """Change a book with another tool, its triggers out of the way meanwhile."""
    connection = sqlite3.connect(file, isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    found = change(connection)
    for _, sql in triggers:
        connection.execute(sql)
    connection.close()
    return found


def problems(folder, home):
    """What the check finds in the book of one folder, with the checkpoints of another."""
    records = Records.open(f"sqlite:///{folder / 'b.sqlite'}", "sandbox", "here", lambda: NOON)
    found = verify(records, home).report.problems
    records.close()
    return found

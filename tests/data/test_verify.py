"""A book that anybody touched is found, with the place; one that nobody touched is clean."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import checkpoints, ledger
from data.documents import put
from data.faults import RecordsFault
from data.records import Records
from data.trail_keys import rotate, signer
from data.verification import verify
from engine.commands import Command
from engine.holds import event
from engine.people import local_actor
from engine.postings import Head, hold_opened, hold_posted, opening, top_up

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")


def change(unit, n):
    return put(unit, "settings", f"s{n % 3}", {"n": n}).version


def filled(folder):
    """A book of 19 entries with documents, postings, a hold, two checkpoints."""
    minutes = count()
    records = Records.open(f"sqlite:///{folder / 'b.sqlite'}", "sandbox", "here",
                           lambda: NOON + timedelta(minutes=next(minutes)))  # fmt: skip
    for n in range(10):
        asked = Command.of(f"k{n}", "settings.changed", ANN, f"s/{n % 3}", {"n": n})
        records.perform(
            asked, lambda unit, n=n: put(unit, "settings", f"s{n % 3}", {"n": n}).version
        )
    first = checkpoints.make(records, signer(records, folder, {}), folder)
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
    return records, first


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    records, _ = filled(folder)
    records.close()
    return folder


@pytest.fixture
def book(tmp_path):
    records, _ = filled(tmp_path)
    yield records
    records.close()


def tampered(original, folder, change):
    """Change a copy of the book with another tool, its triggers out of the way."""
    file = folder / "b.sqlite"
    file.write_bytes((original / "b.sqlite").read_bytes())
    connection = sqlite3.connect(file, isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    changed = change(connection)
    for _, sql in triggers:
        connection.execute(sql)
    connection.close()
    return changed


def problems(folder, home):
    records = Records.open(f"sqlite:///{folder / 'b.sqlite'}", "sandbox", "here", lambda: NOON)
    found = verify(records, home).report.problems
    records.close()
    return found


def test_a_book_that_nobody_touched_is_clean(book, tmp_path):
    found = verify(book, tmp_path)
    assert (found.report.problems, found.report.checkpoints) == ([], 4)
    assert (found.report.size, set(found.seconds)) == (
        16, {"pages", "tree", "entries", "ledger", "checkpoints", "guards"},
    )  # fmt: skip


def test_a_key_that_was_rotated_still_proves_the_old_checkpoints(book, tmp_path):
    rotate(book, tmp_path, ANN)
    checkpoints.make(book, signer(book, tmp_path, {}), tmp_path)
    assert verify(book, tmp_path).report.problems == []


CHANGES = {
    "an entry's text": (("UPDATE entries SET body = replace(body, '\"n\":5', '\"n\":6') "
                        "WHERE leaf_index = 6"), "entry 6"),
    "an entry's hash": (("UPDATE entries SET hashes = zeroblob(length(hashes)) "
                        "WHERE leaf_index = 4"), "entry 4"),
    "where an entry is filed": ("UPDATE entries SET actor = 'eve' WHERE leaf_index = 3", "entry 3"),
    "an entry is dropped": ("DELETE FROM entries WHERE leaf_index = 7", "entry 7"),
    "the newest are dropped": ("DELETE FROM entries WHERE leaf_index > 11", "checkpoint 16"),
    "a document": ("UPDATE documents SET body = '{}' WHERE id = 's1' AND version = 2",
                   "documents settings/s1/2"),
    "a document is dropped": ("DELETE FROM documents WHERE id = 's1' AND version = 1",
                              "documents settings/s1/1"),
    "a document is inserted": ("INSERT INTO documents VALUES ('settings', 'x', 1, '{}', 0, 4)",
                               "documents settings/x/1"),
    "a document of no entry": ("INSERT INTO documents VALUES ('settings', 'x', 1, '{}', 0, 99)",
                               "documents settings/x/1"),
    "an amount": ("UPDATE legs SET amount = amount * 2 WHERE posting_id = 'p2'", "legs p2/1"),
    "one side of a posting": (("UPDATE legs SET amount = amount + 1 WHERE posting_id = 'p2' "
                              "AND position = 1"), "posting p2"),
    "a leg is dropped": ("DELETE FROM legs WHERE posting_id = 'p4' AND position = 1", "posting p4"),
    "a hold": ("UPDATE hold_events SET amount = 1 WHERE step = 'opened'", "hold h1"),
    "two entries are swapped": (
        ("UPDATE entries SET leaf_index = 1000 - leaf_index WHERE leaf_index IN (5, 6);"
        "UPDATE entries SET leaf_index = leaf_index - 989 WHERE leaf_index = 994;"
        "UPDATE entries SET leaf_index = leaf_index - 989 WHERE leaf_index = 995;"), "entry 5"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "place"), CHANGES.values(), ids=CHANGES)
def test_a_change_by_another_tool_is_found_with_its_place(original, tmp_path, change, place):
    tampered(original, tmp_path, lambda connection: connection.executescript(change))
    assert place in {problem.place for problem in problems(tmp_path, original)}


def test_a_trigger_that_is_gone_is_said_at_the_start(original, tmp_path):
    (tmp_path / "b.sqlite").write_bytes((original / "b.sqlite").read_bytes())
    with sqlite3.connect(tmp_path / "b.sqlite") as connection:
        connection.execute("DROP TRIGGER legs_refuses_update")
    connection.close()
    with pytest.raises(RuntimeError, match="legs_refuses_update"):
        problems(tmp_path, original)


def test_a_history_rewritten_with_its_hashes_is_found_by_a_checkpoint_outside(original, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    minutes = count()
    forged = Records.open(f"sqlite:///{other / 'b.sqlite'}", "sandbox", "here",
                          lambda: NOON + timedelta(minutes=next(minutes)))  # fmt: skip
    for n in range(30):
        forged.perform(Command.of(f"k{n}", "settings.changed", ANN, "s", {"n": -n}), lambda _: None)
    with forged.reading() as view:
        assert view is not None
    (other / "keys").mkdir()
    (other / "keys" / "sandbox.key").write_text((original / "keys" / "sandbox.key").read_text())
    (other / "keys" / "sandbox.key").chmod(0o600)
    signer(forged, other, {})
    assert verify(forged, other).report.problems == []
    found = verify(forged, other, checkpoints.files(original, "sandbox")).report.problems
    assert any("rewritten" in problem.what for problem in found)
    forged.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_byte_of_any_fact_that_is_changed_is_found(original, tmp_path_factory, data):
    table = data.draw(st.sampled_from(["entries", "documents", "postings", "legs", "hold_events",
                                       "holds", "accounts", "assets", "books"]))  # fmt: skip

    def change(connection):
        rows = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
        names = [c[1] for c in connection.execute(f"PRAGMA table_info({table})")]
        row = data.draw(st.sampled_from(rows))
        place = data.draw(st.integers(1, len(names)))
        old = row[place]
        new = _other(data, old)
        connection.execute("PRAGMA foreign_keys = OFF")
        try:
            connection.execute(
                f"UPDATE {table} SET {names[place - 1]} = ? WHERE rowid = ?", (new, row[0])
            )
        except sqlite3.IntegrityError:  # another row has it: as good as refused
            return False
        return old != new

    folder = tmp_path_factory.mktemp("tampered")
    if tampered(original, folder, change):
        with contextlib.suppress(RecordsFault):  # another installation's book is not even opened
            assert problems(folder, original)


def _other(data, old):
    if isinstance(old, int):
        return old + data.draw(st.sampled_from([-1, 1, 7]))
    if isinstance(old, bytes):
        place = data.draw(st.integers(0, len(old) - 1))
        return old[:place] + bytes([old[place] ^ 1]) + old[place + 1 :]
    text = old or ""
    place = data.draw(st.integers(0, len(text)))
    return text[:place] + "x" + text[place + data.draw(st.integers(0, 1)) :]

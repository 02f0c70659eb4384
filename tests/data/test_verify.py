"""A book that anybody touched is found, with the place; one that nobody touched is clean."""

import contextlib
import sqlite3
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import checkpoints
from data.faults import RecordsAway, RecordsDamaged, RecordsFault
from data.records import Records
from data.trail_keys import rotate, signer
from data.verification import keep, verify
from engine.commands import Command
from tests.tampering import ANN, NOON, changed, filled, problems, tampered


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    filled(folder).close()
    return folder


@pytest.fixture
def book(tmp_path):
    records = filled(tmp_path)
    yield records
    records.close()


def test_a_book_that_nobody_touched_is_clean(book, tmp_path):
    found = verify(book, tmp_path)
    assert (found.report.problems, found.report.checkpoints) == ([], 2)
    assert (found.report.filed, found.report.checkpoint_files) == (2, 2)
    assert (found.report.size, set(found.seconds)) == (
        16, {"pages", "tree", "entries", "ledger", "orders", "checkpoints", "guards"},
    )  # fmt: skip


def test_a_key_that_was_rotated_still_proves_the_old_checkpoints(book, tmp_path):
    rotate(book, tmp_path, ANN)
    checkpoints.make(book, signer(book, tmp_path, {}), tmp_path)
    assert verify(book, tmp_path).report.problems == []


def test_every_part_that_can_tells_how_far_it_is(book, tmp_path):
    told, at = {}, []
    verify(book, tmp_path, progress=lambda *pair: told.setdefault(at[-1], pair), begun=at.append)
    assert at == ["pages", "tree", "entries", "ledger", "orders", "checkpoints", "guards"]
    assert told == {
        "tree": (0, 16), "entries": (0, 16), "ledger": (0, 1), "checkpoints": (0, 4),
    }  # fmt: skip


def test_a_result_that_cannot_follow_the_newest_entry_says_so(book, tmp_path):
    changed(book.file, lambda tool: tool.execute("UPDATE entries SET at = 'x'"))
    fresh = Records.open(book.url, "sandbox", "here", lambda: NOON)
    found = verify(fresh, tmp_path)
    with pytest.raises(RecordsDamaged, match="nothing can follow the newest entry"):
        keep(fresh, found, "key", ANN)
    fresh.close()


CHANGES = {
    "the form of an entry": ("UPDATE entries SET body = ' ' || body WHERE leaf_index = 6",
                             "entry 6"),
    "whose entry it is": (("UPDATE entries SET body = replace(body, 'urn:necto:here', "
                           "'urn:necto:there') WHERE leaf_index = 6"), "entry 6"),
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
    "the size of a checkpoint": ("UPDATE checkpoints SET size = 13 WHERE size = 12",
                                 "checkpoint 13"),
    "a step that nobody knows": ("UPDATE hold_events SET step = 'xposted' WHERE ordinal = 2",
                                 "hold h1"),
    "a hold's first step": ("UPDATE hold_events SET step = 'xopened' WHERE ordinal = 1",
                            "hold h1"),
    "the order of steps": ("UPDATE hold_events SET ordinal = 7 WHERE ordinal = 1", "hold h1"),
    "the time of a step": ("UPDATE hold_events SET at = 'x' WHERE ordinal = 2", "hold h1"),
    "an asset that nobody declared": ("UPDATE holds SET asset = 'XYZ'", "hold h1"),
    "amounts beyond 64 bits": (("UPDATE legs SET amount = 9223372036854775807 "
                                "WHERE posting_id = 'p4'"), "posting p4"),
    "an entry without its source": (("UPDATE entries SET body = replace(body, '\"source\"', "
                                     "'\"sourcx\"') WHERE leaf_index = 6"), "entry 6"),
    "an entry whose effects are no text": (("UPDATE entries SET body = replace(body, "
        "'\"table\":\"documents\"', '\"table\":[1]') WHERE leaf_index = 6"), "entry 6"),
    "an entry without an end": (("UPDATE entries SET body = replace(hex(zeroblob(50000)), '0', "
                                 "'[') WHERE leaf_index = 6"), "entry 6"),
    "an entry of a place beyond numbers": (("UPDATE entries SET body = replace(body, "
        "'\"id\":\"6\"', '\"id\":1e999') WHERE leaf_index = 6"), "entry 6"),
    "a key that is none": ("UPDATE documents SET body = '[]' WHERE kind = 'trail-key'",
                           "checkpoints"),
    "a key that nobody reads": ("UPDATE documents SET body = 'no' WHERE kind = 'trail-key'",
                                "checkpoints"),
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


def test_a_mistake_of_the_check_itself_is_a_problem_and_not_the_end(book, tmp_path, monkeypatch):
    def broken(*_):
        raise LookupError("oops")

    monkeypatch.setattr("data.verification.check_ledger", broken)
    found = verify(book, tmp_path)

    assert [(p.place, "oops" in p.what) for p in found.report.problems] == [("ledger", True)]
    assert found.report.checkpoints == 2


def test_a_database_that_is_away_is_no_verdict(book, tmp_path, monkeypatch):
    def away(*_):
        raise RecordsAway("no answer")

    monkeypatch.setattr("data.verification.check_ledger", away)
    with pytest.raises(RecordsAway):
        verify(book, tmp_path)


@settings(max_examples=120, deadline=None)
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
            form = "CAST(? AS TEXT)" if isinstance(old, str | None) else "?"
            connection.execute(
                f"UPDATE {table} SET {names[place - 1]} = {form} WHERE rowid = ?", (new, row[0])
            )
        except sqlite3.IntegrityError:  # another row has it: as good as refused
            return False
        return old != new

    folder = tmp_path_factory.mktemp("tampered")
    if tampered(original, folder, change):
        with contextlib.suppress(RecordsFault):  # another installation's book is not even opened
            found = problems(folder, original)
            assert found
            assert not [problem for problem in found if "the log says where" in problem.what]


def _other(data, old):
    if isinstance(old, int):
        far = [2**63 - 1, -(2**63), 0]
        return data.draw(st.sampled_from([old - 1, old + 1, old + 7, *far]))
    if isinstance(old, bytes):
        place = data.draw(st.integers(0, len(old) - 1))
        return old[:place] + bytes([old[place] ^ 1]) + old[place + 1 :]
    text = old or ""
    if data.draw(st.booleans()):
        others = [
            "",
            "x",
            "[" * 100_000,
            "{}",
            "null",
            "posted",
            "opened",
            "closed",
            b"\xff{",
            "EUR",
        ]
        return data.draw(st.sampled_from(others))
    place = data.draw(st.integers(0, len(text)))
    return text[:place] + "x" + text[place + data.draw(st.integers(0, 1)) :]

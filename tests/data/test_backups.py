"""A backup is whole, can be checked by itself, and never takes entries away unasked."""

import json
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select

from data import engines, ledger
from data.backups import NoBackup, backup, check, existing
from data.books import close_books, installation_of, open_book
from data.documents import current, put
from data.faults import RecordsBusy, RecordsDamaged, RecordsFault
from data.places import FilePlace
from data.records import Records
from data.restoring import NotRestored, WouldLose, restore
from data.settings import Settings
from data.tables import metadata, personal_keys
from data.trail import leaf, size_of
from data.trail_keys import rotate, signer, verifiers_of
from data.worker import beat
from engine import postings as say
from engine.commands import Command
from engine.holds import event
from engine.people import local_actor

ANN = local_actor("ann")


@pytest.fixture(params=["sqlite", "postgresql"])
def there(request, tmp_path):
    """Where a Necto of one engine keeps its books."""
    env = {"NECTO_HOME": str(tmp_path / "home")}
    if request.param == "postgresql":
        env["NECTO_RECORDS_URL"] = request.getfixturevalue("postgres_url")
    yield Settings.from_env(env)
    close_books()


@pytest.fixture
def elsewhere(tmp_path):
    return Settings.from_env({"NECTO_HOME": str(tmp_path / "elsewhere")})


def do(book, number):
    asked = Command.of(f"k{number}", "note.kept", ANN, "note/x", {"n": number})
    return book.perform(asked, lambda unit: put(unit, "note", f"n{number}", {}) and None)


def spend(book):
    """Money in, a hold, usage from it, its close: every table of the ledger has rows."""

    def at(number):
        return say.Head(f"p{number}", datetime(2026, 11, 2, tzinfo=UTC), "a test")

    def act(unit):
        ledger.post(unit, say.top_up(at(1), 500))
        opened = say.hold_opened(at(2), "h1", 300)
        ledger.post(unit, opened, event(opened, "opened", None))
        used = say.hold_posted(at(3), "h1", "akash", 100, 10)
        ledger.post(unit, used, event(used, "posted", None))
        closed = say.hold_closed(at(4), "h1", 190)
        ledger.post(unit, closed, event(closed, "closed", None))

    book.perform(Command.of("spend", "order.paid", ANN, "order/1", {}), act)


def made(settings, tmp_path, entries=3):
    book = open_book(settings)
    for number in range(entries):
        do(book, number)
    spend(book)
    return book, backup(book, tmp_path / "backups", ANN)


def rows(book):
    with book.reading() as view:
        return {
            table.name: sorted(view.execute(select(table)).all(), key=lambda row: row[0])
            for table in metadata.sorted_tables
        }


def last(book):
    with book.reading() as view:
        found = json.loads(leaf(view, size_of(view) - 1).body)
    return found["type"], found["data"]["input"]["body"]


def test_a_backup_is_checked_in_a_place_of_its_own(there, tmp_path):
    book, taken = made(there, tmp_path)
    checked = check(taken.file)
    assert (checked.problems, checked.head.size, checked.told) == ([], 5, taken.told)
    assert (taken.told.book, taken.told.engine) == ("house", book.engine.dialect.name)
    assert sorted(each.name for each in taken.file.parent.iterdir()) == [
        taken.file.name, f"{taken.file.name}.json",
    ]  # fmt: skip


def test_a_backup_is_an_entry_in_the_trail(there, tmp_path):
    book, taken = made(there, tmp_path)
    kind, body = last(book)
    assert (kind, body["file"], body["sha256"]) == (
        "necto.book.backed-up", taken.file.name, taken.told.sha256,
    )  # fmt: skip


def test_a_backup_has_every_row_exactly(there, elsewhere, tmp_path):
    book, taken = made(there, tmp_path)
    expected = rows(book)
    del expected["entries"][-1]  # of the backup itself, which was made before it
    restore(taken.file, elsewhere, ANN)
    found = rows(open_book(elsewhere))
    told = json.loads(found["entries"].pop().body)
    assert (told["type"], found) == ("necto.book.restored", expected)
    assert all(expected[name] for name in ("legs", "hold_events", "documents", "books"))


def test_a_new_home_becomes_the_installation_of_the_backup(there, elsewhere, tmp_path):
    _, taken = made(there, tmp_path)
    restore(taken.file, elsewhere, ANN)
    assert installation_of(elsewhere.home) == installation_of(there.home)
    assert len(rows(open_book(elsewhere))["documents"]) == 3


def test_a_book_moves_from_a_file_into_postgresql(elsewhere, postgres_url, tmp_path):
    _, taken = made(elsewhere, tmp_path)
    env = {"NECTO_HOME": str(tmp_path / "new"), "NECTO_RECORDS_URL": postgres_url}
    server = Settings.from_env(env)
    restore(taken.file, server, ANN)
    book = open_book(server)
    assert not do(book, 9).replayed
    assert do(book, 1).replayed
    assert check(backup(book, tmp_path / "back", ANN).file).problems == []
    close_books()


def test_entries_that_the_backup_lacks_are_not_given_up_unasked(there, tmp_path):
    book, taken = made(there, tmp_path)
    do(book, 8)
    with pytest.raises(WouldLose, match="has 2 of 7 entries that the backup lacks"):
        restore(taken.file, there, ANN)
    assert do(book, 8).replayed


def test_whoever_forces_it_has_the_backup_and_the_old_book_is_kept(there, tmp_path):
    book, taken = made(there, tmp_path)
    do(book, 8)
    restored = restore(taken.file, there, ANN, is_forced=True)
    assert not do(book, 9).replayed  # a process that had it open goes on with the restored one
    with book.reading() as view:
        assert [each.id for each in current(view, "note")] == ["n0", "n1", "n2", "n9"]
        entry = json.loads(leaf(view, 5).body)
    assert entry["type"] == "necto.book.restored"
    assert entry["data"]["input"]["body"]["replaced"] == {
        "kept": restored.kept, "size": 7, "lost": 2,
    }  # fmt: skip
    assert kept_notes(book, restored.kept) == 4
    book.check()
    assert check(backup(book, tmp_path / "more", ANN).file).problems == []


def kept_notes(book, kept):
    if book.file:
        with sqlite3.connect(kept) as plain:
            found = plain.execute("SELECT count(*) FROM documents").fetchone()[0]
        plain.close()
        return found
    with book.reading() as view:
        return view.exec_driver_sql(f"SELECT count(*) FROM {kept}.documents").scalar()


def test_a_book_that_is_only_behind_is_replaced_without_force(there, tmp_path):
    book, early = made(there, tmp_path)
    do(book, 8)
    late = backup(book, tmp_path / "backups", ANN)
    restore(early.file, there, ANN, is_forced=True)
    with pytest.raises(WouldLose, match="has 1 of 6 entries"):  # that it was restored
        restore(late.file, there, ANN)
    restore(late.file, there, ANN, is_forced=True)
    assert do(book, 8).replayed


def test_a_key_that_was_destroyed_stays_destroyed(there, tmp_path):
    book = open_book(there)
    with book.transaction() as unit:
        for person in ("p1", "p2"):
            unit.connection.execute(insert(personal_keys).values(person=person, key=b"k"))
    _, taken = made(there, tmp_path)
    with book.transaction() as unit:
        unit.connection.exec_driver_sql("DELETE FROM personal_keys WHERE person = 'p1'")
    restore(taken.file, there, ANN, is_forced=True)
    assert [person for person, _ in rows(book)["personal_keys"]] == ["p2"]
    assert last(book)[1]["keys_destroyed"] == 1


def test_a_backup_from_before_a_rotation_is_signed_with_the_key_of_that_time(there, tmp_path):
    book = open_book(there)
    old = signer(book, there.home).verifier
    taken = backup(book, tmp_path / "kept", ANN)
    new = rotate(book, there.home, ANN)
    restore(taken.file, there, ANN, is_forced=True)
    assert verifiers_of(book) == [old]
    assert signer(book, there.home).verifier == old
    assert rotate(book, there.home, ANN) not in {old, new}


def test_a_backup_of_another_installation_is_refused(there, elsewhere, tmp_path):
    _, taken = made(there, tmp_path)
    open_book(elsewhere)
    with pytest.raises(NotRestored, match="into a NECTO_HOME of its own"):
        restore(taken.file, elsewhere, ANN, is_forced=True)


def test_a_book_that_cannot_be_read_is_kept_aside_when_forced(elsewhere, tmp_path):
    book, taken = made(elsewhere, tmp_path)
    file = book.file
    close_books()
    file.write_bytes(b"rubbish" * 2000)
    with pytest.raises(WouldLose, match="nobody can tell what would be lost"):
        restore(taken.file, elsewhere, ANN)
    beat(elsewhere.home, 1, datetime.now(UTC))
    with pytest.raises(RecordsFault, match="stop it, then restore"):
        restore(taken.file, elsewhere, ANN, is_forced=True)
    beat(elsewhere.home, 1, datetime(2026, 1, 1, tzinfo=UTC))
    restored = restore(taken.file, elsewhere, ANN, is_forced=True)
    assert Path(restored.kept).read_bytes().startswith(b"rubbish")
    assert do(open_book(elsewhere), 1).replayed


def test_what_sqlite_left_of_a_lost_file_is_no_part_of_the_restored_one(elsewhere, tmp_path):
    book, taken = made(elsewhere, tmp_path)
    log = book.file.with_name("house.sqlite-wal")
    content = log.read_bytes() if log.exists() else b"x"
    file = book.file
    close_books()
    file.unlink()
    log.write_bytes(content)
    restored = restore(taken.file, elsewhere, ANN)
    assert restored.kept is None
    assert len(rows(open_book(elsewhere))["documents"]) == 3


def test_a_book_written_to_while_it_is_being_replaced_is_left_alone(
    elsewhere, tmp_path, monkeypatch
):
    book, taken = made(elsewhere, tmp_path)
    plain = FilePlace.look

    def look(place, copy):
        found = plain(place, copy)
        do(book, 8)
        return found

    monkeypatch.setattr(FilePlace, "look", look)
    with pytest.raises(RecordsFault, match="written to meanwhile"):
        restore(taken.file, elsewhere, ANN, is_forced=True)
    assert do(book, 8).replayed
    assert do(book, 9).entry_index == 7


def test_a_book_that_others_hold_is_not_replaced(there, tmp_path, monkeypatch):
    book, taken = made(there, tmp_path)
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    with book.transaction(), pytest.raises(RecordsBusy, match="try again"):
        restore(taken.file, there, ANN, is_forced=True)
    restore(taken.file, there, ANN, is_forced=True)
    assert last(book)[0] == "necto.book.restored"


def test_an_empty_file_is_moved_aside(elsewhere, tmp_path):
    book, taken = made(elsewhere, tmp_path)
    close_books()
    book.file.write_bytes(b"")
    restored = restore(taken.file, elsewhere, ANN)
    assert Path(restored.kept).exists()
    assert do(open_book(elsewhere), 1).replayed


def test_a_book_that_is_none_of_ours_is_not_restored(elsewhere, tmp_path):
    other = Records.open(f"sqlite:///{tmp_path / 'other.sqlite'}", "other", "there")
    taken = backup(other, tmp_path / "backups", ANN)
    other.close()
    with pytest.raises(NotRestored, match="holds the book other, which is none of ours"):
        restore(taken.file, elsewhere, ANN)
    assert not elsewhere.home.exists()


@pytest.mark.parametrize("changed", ["file", "note"])
def test_a_backup_that_is_not_as_it_was_made_is_not_restored(elsewhere, tmp_path, changed):
    _, taken = made(elsewhere, tmp_path)
    if changed == "file":
        with sqlite3.connect(taken.file) as plain:
            plain.execute("DROP TRIGGER documents_refuses_update")
            plain.execute("UPDATE documents SET body = '{\"x\":1}' WHERE id = 'n1'")
            plain.execute(
                "CREATE TRIGGER documents_refuses_update BEFORE UPDATE ON documents BEGIN "
                "SELECT RAISE(ABORT, 'facts are added, never changed: documents'); END"
            )
        plain.close()
    else:
        note = taken.file.with_name(f"{taken.file.name}.json")
        note.write_text(note.read_text().replace('"size": 5', '"size": 6'))
    problems = check(taken.file).problems
    assert any("was made with" in problem.what for problem in problems)
    assert any("was changed" in problem.what for problem in problems) == (changed == "file")
    with pytest.raises(NotRestored, match="not as they were"):
        restore(taken.file, elsewhere, ANN)


def test_a_backup_without_its_description_can_be_restored(elsewhere, tmp_path):
    _, taken = made(elsewhere, tmp_path)
    alone = tmp_path / "alone.sqlite"
    shutil.copy(taken.file, alone)
    assert check(alone).told is None
    assert check(alone).is_clean


def test_a_description_that_cannot_be_read_is_told(elsewhere, tmp_path):
    _, taken = made(elsewhere, tmp_path)
    taken.file.with_name(f"{taken.file.name}.json").write_text("{")
    assert [p.what[:14] for p in check(taken.file).problems] == ["cannot be read"]


def test_what_is_no_backup_is_said(elsewhere, tmp_path):
    book = open_book(elsewhere)
    empty, rubbish = tmp_path / "empty", tmp_path / "rubbish"
    sqlite3.connect(empty).close()
    empty.touch()
    rubbish.write_bytes(b"x" * 5000)
    for file, kind, words in (
        (tmp_path / "nothing", NoBackup, "cannot be read"), (empty, NoBackup, "no book of records"),
        (rubbish, RecordsDamaged, "damaged"), (book.file, NoBackup, "is in use"),
    ):  # fmt: skip
        with pytest.raises(kind, match=words):
            check(file)


def test_a_folder_that_takes_no_backup_is_said(elsewhere, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecordsFault, match="check the rights"):
        backup(open_book(elsewhere), tmp_path / "file" / "x", ANN)


def test_a_backup_ends_while_others_write_without_pause(there, tmp_path):
    book, stop, count = open_book(there), threading.Event(), []

    def write():
        while not stop.is_set():
            count.append(do(book, f"w{len(count)}"))

    writer = threading.Thread(target=write)
    writer.start()
    taken = [backup(book, tmp_path / "backups", ANN) for _ in range(3)]
    stop.set()
    writer.join()
    assert all(check(each.file).is_clean for each in taken)
    assert len(count) > 3


def test_books_that_were_never_opened_do_not_exist(there):
    assert existing(there) == []
    open_book(there, "sandbox")
    assert existing(there) == ["sandbox"]
    assert make_url(open_book(there, "sandbox").url)

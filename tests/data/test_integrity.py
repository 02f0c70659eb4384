"""A damaged file is noticed before anything is written to it."""

import random
import shutil
import sqlite3

import pytest

from data import integrity
from data.faults import RecordsDamaged, RecordsFault
from data.records import Records
from data.verify import Report, check_entries, check_tree
from engine.commands import Command
from engine.people import local_actor

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
NOTES = 400


def opened(file):
    return Records.open(f"sqlite:///{file}", "house", HERE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file with a book in it that nobody holds."""
    file = tmp_path_factory.mktemp("whole") / "house.sqlite"
    book = opened(file)
    with book.transaction() as tx:
        for number in range(NOTES):
            asked = Command.of(f"k{number}", "note.kept", local_actor("ann"), "note/x", {})
            row = {"kind": "note", "id": f"n{number}", "version": 1, "body": "{}" * 200}
            tx.perform(asked, lambda unit, row=row: unit.add("documents", **row, is_deleted=0))
    book.close()
    return file


def damaged(whole, place, *, at, length=16):
    """A copy of the file of which some bytes are turned over."""
    file = place / "house.sqlite"
    shutil.copy(whole, file)
    with file.open("r+b") as bytes_:
        bytes_.seek(at)
        was = bytes_.read(length)
        bytes_.seek(at)
        bytes_.write(bytes(255 - byte for byte in was))
    return file


def rows(file):
    with sqlite3.connect(file) as plain:
        names = plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {name: sorted(plain.execute(f"SELECT * FROM {name}")) for (name,) in names}
    plain.close()
    return found


def noticed(file):
    """How damage shows: by a fault at opening, by a problem in the book, or not at all."""
    report, book = Report(), None
    try:
        book = opened(file)
        with book.reading() as view:
            check_tree(view, report)
            check_entries(view, HERE, "house", report)
    except RecordsFault as fault:
        return type(fault).__name__
    finally:
        if book:
            book.close()
    return report.problems[0].place if report.problems else None


def test_bytes_turned_over_anywhere_are_noticed_or_mattered_to_nothing(whole, tmp_path):
    chance = random.Random(4)
    expected, found = rows(whole), []
    for _ in range(40):
        file = damaged(whole, tmp_path, at=chance.randrange(whole.stat().st_size - 16))
        found.append(noticed(file))
        if found[-1] is None:
            assert rows(file) == expected
        for beside in tmp_path.iterdir():
            beside.unlink()
    assert sum(each is not None for each in found) >= 10


@pytest.fixture
def at_an_index(whole):
    """Where in the file an index begins."""
    with sqlite3.connect(whole) as plain:
        asked = "SELECT rootpage FROM sqlite_master WHERE name = 'entries_by_subject'"
        page = plain.execute(asked).fetchone()[0]
    plain.close()
    return (page - 1) * 4096


def test_damage_in_the_middle_of_the_file_is_said(whole, tmp_path, at_an_index):
    file = damaged(whole, tmp_path, at=at_an_index)
    with pytest.raises(RecordsDamaged, match="keep the file, and restore a backup"):
        opened(file)


@pytest.mark.parametrize("content", [b"no database at all " * 500, b"SQLite format 3\0" * 600])
def test_a_file_of_another_kind_is_said_and_left_alone(tmp_path, content):
    file = tmp_path / "house.sqlite"
    file.write_bytes(content)
    with pytest.raises(RecordsDamaged):
        opened(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_file_of_which_the_end_is_missing_is_said(whole, tmp_path, kept):
    file = tmp_path / "house.sqlite"
    file.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * kept)])
    with pytest.raises(RecordsDamaged):
        opened(file)


def test_a_large_file_is_opened_without_reading_all_of_it(
    whole, tmp_path, at_an_index, monkeypatch
):
    """Its pages are looked at once a day instead."""
    monkeypatch.setattr(integrity, "QUICK_BYTES_MAX", 4096)
    book = opened(damaged(whole, tmp_path, at=at_an_index))
    assert book.integrity()
    book.close()


def test_a_sound_book_has_nothing_to_say(records_url):
    book = Records.open(records_url, "house", HERE)
    assert book.integrity() == []
    book.close()


def test_a_row_that_names_one_that_is_not_there_is_told(whole, tmp_path):
    file = tmp_path / "house.sqlite"
    shutil.copy(whole, file)
    with sqlite3.connect(file) as plain:
        plain.execute("INSERT INTO documents VALUES ('note', 'stray', 1, '{}', 0, 9999)")
    plain.close()
    book = opened(file)
    (said,) = book.integrity()
    assert said.endswith("of documents names a entries that is not")
    book.close()

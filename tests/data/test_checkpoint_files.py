"""A book that lost entries, or was exchanged, shows against its newest file in a few look-ups."""

import shutil

import pytest

from data import checkpoints
from data.checkpoint_files import doubt
from data.records import Records
from data.trail_keys import signer
from engine.commands import Command
from tests.tampering import ANN, NOON, changed, filled

NEWEST = "000000000000016.note"


@pytest.fixture
def book(tmp_path):
    records = filled(tmp_path)
    yield records
    records.close()


def newest(home):
    return checkpoints.files(home, "sandbox")[-1]


def test_a_book_that_is_as_signed_or_longer_raises_no_doubt(book, tmp_path):
    assert doubt(book, tmp_path) is None
    book.perform(Command.of("more", "note.kept", ANN, "note/x", {}), lambda _: None)
    assert doubt(book, tmp_path) is None


def test_without_a_file_there_is_nothing_to_compare(book, tmp_path):
    assert doubt(book, tmp_path / "elsewhere") is None


def test_entries_that_were_cut_off_are_told(book, tmp_path):
    changed(book.file, lambda tool: tool.execute("DELETE FROM entries WHERE leaf_index > 13"))
    assert str(doubt(book, tmp_path)).startswith(
        f"checkpoint file {NEWEST}: covers 16 entries, and the book has 14: entries from 14 on"
    )


def test_another_history_of_the_same_key_is_told(book, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "keys", other / "keys")
    forged = Records.open(f"sqlite:///{other / 'b.sqlite'}", "sandbox", "here", lambda: NOON)
    for n in range(20):
        forged.perform(Command.of(f"k{n}", "note.kept", ANN, "note/x", {}), lambda _: None)
    signer(forged, other, {})

    assert "the first 16 entries are not those that were signed" in str(doubt(forged, tmp_path))
    forged.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"nonsense", f"{NEWEST} is none of this book"), (b"\xff", "cannot be compared with")],
)
def test_a_file_that_cannot_be_read_is_told(book, tmp_path, content, words):
    newest(tmp_path).write_bytes(content)
    assert words in str(doubt(book, tmp_path))


def test_a_key_that_was_changed_is_told(book, tmp_path):
    sql = "UPDATE documents SET body = '[]' WHERE kind = 'trail-key'"
    changed(book.file, lambda tool: tool.execute(sql))
    assert "version 1 of trail-key/sandbox names no key" in str(doubt(book, tmp_path))

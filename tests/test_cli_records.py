"""``necto backup`` and ``necto restore`` as a person types them."""

import json
import sqlite3

import pytest

from data.books import close_books, open_book
from data.documents import put
from data.settings import Settings
from engine.commands import Command
from engine.people import local_actor


@pytest.fixture
def book(necto, tmp_path):
    yield open_book(Settings.from_env({"NECTO_HOME": str(tmp_path)}))
    close_books()


def do(book, key):
    asked = Command.of(key, "note.kept", local_actor("ann"), "note/x", {})
    book.perform(asked, lambda unit: put(unit, "note", key, {}) and None)


def backed_up(necto, tmp_path):
    told = necto("backup", "--to", str(tmp_path / "kept"), "--json")
    assert told.exit_code == 0, told.output
    (one,) = json.loads(told.stdout)
    return one


def test_a_backup_is_made_checked_and_restored(necto, book, tmp_path):
    do(book, "k1")
    made = backed_up(necto, tmp_path)
    assert (made["book"], made["size"]) == ("house", 2)
    checked = necto("restore", made["file"], "--check")
    assert checked.exit_code == 0
    assert "2 entries, 2 facts" in checked.stdout
    assert checked.stdout.endswith("is whole\n")
    refused = necto("restore", made["file"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "1 of 3 entries that the backup lacks" in refused.stderr
    forced = necto("restore", made["file"], "--force", "--json")
    told = json.loads(forced.stdout)
    assert (forced.exit_code, told["lost"], told["problems"]) == (0, 1, [])
    assert "house.sqlite.replaced-" in told["kept"]


def test_a_restore_says_where_the_old_book_is(necto, book, tmp_path):
    made = backed_up(necto, tmp_path)
    forced = necto("restore", made["file"], "--force")
    assert "is restored; what stood there is kept: " in forced.stdout
    assert f"bring them back yourself: the market's files and rate cards ({tmp_path}" in (
        forced.stdout
    )


def test_a_backup_says_what_is_not_in_it(necto, book, tmp_path):
    said = necto("backup", "--to", str(tmp_path / "kept")).stdout
    assert "house: 1 entry in " in said
    assert f"({tmp_path / 'keys'}) and the published checkpoints" in said
    assert said.endswith("copy these too\n")


def test_a_changed_backup_is_told_with_the_place(necto, book, tmp_path):
    do(book, "k1")
    made = backed_up(necto, tmp_path)
    with sqlite3.connect(made["file"]) as plain:
        plain.execute("INSERT INTO documents VALUES ('note', 'stray', 1, '{}', 0, 1)")
    plain.close()
    checked = necto("restore", made["file"], "--check")
    assert checked.exit_code == 1
    assert "documents note/stray/1: was inserted: entry 1 says nothing of it" in checked.stdout
    assert "do not restore it" in checked.stdout
    restored = necto("restore", made["file"], "--force")
    assert (restored.exit_code, restored.stdout) == (2, "")
    assert "not as they were" in restored.stderr


def test_a_backup_alone_is_checked_against_itself(necto, book, tmp_path):
    made = backed_up(necto, tmp_path)
    (tmp_path / "kept" / f"{made['file']}.json").unlink()
    checked = necto("restore", made["file"], "--check")
    assert (checked.exit_code, "not beside it" in checked.stdout) == (0, True)
    assert (
        json.loads(necto("restore", made["file"], "--check", "--json").stdout)["described"] is False
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("backup", "--to", "x", "--book", "cash"), "cash is no book: house, sandbox, live"),
        (("backup", "--to", "x", "--book", "live"), "the live book was not begun yet"),
        (("restore", "nothing.sqlite"), "was not restored: nothing.sqlite cannot be read"),
        (("restore", "nothing.sqlite", "--check"), "was not checked: nothing.sqlite cannot be"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_says_why(necto, book, arguments, words):
    said = necto(*arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert words in said.stderr


def test_without_a_book_there_is_nothing_to_keep(necto, tmp_path):
    said = necto("backup", "--to", str(tmp_path / "kept"))
    assert (said.exit_code, "no book was begun yet" in said.stderr) == (2, True)
    assert not (tmp_path / "records").exists()


def test_a_folder_that_takes_no_backup_is_said(necto, book, tmp_path):
    (tmp_path / "file").touch()
    said = necto("backup", "--to", str(tmp_path / "file"), "--book", "house")
    assert (said.exit_code, "no backup was made: " in said.stderr) == (2, True)


def test_the_files_are_told(necto, book, tmp_path):
    said = necto("backup", "--to", str(tmp_path / "kept"), "--book", "house")
    (file,) = (tmp_path / "kept").glob("*.sqlite")
    assert said.stdout.startswith(f"house: 1 entry in {file.stat().st_size} bytes, {file}\n")

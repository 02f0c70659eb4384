"""A forced restore explains the checkpoints that it left behind, and makes no book sound."""

from datetime import UTC, datetime

import pytest

from data import checkpoints
from data.backups import backup
from data.books import close_books, open_book
from data.checkpoint_files import doubt
from data.restorations import Restoration, explained_by
from data.restoring import restore
from data.settings import Settings
from data.trail_keys import signer
from data.verification import verify
from engine.commands import Command
from engine.people import local_actor
from tests.tampering import changed

ANN = local_actor("ann")


def do(book, *names):
    for name in names:
        book.perform(Command.of(name, "note.kept", ANN, "note/x", {}), lambda _: None)


def sign(book, settings):
    return checkpoints.make(book, signer(book, settings.home, {}), settings.home)


@pytest.fixture
def restored(tmp_path):
    """A book of 3 entries, backed up; it grew to 7, checkpoints at 3, 5 and 7, and was put back."""
    settings = Settings.from_env({"NECTO_HOME": str(tmp_path / "home")})
    book = open_book(settings)
    do(book, "a")
    signer(book, settings.home, {})
    sign(book, settings)
    taken = backup(book, tmp_path / "backups", ANN)
    do(book, "b")
    sign(book, settings)
    do(book, "c", "d")
    sign(book, settings)
    restore(taken.file, settings, ANN, is_forced=True)
    yield settings, open_book(settings)
    close_books()


def told(settings, book):
    report = verify(book, settings.home).report
    return report, [(problem.place[-9:], problem.what) for problem in report.problems]


def test_checkpoints_of_what_was_replaced_are_explained_and_still_problems(restored):
    report, problems = told(*restored)
    why = "the book was restored from a backup (its size: 3) on"

    assert [place for place, _ in problems] == ["0005.note", "0007.note"]
    assert all(why in what for _, what in problems)
    assert "entries from" not in problems[0][1]
    (note,) = report.notes
    assert f"{datetime.now(UTC):%Y-%m-%d}" in note
    assert "by local:ann (entry 3); 2 checkpoints made after that backup cover entries" in note
    assert not report.is_clean


def test_a_book_that_has_outgrown_what_was_replaced_is_explained_all_the_same(restored):
    settings, book = restored
    do(book, "e", "f", "g", "h", "i")
    sign(book, settings)
    report, problems = told(settings, book)

    assert [what.split(":")[0] for _, what in problems] == [
        f"the first {size} entries are not those that were signed" for size in (5, 7)
    ]
    assert len(report.notes) == 1
    assert doubt(book, settings.home) is None


def test_where_a_restore_explains_every_file_nothing_is_in_doubt(restored):
    settings, book = restored
    checkpoints.files(settings.home, "house")[0].unlink()
    assert doubt(book, settings.home) is None


def test_what_was_signed_after_the_restore_is_not_explained_by_it(restored):
    settings, book = restored
    do(book, "e")
    sign(book, settings)  # at 5 entries, where the replaced book had one too
    changed(book.file, lambda tool: tool.execute("DELETE FROM entries WHERE leaf_index >= 4"))
    _, problems = told(settings, book)
    words = (
        "covers 5 entries, and the book has 4: entries from 4 on were cut off, or an old backup "
        "was put back"
    )

    assert [what for place, what in problems if place.endswith(".note")].count(words) == 1
    assert doubt(book, settings.home).endswith(f".note: {words}")


def test_only_sizes_between_the_backup_and_what_was_replaced_went():
    one = Restoration(3, "2026-11-24T12:00:00.000000Z", "local:ann", 3, 7)
    assert [size for size in range(1, 10) if one.took(size)] == [4, 5, 6, 7]
    lost = Restoration(3, "2026-11-24T12:00:00.000000Z", "local:ann", 3, None)
    assert [size for size in range(1, 10) if lost.took(size)] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("body", ["[", "[]", "{}", '{"data":{"input":{"body":{"backup":{}}}}}'])
def test_a_restoration_that_cannot_be_read_explains_from_its_own_place_on(restored, body):
    _, book = restored
    written = "UPDATE entries SET body = ? WHERE leaf_index = 3"
    changed(book.file, lambda tool: tool.execute(written, (body,)))
    with book.reading() as view:
        (known,) = explained_by(view).known

    assert (known.entry, known.size, known.replaced) == (3, 3, None)

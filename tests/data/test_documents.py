"""Documents: versions that stay, the newest holds, and who changed what is told."""

import pytest

from data.books import close_books, open_book
from data.documents import Changed, current, one, put, remove, versions
from data.settings import Settings
from engine.commands import Command
from engine.people import local_actor


@pytest.fixture
def book(tmp_path):
    yield open_book(Settings.from_env({"NECTO_HOME": str(tmp_path)}))
    close_books()


def do(book, key, act):
    return book.perform(Command.of(key, "view.saved", local_actor("ann"), "view/a", {}), act)


def test_the_newest_version_holds_and_the_old_ones_stay(book):
    do(book, "k1", lambda unit: put(unit, "view", "a", {"filters": "x"}) and None)
    do(book, "k2", lambda unit: put(unit, "view", "a", {"filters": "y"}) and None)
    with book.reading() as view:
        assert one(view, "view", "a").body == {"filters": "y"}
        assert [v.version for v in versions(view, "view", "a")] == [1, 2]
        assert [d.id for d in current(view, "view")] == ["a"]


def test_a_removed_document_holds_no_longer_and_is_not_forgotten(book):
    do(book, "k1", lambda unit: put(unit, "view", "a", {"filters": "x"}) and None)
    do(book, "k2", lambda unit: remove(unit, "view", "a"))
    with book.reading() as view:
        assert (one(view, "view", "a"), current(view, "view")) == (None, [])
        assert [v.body for v in versions(view, "view", "a")] == [{"filters": "x"}, None]


def test_a_change_made_from_an_old_version_is_refused(book):
    do(book, "k1", lambda unit: put(unit, "view", "a", {}) and None)
    do(book, "k2", lambda unit: put(unit, "view", "a", {}, expected=1) and None)
    with pytest.raises(Changed, match="look at it again"):
        do(book, "k3", lambda unit: put(unit, "view", "a", {}, expected=1) and None)


def test_a_process_opens_a_book_once_and_keeps_its_installation(tmp_path):
    settings = Settings.from_env({"NECTO_HOME": str(tmp_path)})
    first = open_book(settings)
    assert open_book(settings) is first
    close_books()
    assert open_book(settings).installation == first.installation
    close_books()

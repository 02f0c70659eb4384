"""The worker looks whether each book is what was signed of it, says so, and goes on."""

import logging
import threading

import pytest

from connectors.jobs.checkpoints import sign_until
from connectors.jobs.compare import compare
from connectors.notify.places import Places
from data import checkpoints
from data.books import close_books, open_book
from data.faults import RecordsBusy
from data.sandbox_reset import reset_sandbox
from data.settings import Settings
from data.trail_keys import signer
from data.treasury import begin_play_money
from data.worker import doubts
from engine.people import persona
from tests.tampering import changed


@pytest.fixture
def settings(tmp_path):
    yield Settings.from_env({"NECTO_HOME": str(tmp_path)})
    close_books()


@pytest.fixture
def house(settings):
    book = open_book(settings, "house")
    checkpoints.make(book, signer(book, settings.home), settings.home)
    return book


@pytest.fixture
def cut_off(house):
    changed(house.file, lambda tool: tool.execute("DELETE FROM entries WHERE leaf_index = 1"))
    return house


def test_books_that_are_as_signed_are_nothing_to_tell(settings, house, caplog):
    assert compare(settings) == doubts(settings.home) == {}
    assert not caplog.records


def test_a_book_that_lost_entries_is_an_error_in_the_log_and_published(settings, cut_off, caplog):
    found = compare(settings)

    assert "covers 2 entries, and the book has 1" in found["house"]
    assert doubts(settings.home) == found
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "the house book is not what was signed: checkpoint file" in caplog.text


def test_a_doubt_ends_when_the_book_is_right_again(settings, cut_off):
    compare(settings)
    for path in checkpoints.files(settings.home, "house"):
        path.unlink()

    assert compare(settings) == doubts(settings.home) == {}


def test_a_book_that_cannot_be_looked_at_keeps_its_doubt(settings, cut_off, monkeypatch, caplog):
    found = compare(settings)

    def busy(*_):
        raise RecordsBusy("try again")

    monkeypatch.setattr("connectors.jobs.compare.open_book", busy)
    assert compare(settings) == doubts(settings.home) == found
    assert "was not compared with its checkpoints: try again" in caplog.text


def test_what_cannot_be_published_is_logged(settings, cut_off, caplog):
    (settings.home / "worker").write_text("in the way")
    assert compare(settings)
    assert "could not be published" in caplog.text


def test_it_is_the_first_thing_that_is_done(settings, cut_off):
    stop = threading.Event()
    stop.set()
    sign_until(settings, lambda *_: None, Places(), stop)
    assert list(doubts(settings.home)) == ["house"]


def test_a_closed_book_of_the_sandbox_is_compared_too(settings):
    old = open_book(settings, "sandbox")
    begin_play_money(old)
    reset_sandbox(settings, persona("noor"), lambda: "akash-2.sqlite")
    checkpoints.make(old, signer(old, settings.home), settings.home)
    assert compare(settings) == {}
    last = "DELETE FROM entries WHERE leaf_index = (SELECT max(leaf_index) FROM entries)"
    changed(old.file, lambda tool: tool.execute(last))
    assert list(compare(settings)) == ["sandbox_1"]

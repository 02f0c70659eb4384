"""Looking, at the start and now and then, whether each book is what was signed of it."""

import logging

from data import checkpoint_files
from data.books import BOOKS, book_exists, open_book
from data.faults import RecordsFault
from data.sandbox_books import closed_names
from data.settings import Settings
from data.worker import doubts, publish_doubts

log = logging.getLogger(__name__)


def compare(settings: Settings) -> dict[str, str]:
    """Compare each book with its newest checkpoint file, and publish what is not as signed.

    A doubt is logged as an error; a book that cannot be looked at keeps the doubt that it had. It
    costs a few look-ups a book and raises nothing: whatever it finds, the worker goes on.
    """
    found: dict[str, str] = {}
    before = doubts(settings.home)
    for book in _books(settings):
        try:
            if book_exists(settings, book):
                told = checkpoint_files.doubt(open_book(settings, book), settings.home)
                found |= {book: told} if told else {}
        except RecordsFault as fault:
            log.warning("the %s book was not compared with its checkpoints: %s", book, fault)
            found |= {book: before[book]} if book in before else {}
    for name, words in found.items():
        log.error("the %s book is not what was signed: %s; run necto audit verify", name, words)
    try:
        if found or before:
            publish_doubts(settings.home, found)
    except OSError:
        log.exception("what was found of the books could not be published")
    return found


def _books(settings: Settings) -> list[str]:
    """The closed books of the sandbox too, where it can be told which there are."""
    try:
        return [*BOOKS, *closed_names(settings)]
    except RecordsFault:  # each book's own opening tells of it
        return list(BOOKS)

"""Which books there are, where they lie, and opening them once in a process."""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from data.engines import address_of, engine_of, reading
from data.faults import RecordsFault, RecordsReadOnly
from data.files import write_once
from data.migrate import revision_of
from data.records import Records
from data.settings import Settings

Book = Literal["house", "sandbox", "live"]
BOOKS: tuple[Book, ...] = get_args(Book)

_guard = threading.Lock()
_open: dict[tuple[str, str], Records] = {}  # by address and book: few


class BookLost(RecordsFault):
    """The book was there and is not any more: restore it from a backup."""


def checkpoint_folder(home: Path, book: str) -> Path:
    """Where a book's signed checkpoints lie, outside the records."""
    return home / "checkpoints" / book


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_book(
    settings: Settings, book: Book = "house", now: Callable[[], datetime] = utc_now
) -> Records:
    """Return a book, opened by whoever in this process asks first. Raises RecordsFault."""
    url = url_of(settings, book)
    with _guard:
        known = _open.get((url, book))
        if known is None:
            _refuse_lost(settings, url, book)
            known = Records.open(url, book, installation_of(settings.home), now)
            _open[url, book] = known
    return known


@contextlib.contextmanager
def examined_book(settings: Settings, book: Book) -> Iterator[Records]:
    """Open a book only to check it, whatever protects it or not. Raises RecordsFault; BookLost."""
    url = url_of(settings, book)
    if not stands(url, book):
        _refuse_lost(settings, url, book)
        raise BookLost(f"there is no {book} book in {settings.home}: see that NECTO_HOME is right")
    records = Records.examined(url, book, installation_of(settings.home))
    try:
        yield records
    finally:
        records.close()


def _refuse_lost(settings: Settings, url: str, book: str) -> None:
    """A book whose checkpoints stand here was there: one that is lost is not begun anew unseen."""
    signed = checkpoint_folder(settings.home, book)
    if next(signed.glob("*.note"), None) and not stands(url, book):
        raise BookLost(
            f"the {book} book is gone, and {signed} holds what was signed of it: restore it (necto "
            "restore), or move that folder away to begin a new book"
        )


def book_exists(settings: Settings, book: Book) -> bool:
    """Return whether a book was begun; the house book always is: its first user begins it.

    Raises RecordsFault when that cannot be told.
    """
    url = url_of(settings, book)
    return book == "house" or (url, book) in _open or stands(url, book)


def stands(url: str, book: str) -> bool:
    """Return whether a book was ever made there, without making it. Raises RecordsFault."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        return Path(address.database or "").exists()
    engine = engine_of(url, book)
    try:
        with reading(engine) as view:
            return revision_of(view) is not None
    finally:
        engine.dispose()


def close_books() -> None:
    """Close every book of this process."""
    with _guard:
        for records in _open.values():
            records.close()
        _open.clear()


def url_of(settings: Settings, book: Book) -> str:
    """Return where a book is: ``NECTO_RECORDS_URL``, or a file of its own under ``NECTO_HOME``."""
    if settings.records_url:
        return settings.records_url.get_secret_value()
    return f"sqlite:///{settings.home / 'records' / f'{book}.sqlite'}"


def installation_of(home: Path) -> str:
    """Return this installation's id, made on first use and kept in ``NECTO_HOME``."""
    path = home / "installation"
    try:
        if not path.exists():
            write_once(path, str(uuid.uuid4()))  # two processes may start at once
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise RecordsReadOnly(f"{path} cannot be kept: {error.strerror}") from None

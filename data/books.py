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
from data.sandbox_books import closed_names, forget, stored_name
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
    settings: Settings, book: str = "house", now: Callable[[], datetime] = utc_now
) -> Records:
    """Return a book, opened by whoever in this process asks first. Raises RecordsFault.

    ``book``: house, live, sandbox (the one in use), sandbox_1 and so on (by number).
    """
    name = stored_name(settings, book)
    url = url_of(settings, name)
    with _guard:
        known = _open.get((url, name))
        if known is None:
            _refuse_lost(settings, url, name)
            known = Records.open(url, name, installation_of(settings.home), now)
            _open[url, name] = known
    return known


@contextlib.contextmanager
def examined_book(settings: Settings, book: str) -> Iterator[Records]:
    """Open a book only to check it, whatever protects it or not. Raises RecordsFault; BookLost."""
    book = stored_name(settings, book)
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


def all_books(settings: Settings) -> list[str]:
    """Return the name of every book that there is, the closed ones of the sandbox last.

    Raises RecordsFault.
    """
    begun = [book for book in BOOKS if stands_here(settings, book)]
    return begun + [book for book in closed_names(settings) if stands_here(settings, book)]


def stands_here(settings: Settings, book: str) -> bool:
    """Return whether a book was ever begun, the house book too. Raises RecordsFault."""
    name = stored_name(settings, book)
    return stands(url_of(settings, name), name)


def book_exists(settings: Settings, book: str) -> bool:
    """Return whether a book was begun; the house book always is: its first user begins it.

    Raises RecordsFault when that cannot be told.
    """
    name = stored_name(settings, book)
    url = url_of(settings, name)
    return book == "house" or (url, name) in _open or stands(url, name)


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
    forget()


def url_of(settings: Settings, book: str) -> str:
    """Return where a book is: ``NECTO_RECORDS_URL``, or a file of its own under ``NECTO_HOME``.

    ``book``: the name that it is stored under.
    """
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

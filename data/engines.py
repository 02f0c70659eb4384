"""How a book is reached: SQLite files that survive a power cut, or PostgreSQL schemas.

SQLite: WAL, ``synchronous=FULL`` (NORMAL does not sync at commit), foreign keys, one writer at a
time by ``BEGIN IMMEDIATE``. PostgreSQL: one writer at a time by an advisory lock, so that the
trail has no gaps there either.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30
"""How long a writer waits for its turn before it says so."""
_WRITER = "necto_writes"
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA recursive_triggers = ON",  # or REPLACE would remove a fact unseen
)


class RecordsFault(RuntimeError):
    """The records cannot be used as asked; nothing was written. The message says what to do."""


class RecordsBusy(RecordsFault):
    """Another process held the records too long: try again."""


class RecordsFull(RecordsFault):
    """The disk is full: make room, then repeat with the same key."""


class RecordsReadOnly(RecordsFault):
    """The folder or file cannot be written: give its owner back the right to write."""


class RecordsDamaged(RecordsFault):
    """The database says that it is damaged: stop, and restore a backup."""


class FactRefused(RecordsFault):
    """The database itself refused a row: the message is its reason."""


class OutcomeUnknown(RecordsFault):
    """The connection broke at commit: repeat with the same key, which tells what became of it."""


def engine_of(url: str, book: str) -> Engine:
    """Return an engine for a book; raises RecordsFault for a URL that is neither engine's."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(url, address.database or "")
    if address.get_backend_name() == "postgresql":
        return _postgresql(url, book)
    raise RecordsFault(
        f"NECTO_RECORDS_URL names {address.get_backend_name()}: write sqlite:///<file> or "
        "postgresql+psycopg://<host>/<database>"
    )


def _sqlite(url: str, file: str) -> Engine:
    if not file or file == ":memory:":
        raise RecordsFault("the records need a file: a book in memory is lost with the process")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordsReadOnly(f"{Path(file).parent} cannot be made: {error.strerror}") from None
    engine = create_engine(url, connect_args={"isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepared(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - DBAPI's
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITER)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str, book: str) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": f"-csearch_path={book}"},
    )

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITER):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('necto-{book}'))")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writer at a time; committed at the end, or not at all. Raises RecordsFault."""
    with explained(), engine.connect().execution_options(**{_WRITER: True}) as connection:
        transaction = connection.begin()
        try:
            yield connection
        except BaseException:
            with contextlib.suppress(SQLAlchemyError):
                transaction.rollback()
            raise
        _commit(transaction)


def _commit(transaction: Any) -> None:  # noqa: ANN401 - RootTransaction
    try:
        transaction.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise OutcomeUnknown(
                "the connection to the records broke while committing: repeat the command with "
                "the same key, which tells whether it was done"
            ) from error
        raise


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the book. Raises RecordsFault."""
    with explained(), engine.connect() as connection, connection.begin():
        yield connection


_WORDS: tuple[tuple[tuple[str, ...], type[RecordsFault], str], ...] = (
    (("database is locked", "lock timeout"), RecordsBusy,
     f"another process held the records for {BUSY_SECONDS} seconds: try again"),
    (("disk is full", "No space left", "disk I/O error"), RecordsFull,
     "the disk of the records is full or failing: nothing was written; make room and repeat"),
    (("readonly", "unable to open", "read-only"), RecordsReadOnly,
     "the records cannot be written: check the rights on their folder"),
    (("malformed", "not a database", "corrupt"), RecordsDamaged,
     "the records are damaged: stop Necto, keep the file, and restore a backup"),
)  # fmt: skip


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what the database raises into words that say what to do."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig)
        for marks, kind, words in _WORDS:
            if any(mark in said for mark in marks):
                raise kind(f"{words} ({said})") from error
        if isinstance(error, IntegrityError) or "facts are added" in said:
            raise FactRefused(said) from error
        raise RecordsFault(f"the records did not take it: {said}") from error


def backend(connection: Connection) -> str:
    return connection.dialect.name


def ping(engine: Engine) -> None:
    """Raise RecordsFault unless the book answers."""
    with reading(engine) as connection:
        connection.execute(text("SELECT 1"))

"""How a book is reached: SQLite files that survive a power cut, or PostgreSQL schemas.

SQLite: WAL, ``synchronous=FULL`` (NORMAL does not sync at commit), foreign keys, one writer at a
time by ``BEGIN IMMEDIATE``. PostgreSQL: one writer at a time by an advisory lock, so that the
trail has no gaps there either.
"""

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from data.faults import OutcomeUnknown, RecordsFault, explained, file_fault, is_unsure
from data.files import sync_folder

BUSY_SECONDS = 30.0
"""How long a writer waits for its turn before it says so."""
_ASK_SECONDS = 0.004
_WRITER = "necto_writes"
_BOOK = re.compile(r"[a-z][a-z0-9_]{0,40}")  # a schema's name, also unquoted
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA recursive_triggers = ON",  # or REPLACE would remove a fact unseen
)
# Whatever the role or the database was given: a snapshot taken before the writer's turn has come
# would show it an old trail, and a commit that does not wait for the disk may be lost.
_TURN = """SELECT set_config('lock_timeout', '{milliseconds}ms', true),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
        ELSE current_setting('synchronous_commit') END, true),
    pg_advisory_xact_lock(hashtext('necto-{book}'))"""


def address_of(url: str) -> URL:
    """Return a URL's parts; raises RecordsFault unless it names SQLite or PostgreSQL."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise RecordsFault(f"NECTO_RECORDS_URL is no address: {_FORMS}") from None
    backend = address.get_backend_name()
    if backend == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise RecordsFault(f"NECTO_RECORDS_URL names {backend}: {_FORMS}")
    return address


_FORMS = "write sqlite:///<file> or postgresql://<host>/<database>"


def engine_of(url: str, book: str) -> Engine:
    """Return an engine for a book; raises RecordsFault for a URL that is neither engine's."""
    address = address_of(url)
    if not _BOOK.fullmatch(book) or book.startswith("pg_"):
        raise RecordsFault(f"{book!r} cannot name a book: use small letters, digits and _")
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    return _postgresql(address, book)


def _sqlite(address: URL) -> Engine:
    file = address.database or ""
    if not file or file == ":memory:":
        raise RecordsFault("the records need a file: a book in memory is lost with the process")
    _make_folder(Path(file).parent)
    engine = create_engine(address, connect_args={"isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepared(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - DBAPI's
        connection.execute(f"PRAGMA busy_timeout = {_milliseconds()}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        writes = connection.get_execution_options().get(_WRITER)
        driver.execute(f"PRAGMA query_only = {0 if writes else 1}")
        if writes:
            _take_turn(driver)
        else:
            driver.execute("BEGIN")

    return engine


def _take_turn(driver: sqlite3.Connection) -> None:
    """Begin to write, asking every few milliseconds whether the other writers are done.

    SQLite's own waiting asks ten times a second in the end: of four busy writers one waited 16 s.
    """
    end = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > end:
                    raise
                time.sleep(_ASK_SECONDS)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout = {_milliseconds()}")


def _make_folder(folder: Path) -> None:
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
    except OSError as error:
        raise file_fault(error, folder) from None


def _postgresql(address: URL, book: str) -> Engine:
    options = rf"-csearch_path={book} -cdefault_transaction_isolation=read\ committed"
    engine = create_engine(
        address, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": options}
    )

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITER):
            turn = _TURN.format(milliseconds=_milliseconds(), book=book)
            connection.exec_driver_sql(turn)
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def _milliseconds() -> int:
    return round(BUSY_SECONDS * 1000)


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
        if is_unsure(error):
            raise OutcomeUnknown(
                "the records broke off while committing: repeat the command with the same key, "
                f"which tells whether it was done ({error.orig})"
            ) from error
        raise


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the book; nothing can be written through it. Raises RecordsFault."""
    with explained(), engine.connect() as connection, connection.begin():
        yield connection


def first_row(connection: Connection, statement: str, *values: object) -> Any | None:  # noqa: ANN401 - a row
    """Return the first row of a statement written with ``?``; None when there is none.

    Every command asks a few of these: SQLite's own cursor answers in a fifth of the time that a
    result of SQLAlchemy takes.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver.execute(statement, values).fetchone()
    return connection.exec_driver_sql(statement.replace("?", "%s"), values or None).first()


def add_rows(connection: Connection, statement: str, rows: list[tuple[object, ...]]) -> None:
    """Add rows by a statement written with ``?``."""
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.executemany(statement, rows)
    else:
        connection.exec_driver_sql(statement.replace("?", "%s"), rows)

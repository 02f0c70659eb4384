"""How a book is reached: SQLite files that survive a power cut, or PostgreSQL schemas.

SQLite: WAL, ``synchronous=FULL`` (NORMAL does not sync at commit), foreign keys, one writer at a
time by ``BEGIN IMMEDIATE``. PostgreSQL: one writer at a time by an advisory lock, so that the
trail has no gaps there either.
"""

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from data.faults import OutcomeUnknown, RecordsBusy, RecordsFault, explained, file_fault, is_unsure
from data.files import sync_folder

BUSY_SECONDS = 30.0
"""How long a writer waits for its turn before it says so."""
_ASK_SECONDS = 0.004
_WRITER = "necto_writer"
_BOOK = re.compile(r"[a-z][a-z0-9_]{0,40}")  # a schema's name, also unquoted
_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA recursive_triggers = ON",  # or REPLACE would remove a fact unseen
    "PRAGMA query_only = ON",  # until the writer takes a connection for itself
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
    _make_private(Path(file))
    engine = create_engine(address, connect_args={"isolation_level": None}, hide_parameters=True)
    writer = _Writer(engine)
    engine.update_execution_options(**{_WRITER: writer})

    @event.listens_for(engine, "connect")
    def prepared(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - DBAPI's
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
        # Two processes that make one file at once deadlock here, and SQLite does not wait for that.
        _patiently(connection, "PRAGMA journal_mode = WAL")
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        driver = driver_of(connection)
        if not driver.in_transaction:  # the writer's is
            driver.execute("BEGIN")

    @event.listens_for(engine, "engine_disposed")
    def disposed(_engine: Engine) -> None:
        writer.close()

    return engine


@dataclass(slots=True)
class _Writer:
    """The one connection of this process that writes, kept: opening one costs more than a command.

    SQLAlchemy takes part only where a command asks it to: begin and commit are the driver's.
    """

    engine: Engine
    _connection: Connection | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise RecordsBusy("other commands held the records too long: try again")
        try:
            connection = self._connection = self._connection or self._taken()
            driver = driver_of(connection)
            _patiently(driver, "BEGIN IMMEDIATE")
            try:
                yield connection
                _commit_driver(driver)
            except BaseException:
                self._undo(connection)
                raise
            if begun := connection.get_transaction():
                begun.commit()
        finally:
            self._turn.release()

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _taken(self) -> Connection:
        """Take a connection out of the pool for good. It asks for its turn itself, see _patiently.

        In WAL mode whoever has the turn waits for nobody.
        """
        connection = self.engine.connect()
        connection.detach()
        driver = driver_of(connection)
        driver.execute("PRAGMA query_only = OFF")
        driver.execute("PRAGMA busy_timeout = 0")
        return connection

    def _undo(self, connection: Connection) -> None:
        """Undo all of it; a connection that cannot is given up."""
        try:
            driver_of(connection).rollback()
            if begun := connection.get_transaction():
                begun.rollback()
        except (sqlite3.Error, SQLAlchemyError):
            self._connection = None
            with contextlib.suppress(sqlite3.Error, SQLAlchemyError):
                connection.close()


def _patiently(driver: sqlite3.Connection, statement: str) -> None:
    """Do what other writers may be in the way of, asking every few milliseconds.

    SQLite's own waiting asks ten times a second in the end: of four busy writers one waited 16 s.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > end:
                raise
            time.sleep(_ASK_SECONDS)
        else:
            return


def _commit_driver(driver: sqlite3.Connection) -> None:
    try:
        driver.execute("COMMIT")
    except sqlite3.Error as error:
        if is_unsure(error):
            raise OutcomeUnknown(_UNSURE.format(error)) from error
        raise


def _make_private(file: Path) -> None:
    """Make a book's file where there is none, for its owner only; one that stands is not opened."""
    try:
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(file.parent.parent)
        if not file.exists():
            with contextlib.suppress(FileExistsError):  # another process was first
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise file_fault(error, file.parent) from None


def _postgresql(address: URL, book: str) -> Engine:
    options = rf"-csearch_path={book} -cdefault_transaction_isolation=read\ committed"
    asked = {"connect_timeout": 10, "options": options}
    engine = create_engine(address, pool_pre_ping=True, connect_args=asked, hide_parameters=True)
    engine.update_execution_options(**{_WRITER: False})

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options()[_WRITER]:
            turn = _TURN.format(milliseconds=round(BUSY_SECONDS * 1000), book=book)
            connection.exec_driver_sql(turn)
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


_UNSURE = (
    "the records broke off while committing: repeat the command with the same key, which tells "
    "whether it was done ({})"
)


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writer at a time; committed at the end, or not at all. Raises RecordsFault."""
    writer = engine.get_execution_options()[_WRITER]
    if isinstance(writer, _Writer):
        with explained(), writer.transaction() as connection:
            yield connection
        return
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
        if is_unsure(error.orig, is_away=error.connection_invalidated):
            raise OutcomeUnknown(_UNSURE.format(error.orig)) from error
        raise


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the book; nothing can be written through it. Raises RecordsFault."""
    with explained(), engine.connect() as connection, connection.begin():
        yield connection


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection under SQLAlchemy's."""
    driver = connection.connection.dbapi_connection  # for SQLite the same, also once detached
    assert isinstance(driver, sqlite3.Connection)
    return driver


def asking(connection: Connection) -> Callable[..., Any]:
    """Return what gives the first row of a statement written with ``?``, or None.

    Every command asks a few of these: SQLite's own cursor answers in a fifth of the time that a
    result of SQLAlchemy takes.
    """
    if connection.dialect.name == "sqlite":
        execute = driver_of(connection).execute
        return lambda statement, *values: execute(statement, values).fetchone()
    ask = connection.exec_driver_sql
    return lambda statement, *values: ask(statement.replace("?", "%s"), values or None).first()


def first_row(connection: Connection, statement: str, *values: object) -> Any | None:  # noqa: ANN401 - a row
    """Return the first row of a statement written with ``?``; None when there is none."""
    return asking(connection)(statement, *values)


def add_rows(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Add rows by a statement written with ``?``."""
    if connection.dialect.name == "sqlite":
        driver_of(connection).executemany(statement, rows)
    else:
        connection.exec_driver_sql(statement.replace("?", "%s"), list(rows))


def run(connection: Connection, statement: str) -> None:
    """Run a statement without values or rows."""
    if connection.dialect.name == "sqlite":
        driver_of(connection).execute(statement)
    else:
        connection.exec_driver_sql(statement)

"""The system of record: one book, one trail, one transaction a unit of work.

``with records.transaction() as tx: tx.perform(command, act)`` does a command once: its facts and
its entry in the trail are committed together, or not at all. The same key again gives the first
result; the same key with another action, subject or body is refused.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from data import guards
from data.closed import is_closed
from data.engines import address_of, engine_of, reading, writing
from data.faults import RecordsDamaged, RecordsFault
from data.integrity import check_pages, check_server, integrity
from data.migrate import bring_forward, fence, judge, newest
from data.schema import guards_of
from data.tables import entries
from data.unit import Act, Head, Transaction, head_of
from engine.commands import Command, Outcome


@dataclass(slots=True)
class Records:
    """One book, open. Safe to share between threads; every process opens its own."""

    book: str
    url: str
    installation: str
    now: Callable[[], datetime]
    engine: Engine = field(repr=False)
    file: Path | None
    _head: Head | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(
        cls,
        url: str,
        book: str,
        installation: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> "Records":
        """Open a book, made or brought forward where needed, and check what protects it.

        Raises RecordsFault in words: a newer book, a damaged file, missing triggers, another
        installation's book.
        """
        engine = engine_of(url, book)
        address = address_of(url)
        is_file = address.get_backend_name() == "sqlite"
        records = cls(
            book, url, installation, now, engine, Path(address.database or "") if is_file else None
        )
        try:
            records._start()
        except UnicodeDecodeError as error:  # of SQLite's own message, which quotes the damage
            engine.dispose()
            raise RecordsDamaged(
                f"{records.file} is damaged: keep it, and restore a backup"
            ) from error
        except BaseException:
            engine.dispose()
            raise
        return records

    @classmethod
    def examined(cls, url: str, book: str, installation: str) -> "Records":
        """Open a book that is there to be checked: nothing is made, brought forward or refused.

        What should protect it may be gone; the check says so. Raises RecordsFault for a book of a
        form that this version does not know, and for a damaged file.
        """
        engine, address = engine_of(url, book), address_of(url)
        is_file = address.get_backend_name() == "sqlite"
        file = Path(address.database or "") if is_file else None
        records = cls(book, url, installation, lambda: datetime.now(UTC), engine, file)
        try:
            with records.reading() as connection:
                fence(connection)
        except BaseException:
            engine.dispose()
            raise
        return records

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One unit of work: everything in it is committed together, or nothing is.

        Raises RecordsFault with what to do; the commands in it may then be repeated as they are.
        """
        with writing(self.engine) as connection:
            form, head = head_of(connection, self._head)
            judge(form)
            unit = Transaction.begin(connection, self.installation, self.book, self.now, head)
            unit.is_closed = is_closed(connection, self.book)
            yield unit
            unit.flush()
        with self._guard:
            self._head = unit.head

    def perform(self, command: Command, act: Act) -> Outcome:
        """Do one command in a unit of work of its own."""
        with self.transaction() as unit:
            return unit.perform(command, act)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; nothing can be written through it."""
        with reading(self.engine) as connection:
            yield connection

    def knows(self, key: str) -> bool:
        """Return whether a command with this key was done."""
        with self.reading() as view:
            asked = select(entries.c.leaf_index).where(entries.c.request == key)
            return view.execute(asked).first() is not None

    def check(self) -> None:
        """Raise unless the triggers stand and the book has this version's form."""
        with self.reading() as connection:
            fence(connection)
            guards.check(connection, guards_of(connection.dialect.name))

    def integrity(self) -> list[str]:
        """Return what is wrong with the database itself; reads all of it. Empty: it is sound."""
        try:
            with self.reading() as connection:
                return integrity(connection)
        except RecordsDamaged as damage:
            return [str(damage)]

    def close(self) -> None:
        self.engine.dispose()

    def _start(self) -> None:
        with self.reading() as connection:
            check_server(connection)
            check_pages(connection, self.file)
        bring_forward(self.engine, self.file, self.book)
        self.check()
        self._introduce()

    def _introduce(self) -> None:
        """Write the book's first entry; refuse the book of another installation."""
        with self.reading() as connection:
            asked = "SELECT book, installation FROM books ORDER BY entry_index LIMIT 1"
            found = connection.exec_driver_sql(asked).one_or_none()
        if found is None:
            first = Command.by_system(
                f"open-{self.book}", "book.opened", f"book/{self.book}", {"form": newest()}
            )
            self.perform(first, self._opened)
        elif found[0] != self.book:
            raise RecordsFault(
                f"this is the {found[0]} book, not the {self.book} book: each book has a file (or, "
                "in PostgreSQL, a schema) of its own"
            )
        elif found[1] != self.installation:
            raise RecordsFault(
                f"this {self.book} book belongs to installation {found[1]}, and this is "
                f"{self.installation}: point NECTO_RECORDS_URL or NECTO_HOME at your own"
            )

    def _opened(self, unit: Transaction) -> object:
        row = {"book": self.book, "installation": self.installation}
        unit.add("books", **row, opened_at=unit.at)
        return row

"""Where a book is put when it is restored: a file or a schema, whatever stands there now."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, select

from data import engines
from data.engines import address_of, driver_of, engine_of, reading, writing
from data.faults import (
    RecordsAway,
    RecordsBusy,
    RecordsFault,
    RecordsFull,
    RecordsReadOnly,
    explained,
    file_fault,
)
from data.files import sync_folder
from data.migrate import revision_of, upgrade
from data.records import Records
from data.rows import copy_rows
from data.snapshots import snapshot
from data.tables import personal_keys
from data.trail import nodes, size_of
from data.worker import heartbeat
from engine.merkle import root_of

_PASSING = (RecordsAway, RecordsBusy, RecordsFull, RecordsReadOnly)
"""Faults that say nothing about what stands there."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the place of a book that is to be restored.

    ``lost``: how many of its ``size`` entries the backup lacks; without a size it cannot be read
    (``fault`` says why) and one is counted. ``destroyed``: people whose keys the backup still has.
    """

    is_there: bool
    size: int | None = 0
    lost: int = 0
    destroyed: frozenset[str] = frozenset()
    fault: str = ""


NOTHING = Found(is_there=False)


class Place(Protocol):
    """Where a book belongs. ``kept``: the name under which what stands there will be kept."""

    url: str
    kept: str

    def look(self, copy: Records) -> Found:
        """Compare what stands there with the book that is to take its place."""
        ...

    def put(self, copy: Records, found: Found) -> str | None:
        """Put the book there, unless what stands there has grown since; say where that is kept."""
        ...


class FilePlace:
    """A SQLite file."""

    def __init__(self, url: str, book: str, stamp: str, home: Path) -> None:
        self.url, self._book, self._home = url, book, home
        self._file = Path(address_of(url).database or "")
        self._kept = self._file.with_name(f"{self._file.name}.replaced-{stamp}")
        self.kept = str(self._kept)

    def look(self, copy: Records) -> Found:
        if not self._file.exists():
            return NOTHING
        with _engine(self.url, self._book) as engine:
            return _look(engine, copy)

    def put(self, copy: Records, found: Found) -> str | None:
        if found.size:
            with _engine(self.url, self._book) as engine:
                self._take_place(engine, copy, found)
            return self.kept
        self._set_aside(found)
        snapshot(copy.engine, self._file)
        return self.kept if found.is_there else None

    def _take_place(self, engine: Engine, copy: Records, found: Found) -> None:
        """Copy the book's pages over the other's, in one transaction of the file that is in use.

        The first page takes the writer's turn; then what stands there is compared and copied.
        """
        end = time.monotonic() + engines.BUSY_SECONDS
        steps = iter(range(2**40))

        def judged(status: int, _remaining: int, _total: int) -> None:
            if status != sqlite3.SQLITE_OK:
                if time.monotonic() > end:
                    raise RecordsBusy("other processes held the records too long: try again")
            elif next(steps) == 0:
                with reading(engine) as view:
                    _check_size(view, found)
                snapshot(engine, self._kept)

        with explained(), copy.engine.connect() as ours, engine.connect() as theirs:
            source, target = driver_of(ours), driver_of(theirs)
            target.execute("PRAGMA query_only = 0")
            source.backup(target, pages=1, progress=judged, sleep=0.05)

    def _set_aside(self, found: Found) -> None:
        """Move what cannot be read, and what SQLite would take for a part of the new file."""
        beat = heartbeat(self._home)
        if found.size is None and beat and not beat.is_late(datetime.now(UTC)):
            raise RecordsBusy("a Necto uses these records: stop it, then restore the book")
        try:
            for suffix in ("", "-wal", "-shm", "-journal"):
                old = self._file.with_name(self._file.name + suffix)
                if old.exists():
                    old.rename(self._kept.with_name(self._kept.name + suffix))
            sync_folder(self._file.parent)
        except OSError as error:
            raise file_fault(error, self._file) from None


class SchemaPlace:
    """A schema of a PostgreSQL database."""

    def __init__(self, url: str, book: str, stamp: str) -> None:
        self.url, self._book = url, book
        self.kept = f"{book}_replaced_{stamp}"

    def look(self, copy: Records) -> Found:
        with _engine(self.url, self._book) as engine:
            return _look(engine, copy)

    def put(self, copy: Records, found: Found) -> str | None:
        with (
            _engine(self.url, self._book) as engine,
            copy.reading() as source,
            writing(engine) as target,
        ):
            if found.is_there:
                if found.size is not None:
                    _check_size(target, found)
                target.exec_driver_sql(f"ALTER SCHEMA {self._book} RENAME TO {self.kept}")
            upgrade(target, self._book)
            copy_rows(source, target)
        return self.kept if found.is_there else None


@contextlib.contextmanager
def _engine(url: str, book: str) -> Iterator[Engine]:
    engine = engine_of(url, book)
    try:
        yield engine
    finally:
        engine.dispose()


def _look(engine: Engine, copy: Records) -> Found:
    try:
        with reading(engine) as theirs, copy.reading() as ours:
            if revision_of(theirs) is None:
                return NOTHING if theirs.dialect.name == "postgresql" else Found(is_there=True)
            return _compared(theirs, ours)
    except _PASSING:
        raise
    except RecordsFault as fault:
        return Found(is_there=True, size=None, lost=1, fault=str(fault))


def _compared(theirs: Connection, ours: Connection) -> Found:
    size, size_ours = size_of(theirs), size_of(ours)
    common, beyond = 0, min(size, size_ours) + 1
    node_theirs, node_ours = nodes(theirs), nodes(ours)
    while beyond - common > 1:  # two trails that once differ never agree again
        middle = (common + beyond) // 2
        if root_of(middle, node_theirs) == root_of(middle, node_ours):
            common = middle
        else:
            beyond = middle
    gone: frozenset[str] = frozenset()
    if common == size_ours:  # it is the same book, later: a key that it lacks was destroyed
        gone = frozenset(_people(ours)) - frozenset(_people(theirs))
    return Found(is_there=True, size=size, lost=size - common, destroyed=gone)


def _people(view: Connection) -> list[str]:
    return list(view.execute(select(personal_keys.c.person)).scalars())


def _check_size(view: Connection, found: Found) -> None:
    if size_of(view) != found.size:
        raise RecordsBusy("the book was written to meanwhile: look at it again, then repeat")

"""Backups of a book: one SQLite file whichever engine the book is in, with a description beside it.

A book in PostgreSQL is copied row by row into such a file, within one consistent view: no program
of the server's version is wanted, every backup is checked in the same way, and a book can move from
one engine to the other. ``data/restoring.py`` brings one back.
"""

import contextlib
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, StaticPool, create_engine

from data.books import all_books
from data.engines import engine_of, reading, writing
from data.faults import RecordsFault, explained, file_fault
from data.files import publish, sha256_of, write_text
from data.migrate import revision_of, upgrade
from data.records import Records
from data.rows import copy_rows
from data.settings import Settings
from data.snapshots import snapshot
from data.trail import nodes, size_of
from data.verification import verify
from data.verify import Problem
from engine.canonical import Json, plain
from engine.commands import Command
from engine.merkle import root_of
from engine.people import Actor

NOTE_SUFFIX = ".json"


class NoBackup(RecordsFault):
    """The file is no backup of a book, or cannot be read: the message says what it lacks."""


class Told(BaseModel):
    """What a backup is, as it is written beside it: how far the book had come, and the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    book: str
    installation: str
    form: str
    size: int
    root: str
    sha256: str
    bytes: int
    at: str
    engine: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its file and what it is."""

    file: Path
    told: Told


@dataclass(frozen=True, slots=True)
class Head:
    """Which book it is, and how far it has come."""

    book: str
    installation: str
    form: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a backup found; ``told`` is None where no description lies beside it."""

    file: Path
    head: Head
    facts: int
    told: Told | None
    problems: list[Problem]

    @property
    def is_clean(self) -> bool:
        return not self.problems


def existing(settings: Settings) -> list[str]:
    """Return the books that there are, closed ones too. Raises RecordsFault."""
    return all_books(settings)


def backup(records: Records, folder: Path, actor: Actor) -> Backup:
    """Copy a book, as it stands at one moment, into a folder while others read and write.

    The name tells book, time and number of entries. The trail keeps that it was made (after it).
    """
    at = records.now().astimezone(UTC)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
            made = Path(place) / "book.sqlite"
            _copy(records, made)
            told = _told(made, plain(at), records.engine.dialect.name)
            file = folder / f"{records.book}-{at:%Y%m%dT%H%M%SZ}-{told.size}.sqlite"
            publish(made, file)
        write_text(_note_of(file), told.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise file_fault(error, folder) from None
    body = {"file": file.name, **told.model_dump(exclude={"book", "installation"})}
    subject = f"book/{records.book}"
    asked = Command.of(f"backup-{uuid.uuid4()}", "book.backed-up", actor, subject, body)
    records.perform(asked, lambda _: None)
    return Backup(file, told)


def check(file: Path) -> Checked:
    """Restore a backup into a temporary place and compare trail, facts and description there.

    Raises NoBackup for a file that holds no book, RecordsFault when it is damaged.
    """
    with restored_aside(file) as (_, checked):
        return checked


@contextlib.contextmanager
def restored_aside(file: Path) -> Iterator[tuple[Records, Checked]]:
    """Give the book of a backup, restored and checked in a temporary place, for the block."""
    with tempfile.TemporaryDirectory(prefix="necto-restored-") as place:
        copy = Path(place) / "book.sqlite"
        digest = _fetch(file, copy)
        with _looked_into(copy) as view:
            found = head_of(view)
        records = Records.open(f"sqlite:///{copy}", found.book, found.installation)
        try:
            yield records, _checked(records, file, found, digest)
        finally:
            records.close()


def head_of(view: Connection) -> Head:
    """Return which book this is, its form, size and root. Raises NoBackup where there is none."""
    form, known = revision_of(view), None
    if form is not None:
        asked = "SELECT book, installation FROM books ORDER BY entry_index LIMIT 1"
        known = view.exec_driver_sql(asked).one_or_none()
    if form is None or known is None:
        raise NoBackup("there is no book of records in this file")
    size = size_of(view)
    return Head(known[0], known[1], form, size, root_of(size, nodes(view)).hex())


def _copy(records: Records, made: Path) -> None:
    if records.file is not None:
        snapshot(records.engine, made)
        return
    engine = engine_of(f"sqlite:///{made.with_name('rows.sqlite')}", records.book)
    try:
        with reading(records.engine) as source, writing(engine) as target:
            upgrade(target, records.book)
            copy_rows(source, target)
        snapshot(engine, made)
    finally:
        engine.dispose()


def _told(made: Path, at: Json, engine: str) -> Told:
    with _looked_into(made) as view:
        head = head_of(view)
    more = {"sha256": sha256_of(made), "bytes": made.stat().st_size, "at": at, "engine": engine}
    return Told.model_validate(asdict(head) | more)


def _fetch(file: Path, copy: Path) -> str:
    """Copy a backup, wherever it lies, and return the digest of its file."""
    if file.with_name(f"{file.name}-wal").exists():
        raise NoBackup(f"{file} is in use: a backup is a file that necto backup made")
    try:
        digest = sha256_of(file)
    except OSError as error:
        raise NoBackup(f"{file} cannot be read: {error.strerror}") from None
    with explained(), _plainly(file) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    return digest


@contextlib.contextmanager
def _looked_into(file: Path) -> Iterator[Connection]:
    """Give a view of a file that nobody holds, changing nothing in it and beside it."""
    with explained(), _plainly(file) as plain:
        engine = create_engine("sqlite://", creator=lambda: plain, poolclass=StaticPool)
        with engine.connect() as view:
            yield view


def _plainly(file: Path) -> contextlib.AbstractContextManager[sqlite3.Connection]:
    address = f"{file.absolute().as_uri()}?mode=ro"
    return contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None))


def _checked(records: Records, file: Path, found: Head, digest: str) -> Checked:
    report, problems = verify(records, None).report, list[Problem]()
    told, unread = _read_note(file)
    if told:
        found_now = {**asdict(found), "sha256": digest}
        for name, value in told.model_dump(include=set(found_now)).items():
            if found_now[name] != value:
                said = f"has {name} {found_now[name]}, and was made with {value}"
                problems.append(Problem(file.name, said))
    return Checked(file, found, report.facts, told, [*unread, *problems, *report.problems])


def _read_note(file: Path) -> tuple[Told | None, list[Problem]]:
    """Read what was written beside the backup; where there is nothing, that is no problem."""
    note = _note_of(file)
    try:
        return Told.model_validate_json(note.read_bytes()), []
    except FileNotFoundError:
        return None, []
    except (OSError, ValidationError) as error:
        return None, [Problem(note.name, f"cannot be read: {error}".splitlines()[0])]


def _note_of(file: Path) -> Path:
    return file.with_name(file.name + NOTE_SUFFIX)

"""What can go wrong with the records, each kind named by what its reader should do.

SQLite and PostgreSQL say what happened by a code; their words differ by version and language.
"""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class RecordsFault(RuntimeError):
    """The records cannot be used as asked; nothing was written. The message says what to do."""


class RecordsBusy(RecordsFault):
    """Another process held the records too long: try again."""


class RecordsAway(RecordsFault):
    """PostgreSQL does not answer: nothing was written; try again when it does."""


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


_SAID_MAX = 500  # characters of the database's own words
_WORDS: dict[type[RecordsFault], str] = {
    RecordsBusy: "other processes held the records too long: nothing was written; try again",
    RecordsAway: "the database of the records does not answer: nothing was written; see that it "
    "runs and that NECTO_RECORDS_URL is right, then try again",
    RecordsFull: "the disk of the records is full or failing: nothing was written; make room and "
    "repeat",
    RecordsReadOnly: "the records cannot be written: check the rights on their folder and on every "
    "file in it",
    RecordsDamaged: "the records are damaged: stop Necto, keep the file, and restore a backup",
    FactRefused: "the records refuse this",
    RecordsFault: "the records did not take it",
}

# By how the code begins; the first that fits is taken.
# https://sqlite.org/rescode.html and https://www.postgresql.org/docs/17/errcodes-appendix.html
_CODES: tuple[tuple[tuple[str, ...], type[RecordsFault]], ...] = (
    (("SQLITE_BUSY", "SQLITE_LOCKED"), RecordsBusy),
    (("55P03", "57014", "40", "53300"), RecordsBusy),
    (("SQLITE_FULL", "SQLITE_IOERR", "53100", "58030"), RecordsFull),
    (("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "25006", "42501"), RecordsReadOnly),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002", "58P"), RecordsDamaged),
    (("SQLITE_CONSTRAINT", "23", "P0001"), FactRefused),
    (("08", "28", "3D", "57P"), RecordsAway),
)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what the database raises into words that say what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _told(_kind(error), error.orig) from error
    except sqlite3.Error as error:
        raise _told(_by_code(error), error) from error
    except PoolTimeout as error:
        raise _told(RecordsBusy, error) from error


def file_fault(error: OSError, path: Path) -> RecordsFault:
    """Say what an error with a file of the records asks of its reader."""
    said = f"{path}: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return RecordsFull(f"{said}: make room and repeat")
    return RecordsReadOnly(f"{said}: check the rights on its folder and on every file in it")


def is_unsure(error: BaseException | None, *, is_away: bool = False) -> bool:
    """Whether a commit that ended so may have been done all the same.

    A connection that broke (``is_away``) may have broken before or after; SQLite may have written
    all of the commit and then failed to see it on the disk.
    """
    return is_away or str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_IOERR")


def _kind(error: DBAPIError) -> type[RecordsFault]:
    found = _by_code(error.orig)
    if found is RecordsFault and (error.connection_invalidated or _never_connected(error)):
        return RecordsAway
    return found


def _never_connected(error: DBAPIError) -> bool:
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None


def _by_code(error: BaseException | None) -> type[RecordsFault]:
    if str(error).startswith("Could not decode"):  # Python's own words: SQLite has no code for it
        return RecordsDamaged
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    return next((kind for marks, kind in _CODES if code.startswith(marks)), RecordsFault)


def _told(kind: type[RecordsFault], said: object) -> RecordsFault:
    return kind(f"{_WORDS[kind]} ({' '.join(str(said).split())[:_SAID_MAX]})")

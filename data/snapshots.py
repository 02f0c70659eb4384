"""Online copies of a book in SQLite, made through the connection that holds it.

Never by opening the file another way: closing that handle drops this process's locks, and another
process then writes into the middle of our transaction (reproduced; pinned by a test).
"""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import Engine

from data.engines import driver_of
from data.faults import explained, file_fault
from data.files import publish


def snapshot(engine: Engine, target: Path) -> None:
    """Copy a book as it stands, while others read and write; whole or not at all.

    The copy is one file that needs no other beside it. Raises RecordsFault in words.
    """
    own = f"{target.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    temporary = target.with_name(own)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(engine, temporary)
        temporary.chmod(0o600)  # it holds what only the book's owner may read
        publish(temporary, target)
    except OSError as error:
        raise file_fault(error, target) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _copy(engine: Engine, target: Path) -> None:
    with explained(), contextlib.closing(sqlite3.connect(target)) as copy:
        with engine.connect() as connection:
            # All at once: in WAL mode that stops no writer, and a copy in steps would begin again
            # with every commit of another process, and might never end.
            driver_of(connection).backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")

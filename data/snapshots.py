"""Online copies of a book in SQLite, made through the connection that holds it.

Never by opening the file another way: closing that handle drops this process's locks, and another
process then writes into the middle of our transaction (reproduced; pinned by a test).
"""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine

from data.engines import explained
from data.files import publish

_PAGES = 4096  # of 4 KiB: other processes write between two steps


def snapshot(engine: Engine, target: Path) -> None:
    """Copy a book as it stands, while others read and write; whole or not at all."""
    temporary = target.with_name(f"{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with explained(), engine.connect() as connection:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection), "only SQLite is copied this way"
        copy = sqlite3.connect(temporary)
        try:
            source.backup(copy, pages=_PAGES)
        finally:
            copy.close()
    publish(temporary, target)

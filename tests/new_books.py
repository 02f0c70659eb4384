"""Making a new SQLite book from the statements that made the first one of this process."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event

from data import migrate

Upgrade = Callable[[Connection, str], None]
Said = list[tuple[str, Any]]
PLAIN = migrate.FOLDER
"""The product's own revisions: those that a test makes up are gone through each time."""


def remembering(upgrade: Upgrade) -> Upgrade:
    """The same upgrade, which says again what it said for the first new book of these revisions.

    PostgreSQL's is left alone: what is said there depends on the schema and on whose it is.
    """
    known: Said = []

    def faster(connection: Connection, book: str) -> None:
        is_new = migrate.revision_of(connection) is None
        if connection.dialect.name != "sqlite" or not is_new or migrate.FOLDER != PLAIN:
            upgrade(connection, book)
        elif known:
            for statement, values in known:
                connection.exec_driver_sql(statement, values or None)
        else:
            known.extend(_heard(connection, lambda: upgrade(connection, book)))

    return faster


def _heard(connection: Connection, act: Callable[[], None]) -> Said:
    """What is said to the database meanwhile, without what only asks."""
    said: Said = []

    def hear(*told: Any) -> None:
        _, _, statement, values, *_ = told
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            said.append((statement, values))

    event.listen(connection, "before_cursor_execute", hear, named=False)
    try:
        act()
    finally:
        event.remove(connection, "before_cursor_execute", hear)
    return said

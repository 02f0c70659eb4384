"""All rows of a book, from one engine to the other, exactly."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, select

from data.tables import metadata

_BATCH = 2_000


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row into tables that are new and empty, within the target's transaction.

    The triggers do not judge what a book already holds: they would ask for each row in the order
    in which it was first added. Whether the copy is true, its trail tells.
    """
    with _unguarded(target):
        for table in metadata.sorted_tables:
            asked = select(table).order_by(*_order(table))
            found = source.execute(asked, execution_options={"yield_per": _BATCH})
            for rows in found.mappings().partitions():
                target.execute(insert(table), [dict(row) for row in rows])


def _order(table: Table) -> list[Column[Any]]:
    """As they were added: a row may name an earlier one of its own table."""
    added = [table.c.entry_index] if "entry_index" in table.c else []
    return [*added, *table.primary_key]


@contextlib.contextmanager
def _unguarded(target: Connection) -> Iterator[None]:
    """Take the guards away within a transaction that nobody else sees, and put them back."""
    if target.dialect.name == "postgresql":
        for table in metadata.sorted_tables:
            target.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        yield
        target.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        for table in metadata.sorted_tables:
            target.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
        return
    triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    standing = target.exec_driver_sql(triggers).all()
    for name, _ in standing:
        target.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in standing:
        target.exec_driver_sql(sql)

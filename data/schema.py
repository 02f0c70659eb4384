"""All that the database must hold besides rows: every revision's triggers, for the check."""

from functools import cache

from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateTable

from data.migrations.versions import r0001_trail, r0002_ledger, r0003_orders
from data.tables import metadata

_REVISIONS = (r0001_trail, r0002_ledger, r0003_orders)


def guards_of(engine: str) -> list[str]:
    """Return the statements of every trigger and function that must stand ("sqlite", …).

    For SQLite those of the tables too: it keeps their text, and a table can be made anew without
    what it refused. PostgreSQL keeps none.
    """
    found = [statement for revision in _REVISIONS for statement in revision.guards(engine)]
    return [*found, *_tables()] if engine == "sqlite" else found


@cache
def _tables() -> list[str]:
    return [str(CreateTable(table).compile(dialect=dialect())) for table in metadata.sorted_tables]

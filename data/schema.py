"""All that the database must hold besides rows: every revision's triggers, for the check."""

from data.migrations.versions import r0001_trail, r0002_ledger

_REVISIONS = (r0001_trail, r0002_ledger)


def guards_of(engine: str) -> list[str]:
    """Return the statements of every trigger and function that must stand ("sqlite", …)."""
    return [statement for revision in _REVISIONS for statement in revision.guards(engine)]

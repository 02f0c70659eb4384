"""Bringing a book to the newest form: forward only, with a copy of the old file kept beside it.

A process older than the book refuses to write; ``fence`` is asked in every writing transaction.
"""

import shutil
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from data.engines import first_row, reading, writing
from data.faults import RecordsFault, RecordsFull
from data.snapshots import snapshot

FOLDER = Path(__file__).resolve().parent / "migrations"


class NewerRecords(RecordsFault):
    """A newer Necto wrote this book: update this one; it reads and writes nothing until then."""


def bring_forward(engine: Engine, file: Path | None, book: str) -> bool:
    """Bring a book to this version's form; returns whether anything was done.

    ``file``: the SQLite file, copied to ``<name>.before-<revision>`` first. Waits for the writer's
    turn only where there is something to do. Raises NewerRecords.
    """
    with reading(engine) as connection:
        if revision_of(connection) == newest():
            return False
    with writing(engine) as connection:
        found = revision_of(connection)  # again: another process may have done it meanwhile
        if found == newest():
            return False
        if found is not None:
            _refuse_unknown(found)
            _keep_copy(engine, file, found)
        upgrade(connection, book)
    return True


def upgrade(connection: Connection, book: str) -> None:
    """Make the book's tables, or bring them forward, within a transaction: all of it or nothing."""
    if connection.dialect.name == "postgresql":
        # Asked first: IF NOT EXISTS wants the right to create even where it has nothing to do.
        known = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if connection.exec_driver_sql(known, (book,)).scalar() is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {book}")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def fence(connection: Connection) -> None:
    """Raise NewerRecords when the book was brought to a form that this process does not know."""
    row = first_row(connection, "SELECT version_num FROM alembic_version")
    judge(row[0] if row else None)


def judge(found: str | None) -> None:
    """Raise NewerRecords unless a book says that it has the form which is written here."""
    if found != newest():
        _refuse_unknown(str(found))
        raise NewerRecords(
            f"the records are of form {found}, this Necto writes {newest()}: start Necto again, "
            "which brings them forward"
        )


def revision_of(connection: Connection) -> str | None:
    """Return the book's form; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


@cache
def newest() -> str:
    """Return the form that this version of Necto writes."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head, "there is a first revision"
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _refuse_unknown(found: str) -> None:
    known = {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found not in known:
        raise NewerRecords(
            f"the records are of form {found}, this Necto knows forms up to {newest()}: a newer "
            "version wrote them. Update this installation; nothing was changed"
        )


def _keep_copy(engine: Engine, file: Path | None, found: str) -> None:
    """Copy the book as it stands while we hold the writer's turn, over what an earlier try left.

    PostgreSQL takes part in the migration's own transaction: a failure leaves the old form.
    """
    if file is None:
        return
    if shutil.disk_usage(file.parent).free < 2 * file.stat().st_size:
        raise RecordsFull(f"{file.parent} has no room for a copy of {file.name}: make room first")
    snapshot(engine, file.with_name(f"{file.name}.before-{found}"))

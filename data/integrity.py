"""Whether the database itself is sound: its pages and indexes, and that its server keeps them.

What the rows say is another question: ``data/verify.py`` compares them with the trail.
"""

from pathlib import Path

from sqlalchemy import Connection

from data.faults import RecordsDamaged, RecordsFault

QUICK_BYTES_MAX = 32 * 2**20
"""A file up to this size is checked whenever it is opened: a quarter of a second, measured."""
_PROBLEMS_MAX = 100
_MUST = {"server_encoding": "UTF8", "fsync": "on", "full_page_writes": "on"}


def integrity(view: Connection) -> list[str]:
    """Return what is wrong with the whole database, in its own words; empty when it is sound.

    Reads every page of a SQLite file (some 30 s for each GB); of PostgreSQL it asks whether the
    checksums of pages have failed. Raises RecordsDamaged when it cannot be read at all.
    """
    if view.dialect.name == "sqlite":
        found = _said(view, f"PRAGMA integrity_check({_PROBLEMS_MAX})")
        strays = view.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_PROBLEMS_MAX)
        return [
            *found,
            *(f"row {row[1]} of {row[0]} names a {row[2]} that is not" for row in strays),
        ]
    asked = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
    failed = view.exec_driver_sql(asked).scalar()
    return [f"{failed} pages of the database failed their checksum"] if failed else []


def check_pages(view: Connection, file: Path | None) -> None:
    """Raise RecordsDamaged when a SQLite file of modest size is; verification reads any size."""
    if file is None or file.stat().st_size > QUICK_BYTES_MAX:
        return
    if found := _said(view, f"PRAGMA quick_check({_PROBLEMS_MAX})"):
        raise RecordsDamaged(
            f"{file} is damaged: stop Necto, keep the file, and restore a backup "
            f"({len(found)} problems, the first: {found[0]})"
        )


def check_server(view: Connection) -> None:
    """Raise RecordsFault when PostgreSQL is set up so that it loses or changes what it took."""
    if view.dialect.name != "postgresql":
        return
    for name, wanted in _MUST.items():
        found = view.exec_driver_sql(f"SHOW {name}").scalar()
        if found != wanted:
            raise RecordsFault(
                f"this PostgreSQL has {name} = {found}, with which records can be lost or changed: "
                f"set it to {wanted}, or use another database"
            )


def _said(view: Connection, pragma: str) -> list[str]:
    return [str(row[0]) for row in view.exec_driver_sql(pragma) if row[0] != "ok"]

"""Triggers: the database itself refuses to change or remove a fact. Written once per engine."""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, text

from data.engines import RecordsFault

_NAMED = re.compile(r"CREATE (?:OR REPLACE )?(TRIGGER|FUNCTION) (\w+)")
_BODY = re.compile(r"\$necto\$(.*)\$necto\$", re.DOTALL)
_STANDING = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT t.tgname,
               pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' off' END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND n.nspname = current_schema()
        UNION ALL
        SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = current_schema()""",
}


class GuardsMissing(RecordsFault):
    """Triggers that protect the facts are gone or changed: a person must look before any use."""


def refusals(engine: str, tables: Iterable[str]) -> list[str]:
    """Return statements after which the tables refuse UPDATE, DELETE (and TRUNCATE)."""
    if engine == "sqlite":
        return [
            f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'facts are added, never changed: {table}'); END"
            for table in tables
            for verb in ("update", "delete")
        ]
    act = "EXECUTE FUNCTION necto_refuse()"
    change = "CREATE TRIGGER {0}_refuses_change BEFORE DELETE OR UPDATE ON {0} FOR EACH ROW {1}"
    truncate = "CREATE TRIGGER {0}_refuses_truncate BEFORE TRUNCATE ON {0} FOR EACH STATEMENT {1}"
    return [form.format(table, act) for table in tables for form in (change, truncate)]


FUNCTION = """CREATE OR REPLACE FUNCTION necto_refuse() RETURNS trigger AS $necto$
BEGIN RAISE EXCEPTION 'facts are added, never changed: %', TG_TABLE_NAME; END
$necto$ LANGUAGE plpgsql"""
"""What PostgreSQL's triggers call; made before them."""


def only_destroyed(engine: str, table: str) -> str:
    """Return a statement after which rows may be removed (a key shredded) and never exchanged."""
    act = (
        f"BEGIN SELECT RAISE(ABORT, 'a key is destroyed, never exchanged: {table}'); END"
        if engine == "sqlite"
        else "FOR EACH ROW EXECUTE FUNCTION necto_refuse()"
    )
    return f"CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON {table} {act}"


def check(connection: Connection, statements: Iterable[str]) -> None:
    """Raise GuardsMissing unless every trigger and function stands as it was written."""
    rows = connection.execute(text(_STANDING[connection.dialect.name]))
    standing = {str(name): _plain(str(sql)) for name, sql in rows}
    wrong = []
    for statement in statements:
        kind, name = _kind_and_name(statement)
        body = _BODY.search(statement)
        expected = _plain(body[1] if kind == "FUNCTION" and body else statement)
        if standing.get(name) != expected:
            wrong.append(name)
    if wrong:
        raise GuardsMissing(
            f"these guards of the facts are missing or changed: {', '.join(sorted(wrong))}. "
            "Somebody opened the records with another tool: run necto audit verify, and restore "
            "a backup if it finds anything"
        )


def _kind_and_name(statement: str) -> tuple[str, str]:
    found = _NAMED.search(statement)
    assert found, statement
    return found[1], found[2]


def _plain(sql: str) -> str:
    """Return the text without what PostgreSQL adds or takes when it prints it: schema, breaks."""
    words = (word.rsplit(".", 1)[-1] for word in sql.split())
    return " ".join(words)

"""Triggers: the database itself refuses to change or remove a fact. Written once per engine."""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, text

from data.faults import RecordsFault

_NAMED = re.compile(
    r"CREATE (?:OR REPLACE )?(?:CONSTRAINT |UNIQUE )?(TRIGGER|FUNCTION|INDEX|TABLE) (\w+)"
)
_BODY = re.compile(r"\$(\w*)\$(.*)\$\1\$", re.DOTALL)
# Each row: kind, name, text. PostgreSQL prints names bare (the last argument: true) when they are
# found on the search path, which is this book's schema alone: a function of another schema shows.
# A trigger that is off, a function that looks elsewhere and a rule get a text that nobody wrote.
_STANDING = {
    "sqlite": """
        SELECT upper(type), name, sql FROM sqlite_master
        WHERE type IN ('trigger', 'table') OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')""",
    "postgresql": """
        SELECT 'TRIGGER', CASE WHEN t.tgisinternal THEN c.relname || '/' || t.tgname
                               ELSE t.tgname END,
               pg_get_triggerdef(t.oid, true) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' off' END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = current_schema()::regnamespace
          AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
        UNION ALL
        SELECT 'FUNCTION', p.proname, p.prosrc || CASE
            WHEN p.pronargs = 0 AND NOT p.prosecdef AND (p.proconfig IS NULL
              OR p.proconfig IN (ARRAY['search_path=' || current_schema()],
                                 ARRAY['search_path="' || current_schema() || '"'])) THEN ''
            ELSE ' altered' END
        FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'INDEX', c.relname,
               replace(pg_get_indexdef(i.indexrelid, 0, true), ' USING btree', '')
            || CASE WHEN i.indisvalid THEN '' ELSE ' off' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'TRIGGER', tablename || '/' || rulename, definition
        FROM pg_rules WHERE schemaname = current_schema()""",
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
    """Raise GuardsMissing unless every trigger and function stands as it was written, and no other.

    ``statements``: what made them. A trigger that nobody here wrote could change a row on its way.
    """
    rows = connection.execute(text(_STANDING[connection.dialect.name]))
    standing = {(str(kind), str(name), _plain(str(sql))) for kind, name, sql in rows}
    wanted = set(map(_kept, statements))
    wrong = {name for _, name, _ in wanted - standing}
    strange = {name for kind, name, _ in standing - wanted if kind == "TRIGGER"}
    if wrong or strange:
        raise GuardsMissing(
            f"these guards of the facts are missing, changed or not ours: "
            f"{', '.join(sorted(wrong | strange))}. Somebody opened the records with another tool: "
            "run necto audit verify, and restore a backup if it finds anything"
        )


def _kept(statement: str) -> tuple[str, str, str]:
    """Return kind, name and the text that the database keeps of a statement."""
    found = _NAMED.search(statement)
    assert found, statement
    body = _BODY.search(statement) if found[1] == "FUNCTION" else None
    return found[1], found[2], _plain(body[2] if body else statement)


def _plain(sql: str) -> str:
    return " ".join(sql.split())

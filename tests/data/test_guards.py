"""Whoever takes the guards of the facts away is noticed when the book is opened next."""

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url

from data.guards import GuardsMissing
from data.records import Records

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
SQLITE = {
    "dropped": ["DROP TRIGGER entries_refuses_update"],
    "replaced": [
        "DROP TRIGGER entries_refuses_delete",
        "CREATE TRIGGER entries_refuses_delete BEFORE DELETE ON entries BEGIN SELECT 1; END",
    ],
    "on another table": [
        "DROP TRIGGER entries_refuses_delete",
        """CREATE TRIGGER entries_refuses_delete BEFORE DELETE ON personal_keys
        BEGIN SELECT RAISE(ABORT, 'facts are added, never changed: entries'); END""",
    ],
    "one more": [
        """CREATE TRIGGER helpful AFTER INSERT ON documents
        BEGIN INSERT INTO personal_keys VALUES ('x', x'00'); END"""
    ],
    "no longer once": ["DROP INDEX ledger_one_reversal"],
    "a table without what it refused": [
        "DROP TABLE personal_keys",
        "CREATE TABLE personal_keys (person, key)",
        """CREATE TRIGGER personal_keys_refuses_update BEFORE UPDATE ON personal_keys
        BEGIN SELECT RAISE(ABORT, 'a key is destroyed, never exchanged: personal_keys'); END""",
    ],
}
LAX = "CREATE OR REPLACE FUNCTION {}necto_refuse() RETURNS trigger LANGUAGE plpgsql AS {}"
POSTGRESQL = {
    "dropped": ["DROP TRIGGER entries_refuses_truncate ON entries"],
    "off": ["ALTER TABLE entries DISABLE TRIGGER entries_refuses_change"],
    "all off": ["ALTER TABLE legs DISABLE TRIGGER USER"],
    "only in replicas": ["ALTER TABLE entries ENABLE REPLICA TRIGGER entries_refuses_change"],
    "lax function": [LAX.format("", "'BEGIN RETURN OLD; END'")],
    "looks elsewhere": ["ALTER FUNCTION ledger_postings() SET search_path = 'elsewhere'"],
    "asks elsewhere": [
        "CREATE SCHEMA elsewhere",
        LAX.format("elsewhere.", "'BEGIN RETURN OLD; END'"),
        "DROP TRIGGER entries_refuses_change ON entries",
        """CREATE TRIGGER entries_refuses_change BEFORE DELETE OR UPDATE ON entries
        FOR EACH ROW EXECUTE FUNCTION elsewhere.necto_refuse()""",
    ],
    "on another table": [
        "DROP TRIGGER entries_refuses_change ON entries",
        """CREATE TRIGGER entries_refuses_change BEFORE DELETE OR UPDATE ON personal_keys
        FOR EACH ROW EXECUTE FUNCTION necto_refuse()""",
    ],
    "one more": [
        """CREATE TRIGGER helpful BEFORE INSERT ON documents
        FOR EACH ROW EXECUTE FUNCTION necto_refuse()"""
    ],
    "a rule": ["CREATE RULE helpful AS ON UPDATE TO documents DO INSTEAD NOTHING"],
    "no longer once": ["DROP INDEX ledger_one_reversal"],
}


@contextmanager
def other_tool(url):
    """A connection as any tool has one: without Necto's ways."""
    is_server = make_url(url).get_backend_name() == "postgresql"
    given = {"options": "-csearch_path=house"} if is_server else {}
    engine = create_engine(url, connect_args=given)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def noticed(url, statements):
    Records.open(url, "house", HERE).close()
    with other_tool(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with pytest.raises(GuardsMissing, match="run necto audit verify"):
        Records.open(url, "house", HERE)


@pytest.mark.parametrize("how", SQLITE)
def test_guards_of_a_file_that_were_touched_are_noticed(tmp_path, how):
    noticed(f"sqlite:///{tmp_path / 'house.sqlite'}", SQLITE[how])


@pytest.mark.parametrize("how", POSTGRESQL)
def test_guards_of_a_schema_that_were_touched_are_noticed(postgres_url, how):
    noticed(postgres_url, POSTGRESQL[how])


def test_a_disabled_foreign_key_is_noticed(postgres_server, postgres_url):
    Records.open(postgres_url, "house", HERE).close()
    superuser = make_url(postgres_url).set(username="postgres").render_as_string()
    with other_tool(superuser) as connection:
        connection.exec_driver_sql("ALTER TABLE documents DISABLE TRIGGER ALL")
    with pytest.raises(GuardsMissing, match="documents_refuses_change"):
        Records.open(postgres_url, "house", HERE)


def test_guards_that_go_while_a_process_runs_are_noticed_by_its_check(records_url):
    book = Records.open(records_url, "house", HERE)
    book.check()
    trigger = "documents_refuses_" + ("update" if book.file else "change ON documents")
    with other_tool(records_url) as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
    with pytest.raises(GuardsMissing, match="documents_refuses"):
        book.check()
    book.close()


def test_other_things_in_the_same_schema_disturb_nobody(postgres_url):
    Records.open(postgres_url, "house", HERE).close()
    with other_tool(postgres_url) as connection:
        connection.exec_driver_sql("CREATE VIEW spending AS SELECT * FROM postings")
        connection.exec_driver_sql("CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    Records.open(postgres_url, "house", HERE).close()

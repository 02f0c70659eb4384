"""A book in PostgreSQL: turns to write, connections that break, servers that would lose records."""

import selectors
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import event, make_url

from data import engines, integrity
from data.faults import OutcomeUnknown, RecordsAway, RecordsBusy, RecordsFault, RecordsReadOnly
from data.records import Records
from engine.commands import Command
from engine.people import local_actor

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"


@pytest.fixture
def book(postgres_url):
    records = Records.open(postgres_url, "house", HERE)
    yield records
    records.close()


def command(key="k1"):
    return Command.of(key, "settings.changed", local_actor("ann"), "settings/zone", {})


def write(unit):
    body = {"kind": "settings", "id": f"at-{unit.next_index}", "version": 1, "body": "{}"}
    unit.add("documents", **body, is_deleted=0)


def entries(book):
    with book.reading() as view:
        return view.exec_driver_sql("SELECT count(*) FROM entries").scalar()


@contextmanager
def as_superuser(server, url):
    database = make_url(url).database
    with psycopg.connect(
        host=str(server.folder), user="postgres", dbname=database, autocommit=True
    ) as connection:
        yield connection


def test_who_waits_too_long_for_a_turn_to_write_is_told(book, postgres_url, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    other = Records.open(postgres_url, "house", HERE)
    with book.transaction():
        with pytest.raises(RecordsBusy, match="try again"):
            other.perform(command(), write)
        assert entries(other) == 1  # whoever reads does not wait
    assert other.perform(command(), write).entry_index == 1
    other.close()


def test_opening_waits_for_no_turn(book, postgres_url, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    with book.transaction():
        Records.open(postgres_url, "house", HERE).close()


def test_a_connection_that_breaks_before_the_commit_leaves_the_outcome_unknown(
    book, postgres_server, postgres_url
):
    """The server never saw the commit: the same key is done now."""
    with as_superuser(postgres_server, postgres_url) as superuser:

        def broken(connection):
            pid = connection.connection.driver_connection.info.backend_pid
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

        event.listen(book.engine, "commit", broken, once=True)
        with pytest.raises(OutcomeUnknown, match="repeat the command with the same key"):
            book.perform(command(), write)
    assert not book.perform(command(), write).replayed
    assert entries(book) == 2


def test_a_commit_whose_answer_is_lost_is_found_done(postgres_url):
    with proxy(make_url(postgres_url).query["host"]) as (url_of, lose):
        book = Records.open(url_of(postgres_url), "house", HERE)
        lose.set()
        with pytest.raises(OutcomeUnknown, match="tells whether it was done"):
            book.perform(command(), write)
        lose.clear()
        assert book.perform(command(), write).replayed
        assert entries(book) == 2
        book.close()


def test_a_connection_that_breaks_earlier_has_written_nothing(book, postgres_server, postgres_url):
    def broken(unit):
        pid = unit.connection.connection.driver_connection.info.backend_pid
        with as_superuser(postgres_server, postgres_url) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        write(unit)

    with pytest.raises(RecordsAway, match="nothing was written"):
        book.perform(command(), broken)
    assert not book.perform(command(), write).replayed


def test_a_server_that_does_not_answer_is_said(tmp_path):
    with pytest.raises(RecordsAway, match="see that it runs"):
        Records.open(f"postgresql://necto@/records?host={tmp_path}", "house", HERE)


def test_a_database_that_may_only_be_read_is_said(book, postgres_server, postgres_url):
    database = make_url(postgres_url).database
    with as_superuser(postgres_server, postgres_url) as superuser:
        superuser.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        book.close()  # the next connection learns of it
        with pytest.raises(RecordsReadOnly, match="check the rights"):
            book.perform(command(), write)
        superuser.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    book.close()
    assert book.perform(command(), write).entry_index == 1


def test_a_role_without_the_right_to_make_the_schema_is_told(postgres_server, postgres_url):
    database = make_url(postgres_url).database
    with as_superuser(postgres_server, postgres_url) as superuser:
        superuser.execute(f"ALTER DATABASE {database} OWNER TO postgres")
        with pytest.raises(RecordsReadOnly, match="permission denied"):
            Records.open(postgres_url, "house", HERE)
        superuser.execute("CREATE SCHEMA house AUTHORIZATION necto")
        Records.open(postgres_url, "house", HERE).close()


def test_what_the_role_was_set_to_changes_nothing(postgres_server, postgres_url):
    """A snapshot from before one's turn shows an old trail; a commit must reach the disk."""
    database = make_url(postgres_url).database
    with as_superuser(postgres_server, postgres_url) as superuser:
        for setting in ("default_transaction_isolation = 'serializable'", "search_path = 'x'",
                        "synchronous_commit = off"):  # fmt: skip
            superuser.execute(f"ALTER ROLE necto IN DATABASE {database} SET {setting}")
    book = Records.open(postgres_url, "house", HERE)
    with book.transaction() as unit:
        found = {
            name: unit.connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("transaction_isolation", "search_path", "synchronous_commit")
        }
    assert found == {
        "transaction_isolation": "read committed", "search_path": "house",
        "synchronous_commit": "on",
    }  # fmt: skip
    book.close()


def test_a_server_that_may_lose_what_it_took_is_refused(postgres_url, monkeypatch):
    monkeypatch.setitem(integrity._MUST, "fsync", "off")
    with pytest.raises(RecordsFault, match="has fsync = on"):
        Records.open(postgres_url, "house", HERE)


def test_a_database_that_does_not_keep_every_letter_is_refused(postgres_server, postgres_url):
    with as_superuser(postgres_server, postgres_url) as superuser:
        superuser.execute(
            """CREATE DATABASE latin OWNER necto TEMPLATE template0 ENCODING 'LATIN1'
            LOCALE 'C' LOCALE_PROVIDER libc"""
        )
        with pytest.raises(RecordsFault, match="server_encoding = LATIN1"):
            Records.open(postgres_server.url("latin"), "house", HERE)
        superuser.execute("DROP DATABASE latin WITH (FORCE)")


@contextmanager
def proxy(folder):
    """A socket that passes everything on to the server, and when told loses a commit's answer."""
    kept = tempfile.TemporaryDirectory()  # a test's own folder is too long a path for a socket
    place = kept.name
    lose, listener = threading.Event(), socket.socket(socket.AF_UNIX)
    listener.bind(f"{place}/.s.PGSQL.5432")
    listener.listen()

    def served():
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=passed_on, args=(client,), daemon=True).start()

    def passed_on(client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{folder}/.s.PGSQL.5432")
        with client, server, selectors.DefaultSelector() as ready, suppress(OSError):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
                    if key.fileobj is client and b"COMMIT" in data and lose.is_set():
                        server.recv(65536)
                        return

    accepting = threading.Thread(target=served)
    accepting.start()
    try:
        yield (
            lambda url: make_url(url).update_query_dict({"host": place}).render_as_string(),
            lose,
        )
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        kept.cleanup()

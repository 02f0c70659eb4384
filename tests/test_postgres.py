"""The PostgreSQL that the tests start: real, safe, killable, and gone afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine, make_url
from sqlalchemy.exc import OperationalError

from tests import postgres

NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("said", Text))


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def write(url: str, said: str) -> None:
    with connected(url) as connection:
        NOTES.metadata.create_all(connection)
        connection.execute(NOTES.insert().values(said=said))


def written(url: str) -> list[str]:
    with connected(url) as connection:
        return list(connection.scalars(NOTES.select().with_only_columns(NOTES.c.said)))


def answer(url: str, query: str) -> str:
    with connected(url) as connection:
        return str(connection.exec_driver_sql(query).scalar_one())


@pytest.fixture
def own(own_postgres) -> postgres.Server:
    if not own_postgres.pid:  # a test that failed may have left it dead
        own_postgres.start()
    return own_postgres


@pytest.fixture
def own_url(own) -> str:
    return own.create_database()


def test_a_row_is_written_and_read_on_either_engine(records_url):
    write(records_url, "naïve 🐘")

    assert written(records_url) == ["naïve 🐘"]


def test_both_engines_are_tested(request, records_url):
    assert make_url(records_url).get_backend_name() in request.node.name


def test_each_test_has_a_database_of_its_own(postgres_server, postgres_url):
    with postgres_server.database() as other:
        write(other, "theirs")
        write(postgres_url, "ours")
        assert written(postgres_url) == ["ours"]

    with pytest.raises(OperationalError, match="does not exist"):
        written(other)


def test_neither_the_server_nor_the_role_is_root(postgres_server, postgres_url):
    owner = Path(f"/proc/{postgres_server.pid}").stat().st_uid

    assert owner != 0
    assert answer(postgres_url, "SELECT rolsuper FROM pg_roles WHERE rolname = user") == "False"


def test_no_network_and_no_other_user_reaches_the_server(postgres_server, postgres_url):
    socket = postgres_server.folder / f".s.PGSQL.{postgres.PORT}"

    assert answer(postgres_url, "SHOW listen_addresses") == ""
    assert postgres_server.folder.stat().st_mode & 0o077 == 0
    assert socket.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_what_is_acknowledged_is_on_disk(postgres_url, setting):
    assert answer(postgres_url, f"SHOW {setting}") == "on"


def test_all_workers_of_a_run_share_one_server(postgres_run, postgres_server):
    with ThreadPoolExecutor(4) as workers:
        found = list(workers.map(lambda _: postgres.shared(postgres_run).pid, range(8)))

    assert set(found) == {postgres_server.pid}


def test_a_committed_row_survives_kill_9_of_the_server(own, own_url):
    write(own_url, "kept")
    killed = own.pid

    own.kill()
    assert own.pid is None
    assert not own.is_ready()
    own.start()

    assert own.pid not in (None, killed)
    assert written(own_url) == ["kept"]


def test_what_was_not_committed_does_not_survive_kill_9(own, own_url):
    write(own_url, "kept")
    with psycopg.connect(own_url.replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO notes (said) VALUES ('lost')")
        own.kill_backend(connection.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")

    assert written(own_url) == ["kept"]


def test_a_row_survives_an_orderly_restart(own, own_url):
    write(own_url, "kept")
    before = own.pid

    own.restart()

    assert own.pid not in (None, before)
    assert written(own_url) == ["kept"]


def test_a_strange_process_is_not_killed_for_the_server(own):
    with pytest.raises(AssertionError, match="no process of this server"):
        own.kill_backend(os.getpid())


def test_a_stale_pid_file_is_not_believed(tmp_path):
    server = postgres.Server(tmp_path / "server")
    server.data.mkdir(parents=True)
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")

    assert server.pid is None
    server.remove()
    assert not server.folder.exists()


def test_nothing_is_left_of_a_run_that_ended():
    run = postgres.Run()
    server = postgres.shared(run.folder)
    pid = server.pid
    assert pid is not None

    run.end()

    assert not postgres._is_alive(pid)
    assert list(run.folder.parent.glob(f"{run.folder.name}*")) == []


KILLED = """
import os, signal
from tests import postgres
run = postgres.Run()
server = postgres.own(run.folder)
print(run.folder, server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_runs_server_is_swept_and_a_living_ones_is_not(postgres_server):
    root = Path(__file__).parent.parent
    killed = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=root, stdout=subprocess.PIPE, text=True, check=False
    )
    folder, pid = killed.stdout.split()
    assert killed.returncode == -signal.SIGKILL
    living = postgres_server.pid

    postgres.sweep()

    assert not Path(folder).exists()
    assert not postgres._is_alive(int(pid))
    assert postgres_server.pid == living

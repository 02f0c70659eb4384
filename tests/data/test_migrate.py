"""Bringing a book forward: the tables are the code's, a failure changes nothing, old ones stop."""

import shutil
import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data import migrate
from data.engines import engine_of, reading, writing
from data.faults import RecordsFault, RecordsFull
from data.migrate import NewerRecords, fence, newest, revision_of
from data.records import Records
from data.tables import metadata
from engine.commands import Command
from engine.people import local_actor
from tests.new_books import remembering

PLAINLY = migrate.upgrade  # as it is before any fixture
HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
REVISION = '''"""Made up."""

from alembic import op

revision = "9999"
down_revision = "{down}"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE TABLE novelties (name TEXT PRIMARY KEY)")
    op.execute("INSERT INTO novelties VALUES ('first')")
    {then}
'''


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Make the next start of Necto one with a newer form, and end that again."""
    folder, down, plain = tmp_path / "migrations", newest(), migrate.FOLDER

    def begin(then="pass"):
        if not folder.exists():
            shutil.copytree(plain, folder, ignore=shutil.ignore_patterns("__pycache__"))
        made_up = REVISION.format(down=down, then=then)
        (folder / "versions" / "r9999_made_up.py").write_text(made_up)
        monkeypatch.setattr(migrate, "FOLDER", folder)
        newest.cache_clear()

    def end():
        monkeypatch.setattr(migrate, "FOLDER", plain)
        newest.cache_clear()

    yield begin, end
    end()


def opened(url):
    return Records.open(url, "house", HERE)


def do(book, key="k1"):
    asked = Command.of(key, "note.kept", local_actor("ann"), "note/x", {})
    row = {"kind": "note", "id": key, "version": 1, "body": "{}", "is_deleted": 0}
    return book.perform(asked, lambda unit: unit.add("documents", **row))


def form(book):
    with book.reading() as view:
        return revision_of(view)


def novelties(book):
    with book.transaction() as unit:
        return unit.connection.exec_driver_sql("SELECT name FROM novelties").scalars().all()


def test_migrations_make_what_the_tables_say(records_url):
    records = opened(records_url)
    with records.reading() as view:
        context = MigrationContext.configure(view, opts={"compare_type": True})
        differences = [
            one for one in compare_metadata(context, metadata) if one[0] != "remove_index"
        ]
    records.close()
    assert differences == []


def test_a_book_is_brought_forward_with_all_that_is_in_it(records_url, newer):
    old = opened(records_url)
    do(old)
    old.close()
    newer[0]()
    book = opened(records_url)
    assert (form(book), novelties(book), do(book).replayed) == ("9999", ["first"], True)
    book.close()


def test_a_copy_of_the_old_file_stays_beside_it(tmp_path, newer):
    url, was = f"sqlite:///{tmp_path / 'house.sqlite'}", newest()
    old = opened(url)
    do(old)
    newer[0]()
    opened(url).close()
    copy = sqlite3.connect(tmp_path / f"house.sqlite.before-{was}")
    assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (was,)
    assert copy.execute("SELECT id FROM documents").fetchall() == [("k1",)]
    copy.close()
    old.close()


def test_without_room_for_the_copy_nothing_is_done(tmp_path, newer, monkeypatch):
    url = f"sqlite:///{tmp_path / 'house.sqlite'}"
    opened(url).close()
    newer[0]()
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000)
    monkeypatch.setattr(migrate.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RecordsFull, match="make room first"):
        opened(url)
    newer[1]()
    opened(url).close()


@pytest.mark.parametrize("then", ["raise ZeroDivisionError", "op.execute('SELECT nothing')"])
def test_a_migration_that_fails_leaves_the_book_as_it_was(records_url, newer, then):
    old = opened(records_url)
    do(old)
    newer[0](then)
    with pytest.raises((ZeroDivisionError, RecordsFault)):
        opened(records_url)
    newer[1]()
    assert not do(old, "k2").replayed
    again = opened(records_url)
    assert (form(again), do(again).replayed) == (newest(), True)
    with pytest.raises(RecordsFault, match="novelties"):
        novelties(again)
    again.close()
    old.close()


def test_the_copy_is_made_anew_when_an_earlier_try_failed(tmp_path, newer):
    url, was = f"sqlite:///{tmp_path / 'house.sqlite'}", newest()
    old = opened(url)
    for key in ("k1", "k2"):
        do(old, key)
        newer[0]("raise ZeroDivisionError")
        with pytest.raises(ZeroDivisionError):
            opened(url)
        newer[1]()
    copy = sqlite3.connect(tmp_path / f"house.sqlite.before-{was}")
    assert copy.execute("SELECT count(*) FROM documents").fetchone() == (2,)
    copy.close()
    old.close()


def test_a_process_older_than_the_book_stops_writing_while_it_runs(records_url, newer):
    old = opened(records_url)
    do(old)
    newer[0]()
    opened(records_url).close()
    newer[1]()
    with pytest.raises(NewerRecords, match="Update this installation"):
        do(old, "k2")
    with pytest.raises(NewerRecords):
        old.check()
    with pytest.raises(NewerRecords):
        opened(records_url)
    old.close()


def test_a_process_newer_than_the_book_asks_for_a_start(records_url, newer):
    """An older backup was restored below it."""
    old = opened(records_url)
    newer[0]()
    with pytest.raises(NewerRecords, match="start Necto again"), old.reading() as view:
        fence(view)
    old.close()


def test_processes_that_start_at_once_make_one_book(records_url):
    found, start = [], threading.Barrier(4)

    def started():
        start.wait()
        book = opened(records_url)
        found.append(form(book))
        book.close()

    threads = [threading.Thread(target=started) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book = opened(records_url)
    with book.reading() as view:
        size = view.exec_driver_sql("SELECT count(*) FROM entries").scalar()
    book.close()
    assert (found, size) == ([newest()] * 4, 1)


def test_a_book_made_from_what_was_said_before_is_the_one_that_the_revisions_make(tmp_path):
    made = {}
    for name, make in {
        "slow": PLAINLY,
        "first": (say := remembering(PLAINLY)),
        "again": say,
    }.items():
        engine = engine_of(f"sqlite:///{tmp_path / name}", "house")
        with writing(engine) as connection:
            assert revision_of(connection) is None
            make(connection, "house")
        with reading(engine) as view:
            asked = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
            made[name] = [*view.exec_driver_sql(asked), revision_of(view)]
        engine.dispose()
    assert made["slow"] == made["first"] == made["again"]
    assert made["slow"][-1] == newest()

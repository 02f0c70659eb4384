"""Disk full, no right to write, held locks: said in words, nothing lost, and work goes on after."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import make_url

from data import engines
from data.engines import reading
from data.faults import (
    OutcomeUnknown,
    RecordsBusy,
    RecordsFull,
    RecordsReadOnly,
)
from data.records import Records
from data.snapshots import snapshot
from data.verify import Report, check_entries, check_tree
from engine.commands import Command
from engine.people import local_actor
from tests.children import Child, become_nobody, run
from tests.data.test_records_postgresql import as_superuser
from tests.disks import small_disk

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
BODY = f'{{"note":"{random.Random(4).randbytes(10_000).hex()}"}}'  # not to be packed smaller
WRITES_MAX = 1_000


def house(folder):
    return Records.open(f"sqlite:///{folder / 'house.sqlite'}", "house", HERE)


def do(book, number):
    asked = Command.of(f"k{number}", "note.kept", local_actor("ann"), "note/x", {"n": number})
    row = {"kind": "note", "id": f"n{number}", "version": 1, "body": BODY, "is_deleted": 0}
    return book.perform(asked, lambda unit: unit.add("documents", **row))


def do_until(book, kind):
    """Write until it is refused; returns how many commands were acknowledged."""
    for number in range(WRITES_MAX):
        try:
            do(book, number)
        except kind:
            return number
    raise AssertionError(f"{WRITES_MAX} commands were taken")


def whole(book):
    """How many commands are there, all of them in order."""
    report = Report()
    with book.reading() as view:
        check_tree(view, report)
        check_entries(view, HERE, "house", report)
        notes = view.exec_driver_sql("SELECT count(*) FROM documents").scalar()
    assert (report.problems, notes) == ([], report.size - 1)
    return notes


def goes_on(book, done):
    """What was acknowledged is there; the command that was refused is done with the same key."""
    assert whole(book) == done
    assert not do(book, done).replayed
    assert all(do(book, number).replayed for number in range(done + 1))
    assert whole(book) == done + 1


def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room():
    with small_disk(kib=1500) as disk:
        book = house(disk.folder)
        done = do_until(book, RecordsFull)
        with pytest.raises(RecordsFull, match="make room and repeat"):
            do(book, done)
        assert whole(book) == done > 5
        disk.resize(4000)
        goes_on(book, done)
        book.close()


def test_a_book_on_a_full_disk_can_be_opened_and_read():
    with small_disk(kib=1500) as disk:
        book = house(disk.folder)
        done = do_until(book, RecordsFull)
        book.close()
        (disk.folder / "filling").write_bytes(b"")
        again = house(disk.folder)
        assert whole(again) == done
        again.close()


def test_a_book_that_finds_no_room_to_begin_is_made_later():
    with small_disk(kib=40) as disk:
        with pytest.raises(RecordsFull, match="make room"):
            house(disk.folder)
        disk.resize(4000)
        book = house(disk.folder)
        goes_on(book, 0)
        book.close()


def test_a_copy_that_finds_no_room_leaves_no_half_file(tmp_path):
    book = house(tmp_path)
    do(book, 0)
    with small_disk(kib=40) as disk:
        with pytest.raises(RecordsFull):
            snapshot(book.engine, disk.folder / "copy.sqlite")
        assert list(disk.folder.iterdir()) == []
    book.close()


def test_a_full_disk_of_a_server_is_said_and_work_goes_on(postgres_server, postgres_url):
    name = make_url(postgres_url).database
    with small_disk(kib=3000) as disk, as_superuser(postgres_server, postgres_url) as superuser:
        place = disk.folder / "table-space"
        place.mkdir()
        owner = postgres_server.data.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        superuser.execute(f"CREATE TABLESPACE {name} OWNER necto LOCATION '{place}'")
        superuser.execute(f"ALTER DATABASE {name} SET default_tablespace = {name}")
        book = Records.open(postgres_url, "house", HERE)
        done = do_until(book, RecordsFull)
        assert done > 5
        disk.resize(8000)
        goes_on(book, done)
        book.close()
        superuser.execute("DROP SCHEMA house CASCADE")
        superuser.execute(f"ALTER DATABASE {name} RESET default_tablespace")
        superuser.execute(f"DROP TABLESPACE {name}")


def limited(folder, bytes_max):
    """A process whose files may not grow beyond a size: the error of a quota."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    book = house(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))
    done = do_until(book, (RecordsFull, OutcomeUnknown))
    assert whole(book) == done
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    goes_on(book, done)
    book.close()
    return done


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path):
    assert run(limited, tmp_path, 1_000_000) > 5


@pytest.fixture
def open_folder():
    """A folder that every account reaches (a test's own is root's alone)."""
    folder = Path(tempfile.mkdtemp(prefix="necto-open-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def opened_and_written(folder, number):
    book = house(folder)
    do(book, number)
    found = whole(book)
    book.close()
    return found


def by_nobody(folder, number):
    with tempfile.TemporaryDirectory() as own:  # loads all of Python that nobody may not read
        opened_and_written(Path(own), 0)
    become_nobody()
    return opened_and_written(folder, number)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode"), [(0o555, 0o644), (0o777, 0o444), (0o555, 0o444)]
)
def test_what_may_not_be_written_is_said_and_work_goes_on(open_folder, folder_mode, file_mode):
    file = open_folder / "house.sqlite"
    assert run(by_nobody, open_folder, 0) == 1
    open_folder.chmod(folder_mode)
    file.chmod(file_mode)
    said = run(by_nobody, open_folder, 1)
    assert said.startswith("RecordsReadOnly: the records cannot be written: check the rights")
    open_folder.chmod(0o777)
    for each in open_folder.iterdir():  # SQLite gives those that it makes the file's own mode
        each.chmod(0o644)
    assert run(by_nobody, open_folder, 1) == 2


@pytest.mark.parametrize("place", [".", "deeper/records"])
def test_a_folder_in_which_no_book_can_be_made_is_said(open_folder, place):
    open_folder.chmod(0o555)
    said = run(by_nobody, open_folder / place, 0)
    assert said.startswith("RecordsReadOnly: ")
    open_folder.chmod(0o777)
    assert run(by_nobody, open_folder / place, 0) == 1


def test_a_disk_that_is_read_only_is_said_and_work_goes_on():
    with small_disk(kib=4000) as disk:
        assert opened_and_written(disk.folder, 0) == 1
        disk.set_read_only(is_on=True)
        with pytest.raises(RecordsReadOnly):
            opened_and_written(disk.folder, 1)
        disk.set_read_only(is_on=False)
        assert opened_and_written(disk.folder, 1) == 2


def holding(pipe, file, pragma):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute(pragma)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE alembic_version SET version_num = version_num")
    pipe.send("held")
    pipe.recv()
    other.execute("ROLLBACK")
    other.close()
    pipe.send("let go")


def test_a_lock_held_too_long_is_said_and_work_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    book = house(tmp_path)
    with Child(holding, book.file, "SELECT 1") as other:
        assert other.says() == "held"
        with pytest.raises(RecordsBusy, match="nothing was written; try again"):
            do(book, 0)
        assert whole(book) == 0  # whoever reads does not wait
        house(tmp_path).close()  # nor whoever opens
        assert other.hears("let go") == "let go"
    goes_on(book, 0)
    book.close()


def test_a_tool_that_keeps_the_file_to_itself_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    house(tmp_path).close()
    with Child(holding, tmp_path / "house.sqlite", "PRAGMA locking_mode = EXCLUSIVE") as other:
        assert other.says() == "held"
        with pytest.raises(RecordsBusy):
            house(tmp_path)
        assert other.hears("let go") == "let go"
    house(tmp_path).close()


def test_readers_who_wait_too_long_for_a_connection_are_told(tmp_path):
    book = house(tmp_path)
    book.engine.pool._timeout = 0.1
    held = [reading(book.engine) for _ in range(15)]
    for one in held:
        one.__enter__()
    with pytest.raises(RecordsBusy):
        whole(book)
    for one in held:
        one.__exit__(None, None, None)
    assert whole(book) == 0
    book.close()

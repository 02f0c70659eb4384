"""Nothing that Necto does with an open book lets another process into the middle of its writing.

POSIX takes a process's locks on a file away when it closes any handle of that file: one `open()` of
a book, by whatever library, and SQLite's locks on it are gone (howtocorrupt.html, section 2.2).
"""

import fcntl
import io
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from data import audit, checkpoints, documents, engines, ledger, packs, proofs, trail, trail_keys
from data.backups import backup, check, existing
from data.books import book_exists, close_books, open_book
from data.faults import RecordsBusy
from data.market import Lake
from data.records import Records
from data.restoring import WouldLose, restore
from data.sealed import reveal, seal
from data.settings import Settings
from data.snapshots import snapshot
from data.status import Status
from data.verification import verify
from engine.commands import Command
from engine.paging import Query
from engine.people import local_actor
from tests.children import Child, run

ANN = local_actor("ann")
SHARED_FIRST, SHARED_BYTES, SHM_WRITER = 0x40000002, 510, 120  # https://sqlite.org/src, os_unix.c


class Uses:
    """Everything that Necto does with a book besides writing commands, by name."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.home = settings, settings.home
        self.book = open_book(settings)
        self.sealed = self._begun()
        self.key = trail_keys.signer(self.book, self.home)
        checkpoints.make(self.book, self.key, self.home)
        self.taken = backup(self.book, self.home / "backups", ANN).file
        checkpoints.make(self.book, self.key, self.home)

    def _begun(self):
        def act(unit):
            documents.put(unit, "note", "n1", {"a": 1})
            self.field = seal(unit, "p1", "Ann")
            return self.field.json()

        self.book.perform(Command.of("k1", "note.kept", ANN, "note/x", {}), act)
        return self.field

    def named(self) -> dict[str, Callable[[], object]]:
        keys = [self.key.verifier]
        return {
            "a page of the trail": self.viewed(self.page),
            "an entry": self.viewed(lambda view: (trail.leaf(view, 1), proofs.kept(view, 1))),
            "its proof": self.viewed(proofs.standing),
            "all entries": self.viewed(lambda view: list(trail.leaves(view, 0, 99))),
            "news": self.viewed(trail.has_news),
            "documents": self.viewed(lambda view: documents.all_versions(view, "note")),
            "postings": self.viewed(lambda view: list(ledger.postings(view))),
            "balances": self.viewed(ledger.balances_at),
            "a sealed field": self.viewed(lambda view: reveal(view, self.sealed)),
            "the newest checkpoint": self.viewed(lambda view: checkpoints.newest(view, keys)),
            "public keys": lambda: trail_keys.verifiers_of(self.book),
            "signing": lambda: checkpoints.make(self.book, self.key, self.home),
            "a pack": lambda: packs.write(self.book, self.settings, packs.Wanted(), io.BytesIO()),
            "necto audit verify": lambda: verify(self.book, self.home),
            "the health check": lambda: Status.now(self.settings),
            "the check of guards": self.book.check,
            "the check of pages": self.book.integrity,
            "a copy": lambda: snapshot(self.book.engine, self.home / "copies" / "a.sqlite"),
            "a backup": lambda: backup(self.book, self.home / "backups", ANN),
            "the check of a backup": lambda: check(self.taken),
            "a restore that is refused": lambda: restore(self.taken, self.settings, ANN),
            "which books there are": lambda: (
                existing(self.settings), book_exists(self.settings, "live"),
            ),
            "opening and closing it once more": lambda: Records.open(
                self.book.url, "house", self.book.installation
            ).close(),
            "opening and closing another book": lambda: Records.open(
                f"sqlite:///{self.home}/records/live.sqlite", "live", self.book.installation
            ).close(),
            "the market": lambda: Lake(self.settings.lake).aside(),
        }  # fmt: skip

    def viewed(self, look):
        def looked():
            with self.book.reading() as view:
                return look(view)

        return looked

    def page(self, view):
        counts = audit.Counts()
        counts.up_to_date(view)
        return audit.page(view, Query(offset=0, limit=9), audit.EVER, counts)


def let_in(file):
    """What another process can do with the file now that it must not."""
    found = []
    with file.open("r+b") as main, file.with_name(f"{file.name}-shm").open("r+b") as index:
        for handle, length, start, what in (
            (main, SHARED_BYTES, SHARED_FIRST, "the file is free"),
            (index, 1, SHM_WRITER, "the writer's turn is free"),
        ):
            with suppress(BlockingIOError):
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
                fcntl.lockf(handle, fcntl.LOCK_UN, length, start)
                found.append(what)
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    for attempt in ("BEGIN IMMEDIATE", "PRAGMA journal_mode = DELETE"):
        with suppress(sqlite3.OperationalError):
            other.execute(attempt)
            found.append(attempt)
    other.close()
    return found


def other_process(pipe, file):
    while pipe.recv():
        pipe.send(let_in(file))


@pytest.fixture
def uses(tmp_path):
    settings = Settings.from_env({"NECTO_HOME": str(tmp_path / "home")})
    yield Uses(settings)
    close_books()


def test_another_process_is_refused_after_everything_that_we_do(uses, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with Child(other_process, uses.book.file) as other, uses.book.transaction():
        assert other.hears("try") == []
        for name, use in uses.named().items():
            with suppress(RecordsBusy, WouldLose):  # what writes waits for the transaction in vain
                use()
            assert (name, other.hears("try")) == (name, [])


@pytest.mark.parametrize(
    ("suffix", "freed"), [("", "the file is free"), ("-shm", "the writer's turn is free")]
)
def test_the_hazard_is_real_and_would_be_seen(uses, suffix, freed):
    file = uses.book.file
    with Child(other_process, file) as other, uses.book.transaction():
        assert other.hears("try") == []
        file.with_name(file.name + suffix).open("rb").close()
        assert freed in other.hears("try")


def handles(home):
    """Which files of a book are opened other than by SQLite, while everything is done once."""
    settings = Settings.from_env({"NECTO_HOME": str(home)})
    uses, opened = Uses(settings), []
    names = {f"{uses.book.file}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")}
    doing = []

    def hook(event, arguments):
        if event == "open" and str(arguments[0]) in names:
            opened.append(doing[-1])

    sys.addaudithook(hook)
    for name, use in uses.named().items():
        doing.append(name)
        with suppress(WouldLose):
            use()
    doing.append("open()")
    uses.book.file.open("rb").close()
    return opened


def test_no_handle_of_a_book_is_opened_but_by_sqlite(tmp_path):
    assert run(handles, tmp_path / "home") == ["open()"]

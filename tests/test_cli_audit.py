"""``necto audit`` and ``necto ledger`` as a person types them."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from data import ledger
from data.backups import backup
from data.books import close_books, open_book
from data.faults import RecordsFull
from data.files import publish_bytes
from data.market import Lake
from data.packs import VERIFY_PY
from data.restoring import restore
from data.settings import Settings
from data.treasury import begin_play_money
from engine.canonical import digest
from engine.commands import Command
from engine.notes import Verifier, opened
from engine.people import local_actor
from engine.postings import Head, opening
from engine.trail import FileRef
from tests.orders import running
from tests.tampering import changed

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")


@pytest.fixture
def settings(necto, tmp_path):
    yield Settings.from_env({"NECTO_HOME": str(tmp_path)})
    close_books()


@pytest.fixture
def house(settings):
    return open_book(settings)


def said(done):
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_book_is_verified_and_that_is_kept(necto, house):
    assert said(necto("audit", "verify")).endswith("nothing differs\n")
    told = json.loads(said(necto("audit", "verify", "--json")))
    assert (told["size"], told["problems"]) == (2, [])


def test_an_earlier_checkpoint_is_compared(necto, house, tmp_path):
    note = said(necto("audit", "checkpoint"))
    (tmp_path / "mine.note").write_text(note)
    assert necto("audit", "verify", "--since", str(tmp_path / "mine.note")).exit_code == 0
    (tmp_path / "mine.note").write_text(note.replace("\n2\n", "\n1\n"))
    refused = necto("audit", "verify", "--since", str(tmp_path / "mine.note"))
    assert refused.exit_code == 1
    assert "checkpoint file mine.note" in refused.stdout
    missing = necto("audit", "verify", "--since", str(tmp_path / "none"))
    assert (missing.exit_code, "is no file" in missing.stderr) == (2, True)


def test_a_file_that_was_changed_without_an_entry_is_found(necto, house, settings):
    Lake(settings.lake)
    name, content = "offers/network=akash/day=2026-11-24/20261124T120000000000Z.parquet", b"x"
    publish_bytes(settings.lake / name, content)
    asked = Command.of("r1", "market.read", ANN, "network/akash", {"run": "r1"})
    file = FileRef(name, digest(content), 1)
    house.perform(asked, lambda unit: unit.vouch(file))
    assert necto("audit", "verify").exit_code == 0
    (settings.lake / name).write_bytes(b"y")
    found = necto("audit", "verify")
    assert (found.exit_code, f"file {name}" in found.stdout) == (1, True)
    assert necto("audit", "verify", "--no-files").exit_code == 0


def test_what_was_found_is_told_also_when_it_cannot_be_kept(necto, house, monkeypatch):
    def full(*_):
        raise RecordsFull("make room")

    monkeypatch.setattr("data.verification.keep", full)
    done = necto("audit", "verify")
    assert (done.exit_code, done.stdout.endswith("nothing differs\n")) == (2, True)
    assert "the result could not be kept in the trail: make room" in done.stderr


def test_a_forced_restore_is_told_with_the_checkpoints_that_it_left(necto, house, tmp_path):
    said(necto("audit", "checkpoint"))
    taken = backup(house, tmp_path / "backups", ANN)
    said(necto("audit", "checkpoint"))
    restore(taken.file, Settings.from_env({"NECTO_HOME": str(tmp_path)}), ANN, is_forced=True)
    found = necto("audit", "verify")
    told = json.loads(necto("audit", "verify", "--json").stdout)

    assert found.exit_code == 1
    assert "note: The book was restored from a backup (its size: 2) on" in found.stdout
    assert "1 checkpoint made after that backup covers entries" in told["notes"][0]


def test_the_key_is_rotated_and_every_key_is_told(necto, house):
    note = said(necto("audit", "checkpoint"))
    new = said(necto("audit", "rotate-key")).strip()
    keys = json.loads(said(necto("audit", "keys", "--json")))
    assert keys[-1] == new
    assert opened(note, [Verifier.read(keys[0])]).size == 2
    assert said(necto("audit", "keys")).split() == keys


def test_a_pack_is_exported_and_verified_offline(necto, house, tmp_path):
    told = json.loads(said(necto("audit", "export", "--out", str(tmp_path / "p.zip"), "--json")))
    command = [sys.executable, "-I", "-S", str(VERIFY_PY), str(tmp_path / "p.zip")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, told["digest"]) == (0, digest((tmp_path / "p.zip").read_bytes()))
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_pack_of_nothing_is_refused_and_leaves_no_file(necto, house, tmp_path):
    done = necto("audit", "export", "--out", str(tmp_path / "p.zip"), "--subject", "nobody")
    assert (done.exit_code, "no entry is about nobody" in done.stderr) == (2, True)
    assert not (tmp_path / "p.zip").exists()


def test_the_ledger_is_told_as_of_any_moment_and_exported(necto, settings):
    book = open_book(settings, "sandbox")
    posting = opening(Head("p1", NOON, "start"), 100_000)
    asked = Command.of("p1", "ledger.posted", ANN, "ledger", {})
    book.perform(asked, lambda unit: ledger.post(unit, posting))
    rows = json.loads(said(necto("ledger", "balances", "--json")))
    assert {row["account"]: row["balance"] for row in rows} == {
        "assets:cash": "1000.00", "equity:opening": "-1000.00",
    }  # fmt: skip
    assert (
        json.loads(said(necto("ledger", "balances", "--at", "2026-11-24T11:00:00", "--json"))) == []
    )
    assert '2026-11-24 * "start"' in said(necto("ledger", "export"))
    lines = json.loads(said(necto("ledger", "statement", "assets:cash", "--json")))
    assert [line["balance"] for line in lines] == ["0.00", "1000.00", "1000.00"]
    assert said(necto("ledger", "trial-balance")).splitlines()[-1].split() == [
        "total", "USD", "1000.00", "1000.00",
    ]  # fmt: skip
    unknown = necto("ledger", "statement", "assets:gold")
    assert (unknown.exit_code, "no account" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(("book", "words"), [("live", "there is no live book"), ("x", "no book")])
def test_a_book_that_there_is_not_is_said(necto, settings, book, words):
    done = necto("audit", "verify", "--book", book)
    assert (done.exit_code, words in done.stderr) == (2, True)


def test_a_lost_key_is_said_in_words(necto, house, settings):
    said(necto("audit", "checkpoint"))
    for file in (settings.home / "keys").iterdir():
        file.unlink()
    house.perform(Command.of("k", "x.done", ANN, "x", {}), lambda _: None)
    done = necto("audit", "checkpoint")
    assert (done.exit_code, "put the file back" in done.stderr.replace("\n", " ")) == (2, True)


def test_a_check_makes_nothing_where_there_is_no_book(necto, settings):
    done = necto("audit", "verify")
    assert (done.exit_code, "there is no house book" in done.stderr.replace("\n", " ")) == (2, True)
    assert list(settings.home.iterdir()) == []


def test_a_book_without_its_guards_is_checked_and_every_change_named(necto, house, settings):
    said(necto("audit", "checkpoint"))
    close_books()
    with contextlib.closing(sqlite3.connect(house.file)) as plain:
        plain.execute("DROP TRIGGER entries_refuses_update")
        plain.execute("UPDATE entries SET actor = 'local:eve' WHERE leaf_index = 1")
        plain.commit()
    done = necto("audit", "verify")
    assert done.exit_code == 1
    assert "entry 1" in done.stdout
    assert "guards: cannot be checked" in done.stdout
    assert "could not be kept in the trail" in done.stderr


def test_spoilt_lists_of_orders_are_found_and_made_again(necto, tmp_path):
    """What lists show is no fact: it is made again of the facts, and the trail says so."""
    books = Settings.from_env({"NECTO_HOME": str(tmp_path)})
    records = open_book(books, "sandbox")
    begin_play_money(records)
    today = records.now()
    running(records, placed_at=today, quote_expires_at=today + timedelta(hours=1))
    close_books()
    [file] = tmp_path.rglob("sandbox.sqlite")
    changed(file, lambda other: other.execute("UPDATE order_heads SET state = 'closed'"))
    found = necto("audit", "verify", "--book", "sandbox", "--rebuild-heads")
    assert found.exit_code == 1
    assert "order_heads sbx-1" in found.stdout
    assert "1 order made again: sbx-1" in found.stderr
    assert necto("audit", "verify", "--book", "sandbox").exit_code == 0

"""Personal fields are readable while their key exists; without it, the trail is still true."""

from datetime import UTC, datetime

import pytest

from data import engines
from data.faults import RecordsBusy
from data.records import Records
from data.sealed import reveal, seal, shred
from data.snapshots import snapshot
from data.trail import leaf
from data.verification import verify
from engine.commands import Command
from engine.people import local_actor
from engine.sealed import Sealed, Unreadable
from engine.trail import parse

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")
MAIL = "jo.doe@example.com"


@pytest.fixture
def book(records_url):
    records = Records.open(records_url, "house", "here", lambda: NOON)
    asked = Command.of("k1", "contact.changed", ANN, "contact/jo", {})
    records.perform(asked, lambda unit: {"mail": seal(unit, "jo", MAIL).json()})
    yield records
    records.close()


def field(book, index=1):
    with book.reading() as view:
        body = leaf(view, index).body
    assert MAIL.encode() not in body
    return Sealed.read(parse(body).data.result["mail"])


def test_a_personal_field_is_readable_while_its_key_exists(book):
    with book.reading() as view:
        assert reveal(view, field(book)) == MAIL


def test_a_destroyed_key_leaves_the_trail_true_and_the_field_unreadable(book, tmp_path):
    found = field(book)
    assert shred(book, "jo", "k2", ANN).result == {"destroyed": True}
    assert shred(book, "jo", "k2", ANN).replayed
    with book.reading() as view, pytest.raises(Unreadable, match="destroyed"):
        reveal(view, found)
    assert verify(book, tmp_path).report.problems == []


def test_a_destroyed_key_is_nowhere_in_the_files(tmp_path):
    path = tmp_path / "b.sqlite"
    records = Records.open(f"sqlite:///{path}", "house", "here", lambda: NOON)
    asked = Command.of("k1", "contact.changed", ANN, "contact/jo", {})
    records.perform(asked, lambda unit: {"mail": seal(unit, "jo", MAIL).json()})
    with records.reading() as view:
        key = bytes(view.exec_driver_sql("SELECT key FROM personal_keys").scalar())
    shred(records, "jo", "k2", ANN)
    records.close()
    assert all(key not in file.read_bytes() for file in tmp_path.iterdir())


def test_readers_who_keep_the_old_page_in_use_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    records = Records.open(f"sqlite:///{tmp_path / 'b.sqlite'}", "house", "here", lambda: NOON)
    asked = Command.of("k1", "contact.changed", ANN, "contact/jo", {})
    records.perform(asked, lambda unit: {"mail": seal(unit, "jo", MAIL).json()})
    with records.reading() as view:
        view.exec_driver_sql("SELECT key FROM personal_keys").all()
        with pytest.raises(RecordsBusy, match="repeat this"):
            shred(records, "jo", "k2", ANN)
    assert shred(records, "jo", "k2", ANN).replayed
    records.close()


def test_the_file_of_a_book_is_its_owners_only(tmp_path):
    records = Records.open(f"sqlite:///{tmp_path / 'b.sqlite'}", "house", "here", lambda: NOON)
    snapshot(records.engine, tmp_path / "copy.sqlite")
    records.close()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*.sqlite")} == {0o600}


def test_a_key_is_never_exchanged_for_another(book):
    with pytest.raises(RuntimeError, match="never"), book.transaction() as unit:
        unit.connection.exec_driver_sql("UPDATE personal_keys SET key = key")

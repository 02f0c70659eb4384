"""An entry comes with what proves it; where that is not to be had, the reason comes instead."""

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from data import checkpoints
from data.proofs import kept, standing
from data.records import Records
from data.trail_keys import signer
from data.verification import keep, verify
from engine.commands import Command
from engine.people import local_actor
from engine.proofs import checked

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")


@pytest.fixture
def book(tmp_path):
    minutes = count()
    url = f"sqlite:///{tmp_path / 'b.sqlite'}"
    records = Records.open(url, "house", "here", lambda: NOON + timedelta(minutes=next(minutes)))
    say(records, 5)
    yield records
    records.close()


def say(records, entries):
    for n in range(entries):
        asked = Command.of(f"{records.now()}", "settings.changed", ANN, "settings/house", n)
        records.perform(asked, lambda _: None)


def signed(records, home):
    return checkpoints.make(records, signer(records, home, {}), home)


def ask(question, records, *more):
    with records.reading() as view:
        return question(view, *more)


def test_an_entry_is_proved_under_the_newest_checkpoint(book, tmp_path):
    signed(book, tmp_path)
    say(book, 2)
    newest = signed(book, tmp_path)
    found = ask(kept, book, 3)

    assert found.proof.checkpoint == newest.checkpoint
    assert checked(found, found.proof).faults == []


def test_before_a_checkpoint_covers_an_entry_there_is_no_proof(book, tmp_path):
    assert ask(kept, book, 3).proof is None
    size = signed(book, tmp_path).checkpoint.size
    say(book, 1)

    assert (ask(kept, book, size).proof, ask(kept, book, size).fault) == (None, None)
    assert ask(kept, book, size + 1) is None


def changed(records, sql):
    """Change a book behind its back, as who owns the file can."""
    connection = sqlite3.connect(records.file)
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, _ in guards.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE checkpoints SET note = replace(note, char(10) || '7', char(10) || '8')",
         "does not fit"),
        ("DELETE FROM entries WHERE leaf_index = 4", "lacks the hash"),
    ],
)  # fmt: skip
def test_a_proof_that_cannot_be_given_says_why(book, tmp_path, sql, words):
    signed(book, tmp_path)
    changed(book, sql)

    assert words in ask(kept, book, 5).fault


def test_a_checkpoint_that_is_not_to_be_believed_is_said_of_the_book(book, tmp_path):
    signed(book, tmp_path)
    changed(book, "UPDATE checkpoints SET note = 'x'")
    found = ask(standing, book)

    assert found.checkpoint is None
    assert found.fault


def test_a_book_tells_its_newest_checkpoint_and_verification(book, tmp_path):
    assert ask(standing, book) == type(ask(standing, book))(6)
    point = signed(book, tmp_path)
    keep(book, verify(book, tmp_path), "first", ANN)
    found = ask(standing, book)

    assert (found.size, found.checkpoint, found.at) == (8, point.checkpoint, point.at)
    assert found.verified.data.actor.id == "local:ann"
    assert (found.verdict.size, found.verdict.is_clean) == (7, True)
    assert [part.part for part in found.verdict.parts][:2] == ["pages", "tree"]


def test_a_damaged_verification_is_as_good_as_none(book, tmp_path):
    keep(book, verify(book, tmp_path), "first", ANN)
    changed(book, "UPDATE entries SET body = '{}' WHERE type = 'necto.audit.verified'")

    assert ask(standing, book).verified is None

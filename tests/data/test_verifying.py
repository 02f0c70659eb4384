"""A check goes on while its person looks elsewhere; its result is in the trail, once a click."""

import threading
from datetime import UTC, datetime

import pytest

from data import verifying
from data.faults import RecordsFull
from data.proofs import standing
from data.records import Records
from engine.people import local_actor

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")


@pytest.fixture
def book(tmp_path):
    records = Records.open(f"sqlite:///{tmp_path / 'b.sqlite'}", "house", "here", lambda: NOON)
    yield records
    records.close()


def done(records, home, key="click-1"):
    check = verifying.begin(records, home, key, ANN)
    assert check.wait(30)
    return check


def test_a_check_keeps_what_it_found_in_the_trail(book, tmp_path):
    assert verifying.latest(book) is None
    check = done(book, tmp_path)

    assert verifying.latest(book) is check
    assert (check.fault, check.part, check.verdict.is_clean) == (None, "guards", True)
    with book.reading() as view:
        assert standing(view).verdict == check.verdict


def test_the_same_click_checks_once_and_another_checks_again(book, tmp_path):
    check = done(book, tmp_path)

    assert done(book, tmp_path) is check
    assert done(book, tmp_path, "click-2").verdict.size == check.verdict.size + 1


def test_one_check_of_a_book_at_a_time(book, tmp_path, monkeypatch):
    goes_on = threading.Event()
    monkeypatch.setattr(verifying, "keep", lambda *_: goes_on.wait(30))
    check = verifying.begin(book, tmp_path, "click-1", ANN)

    assert verifying.begin(book, tmp_path, "click-2", ANN) is check
    goes_on.set()
    assert check.wait(30)


@pytest.mark.parametrize(
    ("fault", "words"), [(RecordsFull("make room"), "make room"), (KeyError("x"), "server's log")]
)
def test_a_result_that_cannot_be_kept_is_told_with_what_was_found(
    book, tmp_path, monkeypatch, fault, words
):
    def refuse(*_):
        raise fault

    monkeypatch.setattr(verifying, "keep", refuse)
    check = done(book, tmp_path)

    assert words in check.fault
    assert check.verdict.is_clean


def test_a_part_begins_without_the_count_of_the_one_before(book, tmp_path, monkeypatch):
    seen = []

    def watched(*_):
        seen.append((verifying.latest(book).part, verifying.latest(book).total))

    for part in ("check_entries", "check_ledger"):
        monkeypatch.setattr(f"data.verification.{part}", watched)
    done(book, tmp_path)

    assert seen == [("entries", 0), ("ledger", 0)]

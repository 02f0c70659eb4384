"""What keeps everybody from buying: a freeze, a restored book; each with what to do."""

import pytest

from data.ordering import place
from data.restorations import ACTION
from data.stops import accept_reconciliation, freeze, stops, unfreeze
from engine.commands import Command, Refused
from tests.orders import INES, KOFI, opened, wanted


@pytest.fixture
def book(tmp_path):
    records = opened(f"sqlite:///{tmp_path / 'b.sqlite'}")
    yield records
    records.close()


def why(book):
    with book.reading() as view:
        return stops(view)


def restored(book, key):
    told = {"backup": {"size": 1}, "replaced": None}
    book.perform(Command.of(key, ACTION, KOFI, "book/sandbox", told), lambda _: told)


def test_a_frozen_book_says_who_froze_it_and_why(records_url):
    book = opened(records_url)
    assert why(book) == []
    freeze(book, " an\n audit ", KOFI, "freeze")
    [words] = why(book)
    assert words.startswith("buying is frozen by kofi since 2026-11-24 12:00 UTC (an audit): ")
    unfreeze(book, KOFI, "unfreeze")
    assert why(book) == []
    freeze(book, "again", KOFI, "freeze again")
    assert len(why(book)) == 1
    book.close()


def test_a_freeze_needs_a_reason_and_an_unfrozen_book_stays_so(book):
    with pytest.raises(Refused, match="say why"):
        freeze(book, "  ", KOFI, "freeze")
    unfreeze(book, KOFI, "unfreeze")
    assert why(book) == []


def test_a_restored_book_buys_nothing_until_a_person_accepts_what_was_found(book):
    accept_reconciliation(book, "sha256:0", KOFI, "before")
    restored(book, "restored")
    with pytest.raises(Refused, match=r"restored from a backup .*necto reconcile --accept"):
        place(book, wanted(), INES, "k")
    accept_reconciliation(book, "sha256:1", KOFI, "accepted")
    assert place(book, wanted("sbx-2"), INES, "k2").state == "placed"
    restored(book, "restored again")
    assert len(why(book)) == 1


def test_every_stop_is_told(book):
    restored(book, "restored")
    freeze(book, "an audit", KOFI, "freeze")
    assert len(why(book)) == 2

"""Money paid in: play money once in the sandbox, deposits with the bank's reference."""

from decimal import Decimal

import pytest

from data import ledger
from data.treasury import PLAY_MONEY_CENTS, begin_play_money, deposit, free_cents, locked
from engine.commands import Refused
from engine.money import Money
from tests.orders import KOFI, opened


def free(book):
    with book.reading() as view:
        return free_cents(view)


def words(book):
    with book.reading() as view:
        return {posting.description for posting in ledger.postings(view)}


def test_the_sandbox_opens_with_play_money_once_and_every_posting_says_so(records_url):
    book = opened(records_url)
    begin_play_money(book)
    deposit(book, Money(Decimal(10)), "REF 1", KOFI, "k")
    assert free(book) == PLAY_MONEY_CENTS + 10_00
    assert all(text.startswith("PLAY MONEY") for text in words(book))
    with book.reading() as view:
        assert sum(ledger.balances_at(view).values()) == 0
        assert locked(view) == {"assets:treasury": PLAY_MONEY_CENTS + 1000, "assets:held": 0}
    book.close()


def test_the_live_book_has_only_what_finance_paid_in(tmp_path):
    book = opened(f"sqlite:///{tmp_path / 'b.sqlite'}", book="live")
    assert (free(book), words(book)) == (0, set())
    for _ in range(2):
        deposit(book, Money(Decimal("5000.10")), " SEPA\t123 ", KOFI, "k")
    assert free(book) == 5000_10
    assert words(book) == {"paid in, SEPA 123"}
    book.close()


@pytest.mark.parametrize(
    ("usd", "reference", "said"),
    [
        ("1", " ", "bank's reference"),
        ("1", "x" * 201, "bank's reference"),
        ("0", "REF", "more than nothing"),
        ("-1", "REF", "more than nothing"),
        ("0.001", "REF", "whole cents"),
        ("10000000000001", "REF", "less than ten trillion"),
    ],
)
def test_a_deposit_that_cannot_be_is_refused_in_words(tmp_path, usd, reference, said):
    book = opened(f"sqlite:///{tmp_path / 'b.sqlite'}", book="live")
    with pytest.raises(Refused, match=said):
        deposit(book, Money(Decimal(usd)), reference, KOFI, "k")
    book.close()

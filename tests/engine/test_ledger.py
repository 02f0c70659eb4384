"""Postings: what is kept, and the words with which the rest is refused."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from engine.assets import UNITS_MAX
from engine.ledger import (
    CASH,
    CHART,
    HELD,
    KINDS,
    LEG_MAX,
    LEGS_MAX,
    OPENING,
    TREASURY,
    Account,
    BadPosting,
    Leg,
    NotReversible,
    Unbalanced,
    UnknownAccount,
    account,
    checked,
    escrow,
    reversal,
    sums,
    usage,
)
from tests.books import START, posting

IN, OUT = Leg(CASH, "USD", 100), Leg(OPENING, "USD", -100)


def test_a_balanced_posting_is_returned_as_it_is():
    opening = posting(IN, OUT)
    assert checked(opening) is opening


def test_legs_must_sum_to_zero_in_every_asset_by_itself():
    with pytest.raises(Unbalanced, match=r"Debits are 1\.00 USD, credits 0\.99 USD, a difference "):
        checked(posting(IN, Leg(OPENING, "USD", -99)))
    with pytest.raises(Unbalanced, match=r"Debits are 1\.00 USD, credits 0\.00 USD"):
        checked(posting(IN, Leg(OPENING, "USDC", -100)))
    assert checked(posting(IN, OUT, Leg(CASH, "USDC", 7), Leg(OPENING, "USDC", -7)))


@pytest.mark.parametrize("legs", [(), (IN,), (IN, OUT) * 51])
def test_a_posting_has_two_legs_or_more_and_not_hundreds(legs):
    with pytest.raises(BadPosting, match=f"2 to 100 legs, this one has {len(legs)}"):
        checked(posting(*legs))


@pytest.mark.parametrize("amount", [1.0, Decimal(1), "1", True, None])
def test_an_amount_that_is_no_whole_number_is_refused(amount):
    with pytest.raises(BadPosting, match=r"pass whole minor units of 0\.01 USD"):
        checked(posting(Leg(CASH, "USD", amount), OUT))


def test_a_leg_that_moves_nothing_is_refused():
    with pytest.raises(BadPosting, match="assets:treasury moves nothing: leave it out"):
        checked(posting(IN, OUT, Leg(TREASURY, "USD", 0)))


def test_a_leg_carries_no_more_than_databases_add_up():
    debit, credit = Leg(CASH, "USD", LEG_MAX), Leg(OPENING, "USD", -LEG_MAX)

    assert checked(posting(debit, credit))
    with pytest.raises(BadPosting, match=r"equity:opening is beyond 10000000000000\.00 USD, the "):
        checked(posting(debit, Leg(OPENING, "USD", -LEG_MAX - 1)))
    assert LEGS_MAX * LEG_MAX < UNITS_MAX / 10


def test_an_undeclared_asset_is_refused():
    with pytest.raises(BadPosting, match="'AKT' is no declared asset"):
        checked(posting(Leg(CASH, "AKT", 1), Leg(OPENING, "AKT", -1)))


@pytest.mark.parametrize(
    "wrong",
    ["assets:bank", "cash", "", "assets:escrow:", "assets:escrow:Akash", "assets:escrow:a:b",
     "assets:escrow:a--b", "assets:cash\n", "assets:escrow:" + "a" * 99],
)  # fmt: skip
def test_an_account_outside_the_chart_is_refused_with_the_chart(wrong):
    with pytest.raises(UnknownAccount, match="is no account of the chart") as refused:
        checked(posting(Leg(wrong, "USD", 1), OUT))
    assert all(f"{pattern} ({kind})" in str(refused.value) for pattern, (kind, _) in CHART.items())


def test_every_account_of_the_chart_has_one_of_the_five_kinds():
    assert {kind for kind, _ in CHART.values()} == set(KINDS)
    assert account(CASH) == Account(CASH, "asset")
    assert account(escrow("akash")) == Account("assets:escrow:akash", "asset")
    assert account(usage("io-net")) == Account("expenses:usage:io-net", "expense")


@pytest.mark.parametrize("place", [HELD, "assets:escrow:akash"])
@pytest.mark.parametrize("amount", [5, -5])
def test_money_held_or_in_escrow_always_belongs_to_a_hold(place, amount):
    legs = Leg(TREASURY, "USD", -amount), Leg(place, "USD", amount)

    with pytest.raises(BadPosting, match=f"Money in {place} belongs to a hold: name the hold"):
        checked(posting(*legs))
    assert checked(posting(*legs, hold="h1"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"posting_id": ""}, "posting id is empty"),
        ({"description": ""}, "description is empty"),
        ({"hold": "h" * 201}, "hold has 201 characters: shorten it to 200"),
        ({"subject": "a\0b"}, "subject holds a character that no database keeps"),
        ({"description": "\ud83d"}, "description holds a character that no database keeps"),
        ({"reverses": "p1"}, "p1 cannot reverse itself"),
        ({"at": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001 - what is refused
        ({"at": START.replace(year=9999)}, "beyond the year 9998"),
    ],
)
def test_a_head_that_cannot_be_kept_is_refused(fields, words):
    with pytest.raises(BadPosting, match=words):
        checked(posting(IN, OUT, **fields))


def test_hostile_words_are_kept_exactly():
    hostile = "<script>\u202e=cmd|' /C calc'!A0\x01\x7f\"\\\n" + "x" * 1_000_000
    assert checked(posting(IN, OUT, description=hostile)).description == hostile


def test_a_reversal_is_the_mirror_image_and_says_why():
    mirror = reversal(posting(IN, OUT, subject="order-1"), "p2", START, "entered twice")

    assert mirror.legs == (Leg(CASH, "USD", -100), Leg(OPENING, "USD", 100))
    assert (mirror.reverses, mirror.description, mirror.subject) == (
        "p1",
        "entered twice",
        "order-1",
    )
    assert checked(mirror) is mirror


def test_a_posting_is_reversed_once_with_a_reason_and_never_earlier_than_it_happened():
    original = posting(IN, OUT)
    mirror = reversal(original, "p2", START, "wrong")

    with pytest.raises(NotReversible, match="p1 has been reversed already"):
        reversal(original, "p3", START, "wrong", {"p1"})
    with pytest.raises(NotReversible, match="p2 is itself a reversal: post again"):
        reversal(mirror, "p3", START, "wrong")
    with pytest.raises(NotReversible, match="says why"):
        reversal(original, "p3", START, " ")
    with pytest.raises(NotReversible, match="reverse it then or later"):
        reversal(original, "p3", START - timedelta(microseconds=1), "wrong")
    with pytest.raises(BadPosting, match="no time zone"):
        reversal(original, "p3", START.replace(tzinfo=None), "wrong")


def test_debits_and_credits_are_summed_per_asset():
    assert sums((IN, OUT, Leg(CASH, "USDC", 3))) == {"USD": (100, 100), "USDC": (3, 0)}

"""The postings of a prepaid customer: which accounts they move, and what they refuse."""

import pytest

from engine import postings as say
from engine.assets import USDC
from engine.ledger import CASH, CREDITS, FEES, TREASURY, BadPosting, UnknownAccount, usage
from tests.books import head


def moves(posting) -> dict[str, int]:
    assert posting.posting_id == "p1"
    assert {leg.asset for leg in posting.legs} == {"USD"}
    return {leg.account: leg.amount for leg in posting.legs}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (say.opening(head(), 9), {"assets:cash": 9, "equity:opening": -9}),
        (say.top_up(head(), 9), {"assets:treasury": 9, "assets:cash": -9}),
        (say.withdrawn(head(), 9), {"assets:cash": 9, "assets:treasury": -9}),
        (say.hold_opened(head(), "h", 9), {"assets:held": 9, "assets:treasury": -9}),
        (say.hold_enlarged(head(), "h", 9), {"assets:held": 9, "assets:treasury": -9}),
        (
            say.hold_posted(head(), "h", "akash", 9, 1),
            {"expenses:usage:akash": 9, "expenses:fees": 1, "assets:held": -10},
        ),
        (
            say.hold_posted(head(), "h", "akash", 9),
            {"expenses:usage:akash": 9, "assets:held": -9},
        ),
        (
            say.escrow_funded(head(), "h", "akash", 9),
            {"assets:escrow:akash": 9, "assets:held": -9},
        ),
        (
            say.escrow_drawn(head(), "h", "akash", 9, 1),
            {"expenses:usage:akash": 9, "expenses:fees": 1, "assets:escrow:akash": -9,
             "assets:held": -1},
        ),
        (
            say.escrow_returned(head(), "h", "akash", 9),
            {"assets:held": 9, "assets:escrow:akash": -9},
        ),
        (say.hold_closed(head(), "h", 9), {"assets:treasury": 9, "assets:held": -9}),
        (
            say.hold_closed(head(), "h", 9, unreturned={"akash": 4}),
            {"assets:treasury": 5, "assets:receivable": 4, "assets:held": -5,
             "assets:escrow:akash": -4},
        ),
        (
            say.invoice_received(head(), FEES, 9),
            {"expenses:fees": 9, "liabilities:payable": -9},
        ),
        (say.invoice_paid(head(), 9), {"liabilities:payable": 9, "assets:cash": -9}),
        (
            say.invoice_paid(head(), 9, source=TREASURY),
            {"liabilities:payable": 9, "assets:treasury": -9},
        ),
        (say.invoice_issued(head(), 9), {"assets:receivable": 9, "income:credits": -9}),
        (
            say.invoice_issued(head(), 9, credited=usage("akash")),
            {"assets:receivable": 9, "expenses:usage:akash": -9},
        ),
        (say.receivable_settled(head(), 9), {"assets:cash": 9, "assets:receivable": -9}),
        (
            say.receivable_settled(head(), 9, into=TREASURY),
            {"assets:treasury": 9, "assets:receivable": -9},
        ),
    ],
)  # fmt: skip
def test_money_goes_where_the_function_s_name_says(made, expected):
    assert moves(made) == expected


def test_only_what_touches_an_order_s_money_names_its_hold():
    assert say.top_up(head(), 9).hold is None
    assert say.escrow_funded(head(), "h1", "akash", 9).hold == "h1"


def test_another_asset_and_the_subject_are_kept():
    made = say.top_up(say.Head("p", head().at, "words", "invoice/7"), 9, USDC)
    assert ({leg.asset for leg in made.legs}, made.subject) == ({"USDC"}, "invoice/7")


def test_a_hold_of_which_nothing_remains_closes_without_a_posting():
    assert say.hold_closed(head(), "h", 0) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: say.top_up(head(), -1),
        lambda: say.hold_posted(head(), "h", "akash", 2, -1),
        lambda: say.hold_closed(head(), "h", 3, unreturned={"akash": 4}),
        lambda: say.hold_closed(head(), "h", 3, unreturned={"akash": -4}),
    ],
)
def test_a_negative_amount_is_refused(make):
    with pytest.raises(BadPosting, match="is negative: pass a positive amount"):
        make()


def test_an_amount_of_nothing_is_refused():
    with pytest.raises(BadPosting, match="2 to 100 legs"):
        say.top_up(head(), 0)


def test_a_bill_is_for_an_expense_and_a_credit_takes_one_back():
    with pytest.raises(BadPosting, match="assets:cash is no expense account"):
        say.invoice_received(head(), CASH, 1)
    with pytest.raises(BadPosting, match="assets:cash is no expense account"):
        say.invoice_issued(head(), 1, credited=CASH)


def test_bills_are_paid_from_cash_or_from_money_paid_in():
    with pytest.raises(BadPosting, match="use assets:cash or assets:treasury"):
        say.invoice_paid(head(), 1, source=FEES)
    with pytest.raises(BadPosting, match="use assets:cash or assets:treasury"):
        say.receivable_settled(head(), 1, into=CREDITS)


def test_a_network_with_an_unusable_name_is_refused():
    with pytest.raises(UnknownAccount, match="lower-case letters, digits and hyphens"):
        say.escrow_funded(head(), "h", "Akash Network", 1)

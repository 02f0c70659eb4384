"""Balances, statements and the trial balance: folds over the same postings that agree."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import postings as say
from engine.balances import Balances, Line, Turnover, balances, statement, trial_balance
from engine.ledger import CASH, OPENING, TREASURY, Leg, UnknownAccount, reversal
from tests.books import START, head, plays, posting

hours = st.integers(-1, 45).map(lambda n: START + timedelta(hours=n))


@given(plays, hours)
def test_balances_as_of_a_moment_are_a_fold_over_the_postings_up_to_it(played, moment):
    folded: dict[tuple[str, str], int] = {}
    for one in played.postings:
        if one.at <= moment:
            for leg in one.legs:
                place = (leg.account, leg.asset)
                folded[place] = folded.get(place, 0) + leg.amount

    expected = {place: units for place, units in folded.items() if units}
    assert balances(played.postings, moment).by_place() == expected


@given(plays, hours, hours)
def test_a_statement_opens_and_closes_with_the_balances_of_its_ends(played, one, other):
    start, end = sorted((one, other))
    before, tick = played.postings, timedelta(microseconds=1)
    for account_id in (CASH, TREASURY, "assets:held", "expenses:usage:akash"):
        made = statement(before, account_id, start=start, end=end)

        assert made.opening == balances(before, start - tick).of(account_id)
        assert made.closing == balances(before, end - tick).of(account_id)
        assert made.opening + sum(line.amount for line in made.lines) == made.closing
        assert [line.balance for line in made.lines][-1:] in ([], [made.closing])
        assert all(start <= line.at < end for line in made.lines)


@given(plays)
def test_debits_equal_credits_in_the_book_and_the_rows_add_up_to_it(played):
    trial = trial_balance(played.book.balances)
    of_rows: dict[str, Turnover] = {}
    for row in trial.rows:
        of_rows[row.asset] = of_rows.get(row.asset, Turnover()) + row.turnover
    of_kinds: dict[str, Turnover] = {}
    for (_, asset), turnover in trial.by_kind.items():
        of_kinds[asset] = of_kinds.get(asset, Turnover()) + turnover

    assert trial.is_balanced
    assert of_rows == of_kinds == trial.by_asset
    assert all(turnover.debits == turnover.credits for turnover in trial.by_asset.values())


def test_a_statement_is_half_open_and_in_order_of_time_with_a_running_balance():
    late, early = say.opening(head(1, hours=5), 100), say.top_up(head(2, hours=2), 30)
    at_end = say.top_up(head(3, hours=9), 1)
    undone = reversal(early, "p4", START + timedelta(hours=6), "wrong")

    made = statement([late, early, at_end, undone], CASH, start=START, end=at_end.at)

    assert made.lines == (
        Line(early.at, "p2", "a test", -30, -30, None, None),
        Line(late.at, "p1", "a test", 100, 70, None, None),
        Line(undone.at, "p4", "wrong", 30, 100, "p2", None),
    )
    assert statement([at_end], CASH, start=at_end.at).closing == -1


def test_a_statement_without_ends_is_the_whole_account_in_one_asset():
    dollars = say.opening(head(1), 100)
    coins = posting(Leg(CASH, "USDC", 5), Leg(OPENING, "USDC", -5))

    assert statement([dollars, coins], CASH).closing == 100
    assert statement([dollars, coins], CASH, "USDC").closing == 5
    assert statement([], CASH).lines == ()


def test_an_account_that_is_none_has_no_statement():
    with pytest.raises(UnknownAccount):
        statement([], "assets:bank")


def test_the_trial_balance_shows_turnover_and_balance_of_every_account_used():
    found = balances([say.opening(head(1), 100), say.top_up(head(2), 100)])
    trial = trial_balance(found)

    assert [(row.account, row.kind, row.turnover.balance) for row in trial.rows] == [
        (CASH, "asset", 0),
        (TREASURY, "asset", 100),
        (OPENING, "equity", -100),
    ]
    assert trial.by_kind[("asset", "USD")] == Turnover(200, 100)
    assert trial.by_asset == {"USD": Turnover(200, 200)}


def test_a_damaged_book_is_not_balanced():
    assert not trial_balance(balances([posting(Leg(CASH, "USD", 1))])).is_balanced


def test_nothing_lies_in_an_account_that_was_never_used():
    assert Balances().of(CASH) == 0
    assert trial_balance(Balances()).is_balanced

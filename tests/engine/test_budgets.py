"""Budgets and the three people of an order: limits as people write them, refusals in numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.budgets import BadBudget, budget_of, check_budget
from engine.commands import Refused

CENTS = st.integers(0, 10**9)


def test_a_budget_is_read_as_people_write_it():
    budget = budget_of(" CC-1 ", "2026-11", "5,000.50")
    assert (budget.cost_centre, budget.month, budget.usd) == ("CC-1", "2026-11", Decimal("5000.50"))


@pytest.mark.parametrize(
    ("centre", "month", "usd", "words"),
    [
        ("CC-1", "2026-13", "1", "write it as 2026-11"),
        ("CC-1", "11/2026", "1", "write it as 2026-11"),
        (" ", "2026-11", "1", "printable characters"),
        ("a\nb", "2026-11", "1", "printable characters"),
        ("x" * 101, "2026-11", "1", "printable characters"),
        ("CC-1", "2026-11", "much", "'much' is no amount"),
        ("CC-1", "2026-11", "1.005", "is no amount"),
        ("CC-1", "2026-11", "NaN", "is no amount"),
        ("CC-1", "2026-11", "-1", "not negative"),
    ],
)
def test_a_budget_that_cannot_be_read_says_what_to_write(centre, month, usd, words):
    with pytest.raises(BadBudget, match=words):
        budget_of(centre, month, usd)


@given(st.none() | CENTS, CENTS, CENTS)
def test_an_order_fits_a_budget_to_the_cent(limit, committed, asked):
    fits = limit is None or committed + asked <= limit
    try:
        check_budget("CC-1", "2026-11", limit, committed, asked)
    except Refused:
        assert not fits
    else:
        assert fits


def test_a_budget_refuses_with_the_numbers():
    words = r"CC-1 for 2026-11 is \$100.00, \$70.00 .* sets aside \$30.01: \$0.01 too much"
    with pytest.raises(Refused, match=words):
        check_budget("CC-1", "2026-11", 100_00, 70_00, 30_01)

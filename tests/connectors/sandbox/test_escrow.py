"""The escrow's arithmetic, whole uact at every settlement."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.escrow import Escrow, dry_at, low_at, settled
from connectors.sandbox.units import ATTO, atto, decimals, per_block, used

PRICES = st.lists(st.integers(1, 10**7 * ATTO), min_size=1, max_size=3)
ACCOUNTS = st.builds(
    lambda uact, height: Escrow(deposits=((height, uact),), settled=height),
    st.integers(0, 10**9),
    st.integers(0, 10**6),
)


def named(prices):
    return {f"1/{number}": price for number, price in enumerate(prices)}


@given(ACCOUNTS, PRICES)
def test_an_account_runs_dry_at_the_first_block_it_cannot_pay_in_full(account, prices):
    dry = dry_at(account, prices)

    assert settled(account, named(prices), dry)[2]
    assert not settled(account, named(prices), dry - 1)[2]


@given(ACCOUNTS, PRICES, st.integers(0, 10**6))
def test_what_was_put_in_is_always_moved_or_left(account, prices, blocks):
    height = min(account.settled + blocks, dry_at(account, prices))
    now, paid, _ = settled(account, named(prices), height)

    assert now.transferred == sum(paid.values()) <= account.deposited
    assert max(0, now.funds) + now.transferred == account.deposited
    assert sum(uact for _, uact in now.remaining()) == account.deposited - now.transferred


@given(ACCOUNTS, PRICES, st.integers(1, 10**5))
def test_the_runway_is_short_from_the_height_that_is_told(account, prices, runway):
    low = low_at(account, prices, runway)
    rate = sum(prices)

    def left(height):
        return (account.funds * ATTO - rate * (height - account.settled)) // rate

    assert left(low) < runway
    assert low == account.settled or left(low - 1) >= runway


def test_a_settlement_moves_whole_uact_and_never_rounds_up():
    assert used(atto(Decimal("0.9")), 1) == 0
    assert used(atto(Decimal("0.9")), 10) == 9
    assert used(atto(Decimal("5264.579248")), 7) == 36_852


def test_the_oldest_deposit_is_drained_first_and_an_empty_one_disappears():
    account = Escrow(deposits=((1, 100), (2, 50)), transferred=120)
    assert account.remaining() == ((2, 30),)


def test_an_overdrawn_account_shows_its_debt_below_zero_and_no_deposits():
    account = Escrow(deposits=((0, 10),), settled=0)
    now, paid, is_dry = settled(account, {"1/a": 30 * ATTO}, 1)

    assert (now.funds, now.transferred, paid, is_dry) == (-20, 10, {"1/a": 10}, True)
    assert now.remaining() == ()


def test_an_account_without_leases_neither_pays_nor_runs_dry():
    account = Escrow(deposits=((0, 10),))
    assert dry_at(account, []) is None
    assert low_at(account, [], 10) is None
    assert settled(account, {}, 99)[0].funds == 10


def test_a_price_keeps_eighteen_decimals_and_no_more():
    assert decimals(atto(Decimal("4.826603"))) == "4.826603000000000000"
    assert decimals(-atto(Decimal("0.5"))) == "-0.500000000000000000"
    assert decimals(per_block(Decimal("3.16"))) == "5266.666667000000000000"
    with pytest.raises(ValueError, match="more than 18 decimals"):
        atto(Decimal("1e-19"))

"""Orders: who owns them until when, what their network is told, what units come to in cents."""

from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orders import BID_WAIT, OPEN, STATES, cents_of, deadline, is_overdue, wanted_of
from engine.orders import Order as Whole
from tests.orders import NOW, waiting, wanted

UNITS = st.integers(0, 10**15)
RATES = st.sampled_from([1, 100, 10**6, 10**9, 1_000_003])


def order(state, placed=None, **changes):
    base = Whole(placed=placed or wanted(), state=state, ordinal=1, since=NOW, hold_cents=16_000)
    return replace(base, **changes)


@given(UNITS, RATES)
def test_units_come_to_cents_rounded_half_up_once(units, rate):
    exact = (Decimal(units) * 100 / rate).quantize(Decimal(1), ROUND_HALF_UP)
    assert cents_of(units, rate) == exact


@given(st.lists(st.integers(0, 10**9), max_size=30), RATES)
def test_cents_that_follow_the_cumulated_units_never_drift(steps, rate):
    total, posted = 0, 0
    for one in steps:
        total += one
        posted += cents_of(total, rate) - posted
        assert abs(Decimal(total) * 100 / rate - posted) <= Decimal("0.5")
    assert posted == cents_of(sum(steps), rate)


@pytest.mark.parametrize("state", STATES)
def test_every_open_state_has_an_owner_and_a_moment(state):
    found = deadline(order(state, waiting(), leased_at=NOW, runs_hours=Decimal(10)))
    assert (found.owner != "nobody") == (found.at is not None) == (state in OPEN)


def test_an_order_is_overdue_once_its_moment_has_passed():
    bought = order("placed")
    by = bought.placed.quote_expires_at
    assert not is_overdue(bought, by)
    assert is_overdue(bought, by + timedelta(seconds=1))
    assert not is_overdue(order("closed"), NOW + timedelta(days=9))


def test_buying_counts_from_when_the_network_was_told():
    later = NOW + timedelta(minutes=5)
    assert deadline(order("buying", created_at=later)).at > deadline(order("buying")).at


def test_an_open_ended_order_runs_until_its_money_ends():
    assert order("active", leased_at=NOW).runs_until is None
    timed = order("active", leased_at=NOW, runs_hours=Decimal("1.5"))
    assert timed.runs_until == NOW + timedelta(minutes=90)


def test_its_network_is_told_the_ceiling_and_who_may_serve_it():
    told = wanted_of(order("placed"), NOW)
    assert (told.order_id, told.usd_per_hour_max) == ("sbx-1", Decimal(16))
    assert told.first_deposit_usd == Decimal("64.00")
    assert [one.provider_id for one in told.bidders] == ["of-a-cheap"]
    assert told.bids_until == NOW + BID_WAIT

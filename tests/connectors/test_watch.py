"""What runs is watched: a missed answer is no death, money is bounded, ends are in time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.jobs.watch import watch_due
from data.ordering import Extension, extend, stop
from tests.chaos.order_world import INES
from tests.connectors.selling import CUT, LOST, bench


@pytest.fixture
def at(tmp_path):
    made = bench(tmp_path)
    made.leased()
    yield made
    made.records.close()


def look(at, times=1, **on):
    for _ in range(times):
        at.clock.goes_on(**(on or {"minutes": 2}))
        at.due()
        watch_due(at.desk)
    return at.order()


def spends(at, usd):
    at.shop.change("100", units_spent=int(Decimal(usd) * 1_000_000))


def deposits(at):
    return at.shop.writes.count("deposit")


def test_usage_follows_the_network_to_the_unit_and_cents_follow_it(at):
    for units in (3_333, 6_666, 14_999, 15_000):
        at.shop.change("100", units_spent=units)
        look(at)
    assert (at.head().units, at.head().cents) == (15_000, 2)


def test_a_network_that_does_not_answer_ends_nothing(at):
    at.shop.is_silent = True
    assert look(at, 20).state == "active"


def test_an_order_that_the_network_does_not_speak_of_is_not_dead(at):
    gone = at.shop.things.pop("100")
    assert look(at, 20).state == "active"
    at.shop.things["100"] = gone
    assert look(at).state == "active"


@pytest.mark.parametrize("word", ["closed", "insufficient_funds"])
def test_only_the_networks_own_word_ends_a_lease(at, word):
    at.shop.words = {"word": word}
    order = look(at)
    assert order.state == "closing"
    assert order.reasons


def test_an_order_ends_when_its_time_is_over(at):
    order = look(at, hours=10, minutes=1)
    assert (order.state, order.reasons) == ("closing", ("its time is over",))


def test_a_lease_that_is_taken_back_is_left_before_its_deadline(at):
    until = at.clock() + timedelta(minutes=30)
    at.shop.words = {"word": "reclaiming", "reclaimed_by": until}
    assert look(at).reclaimed_by == until
    assert at.order().state == "active"
    assert look(at, minutes=19).state == "closing"
    assert at.clock() < until


def test_a_low_runway_is_topped_up_in_a_small_step(at):
    spends(at, "6.60")  # $3.80 are left: less than two hours
    look(at)
    assert deposits(at) == 1
    assert at.shop.things["100"].units_deposited == 10_400_000 + 8_000_000


def test_more_than_the_hold_is_never_deposited(at):
    for spent in ("7", "15", "23", "25.9"):
        spends(at, spent)
        look(at, 2)
    assert at.shop.things["100"].units_deposited <= 26_000_000


def test_the_end_of_the_money_is_warned_of_once(at):
    for spent in ("7", "15"):
        spends(at, spent)
        look(at, 2)
    spends(at, "24.50")
    look(at, 5)
    assert at.kinds().count("warned") == 1
    extend(at.records, at.name, Extension(hours=Decimal(5), cents=1000), INES, "x")
    look(at, 2)
    assert deposits(at) > 2


@pytest.mark.parametrize(("fate", "made"), [(LOST, 1), (CUT, 2)])
def test_a_deposit_whose_answer_was_lost_is_told_apart_by_what_was_put_in(at, fate, made):
    spends(at, "6.60")
    at.shop.goes_wrong["deposit"] = [fate]
    look(at)
    assert at.order().intent.is_lost
    look(at, 4)
    assert (at.order().intent, deposits(at)) == (None, made)
    assert at.shop.things["100"].units_deposited == 18_400_000


def test_who_stopped_it_meanwhile_is_no_fault(at, caplog):
    stop(at.records, at.name, "enough", INES, "s")
    look(at, 2)
    assert at.order().state == "closing"
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_a_provider_that_is_silent_thrice_is_said_to_be(at):
    look(at, 4)
    assert at.head().observed["health"] == "silent"
    assert at.order().state == "active"

"""The end of an order: closed at the network, counted to the last unit, settled to the cent."""

import pytest

from connectors.jobs.watch import watch_due
from data import ledger
from data.order_money import hold_of
from data.ordering import stop
from data.treasury import PLAY_MONEY_CENTS, free_cents
from tests.chaos.order_world import INES
from tests.connectors.selling import CUT, DENIED, LOST, bench


@pytest.fixture
def at(tmp_path):
    made = bench(tmp_path)
    made.leased()
    stop(made.records, made.name, "enough", INES, "s")
    yield made
    made.records.close()


def free(at):
    with at.records.reading() as view:
        return free_cents(view)


def test_what_was_used_is_paid_and_the_rest_is_free_again(at):
    at.shop.change("100", units_spent=1_234_567)
    assert at.work(2).state == "closed"
    assert (at.head().units, free(at)) == (1_234_567, PLAY_MONEY_CENTS - 123)
    with at.records.reading() as view:
        assert hold_of(view, at.name).is_closed
        assert sum(ledger.balances_at(view).values()) == 0


@pytest.mark.parametrize("fate", [LOST, CUT, DENIED])
def test_a_close_is_repeated_until_the_network_says_that_it_is_closed(at, fate):
    at.shop.goes_wrong["close"] = [fate]
    at.work(5)
    assert at.order().state == "closed"
    assert not at.shop.everything()


def test_everything_else_with_its_tag_is_closed_and_counted_too(at):
    at.shop.runs(at.name, "77")
    at.shop.change("77", units_spent=20_000)
    at.shop.change("100", units_spent=1_000_000)
    assert at.work(3).state == "closed"
    assert not at.shop.everything()
    assert at.head().units == 1_020_000


def test_an_order_that_its_network_cannot_tell_of_is_not_forgotten(at):
    gone = at.shop.things.pop("100")
    assert at.work(3).state == "closing"
    at.shop.things["100"] = gone
    assert at.work(2).state == "closed"


def test_an_order_is_not_settled_while_its_network_is_away(at):
    at.shop.is_silent = True
    assert at.work(3).state == "closing"


def test_a_network_that_takes_usage_back_is_told_and_ends_all_the_same(tmp_path):
    at = bench(tmp_path)
    at.leased()
    at.shop.change("100", units_spent=90_000)
    at.due()
    watch_due(at.desk)
    at.shop.change("100", units_spent=900)
    stop(at.records, at.name, "enough", INES, "s")
    assert at.work(2).state == "closed"
    assert ("warned" in at.kinds(), at.head().units) == (True, 90_000)
    at.records.close()


def test_ending_twice_changes_nothing(at):
    at.work(2)
    before = (at.kinds(), free(at))
    at.work(2)
    assert (at.kinds(), free(at)) == before

"""What reconciling found is kept with its age; what a day cost is counted by its readings."""

from datetime import timedelta
from decimal import Decimal

import pytest

from data.reconciliations import counted_on, keep, reconciled, states_of
from data.stop_all import consequences, stop_everything
from engine.people import Actor, job
from engine.permissions import NotAllowed
from engine.reconciling import Discrepancy
from tests.orders import KOFI, UACT, Clock, opened, read, reading, reread, running, wanted
from tests.route_worlds import NOW

WORKER = job("procure")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(records_url, clock):
    book = opened(records_url, clock)
    yield book
    book.close()


def stranger(since=NOW) -> Discrepancy:
    return Discrepancy(
        kind="stranger", network="akash", words="somebody's", owner="finance", since=since,
        handle="7",
    )  # fmt: skip


def test_what_is_found_again_keeps_since_when_it_is_known(records, clock):
    first = keep(records, "akash", [stranger()], WORKER, "r-1")
    clock.goes_on(hours=1)
    again = keep(records, "akash", [stranger(clock.now)], WORKER, "r-2")

    assert again.found[0]["since"] == first.found[0]["since"]
    assert again.at - first.at == timedelta(hours=1)
    assert again.digest == first.digest


def test_the_newest_of_each_network_is_what_holds(records):
    keep(records, "akash", [stranger()], WORKER, "r-1")
    keep(records, "akash", [], WORKER, "r-2")
    with records.reading() as view:
        assert [(one.network, one.found) for one in reconciled(view)] == [("akash", ())]


def test_a_day_costs_what_was_read_on_it_less_what_was_read_before(records, clock):
    running(records)
    read(records, reading(100))
    clock.goes_on(days=1)
    read(records, reading(250_000))
    read(records, reading(1_000_100))
    days = [f"{NOW + timedelta(days=n):%Y-%m-%d}" for n in range(3)]
    with records.reading() as view:
        found = [counted_on(view, "akash", day, UACT) for day in days]

    assert found == [Decimal("0.0001"), Decimal(1), Decimal(0)]


def test_states_are_those_of_known_orders_only(records):
    running(records)
    with records.reading() as view:
        assert states_of(view, ["sbx-1", "sbx-2"]) == {"sbx-1": "active"}


def test_everything_is_ended_by_whoever_may_and_by_nobody_else(records):
    running(records)
    with records.reading() as view:
        told = consequences(view)
    with pytest.raises(NotAllowed):
        stop_everything(records, "fire", Actor("x", frozenset({"viewer"}), authenticated=True), "k")

    assert told.words.startswith("1 running job would be ended")
    assert told.held_cents == wanted().hold_cents
    assert stop_everything(records, "fire", KOFI, "all-1") == ["sbx-1"]
    assert reread(records).state == "closing"
    assert stop_everything(records, "fire", KOFI, "all-1") == []

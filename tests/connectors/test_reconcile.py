"""Reconciling: strangers are left be, what is ours and should not be there is closed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.base import Unreachable
from connectors.jobs.reconcile import reconcile
from data.ordering import stop
from data.reconciliations import reconciled
from data.restorations import ACTION as RESTORED
from data.stops import accept_reconciliation
from engine.commands import Command
from tests.chaos.order_world import INES, KOFI
from tests.connectors.selling import CUT, DENIED, bench


@pytest.fixture
def at(tmp_path):
    made = bench(tmp_path)
    yield made
    made.records.close()


def found(at):
    return [(one["kind"], one["handle"]) for one in reconcile(at.desk, "akash").found]


@pytest.mark.parametrize("tag", [None, "my-own-app", "sbx-of-another-installation"])
def test_what_the_book_does_not_know_is_told_and_not_touched(at, tag):
    at.shop.runs(tag)
    assert found(at) == [("stranger", "77")]
    assert at.shop.things["77"].is_open
    assert at.shop.writes == []


def test_what_runs_although_its_order_has_ended_is_closed(at):
    at.place()
    stop(at.records, at.name, "enough", INES, "s")
    at.shop.runs(at.name)
    assert found(at) == [("leak", "77")]
    assert not at.shop.everything()
    assert found(at) == []


def test_a_second_one_without_a_lease_is_closed_and_the_first_is_not(at):
    at.leased()
    at.shop.runs(at.name, lease=False)
    assert found(at) == [("double", "77")]
    assert [one.handle for one in at.shop.everything()] == ["100"]


def test_what_should_run_and_does_not_is_told_and_looked_at_at_once(at):
    at.leased()
    at.shop.change("100", is_open=False)
    assert found(at) == [("zombie", "100")]
    assert at.head().due_at <= at.clock()


def test_a_changed_price_is_told(at):
    at.leased()
    lease = replace(at.shop.things["100"].lease, price=Decimal(9999))
    at.shop.change("100", lease=lease)
    assert found(at) == [("drift", "100")]
    assert at.shop.things["100"].is_open


def test_a_write_whose_answer_was_lost_is_told_with_its_age(at):
    at.place()
    at.shop.goes_wrong["create"] = [CUT]
    at.work()
    began = at.clock().isoformat()
    at.clock.goes_on(minutes=2)
    (one,) = reconcile(at.desk, "akash").found
    assert (one["kind"], one["since"][:16], one["owner"]) == ("unknown", began[:16], "the worker")


def test_a_network_that_does_not_answer_is_not_taken_to_be_empty(at):
    at.leased()
    at.shop.everything = lambda: (_ for _ in ()).throw(Unreachable("away"))
    with pytest.raises(Unreachable):
        reconcile(at.desk, "akash")
    with at.records.reading() as view:
        assert reconciled(view) == []


def test_what_could_not_be_closed_is_found_again(at):
    at.place()
    stop(at.records, at.name, "enough", INES, "s")
    at.shop.runs(at.name)
    at.shop.goes_wrong["close"] = [DENIED]
    assert found(at) == found(at) == [("leak", "77")]
    assert found(at) == []


def test_every_close_was_said_before_in_the_trail(at):
    at.place()
    stop(at.records, at.name, "enough", INES, "s")
    at.shop.runs(at.name)
    at.shop.goes_wrong["close"] = [DENIED]
    reconcile(at.desk, "akash")
    assert at.records.knows("reconcile/close/77")


def test_a_restored_book_buys_nothing_until_a_person_accepts_what_was_found(at):
    at.place()
    restored = Command.by_system("r", RESTORED, "book/sandbox", {"from": "a backup"})
    at.records.perform(restored, lambda _: {"restored": "yes"})
    assert at.work(3).state == "placed"
    assert at.shop.writes == []
    digest = reconcile(at.desk, "akash").digest
    accept_reconciliation(at.records, digest, KOFI, "a")
    assert at.work(3).state == "active"


def test_a_restored_book_adopts_what_runs_for_its_orders(at):
    """The backup is from before the create, and the order's machine runs already."""
    at.place()
    restored = Command.by_system("r", RESTORED, "book/sandbox", {"from": "a backup"})
    at.records.perform(restored, lambda _: {"restored": "yes"})
    at.shop.runs(at.name)
    reconcile(at.desk, "akash")
    accept_reconciliation(at.records, reconcile(at.desk, "akash").digest, KOFI, "a")
    order = at.work(3)
    assert (order.state, order.handle, at.shop.writes) == ("active", "77", [])

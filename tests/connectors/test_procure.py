"""The saga: one write at a time, each known before the next; nothing is bought twice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.jobs.procure import REFUSED_MAX, work_due, worked
from data.claims import claimed
from data.order_money import hold_of
from data.ordering import approve, stop
from data.orders import Outdated
from data.stops import freeze, unfreeze
from engine.buying import Step
from engine.ledger import escrow
from engine.order_events import step_detail
from tests.chaos.order_world import INES, KOFI, TOM
from tests.connectors.selling import AWAY, CUT, DENIED, LOST, bench


@pytest.fixture
def at(tmp_path):
    made = bench(tmp_path)
    yield made
    made.records.close()


def lying(at):
    """Cents that lie at the network, by the ledger."""
    with at.records.reading() as view:
        return hold_of(view, at.name).places.get(escrow("akash"), 0)


def is_settled(at):
    with at.records.reading() as view:
        return hold_of(view, at.name).is_closed


def test_an_intent_is_committed_before_every_write_and_its_outcome_after(at):
    at.leased()
    assert at.kinds() == ["placed", "intent", "made", "intent", "made", "leased"]
    assert (at.shop.writes, lying(at)) == (["create", "lease"], 1040)


def test_a_create_whose_answer_was_lost_is_found_and_not_repeated(at):
    at.place()
    at.shop.goes_wrong["create"] = [LOST]
    assert at.work().intent.is_lost
    at.work(3)
    assert at.order().state == "active"
    assert (at.shop.writes.count("create"), lying(at)) == (1, 1040)


def test_a_lost_create_is_repeated_only_when_it_can_not_come_any_more(at):
    at.place()
    at.shop.goes_wrong["create"] = [CUT]
    at.work(5)
    assert at.shop.writes == ["create"]
    at.clock.goes_on(seconds=179)
    at.work(2)
    assert at.shop.writes == ["create"]
    at.clock.goes_on(seconds=2)
    at.work(2)
    assert at.shop.writes == ["create", "create"]


def test_a_crash_after_the_intent_is_looked_into(at):
    order = at.place()
    step = Step(name="create", details={"placement": at.name})
    order = at.desk.tell(order, "intent", step_detail(step))
    at.shop.runs(at.name, lease=False)  # it was sent before the worker died
    assert at.work(2).handle == "77"
    assert "create" not in at.shop.writes
    assert "lost" in at.kinds()


def test_a_lost_lease_is_asked_for_again_because_that_is_safe(at):
    at.place()
    at.shop.goes_wrong["lease"] = [CUT]
    at.work(4)
    assert at.work().state == "active"
    assert at.shop.writes == ["create", "lease", "lease"]


def test_an_attempt_that_ended_unheard_of_is_no_second_order_and_no_second_deposit(at):
    at.place()
    at.work()
    at.shop.change("100", is_open=False)  # closed, and nobody was told
    at.shop.goes_wrong["create"] = [LOST]
    at.work(4)
    order = at.order()
    assert (order.handle, order.abandoned) == ("101", ("100",))
    assert lying(at) == 1040


def test_what_a_lease_cost_that_was_never_known_is_counted(at):
    at.place()
    at.work()
    at.shop.runs(at.name, "100")
    at.shop.change("100", is_open=False, units_spent=33_333, lease=None)
    stop(at.records, at.name, "enough", INES, "s")
    assert at.work(2).state == "cancelled"
    assert (at.head().units, at.head().cents, is_settled(at)) == (33_333, 3, True)


@pytest.mark.parametrize("lost", [[], [LOST], [CUT]])
def test_a_stop_while_buying_closes_what_was_created(at, lost):
    at.shop.has_bids = False
    at.place()
    at.work()
    stop(at.records, at.name, "enough", INES, "s")
    at.shop.goes_wrong["close"] = list(lost)
    assert at.work(4).state == "cancelled"
    assert not at.shop.everything()
    assert is_settled(at)


def test_a_stop_before_anything_was_written_ends_at_once(at):
    at.place()
    stop(at.records, at.name, "enough", INES, "s")
    assert at.work().state == "cancelled"
    assert (at.shop.writes, is_settled(at)) == ([], True)


def test_a_stop_that_a_lease_was_faster_than_ends_the_lease(at):
    at.place()
    at.work(2)
    stop(at.records, at.name, "enough", INES, "s")
    assert at.work().state == "closing"
    assert at.work(2).state == "closed"
    assert not at.shop.everything()


def test_what_the_networks_list_does_not_show_yet_is_closed_by_its_name(at):
    at.place()
    at.work()
    shown, at.shop.find = at.shop.find, lambda _name: []
    stop(at.records, at.name, "enough", INES, "s")
    at.work()
    assert at.shop.writes == ["create", "close"]
    assert not shown(at.name)[0].is_open


def test_a_freeze_stops_what_was_placed_and_lets_it_go_on_after(at):
    at.place()
    freeze(at.records, "a rumour", KOFI, "f")
    assert at.work(3).state == "placed"
    assert at.shop.writes == []
    unfreeze(at.records, KOFI, "u")
    assert at.work(3).state == "active"


def test_a_changed_policy_needs_a_new_order(at):
    at.place(policy="house@1")
    at.desk = replace(at.desk, policy_now=lambda _: "house@2")
    order = at.work()
    assert order.state == "declined"
    assert "house@2" in order.reasons[0]


def test_a_quote_that_expired_is_not_bought(at):
    at.place()
    at.clock.goes_on(minutes=31)
    assert at.work().state == "expired"
    assert (at.shop.writes, is_settled(at)) == ([], True)


def test_what_nobody_approves_in_time_expires_and_frees_its_money(at):
    by = at.clock() + timedelta(hours=1)
    at.place(approval_above_usd=Decimal(1), approval_expires_at=by, quote_expires_at=by)
    assert at.work().state == "waiting"
    at.clock.goes_on(hours=2)
    assert at.work().state == "expired"
    assert is_settled(at)


def test_an_approved_order_is_bought(at):
    by = at.clock() + timedelta(hours=1)
    at.place(approval_above_usd=Decimal(1), approval_expires_at=by, quote_expires_at=by)
    approve(at.records, at.name, TOM, "a")
    assert at.work(3).state == "active"


def test_a_network_that_refuses_again_and_again_is_not_asked_for_ever(at):
    at.place()
    at.shop.goes_wrong["create"] = [DENIED] * 10
    order = at.work(REFUSED_MAX + 1)
    assert (order.state, at.shop.writes) == ("declined", ["create"] * REFUSED_MAX)
    assert order.reasons == ("the network refuses it",)


def test_a_network_that_is_away_is_tried_ever_later(at):
    at.place()
    at.shop.goes_wrong["create"] = [AWAY] * 3
    waits = [worked(at.desk, at.name) - at.clock() for _ in range(3)]
    assert waits == sorted(set(waits))


def test_what_a_network_cannot_promise_is_declined_before_buying(at):
    at.shop.refuses = ("no public port",)
    at.place()
    assert at.work().reasons == ("no public port",)
    assert at.shop.writes == []


def test_no_bids_in_time_are_told_and_closed(at):
    at.shop.has_bids = False
    at.place()
    at.work(2)
    at.clock.goes_on(seconds=91)
    order = at.work(3)
    assert (order.state, order.reasons) == ("declined", ("nobody bid",))
    assert not at.shop.everything()


def test_two_workers_never_get_the_same_order(at):
    at.place()
    mine = claimed(at.records, "one", ["placed"], 5, timedelta(seconds=60))
    theirs = claimed(at.records, "two", ["placed"], 5, timedelta(seconds=60))
    assert (mine, theirs) == ([at.name], [])
    assert work_due(at.another()) == 0


def test_who_was_slower_writes_nothing(at):
    order = at.place()
    at.work()
    with pytest.raises(Outdated):
        at.desk.tell(order, "intent", step_detail(Step(name="create")))


def test_two_who_tell_the_same_event_in_other_words_are_told_apart(at):
    at.place()
    at.shop.goes_wrong["create"] = [CUT]
    order = at.work()
    before = replace(order, ordinal=order.ordinal - 1)
    with pytest.raises(Outdated):
        at.desk.tell(before, "lost", {"why": "another sentence"})


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "'; DROP TABLE orders; --", "\x1b[2J"]
)
def test_a_hostile_sentence_of_a_network_is_kept_as_it_is(at, text):
    at.shop.refuses = (text,)
    at.place()
    assert at.work().reasons == (text,)

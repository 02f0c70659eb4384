"""What people do to orders: once, within the money, by the right person, or refused in words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from data import ledger
from data.budgets import set_budget, spent
from data.ordering import Extension, approve, extend, place, reject, stop
from data.orders import NoOrder, Outdated, seen
from data.stops import freeze
from data.trail import leaf, size_of
from data.treasury import PLAY_MONEY_CENTS, free_cents
from data.unit import OtherCommand
from engine.budgets import budget_of
from engine.commands import Refused
from tests.orders import (
    INES,
    KOFI,
    NOW,
    PIA,
    TOM,
    Clock,
    closed,
    opened,
    reread,
    running,
    step,
    tell,
    waiting,
    wanted,
)  # fmt: skip

MORE = Extension(hours=Decimal(5), cents=80_00)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(tmp_path, clock):
    records = opened(f"sqlite:///{tmp_path / 'b.sqlite'}", clock)
    yield records
    records.close()


def free(book):
    with book.reading() as view:
        return free_cents(view)


def newest(book):
    with book.reading() as view:
        return leaf(view, size_of(view) - 1).body.decode()


def hold(book, name="sbx-1"):
    with book.reading() as view:
        return ledger.hold(view, name)


def test_an_order_its_hold_and_its_entry_are_kept_together(records_url):
    book = opened(records_url)
    order = place(book, wanted(), INES, "k")
    again = place(book, wanted(), INES, "k")
    with book.reading() as view:
        head, size = seen(view, "sbx-1"), size_of(view)
    assert (order, order.state, head.state, head.hold_cents) == (again, "placed", "placed", 16_000)
    assert (size, free(book)) == (3, PLAY_MONEY_CENTS - 16_000)
    assert hold(book).remaining == 16_000
    assert order.placed == wanted()
    book.close()


def test_the_same_key_is_never_another_order(book):
    place(book, wanted(), INES, "k")
    with pytest.raises(OtherCommand):
        place(book, wanted("sbx-2"), INES, "k")


def test_the_same_order_is_not_placed_under_another_key(book):
    place(book, wanted(), INES, "k")
    with pytest.raises(Refused, match="sbx-1 is placed already"):
        place(book, wanted(), INES, "k2")
    assert hold(book).approved == 16_000


REFUSALS = {
    "somebody else's name": (wanted(), KOFI, "ines asked for this order, not kofi"),
    "who wrote the policy": (wanted(requester="pia"), PIA, "pia imported the policy"),
    "another mode": (wanted(is_simulated=False), INES, "not of the sandbox book"),
    "another mode's id": (wanted("ord-1"), INES, "not of the sandbox book"),
    "no second person": (waiting(approval_expires_at=None), INES, "needs a second person"),
    "an expired quote": (wanted(quote_expires_at=NOW), INES, "the quote has expired"),
    "a time to come": (wanted(placed_at=NOW + timedelta(days=9)), INES, "set the clock right"),
    "more than there is": (
        wanted(hold_cents=PLAY_MONEY_CENTS + 1), INES, "100000.00 is free: top up 0.01"),
}  # fmt: skip


@pytest.mark.parametrize(("what", "who", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_may_not_be_ordered_is_refused_and_the_trail_has_the_reason(book, what, who, words):
    with pytest.raises(Refused, match=words) as refusal:
        place(book, what, who, "k")
    assert '"outcome":"refused"' in newest(book)
    assert str(refusal.value) in newest(book)
    with pytest.raises(NoOrder):
        reread(book, what.order_id)
    assert free(book) == PLAY_MONEY_CENTS


def test_the_budget_refuses_with_the_numbers_and_counts_what_is_committed(book):
    set_budget(book, budget_of("CC-1", "2026-11", "300"), KOFI, "budget")
    place(book, wanted(), INES, "k1")
    with pytest.raises(Refused, match=r"\$300.00, \$160.00 .* sets aside \$160.00: \$20.00 too"):
        place(book, wanted("sbx-2"), INES, "k2")
    stop(book, "sbx-1", "enough", INES, "stop")
    assert place(book, wanted("sbx-2"), INES, "k3").state == "placed"
    with book.reading() as view:
        found = spent(view, "CC-1", "2026-11")
    assert (found.committed_cents, found.left_cents) == (160_00, 140_00)


def test_a_second_person_approves_and_nobody_in_between(book):
    assert place(book, waiting(), INES, "k").state == "waiting"
    for who, words in ((INES, "somebody else approves"), (PIA, "pia imported the policy")):
        with pytest.raises(Refused, match=words):
            approve(book, "sbx-1", who, f"approve-{who.name}")
        assert '"outcome":"refused"' in newest(book)
    order = approve(book, "sbx-1", TOM, "approve")
    assert (order.state, order.approved_by) == ("placed", "tom")
    with pytest.raises(Refused, match="is placed: it cannot be approved"):
        approve(book, "sbx-1", TOM, "again")


def test_an_approval_comes_in_time_or_not_at_all(book, clock):
    place(book, waiting(), INES, "k")
    clock.goes_on(hours=24)
    with pytest.raises(Refused, match="the time to approve this order is over"):
        approve(book, "sbx-1", TOM, "approve")


def test_a_rejected_order_gives_back_what_was_set_aside(book):
    place(book, waiting(), INES, "k")
    order = reject(book, "sbx-1", " too\n dear ", TOM, "reject")
    assert (order.state, order.reasons) == ("declined", ("tom rejected it: too dear",))
    assert (free(book), hold(book).is_closed) == (PLAY_MONEY_CENTS, True)
    with pytest.raises(Refused, match="say why it is rejected"):
        reject(book, "sbx-1", " ", TOM, "again")


def test_a_stop_ends_at_once_what_has_not_reached_a_network(book):
    place(book, wanted(), INES, "k")
    assert stop(book, "sbx-1", "enough", INES, "stop").state == "cancelled"
    assert free(book) == PLAY_MONEY_CENTS
    with pytest.raises(Refused, match="is cancelled: it cannot be stopped"):
        stop(book, "sbx-1", "enough", INES, "again")


def test_a_stop_leaves_to_the_worker_what_is_being_bought(book):
    order = place(book, wanted(), INES, "k")
    tell(book, order, "intent", **step("create"))
    order = stop(book, "sbx-1", "enough", INES, "stop")
    assert (order.state, order.stopped_by) == ("buying", "ines")
    assert hold(book).remaining == 16_000


def test_who_stops_what_is_being_ended_changes_nothing(book):
    running(book)
    first = stop(book, "sbx-1", "enough", INES, "stop")
    assert (first.state, first.reasons) == ("closing", ("ines stopped it: enough",))
    assert stop(book, "sbx-1", "me too", TOM, "again") == first


def test_an_extension_sets_more_aside_for_more_hours(book):
    running(book)
    order = extend(book, "sbx-1", MORE, INES, "more")
    assert (order.hold_cents, order.runs_hours) == (240_00, 15)
    assert hold(book).approved == 240_00
    for more, words in (
        (replace(MORE, cents=0), "sets more aside"),
        (replace(MORE, hours=Decimal(-1)), "is for more hours"),
        (replace(MORE, cents=PLAY_MONEY_CENTS), "is free"),
    ):
        with pytest.raises(Refused, match=words):
            extend(book, "sbx-1", more, INES, f"k{more}"[:200])
    assert hold(book).approved == 240_00


def test_above_the_policys_amount_the_requester_does_not_extend(book):
    running(book, approval_above_usd=Decimal(200))
    with pytest.raises(Refused, match="ines asked for this order"):
        extend(book, "sbx-1", MORE, INES, "more")
    assert extend(book, "sbx-1", MORE, TOM, "by another").hold_cents == 240_00


def test_a_freeze_stops_placing_approving_and_extending_and_no_stopping(book):
    running(book)
    place(book, waiting("sbx-2"), INES, "k2")
    freeze(book, "an audit", KOFI, "freeze")
    for act in (
        lambda: place(book, wanted("sbx-3"), INES, "k3"),
        lambda: approve(book, "sbx-2", TOM, "approve"),
        lambda: extend(book, "sbx-1", MORE, INES, "more"),
    ):
        with pytest.raises(Refused, match=r"frozen by kofi since 2026-11-24 12:00 UTC \(an audit"):
            act()
    assert stop(book, "sbx-1", "enough", INES, "stop").state == "closing"


def test_of_two_who_act_on_one_order_the_second_is_told(records_url):
    book = opened(records_url)
    order = place(book, wanted(), INES, "k")
    tell(book, order, "intent", **step("create"))
    with pytest.raises(Outdated, match="has changed meanwhile"):
        tell(book, order, "cancelled", reasons=["enough"])
    assert reread(book).state == "buying"
    book.close()


def test_what_is_not_there_is_no_refusal(book):
    with pytest.raises(NoOrder, match="necto order list"):
        stop(book, "sbx-9", "enough", INES, "stop")
    assert "sbx-9" not in newest(book)


def test_an_order_that_ran_gives_back_what_it_did_not_use(book):
    order = closed(book, running(book))
    assert (order.state, free(book)) == ("closed", PLAY_MONEY_CENTS)
    with book.reading() as view:
        assert ledger.balances_at(view).get(("assets:escrow:akash", "USD"), 0) == 0

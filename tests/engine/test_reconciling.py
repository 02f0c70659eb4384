"""What a network has against the book: strangers are left alone, what is ours is settled."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from engine.buying import Found, Lease, Step
from engine.order_events import after, lease_detail, step_detail
from engine.orders import BUY_WITHIN, Event, Order
from engine.reconciling import CLOSED_BY_US, bill_differences, compared
from tests.orders import LEASE, wanted
from tests.route_worlds import NOW


def told(order: Order, kind: str, detail=None, at=NOW) -> Order:
    event = Event(
        order_id=order.order_id, ordinal=order.ordinal + 1, kind=kind, at=at, detail=detail or {}
    )  # fmt: skip
    return after(order.placed, order, event)


def placed(name: str = "sbx-1") -> Order:
    what = wanted(name)
    first = Event(order_id=name, ordinal=1, kind="placed", at=NOW, detail={})
    return after(what, None, first)


def buying(name: str = "sbx-1") -> Order:
    step = step_detail(Step(name="create"))
    made = told(placed(name), "intent", step)
    return told(made, "made", step | {"handle": LEASE.handle})


def active(name: str = "sbx-1") -> Order:
    return told(buying(name), "leased", lease_detail(LEASE))


def found(handle: str = LEASE.handle, tag: str | None = "sbx-1", lease: Lease | None = LEASE):
    return Found(
        handle=handle, tag=tag, is_open=True, lease=lease, units_deposited=0, units_spent=0
    )  # fmt: skip


def kinds(there, orders, states=None, now=NOW) -> list[tuple[str, str | None, str | None]]:
    known = {order.order_id: order.state for order in orders} | (states or {})
    rows = compared("akash", there, orders, known, now)
    return [(row.kind, row.order_id, row.handle) for row in rows]


def test_what_is_as_the_book_says_is_not_told():
    assert kinds([found()], [active()]) == []
    assert kinds([], [placed()]) == []


def test_what_the_book_does_not_know_is_a_stranger_and_never_closed():
    for tag in (None, "theirs", "sbx-unknown"):
        (row,) = kinds([found(tag=tag)], [])
        assert row == ("stranger", None, LEASE.handle)
    assert "stranger" not in CLOSED_BY_US


def test_what_runs_although_its_order_has_ended_is_a_leak():
    assert kinds([found()], [], {"sbx-1": "closed"}) == [("leak", "sbx-1", "900")]


def test_a_second_deployment_of_one_order_is_a_double_unless_it_has_a_lease():
    there = [found(), found("901", lease=None)]
    assert kinds(there, [active()]) == [("double", "sbx-1", "901")]
    assert kinds([found("901")], [buying()]) == []


def test_an_order_that_should_run_and_does_not_is_a_zombie():
    assert kinds([], [active()]) == [("zombie", "sbx-1", "900")]


def test_another_price_and_another_provider_are_told():
    dearer = replace(LEASE, price=Decimal(9_999))
    moved = replace(LEASE, provider_id="somebody")

    assert kinds([found(lease=dearer)], [active()]) == [("drift", "sbx-1", "900")]
    assert kinds([found(lease=moved)], [active()]) == [("drift", "sbx-1", "900")]


def test_a_lost_answer_and_a_passed_deadline_are_told_with_their_age():
    step = step_detail(Step(name="create"))
    lost = told(told(placed(), "intent", step), "lost", {"why": "no answer"})
    late = NOW + BUY_WITHIN + timedelta(seconds=1)
    rows = compared("akash", [], [lost], {"sbx-1": "buying"}, late)

    assert [(row.kind, row.since) for row in rows] == [
        ("unknown", NOW), ("overdue", NOW + BUY_WITHIN),
    ]  # fmt: skip
    assert rows[1].words == "the worker should find a provider, and has not"


def test_a_day_that_was_charged_otherwise_is_told_and_a_cent_is_not():
    billed = {"2026-11-22": Decimal("1.00"), "2026-11-23": Decimal("2.00")}
    counted = {"2026-11-22": Decimal("1.01"), "2026-11-24": Decimal("0.02")}
    rows = bill_differences("akash", billed, counted, NOW)

    assert [(row.kind, row.handle) for row in rows] == [
        ("bill", "2026-11-23"), ("bill", "2026-11-24"),
    ]  # fmt: skip
    assert rows[0].words == "akash charged $2.00 on 2026-11-23, and $0.000000 was counted"

"""What becomes of an order: any sequence of allowed events folds, a refused one changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.buying import STEPS
from engine.canonical import canonical, plain
from engine.order_events import after, folded, lease_detail
from engine.orders import KINDS, OPEN, OrderRefused
from tests.orders import LEASE, happens, step, waiting, wanted

DETAIL = {
    "approved": {"by": "tom"},
    "rejected": {"by": "tom", "reasons": ["no"]},
    "lost": {"why": "the answer never came"},
    "made": {"handle": "900"},
    "leased": dict(lease_detail(LEASE)),
    "declined": {"reasons": ["no bids"]},
    "stop_asked": {"by": "ines", "reasons": ["enough"]},
    "ended": {"by": "ines", "reasons": ["enough"]},
    "reclaiming": {"until": "2026-11-24T18:00:00.000000Z"},
    "enlarged": {"hold_cents": "50000", "runs_hours": "20"},
}
HOW = st.tuples(st.sampled_from(KINDS), st.sampled_from(STEPS))
FORWARD = ["create", "made", "lease", "made", "leased", "deposit", "made", "ended", "close", "made",
           "closed"]  # fmt: skip
PLACED = wanted()


def event(order, kind, name="create"):
    detail = step(name, order.handle) if kind == "intent" else DETAIL.get(kind, {})
    return happens("sbx-1", order.ordinal + 1, kind, **detail)


def begun(placed=PLACED):
    return after(placed, None, happens("sbx-1", 1, "placed"))


def led(*names, placed=PLACED):
    """The order that these led to: kinds of events, or steps that are intended."""
    order = begun(placed)
    for name in names:
        kind, what = ("intent", name) if name in STEPS else (name, "")
        order = after(placed, order, event(order, kind, what))
    return order


def played(placed, wishes):
    """Wish for events one after the other, along the way to a lease and across it."""
    order, kept = begun(placed), [happens("sbx-1", 1, "placed")]
    for kind, name in wishes:
        told = event(order, kind, name)
        try:
            order = after(placed, order, told)
        except OrderRefused:
            continue
        kept.append(told)
    return order, kept


WISHES = st.lists(HOW, max_size=40).map(
    lambda found: [
        wish
        for number, one in enumerate(found)
        for wish in (("intent", "create"), ("made", "create"), ("leased", "lease"), one)[
            number % 3 :
        ]
    ]
)


@given(st.sampled_from([PLACED, waiting()]), WISHES)
def test_any_sequence_of_allowed_events_folds_to_the_same_order(placed, wishes):
    order, kept = played(placed, wishes)
    assert folded(placed, kept) == order
    assert order.ordinal == len(kept)
    assert order.is_open == (order.state in OPEN)


@given(WISHES, HOW)
def test_nothing_follows_an_order_that_has_ended(wishes, one):
    order, _ = played(PLACED, wishes)
    if not order.is_open:
        with pytest.raises(OrderRefused):
            after(PLACED, order, event(order, *one))


@given(WISHES, HOW)
def test_an_order_never_ends_while_a_write_to_its_network_is_unresolved(wishes, one):
    order, _ = played(PLACED, [*wishes, one])
    assert order.is_open or order.intent is None


@given(WISHES)
def test_nothing_is_created_for_an_order_that_somebody_has_stopped(wishes):
    order, _ = played(PLACED, wishes)
    if order.stopped_by is not None:
        for name in ("create", "lease", "deposit"):
            with pytest.raises(OrderRefused):
                after(PLACED, order, event(order, "intent", name))


def test_an_order_goes_from_its_placement_to_its_close():
    states = [led(*FORWARD[:n]).state for n in range(len(FORWARD) + 1)]
    assert states == ["placed", *["buying"] * 4, *["active"] * 3, *["closing"] * 3, "closed"]


def test_an_order_above_the_policys_amount_waits_for_a_second_person():
    placed = waiting()
    assert led(placed=placed).state == "waiting"
    assert led("approved", placed=placed).state == "placed"
    assert led("approved", placed=placed).approved_by == "tom"
    assert led("rejected", placed=placed).state == "declined"
    with pytest.raises(OrderRefused, match="is waiting: it cannot be written"):
        led("create", placed=placed)


def test_an_order_knows_its_lease_and_since_when_it_runs():
    order = led(*FORWARD[:5])
    assert (order.lease, order.handle, order.leased_at) == (LEASE, "900", order.since)
    assert order.runs_until == replace(order, since=order.leased_at).runs_until is not None


def test_a_write_under_way_is_resolved_before_the_next():
    with pytest.raises(OrderRefused, match=r"has a write under way \(create\): find out"):
        led("create", "lease")
    assert led("create", "lost").intent.is_lost
    assert led("create", "lost", "unmade").intent is None
    with pytest.raises(OrderRefused, match="has no write under way"):
        led("create", "made", "made")


def test_an_attempt_that_led_nowhere_is_closed_and_remembered():
    order = led("create", "made", "close", "made")
    assert (order.state, order.handle, order.abandoned) == ("buying", None, ("900",))
    assert order.created_at is None


@pytest.mark.parametrize("name", ["create", "lease"])
def test_an_order_that_runs_is_not_bought_again(name):
    with pytest.raises(OrderRefused, match=f"is active: it takes no {name}"):
        led(*FORWARD[:5], name)


def test_an_order_that_is_being_ended_is_not_extended():
    with pytest.raises(OrderRefused, match="is being ended, as ines asked"):
        led("create", "made", "stop_asked", "enlarged")
    assert led("create", "made", "enlarged").hold_cents == 50_000


def test_the_second_to_act_on_the_same_order_is_refused():
    order = led("create")
    told = event(order, "made")
    with pytest.raises(OrderRefused, match="somebody else was faster"):
        after(PLACED, after(PLACED, order, told), replace(told, kind="warned"))


def test_an_order_begins_with_its_placement():
    with pytest.raises(OrderRefused, match="begins with its placement"):
        after(PLACED, None, happens("sbx-1", 1, "approved"))
    with pytest.raises(OrderRefused, match="was never placed"):
        folded(PLACED, [])


@pytest.mark.parametrize("kind", DETAIL)
def test_an_events_detail_is_what_json_keeps_exactly(kind):
    assert canonical(plain(DETAIL[kind]))

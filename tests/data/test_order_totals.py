"""What all orders come to, found in the records."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from data.order_search import counted
from data.order_totals import lost_writes, needing, totals, used_since
from data.ordering import stop
from data.orders import listed
from engine.buying import Step
from engine.order_events import step_detail
from tests.placed import AT_QUOTE, INES, ordered, read, running, stores_of, then


@pytest.fixture
def stores(tmp_path):
    return stores_of(tmp_path)


def now() -> datetime:
    return datetime.now(UTC)


def test_what_runs_costs_by_the_hour_and_what_was_used_counts_from_a_moment_on(stores):
    known = running(stores.records, ordered(stores, terms=AT_QUOTE))
    read(stores.records, known, "1.25")
    between = now()
    read(stores.records, known, "3")

    with stores.records.reading() as view:
        found = totals(view, now())
        assert (found.running, found.usd_per_hour) == (1, Decimal("1.9998"))
        assert (found.month_cents, found.held_cents) == (300, 2000)
        assert used_since(view, between) == 175


def test_nothing_ordered_comes_to_nothing(stores):
    with stores.records.reading() as view:
        found = totals(view, now())
        assert (found.running, found.usd_per_hour, found.month_cents) == (0, 0, 0)
        assert needing(view, now()) == []


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        ({"runway_hours": "1.2"}, ["runway"]),
        ({"runway_hours": "12"}, []),
        ({"health": "silent"}, ["silent"]),
        ({"reclaimed_by": "2026-11-25T13:00:00+00:00"}, ["reclaimed"]),
    ],
)
def test_what_the_network_said_last_is_found_where_it_needs_a_person(stores, observed, why):
    read(stores.records, running(stores.records, ordered(stores)), "1", **observed)

    with stores.records.reading() as view:
        assert [need.why for need in needing(view, now())] == why


def test_a_lost_answer_needs_somebody_until_it_is_known(stores):
    known = then(stores.records, ordered(stores), "intent", **step_detail(Step(name="create")))
    lost = then(stores.records, known, "lost", why="timed out")
    with stores.records.reading() as view:
        assert list(lost_writes(view)) == [known.order_id]
        assert [need.why for need in needing(view, now())] == ["lost"]

    then(stores.records, lost, "made", handle="900")
    with stores.records.reading() as view:
        assert lost_writes(view) == {}


def test_an_overdue_order_is_found(stores):
    ordered(stores)
    with stores.records.reading() as view:
        found = needing(view, now() + timedelta(hours=1))

    assert {need.why for need in found} >= {"overdue"}


def test_orders_are_paged_found_by_words_and_counted(stores):
    ids = {ordered(stores, key).order_id for key in "abc"}
    gone = stop(stores.records, min(ids), "not needed", INES, "stop")

    with stores.records.reading() as view:
        paged = [listed(view, most=2), listed(view, most=2, skipped=2)]
        assert [len(page) for page in paged] == [2, 1]
        assert {one.order_id for page in paged for one in page} == ids
        assert [one.order_id for one in listed(view, words=gone.order_id[:12])] == [gone.order_id]
        assert (len(listed(view, words="FINE")), listed(view, words="%")) == (3, [])
        assert counted(view) == {"placed": 2, "cancelled": 1}
        assert counted(view, "nothing") == {}

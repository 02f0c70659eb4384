"""What of the open orders needs a person, and what they cost together."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.attention import URGENCY, a_month, burn, needs, runway_hours, states_of
from engine.orders import OPEN, STATES

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Head:
    order_id: str = "sbx-a"
    title: str = "fine-tune"
    state: Any = "active"
    since: datetime = NOW - timedelta(minutes=1)
    deadline: datetime | None = None
    usd_per_hour: str | None = "2"
    observed_at: datetime | None = NOW
    observed: Any = None


CALM = Head(observed={"health": "serving", "runway_hours": "4", "reclaimed_by": None})


def whys(*heads: Head, lost=None) -> list[str]:
    return [need.why for need in needs(heads, NOW, lost)]


def test_a_serving_job_with_runway_needs_nobody():
    assert whys(CALM) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"state": "waiting"}, "approve"),
        ({"state": "buying", "deadline": NOW - timedelta(seconds=1)}, "overdue"),
        ({"observed": {"runway_hours": "1.9"}}, "runway"),
        ({"observed": {"health": "silent"}}, "silent"),
        ({"observed": {"reclaimed_by": "2026-11-25T13:00:00+00:00"}}, "reclaimed"),
        ({"observed_at": NOW - timedelta(minutes=11)}, "unread"),
    ],
)
def test_what_needs_a_person_is_said(changed, why):
    assert whys(replace(CALM, **changed)) == [why]


def test_a_write_whose_answer_was_lost_is_said():
    (need,) = needs([CALM], NOW, {"sbx-a": "a write"})
    assert need.why == "lost"
    assert "never came" in need.sentence


def test_a_short_runway_is_no_alarm_where_the_job_ends_before():
    ending = replace(CALM, observed={"runway_hours": "1"}, deadline=NOW + timedelta(minutes=30))
    assert whys(ending) == []


def test_the_most_urgent_comes_first():
    waiting = replace(CALM, state="waiting")
    taken = replace(CALM, observed={"reclaimed_by": "2026-11-25T13:00:00+00:00"}, order_id="b")
    assert whys(waiting, taken) == ["reclaimed", "approve"]


@given(st.lists(st.sampled_from(STATES)))
def test_an_ended_order_never_needs_anybody_nor_costs_anything(states):
    late = NOW - timedelta(days=1)
    heads = [Head(state=one, deadline=late, observed_at=late) for one in states if one not in OPEN]
    assert needs(heads, NOW) == []
    assert burn(heads) == 0


def test_what_runs_is_added_up_exactly_also_while_it_is_closed():
    heads = [replace(CALM, usd_per_hour="0.1"), replace(CALM, state="closing", usd_per_hour="0.2")]
    heads.append(replace(CALM, state="placed", usd_per_hour=None))

    assert burn(heads) == Decimal("0.3")
    assert a_month(Decimal("0.3")) == Decimal("219.1464")


def test_a_runway_that_nobody_told_is_unknown_not_nothing():
    assert runway_hours(None) is None
    assert runway_hours({"runway_hours": None}) is None


def test_every_state_is_shown_by_one_filter_and_every_need_has_its_place():
    assert sorted([*states_of("open"), *states_of("ended")]) == sorted(STATES)
    assert len(set(URGENCY)) == 7

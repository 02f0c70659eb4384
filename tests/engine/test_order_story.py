"""What happened to an order, as people say it: a line for every event, none without words."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.buying import STEPS
from engine.order_story import STATE_WORDS, story
from engine.orders import KINDS, STATES, Event, Kind
from tests.engine.test_order_words import placed_order

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def event(kind: Kind, ordinal: int = 1, **detail: Any) -> Event:
    return Event(order_id="sbx-a", ordinal=ordinal, kind=kind, at=AT, detail=detail)


def said(*events: Event) -> list[str]:
    return [step.sentence for step in story(placed_order(), events)]


def test_every_state_has_a_word():
    assert set(STATE_WORDS) == set(STATES)


@given(st.lists(st.sampled_from([kind for kind in KINDS if kind != "reclaiming"])))
def test_every_event_has_its_line_whatever_is_missing_in_its_detail(kinds):
    events = [event(kind, n, hold_cents="500") for n, kind in enumerate(kinds, 1)]

    assert len(story(placed_order(), events)) == len(kinds)
    assert all(sentence and "{" not in sentence for sentence in said(*events))


@pytest.mark.parametrize("step", STEPS)
def test_a_write_is_told_while_it_is_made_and_when_it_was(step):
    doing, done = said(event("intent", step=step), event("made", 2, handle="9"))

    assert doing.startswith("The worker ")
    assert not done.startswith("The worker")


def test_a_lost_answer_says_what_is_looked_for_and_why():
    first, lost = story(placed_order(), [event("intent", step="create"), event("lost", why="cut")])

    assert first.tone == "doing"
    assert (lost.tone, lost.more) == ("warns", ("cut",))
    assert "asks the network for bids: it looks whether it was done" in lost.sentence


def test_who_acted_and_until_when_is_named():
    until = "2026-11-25T13:00:00+00:00"
    found = said(
        event("approved", by="tom"), event("reclaiming", 2, until=until),
        event("enlarged", 3, by="ines", hold_cents="3000"), event("warned", 4, words="low"),
        event("leased", 5, provider_id="de", usd_per_hour="x"),
    )  # fmt: skip

    assert found == [
        "tom approved it",
        "Its provider takes the machine back at 2026-11-25 13:00 UTC",
        "ines extended it: $30.00 is set aside in all",
        "Warning: low",
        "It is leased from de",
    ]


def test_reasons_stand_below_the_line():
    (step,) = story(placed_order(), [event("declined", reasons=["no bid", "too dear"])])
    assert (step.tone, step.more) == ("failed", ("no bid", "too dear"))


def test_the_kinds_are_those_of_the_orders():
    assert set(get_args(Kind)) == set(KINDS)

"""Failures fade with the half-life; a status that could not be fetched is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outcomes import (
    FAILED,
    OUTCOME_SCHEMA,
    STARTED,
    STATUS_UNKNOWN,
    Outcomes,
    outcomes,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def happened(hours_ago: float, outcome: str = FAILED, **changes: Any) -> dict[str, Any]:
    at = (NOW - timedelta(hours=hours_ago)).replace(tzinfo=None)
    fields = {"network": "akash", "provider_id": "p1", "offer_id": "o1", "at": at}
    return fields | {"outcome": outcome, "minutes": None} | changes


def known(*rows: dict[str, Any], half_life: float = 24.0) -> Outcomes:
    return outcomes(pl.DataFrame(list(rows), schema=dict(OUTCOME_SCHEMA)), NOW, half_life)


@pytest.mark.parametrize(("hours", "weight"), [(0, 1.0), (24, 0.5), (48, 0.25)])
def test_a_failure_counts_half_after_the_half_life(hours, weight):
    assert known(happened(hours)).weight("akash", "p1", "any") == weight


def test_failures_of_one_seller_add_up_whatever_the_offer():
    seen = known(happened(0), happened(24, offer_id="o2"), happened(24, provider_id="p2"))
    assert seen.weight("akash", "p1", "o9") == 1.5
    assert seen.weight("lium", "p1", "o1") == 0


def test_a_status_that_could_not_be_fetched_is_no_failure():
    assert known(happened(0, STATUS_UNKNOWN)).weight("akash", "p1", "o1") == 0


def test_where_the_seller_is_not_named_a_failure_is_of_the_offer_alone():
    seen = known(happened(0, provider_id=None), happened(0, provider_id=None, offer_id=None))
    assert seen.weight("akash", None, "o1") == 1
    assert seen.weight("akash", None, "o2") == 0
    assert seen.weight("akash", "p1", "o1") == 0


def test_what_happens_after_this_moment_is_not_known_yet():
    assert known(happened(-1)).weight("akash", "p1", "o1") == 0


@pytest.mark.parametrize("frame", [None, pl.DataFrame(schema=dict(OUTCOME_SCHEMA))])
def test_nothing_that_happened_weighs_nothing(frame):
    seen = outcomes(frame, NOW, 24.0)
    assert (seen.weight("akash", "p1", "o1"), seen.start_minutes("akash", "p1")) == (0, None)


def test_starting_takes_as_long_as_it_did_with_this_seller_or_else_on_its_network():
    starts = [happened(1, STARTED, minutes=minutes) for minutes in (2.0, 9.0, 4.0)]
    seen = known(*starts, happened(1, STARTED, minutes=50.0, provider_id="p2"))
    assert seen.start_minutes("akash", "p1") == 4.0
    assert seen.start_minutes("akash", "p2") == 6.5
    assert seen.start_minutes("lium", "p1") is None


def test_two_starts_are_too_little_data():
    starts = [happened(1, STARTED, minutes=minutes) for minutes in (2.0, 9.0)]
    assert known(*starts, happened(1, STARTED)).start_minutes("akash", "p1") is None


@given(st.lists(st.floats(0, 500), max_size=8), st.randoms())
def test_the_order_of_the_rows_does_not_matter(ages, random):
    rows = [happened(age) for age in ages]
    shuffled = random.sample(rows, len(rows))
    assert known(*rows).weight("akash", "p1", "") == known(*shuffled).weight("akash", "p1", "")

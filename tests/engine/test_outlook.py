"""What is expected of a GPU is what was seen of it, or is said to be too little data."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.outlook import OUTLOOK_SCHEMA, outlook
from engine.series import BAND_SCHEMA

FIRST = date(2026, 11, 1)


def band(day: int, runs_free: int | None, runs: int = 24, **changes: Any) -> dict[str, Any]:
    on = FIRST + timedelta(days=day)
    fields: dict[str, Any] = dict.fromkeys(BAND_SCHEMA)
    fields |= {"run_day": on, "day": on, "network": "akash", "gpu_model": "H100-SXM"}
    fields |= {"term": "on_demand", "source_kind": "live", "runs": runs, "runs_free": runs_free}
    fields |= {"median_usd_per_gpu_hour": Decimal(2), "min_usd_per_gpu_hour": Decimal(2)}
    return fields | changes


def seen(*bands: dict[str, Any]) -> dict[str, Any]:
    frame = outlook(pl.DataFrame(list(bands), schema=dict(BAND_SCHEMA)))
    assert frame.schema == pl.Schema(OUTLOOK_SCHEMA)
    return frame.filter(gpu_model="H100-SXM").to_dicts()[0]


def test_what_was_always_free_has_no_wait():
    row = seen(band(0, 24), band(1, 24))
    assert (row["availability"], row["wait_minutes"], row["readings"]) == (1.0, 0.0, 48)


def test_a_day_taken_waits_on_average_half_of_it_and_on_to_the_next_free_moment():
    row = seen(band(0, 24), band(1, 0), band(2, 24))
    assert row["wait_minutes"] == pytest.approx((720 + 720 / 24) / 3)
    assert row["availability"] == pytest.approx(2 / 3)


def test_days_without_readings_are_waited_through():
    row = seen(band(0, 0), band(3, 24))
    assert row["wait_minutes"] == pytest.approx((720 + 2 * 1440 + 30) / 2)


def test_a_wait_whose_end_was_not_seen_counts_to_the_end_of_what_was_read():
    row = seen(band(0, 24), band(1, 0), band(2, 0))
    assert row["wait_minutes"] == pytest.approx((0 + (720 + 1440) + 720) / 3)


def test_what_was_never_free_has_no_wait_that_could_be_told():
    row = seen(band(0, 0), band(1, 0))
    assert (row["availability"], row["wait_minutes"]) == (0.0, None)


def test_a_day_on_which_it_was_not_listed_counts_as_taken():
    row = seen(band(0, 24), band(1, 24, gpu_model="L40S"), band(2, 24))
    assert row["wait_minutes"] == pytest.approx((720 + 30) / 3)


def test_a_day_on_which_nobody_said_does_not_count():
    row = seen(band(0, 24), band(1, None), band(2, 24))
    assert (row["wait_minutes"], row["readings"]) == (0.0, 48)


@pytest.mark.parametrize("runs", [1, 19])
def test_few_readings_are_too_little_data(runs):
    row = seen(band(0, runs, runs))
    assert (row["availability"], row["wait_minutes"], row["volatility"]) == (None, None, None)


def test_where_availability_is_never_stated_nothing_is_expected():
    row = seen(band(0, None), band(1, None))
    assert (row["availability"], row["wait_minutes"]) == (None, None)


def test_shipped_figures_say_nothing_of_what_is_free():
    frame = outlook(pl.DataFrame([band(0, 24, source_kind="recorded")], schema=dict(BAND_SCHEMA)))
    assert frame.height == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=12))
def test_the_wait_is_the_one_worked_out_day_by_day(free):
    expected: float | None = 0.0
    for day, k in enumerate(free):
        later = [d for d in range(day + 1, len(free)) if free[d]]
        if k:
            wait = max(1440 / 12, 720 / k)
        elif later:
            wait = 720 + 1440 * (later[0] - day - 1) + 720 / free[later[0]]
        else:
            wait = 720 + 1440 * (len(free) - 1 - day)
        expected += (12 - k) * wait / (12 * len(free))
    row = seen(*(band(day, k, 12) for day, k in enumerate(free)))
    assert row["wait_minutes"] == (pytest.approx(expected) if any(free) else None)

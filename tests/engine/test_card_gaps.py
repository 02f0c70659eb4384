"""Days that lose their price when a newer version takes an older one's place are told."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.card_gaps import gap

TODAY = date(2026, 11, 23)


def days(*spans):
    """Rows that hold from so many days after today to so many days after it."""
    return pl.DataFrame(
        {
            "valid_from": [TODAY + timedelta(first) for first, _ in spans],
            "valid_until": [TODAY + timedelta(last) for _, last in spans],
        }
    )


@pytest.mark.parametrize(
    ("held", "after", "lost"),
    [
        ([(-9, 20)], [(5, 90)], (0, 4)),
        ([(2, 20)], [(5, 90)], (2, 4)),
        ([(-9, 3)], [(10, 90)], (0, 3)),
        ([(-9, 20)], [(-90, -1)], (0, 20)),
        ([(-9, 20)], [(-90, -1), (5, 90)], (0, 4)),
        ([(-9, 20)], [(0, 90)], None),
        ([(-9, -1)], [(5, 90)], None),
        ([(5, 20)], [(1, 90)], None),
    ],
)
def test_a_gap_is_from_the_first_day_that_was_held_until_the_new_version_begins(held, after, lost):
    found = gap(days(*held), days(*after), TODAY)

    assert found == (lost and tuple(TODAY + timedelta(day) for day in lost))


spans = st.tuples(st.integers(-9, 9), st.integers(0, 9)).map(lambda s: (s[0], s[0] + s[1]))


@settings(derandomize=True, deadline=None)
@given(spans, spans)
def test_a_day_is_in_the_gap_when_only_the_older_version_holds_and_the_newer_is_to_come(old, new):
    found = gap(days(old), days(new), TODAY)

    def is_lost(day):
        is_over = new[1] < 0
        return day >= 0 and old[0] <= day <= old[1] and (is_over or day < new[0])

    lost = [TODAY + timedelta(day) for day in range(-20, 20) if is_lost(day)]
    assert found == ((lost[0], lost[-1]) if lost else None)

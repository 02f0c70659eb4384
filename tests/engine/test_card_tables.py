"""Numbers of a workbook, read as text and as numbers: exact where they agree, else a fault."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.card_tables import with_exact_numbers


def exact(text, number):
    """The cell's text and its faults."""
    cells = pl.DataFrame({"line": [7], "0": [text]}, schema={"line": pl.Int64, "0": pl.String})
    numbers = pl.DataFrame({"0": [number]}, schema={"0": pl.Float64})
    kept, faults = with_exact_numbers(cells, numbers, ["usd_per_hour"])
    return kept["0"][0], faults


@settings(derandomize=True, deadline=None)
@given(st.decimals("0.000000000001", "9999", places=12))
def test_a_number_that_its_text_rounds_is_written_in_full(typed):
    text, faults = exact(f"{typed:.9f}", float(typed))

    assert float(text) == float(typed)
    assert "E" not in text.upper()
    assert faults == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("2.15", 192.0), ("2.15", 2.150001), ("2.15", None), (None, 2.15), (" ", 2.15)],
)
def test_two_readings_that_are_not_of_one_cell_are_a_fault(text, number):
    _, faults = exact(text, number)

    assert [fault[:3] for fault in faults] == [(7, "usd_per_hour", text)]
    assert faults[0][3] == f"the cell also reads as {number}"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.123456789012345678", 1.1234567890123457), ("on request", None), ("", None), (None, None)],
)
def test_text_stays_as_it_was_typed(text, number):
    assert exact(text, number) == (text, [])


def test_only_number_columns_are_compared():
    cells = pl.DataFrame({"line": [2], "0": ["8"]})

    kept, faults = with_exact_numbers(cells, pl.DataFrame({"0": [None]}), ["note"])

    assert (kept.equals(cells), faults) == (True, [])

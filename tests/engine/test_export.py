"""What leaves Necto: exact, readable by every CSV reader, and run by no spreadsheet."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.export import (
    OFFER_COLUMNS,
    csv_text,
    inert,
    inert_text,
    moment_text,
    number_text,
    original,
    plain,
    records,
)
from engine.market import offers_frame
from tests.support import OBSERVED, offer

HOSTILE = "=+-@\t\r\n'\",;|`\\é€漢\U0001f600 aA1"
some_text = st.text() | st.text(alphabet=HOSTILE)
unquoted = some_text.filter(lambda text: not text.startswith("'"))


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_a_spreadsheet_would_run_begins_with_an_apostrophe(start: str):
    formula = f'{start}HYPERLINK("http://evil.example","x")'
    assert inert(formula) == f"'{formula}"
    assert original(f"'{formula}") == formula


@pytest.mark.parametrize("text", ["", "h100 80Gi SXM5", "a=b", "1-2", "'quoted'", "it's", "'"])
def test_harmless_text_is_left_as_it_is(text: str):
    assert inert(text) == text
    assert original(text) == text


@given(some_text)
@example("'=1")
def test_no_text_stays_a_formula(text: str):
    assert not inert(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_column_is_made_inert_like_a_cell():
    frame = pl.DataFrame({"a": ["=1+1", "h100", "", None, "-x"]}, schema={"a": pl.String})
    shown = frame.select(inert_text(pl.col("a")))["a"].to_list()
    assert shown == ["'=1+1", "h100", "", None, "'-x"]


@given(unquoted)
def test_what_was_made_inert_can_be_had_back(text: str):
    assert original(inert(text)) == text


@settings(deadline=None)
@given(st.lists(st.tuples(unquoted, unquoted), max_size=5))
def test_hostile_text_comes_back_from_a_csv_file(rows: list[tuple[str, str]]):
    text = csv_text([{"a": a, "b": b} for a, b in rows], ("a", "b"))
    header, *cells = read_back(text)
    assert header == ["a", "b"]
    assert [tuple(map(original, row)) for row in cells] == rows


def test_a_csv_file_has_the_columns_asked_for_in_their_order():
    text = csv_text([{"b": 1, "a": "x", "c": "left out"}, {"a": 'say "hi"'}], ("a", "b"))
    assert text == 'a,b\r\nx,1\r\n"say ""hi""",\r\n'


def test_yes_no_and_unknown_are_three_different_cells():
    assert csv_text([{"a": True, "b": False, "c": None}], "abc") == "a,b,c\r\ntrue,false,\r\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2.039360752800000000", "2.0393607528"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("0E-18", "0"),
        ("-1.50", "-1.5"),
    ],
)
def test_a_number_is_written_out_without_an_exponent(value: str, text: str):
    assert number_text(Decimal(value)) == text


@given(st.integers(-(10**24), 10**24), st.integers(0, 18))
def test_a_number_is_exported_exactly(digits: int, places: int):
    value = Decimal(f"{digits}E-{places}")
    text = number_text(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


def test_a_moment_elsewhere_is_exported_in_utc_to_the_second():
    there = timezone(timedelta(hours=-5))
    moment = datetime(2026, 11, 23, 20, 30, 15, 999999, tzinfo=there)
    assert moment_text(moment) == "2026-11-24T01:30:15Z"


def test_a_value_is_given_to_json_as_what_it_means():
    naive = datetime(2026, 11, 23, 11, 0)  # noqa: DTZ001 - as the lake stores it
    assert plain(naive) == "2026-11-23T11:00:00Z"
    assert plain(naive.replace(tzinfo=UTC)) == "2026-11-23T11:00:00Z"
    assert plain(date(2026, 11, 23)) == "2026-11-23"
    assert plain(Decimal("2.50")) == "2.5"
    assert [plain(v) for v in (None, True, 3, 1.5, "x")] == [None, True, 3, 1.5, "x"]


def test_an_exported_offer_carries_its_exact_price_and_its_source():
    price = Decimal("2.039360752812345678")
    frame = offers_frame([offer(usd_per_hour=price, price_as_of=OBSERVED, available=None)])
    (row,) = json.loads(json.dumps(records(frame)))
    assert list(row) == list(OFFER_COLUMNS)
    assert row["usd_per_hour"] == row["usd_per_gpu_hour"] == "2.039360752812345678"
    assert row["observed_at"] == row["price_as_of"] == "2026-11-23T11:00:00Z"
    assert (row["source_kind"], row["source"]) == ("live", "a test")
    assert (row["available"], row["gpu_count"]) == (None, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**21), unquoted, st.sampled_from([True, False, None]))
def test_an_offer_comes_back_from_a_csv_file(atto: int, name: str, available: bool | None):  # noqa: FBT001
    sold = offer(usd_per_hour=Decimal(f"{atto}E-18"), provider_name=name, available=available)
    text = csv_text(records(offers_frame([sold])), OFFER_COLUMNS)
    header, cells = read_back(text)
    row = dict(zip(header, cells, strict=True))
    assert Decimal(row["usd_per_hour"]) == sold.usd_per_hour
    assert original(row["provider_name"]) == name
    assert row["available"] == {True: "true", False: "false", None: ""}[available]
    assert row["region"] == ""


def test_the_raw_row_never_leaves():
    frame = offers_frame([offer(raw="secret: 1")])
    assert "secret" not in csv_text(records(frame), OFFER_COLUMNS)


@pytest.mark.parametrize("text", ["'=1", "''=1", "'quoted'", "'", "=1", "'-"])
def test_apostrophes_and_formulas_come_back_as_they_were(text: str):
    assert original(inert(text)) == text


def test_a_negative_amount_stays_a_number():
    assert csv_text([{"x": Decimal("-1.5"), "y": "-1.5"}], ["x", "y"]) == "x,y\r\n-1.5,'-1.5\r\n"


def test_a_long_number_keeps_every_digit():
    digits = "12345678901.123456789012345678"
    assert number_text(Decimal(digits)) == digits


def test_a_moment_without_an_offset_is_utc():
    assert moment_text(datetime(2026, 11, 23, 12, 0)) == "2026-11-23T12:00:00Z"  # noqa: DTZ001

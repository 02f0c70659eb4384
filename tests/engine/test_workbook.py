"""Excel and Parquet: numbers to compute with, every exact digit, and nothing that runs."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from engine.export import OFFER_COLUMNS
from engine.market import PRICE, offers_frame
from engine.workbook import EXACT, excel, parquet
from tests.support import OBSERVED, offer

MADE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRECISE = Decimal("2.039360752812345678")


def read(content: bytes) -> pl.DataFrame:
    return pl.read_excel(io.BytesIO(content), engine="calamine", infer_schema_length=None)


def test_a_price_is_a_number_with_its_exact_text_beside_it():
    row = read(excel(offers_frame([offer(usd_per_hour=PRECISE)]), OFFER_COLUMNS, MADE)).to_dicts()[
        0
    ]

    assert row["usd_per_hour"] == pytest.approx(float(PRECISE), rel=1e-15)
    assert row[f"usd_per_hour{EXACT}"] == str(PRECISE)
    assert (row["gpu_count"], row["source"]) == (1, "a test")
    assert row["observed_at"] == OBSERVED.replace(tzinfo=None)


def test_a_sheet_has_the_columns_asked_for_and_unknown_is_an_empty_cell():
    rows = read(excel(offers_frame([offer(region=None)]), ("offer_id", "region", "network"), MADE))

    assert rows.columns == ["offer_id", "region", "network"]
    assert rows["region"].to_list() == [None]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example")', "+1", "-1", "@x", "{=1}"])
def test_no_cell_of_a_sheet_is_a_formula_or_a_link(text):
    frame = pl.DataFrame({"a": [text], "b": ["https://example.org"], "c": ["007"]})
    content = excel(frame, ("a", "b", "c"), MADE)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()

    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert read(content)["a"][0] in (text, f"'{text}")
    assert not read(content)["a"][0].startswith(("=", "+", "-", "@"))


def test_the_same_rows_at_the_same_time_are_the_same_file():
    frame = offers_frame([offer()])

    assert excel(frame, OFFER_COLUMNS, MADE) == excel(frame, OFFER_COLUMNS, MADE)


def test_an_empty_frame_is_a_header():
    content = excel(offers_frame([]), OFFER_COLUMNS, MADE)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert "offer_id" in parts.read("xl/sharedStrings.xml").decode()


def test_more_rows_than_a_sheet_has_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="Use Parquet"):
        excel(pl.select(a=pl.int_range(1_048_576)), ("a",), MADE)


def test_parquet_keeps_exact_prices_types_and_text_as_received():
    held = offer(usd_per_hour=PRECISE, provider_name="=1", valid_until=date(2026, 12, 31))
    back = pl.read_parquet(io.BytesIO(parquet(offers_frame([held]), OFFER_COLUMNS)))

    assert back.columns == list(OFFER_COLUMNS)
    assert back.schema["usd_per_hour"] == PRICE
    assert back["usd_per_hour"][0] == PRECISE
    assert (back["provider_name"][0], back["valid_until"][0]) == ("=1", date(2026, 12, 31))

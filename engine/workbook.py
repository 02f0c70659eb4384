"""What is shown as one Excel sheet or one Parquet file, made in memory.

Excel computes with 15 digits: a price is a number there, shown with all of them, and the exact one
stands beside it as text (``<name>_exact``). Parquet keeps every value as it is.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
from xlsxwriter import Workbook

from engine.export import inert_text, number_text
from engine.market import PRICE

EXACT = "_exact"
"""Ends the name of a price's exact text."""

_SAFE = {
    "in_memory": True,  # no temporary files
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_PRICE_FORMAT = "0.000############"
_ROWS_MAX = 1_048_575  # Excel's limit, less the header


def excel(frame: pl.DataFrame, columns: Sequence[str], made_at: datetime) -> bytes:
    """Return the columns as an .xlsx sheet with a header, a filter on it and moments in UTC.

    Text that a spreadsheet would run gets an apostrophe, as in the CSV. Raises ValueError for more
    rows than a sheet has.
    """
    if frame.height > _ROWS_MAX:
        raise ValueError(f"{frame.height} rows: an Excel sheet has {_ROWS_MAX}. Use Parquet.")
    out = io.BytesIO()
    with Workbook(out, _SAFE) as book:
        book.set_properties({"created": made_at.astimezone(UTC), "comments": "Moments are UTC."})
        _cells(frame.select(columns)).write_excel(
            book,
            worksheet="Necto",
            dtype_formats={
                pl.Float64: _PRICE_FORMAT,
                pl.Datetime: "yyyy-mm-dd hh:mm:ss",
                pl.Date: "yyyy-mm-dd",
                pl.Int64: "0",
            },
            freeze_panes=(1, 0),
            column_widths=130,
        )
    return out.getvalue()


def parquet(frame: pl.DataFrame, columns: Sequence[str]) -> bytes:
    """Return the columns as Parquet (zstd): prices are Decimal(38, 18), text is as received."""
    out = io.BytesIO()
    frame.select(columns).write_parquet(out)
    return out.getvalue()


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(part for name, dtype in frame.schema.items() for part in _cell(name, dtype))


def _cell(name: str, dtype: pl.DataType) -> list[pl.Expr]:
    column = pl.col(name)
    if dtype == PRICE:
        exact = column.map_elements(number_text, return_dtype=pl.String)
        return [column.cast(pl.Float64), exact.alias(name + EXACT)]
    if dtype == pl.String:
        return [inert_text(column)]
    return [column]

"""Rows for people's spreadsheets and programs: exact prices as text, source columns, no formulas.

A cell of text that a spreadsheet would run (it begins with = + - @ or a control character) gets an
apostrophe in front (OWASP, CSV injection); ``inert`` says so and ``original`` takes it off again.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

OFFER_COLUMNS = (
    "offer_id",
    "network",
    "is_baseline",
    "provider_id",
    "provider_name",
    "gpu_model",
    "gpu_name",
    "form_factor",
    "gpu_memory_gib",
    "gpu_count",
    "vcpu",
    "memory_gib",
    "storage_gib",
    "gpu_count_max",
    "vcpu_max",
    "memory_gib_max",
    "storage_gib_max",
    "region",
    "country_code",
    "country_evidence",
    "city",
    "term",
    "tier",
    "usd_per_hour",
    "usd_per_gpu_hour",
    "price_basis",
    "native_price",
    "rankable",
    "available",
    "available_count",
    "price_as_of",
    "valid_from",
    "valid_until",
    "observed_at",
    "source_kind",
    "source",
    "source_url",
    "note",
)
"""What leaves Necto of an offer: everything but the raw row."""

SAVING_COLUMNS = (
    "gpu_model",
    "network",
    "offer_id",
    "provider_name",
    "term",
    "gpu_count",
    "usd_per_gpu_hour",
    "baseline",
    "baseline_instance",
    "baseline_region",
    "baseline_gpu_count",
    "baseline_usd_per_gpu_hour",
    "saving",
    "confidence",
    "differences",
    "adjustment_usd_per_gpu_hour",
    "saving_adjusted",
    "price_basis",
    "available",
    "available_count",
    "price_as_of",
    "observed_at",
    "source_kind",
    "source",
    "baseline_observed_on",
    "baseline_source_kind",
    "baseline_source",
)
"""What leaves Necto of a comparison with a hyperscaler."""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def number_text(value: Decimal) -> str:
    """Return the exact number without trailing zeros and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment_text(value: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with a Z, to the second; a naive one is UTC."""
    aware = value.replace(tzinfo=value.tzinfo or UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(value: object) -> object:
    """Return a value as JSON can carry it: money and moments as text, the rest as it is."""
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def records(frame: pl.DataFrame, columns: Sequence[str] = OFFER_COLUMNS) -> list[dict[str, object]]:
    """Return the frame's rows for JSON."""
    rows = frame.select(columns).iter_rows(named=True)
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def csv_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as CSV (RFC 4180, header, UTF-8 text), spreadsheet formulas made inert."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    return out.getvalue()


def inert(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _is_dangerous(text) else text


def inert_text(text: pl.Expr) -> pl.Expr:
    """Return a column of text made inert, also for the CSV that a grid on the screen offers."""
    return text.map_elements(inert, return_dtype=pl.String)


def original(cell: str) -> str:
    """Return what ``inert`` was given."""
    return cell[1:] if cell.startswith("'") and _is_dangerous(cell) else cell


def _is_dangerous(text: str) -> bool:
    """Whether the text is a formula, or one behind apostrophes: those must survive too."""
    return text.lstrip("'").startswith(_DANGEROUS)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return inert(value) if isinstance(value, str) else str(plain(value))

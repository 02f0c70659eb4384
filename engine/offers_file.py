"""Offers as a person brings them: a table of cells made a frame of offers, every fault at once.

The columns are those that ``necto offers --csv`` prints; ``docs/offers.md`` explains them. Where a
cell cannot be read its line and column are told; nothing is guessed and no row is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

import polars as pl

from engine.countries import COUNTRIES
from engine.export import original
from engine.market import MOMENT, OFFER_SCHEMA, PRICE, Term, naive_utc
from engine.money import PRICE_SCALE, exact, stored
from engine.offer_frames import REQUIRED, BadOffers, sound_offers
from engine.told_faults import BadFile, Fault, shown
from engine.told_shape import closest

ROWS_MAX = 20_000_000
EXPECTED = (
    "provider_id", "vcpu", "memory_gib", "storage_gib", "country_code", "term", "available",
)  # fmt: skip
"""Columns without which offers can be compared, but conditions on them are unknown."""
SHOWN_MAX = 20  # faults of one column that are told one by one

LinesOf = Callable[[Sequence[int]], list[int]]
"""Tells in which lines of the file these rows (from 0) stand."""

_CURRENCY = "currency"
_INT_MAX = 2**53
_TRUE, _FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
_WANTED = {
    PRICE: "is no amount: write 2.5",
    pl.Float64(): "is no number: write 80 or 0.5",
    pl.Int64(): "is no whole number: write 8",
    pl.Boolean(): "is neither true nor false: write one of them, or nothing where it is not known",
    pl.Date(): "is no day: write 2026-11-24",
    MOMENT: "is no moment: write 2026-11-24T09:00:00Z",
}


@dataclass(frozen=True, slots=True)
class TableRead:
    """The offers of a file, and what a person should look at all the same."""

    offers: pl.DataFrame
    warnings: tuple[Fault, ...]


def table_read(cells: pl.DataFrame, name: str, now: datetime, lines_of: LinesOf) -> TableRead:
    """Return the offers that a table holds; cells are text (empty: unknown) or of their own type.

    ``name``: the file's, for messages. Raises BadFile with everything that is wrong, by line and
    column; what is wrong with offers that could be read (the same id twice, prices that cannot be)
    is told with their ids.
    """
    missing = [column for column in REQUIRED if column not in cells.columns]
    if missing:
        raise BadFile(name, _missing(missing, cells.columns))
    if cells.height > ROWS_MAX:
        raise BadFile(name, [Fault(None, "", f"more than {ROWS_MAX} rows: split the file")])
    known = [column for column in (*OFFER_SCHEMA, _CURRENCY) if column in cells.columns]
    columns: list[pl.Series] = []
    faults: list[Fault] = []
    is_whole = pl.repeat(value=True, n=cells.height, dtype=pl.Boolean, eager=True)
    for column in known:
        values, wrong = _column(cells[column])
        columns.append(values)
        if wrong.any():
            faults += _told(cells[column], wrong, lines_of)
            is_whole &= ~wrong
    offers = pl.DataFrame(columns)
    if faults:
        raise BadFile(name, [*faults, *_other_faults(offers.filter(is_whole), now)])
    return TableRead(offers, tuple(_warnings(cells, offers, lines_of)))


def _missing(missing: Sequence[str], columns: Sequence[str]) -> Iterator[Fault]:
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        yield Fault(1, "", "cells must be separated by commas: save it as CSV with commas")
        return
    for column in missing:
        others = [one for one in columns if one not in OFFER_SCHEMA]
        hint = closest(column, others).replace("did you mean", "is it what the file calls")
        yield Fault(1, column, f"this column is missing{hint}")


def _column(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column's values, and which cells could not be read."""
    dtype = OFFER_SCHEMA.get(cells.name, pl.String())
    if cells.dtype.is_float() and dtype == PRICE:
        cells = cells.cast(pl.String)  # its shortest text, which is what was meant
    if cells.dtype == pl.String and dtype == pl.String():
        values = _texts(cells)
        return values, _unfit(values)
    if cells.dtype == pl.String:
        cells = cells.str.strip_chars()
        cells = cells.set(cells == "", None)
        values = _READERS[dtype](cells)
    else:
        values = _cast(cells, dtype)
    wrong = cells.is_not_null() & values.is_null()
    if dtype == pl.Float64():
        wrong |= (~values.is_finite()).fill_null(value=False)
    return values.alias(cells.name), wrong


def _texts(cells: pl.Series) -> pl.Series:
    """Return texts as they were before they were made harmless for spreadsheets."""
    cells = cells.set(cells == "", None)
    quoted = cells.str.starts_with("'").fill_null(value=False)
    if quoted.any():
        cells = cells.scatter(quoted.arg_true(), [original(one) for one in cells.filter(quoted)])
    return cells.str.to_uppercase() if cells.name == "country_code" else cells


def _unfit(values: pl.Series) -> pl.Series:
    if values.name == "term":
        return ~values.is_in(get_args(Term)).fill_null(value=True)
    if values.name == _CURRENCY:
        return values.ne_missing(pl.Series(["USD"]))
    return pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)


def _prices(cells: pl.Series) -> pl.Series:
    values = cells.cast(PRICE, strict=False)
    odd = cells.is_not_null() & (
        values.is_null() | cells.str.contains(rf"\.\d{{{PRICE_SCALE + 1}}}|[eE]")
    )
    if not odd.any():
        return values
    read = cells.filter(odd).map_elements(_price, return_dtype=pl.String).cast(PRICE, strict=False)
    return values.scatter(odd.arg_true(), read)


def _price(text: str) -> str | None:
    try:
        return f"{stored(exact(text)):f}"
    except ValueError:
        return None


def _numbers(cells: pl.Series) -> pl.Series:
    return cells.cast(pl.Float64, strict=False)


def _whole_numbers(cells: pl.Series) -> pl.Series:
    """Return whole numbers, also where a spreadsheet wrote 8.0."""
    numbers = _numbers(cells)
    is_whole = (numbers == numbers.floor()) & (numbers.abs() < _INT_MAX)
    return numbers.set(~is_whole.fill_null(value=False), None).cast(pl.Int64, strict=False)


def _booleans(cells: pl.Series) -> pl.Series:
    words = cells.str.to_lowercase()
    values = words.is_in([*_TRUE])
    return values.set(~words.is_in([*_TRUE, *_FALSE]).fill_null(value=False), None)


def _moments(cells: pl.Series) -> pl.Series:
    return _by_value(cells, _moment, MOMENT)


def _days(cells: pl.Series) -> pl.Series:
    return _by_value(cells, _day, pl.Date())


def _by_value(
    cells: pl.Series, read: Callable[[str], datetime | date | None], dtype: pl.DataType
) -> pl.Series:
    """Read each distinct text once: a file has few moments and many rows."""
    texts = cells.drop_nulls().unique()
    values = pl.Series([read(text) for text in texts], dtype=dtype)
    return cells.replace_strict(texts, values, default=None, return_dtype=dtype)


def _moment(text: str) -> datetime | None:
    try:
        return naive_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_READERS: dict[pl.DataType, Callable[[pl.Series], pl.Series]] = {
    PRICE: _prices,
    pl.Float64(): _numbers,
    pl.Int64(): _whole_numbers,
    pl.Boolean(): _booleans,
    pl.Date(): _days,
    MOMENT: _moments,
}


def _cast(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return cells that have a type already (Parquet) in the one that offers have."""
    if dtype == MOMENT and isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype == pl.Int64() and cells.dtype.is_float():
        return _whole_numbers(cells)
    try:
        return cells.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:  # no cell of this type can be one of that
        return pl.Series(cells.name, [None] * len(cells), dtype=dtype)


def _told(cells: pl.Series, wrong: pl.Series, lines_of: LinesOf) -> Iterator[Fault]:
    """Yield a fault per cell, as far as a person reads them."""
    rows = wrong.arg_true()
    first = rows.head(SHOWN_MAX).to_list()
    for row, line in zip(first, lines_of(first), strict=True):
        yield Fault(line, cells.name, _message(cells.name, cells[row]))
    if len(rows) > SHOWN_MAX:
        yield Fault(None, cells.name, f"{len(rows) - SHOWN_MAX} more cells have such faults")


def _message(column: str, value: object) -> str:
    if column == "term":
        return f"{shown(value)} is no term: write one of {', '.join(get_args(Term))}"
    if column == _CURRENCY:
        said = "is not said" if value is None else f"is {shown(value)}"
        return f"the currency {said}: prices must be in USD, convert them first"
    dtype = OFFER_SCHEMA[column]
    return f"{shown(value)} {_WANTED.get(dtype, f'is no {dtype}')}"


def _other_faults(offers: pl.DataFrame, now: datetime) -> Iterator[Fault]:
    """Yield what is wrong with the offers whose cells could all be read."""
    try:
        sound_offers(offers, now)
    except BadOffers as bad:
        yield from (Fault(None, "", sentence) for sentence in bad.faults)


def _warnings(cells: pl.DataFrame, offers: pl.DataFrame, lines_of: LinesOf) -> Iterator[Fault]:
    for column in cells.columns:
        if column not in OFFER_SCHEMA and column != _CURRENCY:
            hint = closest(column, [one for one in OFFER_SCHEMA if one not in cells.columns])
            yield Fault(1, column, f"this column is not known and not read{hint}", is_warning=True)
    for column in EXPECTED:
        if column not in cells.columns:
            said = "is missing: on demand" if column == "term" else "is missing: unknown"
            yield Fault(1, column, f"this column {said} for every offer", is_warning=True)
    if "country_code" in offers.columns:
        codes = offers["country_code"]
        odd = codes.is_not_null() & ~codes.is_in([*COUNTRIES]).fill_null(value=True)
        rows = odd.arg_true().head(SHOWN_MAX).to_list()
        for row, line in zip(rows, lines_of(rows), strict=True):
            said = f"{shown(codes[row])} is no country code (ISO 3166): it is in no group"
            yield Fault(line, "country_code", said, is_warning=True)

"""From the cells of a file to the rows of a rate card: which column is which, what is a blank.

Pure: files are read in ``data.card_files``.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from engine.export import original
from engine.rate_cards import (
    FAULT_SCHEMA,
    NAMES,
    NUMBERS,
    PRICES,
    REQUIRED,
    ROWS_MAX,
    TEXTS,
    CardRefused,
    faults_frame,
    sorted_faults,
)

_ROUNDING = 1e-9
"""How far a number and its text in a workbook may be apart."""
_Fault = tuple[int | None, str | None, str | None, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The cells of a file. ``cells`` has ``line`` and a text column per heading: "0", "1"."""

    headings: Sequence[str | None]
    header_line: int
    cells: pl.DataFrame
    faults: Sequence[_Fault] = ()


def refused(fault: str, remedy: str, line: int | None = None) -> CardRefused:
    """Return the refusal of a file as a whole."""
    return CardRefused(faults_frame([(line, None, None, fault, remedy)]))


def heading(text: str | None) -> str:
    """Return a heading as a column's name: ``USD per GPU-hour`` is usd_per_gpu_hour."""
    return re.sub(r"[^a-z0-9]+", "_", (text or "").strip().lower()).strip("_")


def card_rows(table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (rows, faults): ``line`` and every column of a card as text, null where blank.

    Raises CardRefused when there is nothing to check: no rows, too many, or no column to find the
    machine or its price in. Columns that are unknown or there twice are faults beside the rows'.
    """
    if table.cells.height == 0:
        raise refused("the file has no rows below its header", "add a row for each machine")
    if table.cells.height > ROWS_MAX:
        rows = f"the file has more than {ROWS_MAX:,} rows"
        raise refused(rows, "split it into cards with different names")
    names = [heading(text) for text in table.headings]
    faults = [*table.faults, *_heading_faults(table, names)]
    absent = _absent(names)
    if absent:
        line = table.header_line
        raise CardRefused(sorted_faults([faults_frame([*faults, *_missing(absent, names, line)])]))
    places = {name: names.index(name) for name in NAMES if name in names}
    return _cleaned(table.cells, places), faults_frame(faults)


def with_exact_numbers(
    cells: pl.DataFrame, numbers: pl.DataFrame, names: Sequence[str]
) -> tuple[pl.DataFrame, list[_Fault]]:
    """Return (cells, faults): number cells of a workbook as the shortest text of the same number.

    ``cells`` has ``line`` and the columns "0", "1" …, named ``names``, as text that is rounded to
    nine decimals; ``numbers`` has the same rows and columns as numbers, null where a cell is none.
    Text cells stay as they are. Two readings that differ by more than such a rounding are a fault.
    """
    faults: list[_Fault] = []
    for place, name in enumerate(names):
        if name not in NUMBERS:
            continue
        texts, exact = cells[str(place)], numbers[str(place)]
        rounded = texts.cast(pl.Float64, strict=False)
        faults += [
            (line, name, text, f"the cell also reads as {number}", "type the number again as text")
            for line, text, number in cells.select("line", str(place), exact.alias("number"))
            .filter(_doubted(texts, rounded, exact))
            .rows()
        ]
        changed = (rounded != exact).fill_null(value=False)
        whole = exact.filter(changed).map_elements(_shortest, return_dtype=pl.String)
        cells = cells.with_columns(texts.scatter(changed.arg_true(), whole))
    return cells, faults


def _doubted(texts: pl.Series, rounded: pl.Series, exact: pl.Series) -> pl.Series:
    """Where two readings cannot be of the same cell; their rounding is to nine decimals."""
    apart = (rounded != exact) & ((rounded - exact).abs() > _ROUNDING * (1 + exact.abs()))
    only_text = rounded.is_not_null() & exact.is_null()
    only_number = (texts.fill_null("").str.strip_chars() == "") & exact.is_not_null()
    return apart.fill_null(value=False) | only_text | only_number


def _shortest(number: float) -> str:
    return f"{Decimal(repr(number)):f}"


def _absent(names: Sequence[str]) -> list[str]:
    absent = [name for name in REQUIRED if name not in names]
    return absent if set(PRICES) & set(names) else [*absent, PRICES[0]]


def _missing(absent: Sequence[str], names: Sequence[str], line: int) -> list[_Fault]:
    """Missing columns; each with the heading that may be meant."""
    strange = [name for name in names if name and name not in NAMES]
    faults: list[_Fault] = []
    for name in absent:
        close = difflib.get_close_matches(name, strange, n=1, cutoff=0.6)
        remedy = f"rename the column {close[0]}" if close else f"add a column headed {name}"
        what = "no column gives the price" if name in PRICES else "the column is missing"
        faults.append((line, name, None, what, remedy))
    return faults


def _heading_faults(table: Table, names: Sequence[str]) -> list[_Fault]:
    faults: list[_Fault] = []
    line = table.header_line
    for place, name in enumerate(names):
        text = table.headings[place]
        if not name and table.cells[str(place)].str.strip_chars().replace("", None).count():
            what = f"column {place + 1} has cells but no heading"
            faults.append((line, None, text, what, "write its heading, or clear it"))
        elif name and name not in NAMES:
            close = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.6)
            remedy = f"write {close[0]}, or " if close else ""
            what = "is no column of a rate card"
            faults.append((line, None, text, what, f"{remedy}delete the column"))
    counts = Counter(name for name in names if name in NAMES)
    return faults + [
        (line, name, None, f"the column is there {times} times", "keep one of them")
        for name, times in counts.items()
        if times > 1
    ]


def _cleaned(cells: pl.DataFrame, places: Mapping[str, int]) -> pl.DataFrame:
    """Blanks at the ends are taken off; text that was made inert for a spreadsheet is restored."""

    def cell(name: str) -> pl.Expr:
        if name not in places:
            return pl.lit(None, pl.String).alias(name)
        text = pl.col(str(places[name])).str.replace_all(r"\r\n?", "\n").str.strip_chars()
        return text.replace("", None).alias(name)

    rows = cells.select(pl.col("line").cast(FAULT_SCHEMA["line"]), *(cell(name) for name in NAMES))
    return rows.with_columns(
        pl.when(pl.col(name).str.starts_with("'"))
        .then(pl.col(name).map_elements(original, return_dtype=pl.String))
        .otherwise(pl.col(name))
        .alias(name)
        for name in TEXTS
        if rows[name].str.starts_with("'").any()
    )

"""Offers in a file that a person brings, CSV or Parquet, read once with the digest of its bytes."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import polars as pl

from engine.offers_file import LinesOf, TableRead, table_read
from engine.told_faults import FAULTS_MAX, BadFile, Fault

BYTES_MAX = 8 * 1024**3
PARQUET = ".parquet"
CSV = ".csv"
_BOM = b"\xef\xbb\xbf"
_PARQUET_BEGINS = b"PAR1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersFile:
    """A file as it was read: its content, the digest of that, and the offers in it."""

    name: str
    suffix: str
    content: bytes
    digest: str
    offers: pl.DataFrame
    warnings: tuple[Fault, ...]


def read_offers(path: Path, now: datetime) -> OffersFile:
    """Return the offers of a file, told apart by its content: Parquet, else CSV (RFC 4180, UTF-8).

    Raises BadFile with everything that is wrong with it, OSError when it cannot be read.
    """
    if path.stat().st_size > BYTES_MAX:
        raise BadFile(path.name, [Fault(None, "", f"more than {BYTES_MAX} bytes: split the file")])
    content = path.read_bytes()
    is_parquet = content.startswith(_PARQUET_BEGINS)
    read = _of_parquet if is_parquet else _of_csv
    found = read(content, path.name, now)
    return OffersFile(
        name=path.name,
        suffix=PARQUET if is_parquet else CSV,
        content=content,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        offers=found.offers,
        warnings=found.warnings,
    )


def _of_parquet(content: bytes, name: str, now: datetime) -> TableRead:
    try:
        cells = pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PolarsError as error:
        said = f"this Parquet file cannot be read: {str(error).splitlines()[0]}"
        raise BadFile(name, [Fault(None, "", said)]) from None
    return table_read(cells, name, now, lambda rows: [row + 1 for row in rows])


def _of_csv(content: bytes, name: str, now: datetime) -> TableRead:
    content = content.removeprefix(_BOM)
    _refuse_other_text(content, name)
    header = _header(content, name)
    try:
        cells = pl.read_csv(content, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        faults = [*_ragged(content, len(header))]
        said = f"this is no CSV: {str(error).splitlines()[0]}"
        raise BadFile(name, faults or [Fault(None, "", said)]) from None
    if _may_be_short(content, cells) and (faults := [*_ragged(content, len(header))]):
        raise BadFile(name, faults)
    return table_read(_without_blank(cells), name, now, _lines_in(content))


def _refuse_other_text(content: bytes, name: str) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile(name, [Fault(line, "", "this is not UTF-8 text: save it as UTF-8")]) from None


def _header(content: bytes, name: str) -> list[str]:
    header = next(_rows(content), (1, []))[1]
    if not header:
        raise BadFile(name, [Fault(None, "", "the file is empty: its first line names columns")])
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise BadFile(name, [Fault(1, column, "two columns have this name") for column in twice])
    return header


def _may_be_short(content: bytes, cells: pl.DataFrame) -> bool:
    """Whether a row may have fewer cells than there are columns: those would be read as unknown."""
    if not cells.width or not cells[:, -1].null_count():
        return False
    commas = content.count(b",")
    return b'"' in content or commas != (cells.width - 1) * (cells.height + 1)


def _without_blank(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that say anything: a blank line, or one of commas, is no offer."""
    is_blank = pl.all().fill_null("") == ""
    if not (cells[:, :1].select(is_blank.any()).item()):
        return cells
    return cells.filter(~pl.all_horizontal(is_blank))


def _ragged(content: bytes, columns: int) -> Iterator[Fault]:
    """Yield the rows with more or fewer cells than columns."""
    wrong = (
        Fault(line, "", f"{len(row)} cells, but the first line names {columns} columns")
        for line, row in _rows(content)
        if row and len(row) != columns
    )
    yield from islice(wrong, FAULTS_MAX)


def _lines_in(content: bytes) -> LinesOf:
    """Return how to tell the lines of rows: cells may hold line breaks, so rows are counted."""

    def lines_of(rows: Sequence[int]) -> list[int]:
        if not rows:
            return []
        wanted = set(rows)
        numbered = enumerate(line for line, row in islice(_rows(content), 1, None) if any(row))
        found = {at: line for at, line in islice(numbered, max(rows) + 1) if at in wanted}
        return [found.get(row, row + 2) for row in rows]  # as far as the cells can be told apart

    return lines_of


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with the line on which it begins."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    reader, line = csv.reader(text), 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error:
        return  # what is no CSV at all is told by who reads it

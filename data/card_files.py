"""Rate cards as files: CSV and Excel read exactly, templates and exports written.

CSV with quotation marks is read with the standard library, because only it tells the line of a row
when cells hold line breaks. A workbook is read with calamine (``fastexcel``): it turns numbers into
text with nine decimals only, so number cells are read a second time as numbers and written as the
shortest text that is the same number, which is what was typed (up to the 15 digits that Excel
keeps).
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import fastexcel
import polars as pl
import xlsxwriter

from engine.card_checks import checked
from engine.card_offers import rows_of
from engine.card_tables import Table, card_rows, heading, refused, with_exact_numbers
from engine.rate_cards import (
    COLUMNS,
    DATES,
    NAMES,
    ROWS_MAX,
    Card,
    card_name,
    examples,
    faults_frame,
    sorted_faults,
)
from engine.resources import Catalogue

BYTES_MAX = 20_000_000
_UNPACKED_BYTES_MAX = 400_000_000  # a workbook is a zip file; a small one can hide a large one
_SEPARATORS = (",", ";", "\t")
_SHEET = "Rate card"
_WRONG = {
    b"\xd0\xcf\x11\xe0": ("an old or a locked workbook", "save it as .xlsx without a password"),
    b"%PDF": ("a PDF", "type the prices into the template"),
    b"\x1f\x8b": ("compressed", "unpack it first"),
    b"PAR1": ("Parquet", "save it as CSV UTF-8"),
}
_NOT_PLAIN = ('"', "\x1c", "\x1d", "\x1e", "\x1f")  # quotes, and blanks that only Python knows
_Fault = tuple[int | None, str | None, str | None, str, str]


def read_card(
    filename: str,
    content: bytes,
    catalogue: Catalogue,
    now: datetime,
    *,
    name: str | None = None,
    sellers: Sequence[str] = (),
) -> Card:
    """Return the card that a file is, every row checked.

    ``name``: what to call it, else the file's own. ``sellers``: the networks that are known; any
    other name gets a warning. ``now`` tells whether the card holds any price for today, UTC, or
    later.
    Raises CardRefused with every fault of the file; nothing is kept of a refused one.
    """
    try:
        called = card_name(name or filename)
    except ValueError as error:
        raise refused(str(error), "give the card a name") from None
    rows, faults = card_rows(_table(content))
    typed, warnings = checked(rows, catalogue, sellers, faults)
    last = typed.select(pl.col("valid_until").max()).item()
    if last < now.astimezone(UTC).date():
        over = f"the last price of this card ended on {last}"
        warnings = sorted_faults(
            [
                faults_frame([(None, "valid_until", str(last), over, "import the newer card too")]),
                warnings,
            ]
        )
    return Card(name=called, filename=filename, content=content, rows=typed, warnings=warnings)


def template_csv() -> str:
    """Return the empty form of a card: its header and two examples to replace."""
    return _csv(examples())


def template_xlsx() -> bytes:
    """Return the form as a workbook; its second sheet explains every column."""
    return _xlsx(examples())


def card_csv(offers: pl.DataFrame) -> str:
    """Return a kept card as a file that can be imported again."""
    return _csv(rows_of(offers))


def card_xlsx(offers: pl.DataFrame) -> bytes:
    """Return a kept card as a workbook that can be imported again."""
    return _xlsx(rows_of(offers))


def _csv(rows: pl.DataFrame) -> str:
    return rows.with_columns(pl.all().replace("", None)).write_csv(line_terminator="\r\n")


def _xlsx(rows: pl.DataFrame) -> bytes:
    """All cells are text: a spreadsheet keeps every digit of a price, and nothing is a formula."""
    out = io.BytesIO()
    told = pl.DataFrame(
        {
            "column": [column.name for column in COLUMNS],
            "needed": ["yes" if column.required else "no" for column in COLUMNS],
            "what to write": [column.help for column in COLUMNS],
            "example": [column.examples[0] or column.examples[1] for column in COLUMNS],
        }
    )
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        rows.write_excel(book, _SHEET, autofit=rows.height < ROWS_MAX // 100)
        told.write_excel(book, "Columns", autofit=True)
    return out.getvalue()


def _table(content: bytes) -> Table:
    if len(content) > BYTES_MAX:
        size = f"the file has {len(content):,} bytes, more than {BYTES_MAX:,}"
        raise refused(size, "split it into cards with different names")
    if not content.strip():
        raise refused("the file is empty", "start from the template")
    for head, (what, remedy) in _WRONG.items():
        if content.startswith(head):
            raise refused(f"the file is {what}", remedy)
    return _from_workbook(content) if content.startswith(b"PK\x03\x04") else _from_csv(content)


def _from_csv(content: bytes) -> Table:
    text = _decoded(content)
    separator = _separator(text)
    return _from_plain_lines(text, separator) or _from_records(text, separator)


def _from_plain_lines(text: str, separator: str) -> Table | None:
    """The table of a file in which a line is a row and a cell is what stands between separators.

    Gives what ``_from_records`` gives, in a fifth of the time; None where that is not certain.
    """
    if any(sign in text for sign in _NOT_PLAIN) or text.count("\r") != text.count("\r\n"):
        return None
    if text.count("\n") > 2 * ROWS_MAX:
        return None
    rows = pl.DataFrame({"row": text.replace("\r\n", "\n").split("\n")})
    rows = rows.with_row_index("line", offset=1).filter(
        pl.col("row").str.replace_all(separator, "", literal=True).str.strip_chars() != ""
    )
    separators = rows["row"].str.count_matches(separator, literal=True)
    width = separators[0] + 1 if rows.height else 0
    if not 0 < width <= 2 * len(COLUMNS) or not (separators < width).all():
        return None
    if not (rows["row"].str.len_chars() < csv.field_size_limit()).all():
        return None
    cells = rows["row"].str.split_exact(separator, width - 1).struct.unnest().fill_null("")
    cells.columns = [str(n) for n in range(width)]
    cells.insert_column(0, rows["line"].cast(pl.Int64))
    return Table(headings=cells.row(0)[1:], header_line=rows["line"][0], cells=cells.slice(1))


def _from_records(text: str, separator: str) -> Table:
    records: list[list[str]] = []
    lines: list[int] = []
    try:
        for line, cells in _records(text, separator):
            records.append(cells)
            lines.append(line)
            if len(records) > ROWS_MAX + 1:
                break
    except csv.Error as error:
        last = lines[-1] + 1 if lines else 1
        raise refused(
            f"the row cannot be read ({error})",
            "close every quotation mark that opens a cell",
            last,
        ) from None
    if not records:
        raise refused("the file is empty", "start from the template")
    headings, *rows = records
    width = len(headings)
    faults: list[_Fault] = [
        (lines[n + 1], None, separator.join(row[width:])[:80], _too_many(row, width), _QUOTE)
        for n, row in enumerate(rows)
        if len(row) > width and any(cell.strip() for cell in row[width:])
    ]
    padded = [row[:width] if len(row) >= width else row + [""] * (width - len(row)) for row in rows]
    columns = list(zip(*padded, strict=True)) or [()] * width
    frame = pl.DataFrame(
        [
            pl.Series("line", lines[1:], dtype=pl.Int64),
            *(pl.Series(str(n), texts, dtype=pl.String) for n, texts in enumerate(columns)),
        ]
    )
    return Table(headings=headings, header_line=lines[0], cells=frame, faults=faults)


_QUOTE = "put a cell that holds the separator between quotation marks"


def _too_many(row: Sequence[str], width: int) -> str:
    return f"the row has {len(row)} cells, the header {width}"


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise refused("the file is no CSV in UTF-8", "save it as CSV UTF-8 or as .xlsx")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refused(
            "a character is not in UTF-8", "save the file as CSV UTF-8 or as .xlsx", line
        ) from None


def _separator(text: str) -> str:
    """The separator that makes the most headings of the first line that is not blank."""

    def known(separator: str) -> int:
        try:
            _, cells = next(_records(text, separator))
        except (csv.Error, StopIteration):
            return 0
        return sum(heading(cell) in NAMES for cell in cells)

    return max(_SEPARATORS, key=known)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line of the file that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    for cells in reader:
        if any(cell and not cell.isspace() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _from_workbook(content: bytes) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > _UNPACKED_BYTES_MAX:
            raise refused(
                "the workbook is too large when unpacked", "keep only the rate card in it"
            )
        book = fastexcel.read_excel(content)
        frame, errors = _loaded(book, "string")
        numbers, _ = _loaded(book, "float")
    except (zipfile.BadZipFile, fastexcel.FastExcelError) as error:
        first = re.sub(r"\s+", " ", str(error))[:80]
        raise refused(
            f"the file is no workbook that can be read ({first})", "save it as .xlsx or CSV UTF-8"
        ) from None
    if numbers.shape != frame.shape:
        raise refused("the sheet reads differently as numbers", "save it as CSV UTF-8")
    filled = frame.with_row_index("line", offset=1).filter(
        pl.any_horizontal(pl.col(frame.columns).str.strip_chars() != "")
    )
    if filled.height == 0:
        raise refused("the first sheet is empty", "start from the template")
    header_line, *headings = filled.row(0)
    names = [heading(text) for text in headings]
    same_rows = numbers[(filled["line"] - 1).to_list()]
    exact, faults = with_exact_numbers(filled, same_rows, names)
    faults += [
        (row + 1, names[place] or None, None, "the cell holds an error", "write the value")
        for row, place in errors
    ]
    dates = [str(n) for n, name in enumerate(names) if name in DATES]
    cells = exact.slice(1).with_columns(pl.col(dates).str.replace(r"[ T]00:00:00(\.0+)?$", ""))
    return Table(headings=headings, header_line=header_line, cells=cells, faults=faults)


def _loaded(
    book: fastexcel.ExcelReader, dtype: Literal["string", "float"]
) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """The cells of the card's sheet, columns "0", "1" …, and where one could not be read.

    Blank columns left of the table are not there, and ``use_columns`` would count them: columns are
    picked by their place in the frame instead.
    """
    sheet: str | int = _SHEET if _SHEET in book.sheet_names else 0
    batch, errors = book.load_sheet(
        sheet, header_row=None, skip_rows=0, dtypes=dtype
    ).to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(batch))
    frame.columns = [str(n) for n in range(frame.width)]
    return frame, [error.position for error in (errors.errors if errors else ())]

"""Rate cards as files: read exactly, with true line numbers; what is written can be read again."""

import io
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from data import card_files
from data.card_files import card_csv, card_xlsx, read_card, template_csv, template_xlsx
from data.shipped import catalogue
from engine.card_offers import card_offers
from engine.rate_cards import COLUMNS, EXAMPLE_NOTE, NAMES, NUMBERS, CardRefused
from tests.cards import NOW, card, faults, row, written


def offers(content: bytes, filename: str = "rates.csv") -> pl.DataFrame:
    rows = read_card(filename, content, catalogue(), NOW).rows
    return card_offers(rows, name="rates", version=1, imported_at=NOW).drop("raw")


def workbook(
    *rows, first_line: int = 0, left: int = 0, sheet: str | None = None, names=NAMES
) -> bytes:
    """A workbook whose first row holds the headings; numbers and dates are real cells."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(first_line, left, names)
        for n, cells in enumerate(rows, first_line + 1):
            for name, value in cells.items():
                place = left + names.index(name)
                page.write(n, place, value, day if isinstance(value, date) else None)
    return out.getvalue()


@settings(derandomize=True, deadline=None, max_examples=400)
@given(
    st.text("ab,,,;\t \n\n\r\"'\x1c\x85\u00a0\u2028\ufeff", max_size=30), st.sampled_from(",;\t")
)
def test_plain_lines_are_read_as_the_standard_library_reads_them(text, separator):
    content = f"h{separator}i\n{text}"
    plain = card_files._from_plain_lines(content, separator)
    if plain is None:
        return

    slow = card_files._from_records(content, separator)
    assert plain.cells.equals(slow.cells)
    assert (list(plain.headings), plain.header_line) == (slow.headings, slow.header_line)
    assert (plain.faults, slow.faults) == ((), [])


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("a,b\r\n\r\nc\r\n", True),
        ('a,b\n"c",d', False),
        ("a,b\rc,d", False),
        ("a,b\nc,d,e", False),
        ("a,b\n" + "c" * 131_072, False),
        ("\n , \n", False),
    ],
)
def test_what_is_not_plain_is_left_to_the_standard_library(text, is_plain):
    assert (card_files._from_plain_lines(text, ",") is not None) == is_plain


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_separator_a_spreadsheet_writes_is_read(separator, encoding):
    text = written(row(note="Köln"), separator=separator).decode()

    assert offers(text.encode(encoding))["note"].to_list() == ["Köln"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_the_file_has_them(end):
    rows = [row(note="one\ntwo\nthree"), row(provider="x", currency="EUR")]
    text = "\n" + written(*rows).decode().replace("\nthree", "\nthree\n") + "\n\n"

    found = faults(text.replace("\n", end).encode())

    assert found == [(7, "currency", "is not USD")]


def test_headings_are_read_in_any_spelling_and_order():
    names = tuple(reversed(NAMES))
    text = written(row(), names=names).decode().replace("usd_per_gpu_hour", "USD per GPU-hour")

    assert offers(text.encode()).equals(offers(written(row())))


def test_columns_that_are_missing_or_unknown_or_twice_are_named_with_the_closest():
    header = "seller,gpu,gpu_cuont,term,term,usd_per_hour,currency,valid_from,contract_reference"

    with pytest.raises(CardRefused) as refusal:
        read_card("a.csv", f"{header}\naethir\n".encode(), catalogue(), NOW)

    assert refusal.value.faults.drop("value").rows() == [
        (1, None, "is no column of a rate card", "write gpu_count, or delete the column"),
        (1, "gpu_count", "the column is missing", "rename the column gpu_cuont"),
        (1, "term", "the column is there 2 times", "keep one of them"),
        (1, "valid_until", "the column is missing", "add a column headed valid_until"),
    ]


def test_a_card_without_any_price_column_is_refused():
    names = tuple(name for name in NAMES if not name.startswith("usd_"))
    cells = {name: text for name, text in row().items() if name in names}

    assert faults(written(cells, names=names)) == [
        (1, "usd_per_gpu_hour", "no column gives the price")
    ]


def test_cells_beyond_the_header_are_refused_unless_blank():
    text = written(row()).decode().strip()

    assert faults(f"{text},,\n".encode()) == []
    assert faults(f"{text},15\n".encode()) == [(2, None, "the row has 19 cells, the header 18")]
    header, cells = text.split("\n")
    assert faults(f"{header},\n{cells},x\n".encode()) == [
        (1, None, "column 19 has cells but no heading")
    ]


@pytest.mark.parametrize(
    ("content", "line", "fault"),
    [
        (b"", None, "the file is empty"),
        (b" \n\n", None, "the file is empty"),
        (b"\xef\xbb\xbf,,\n", None, "the file is empty"),
        (written(), None, "the file has no rows below its header"),
        (b"%PDF-1.7 ...", None, "the file is a PDF"),
        (b"\xd0\xcf\x11\xe0 old", None, "the file is an old or a locked workbook"),
        (written(row()).decode().encode("utf-16"), None, "the file is no CSV in UTF-8"),
        (written(row(), row(note="Köln")).decode().encode("latin-1"), 3, "a character is not"),
        (written(row()) + b'"open', 3, "the row cannot be read"),
        (b"PK\x03\x04 broken", None, "the file is no workbook that can be read"),
        (b"x" * 20_000_001, None, "the file has 20,000,001 bytes, more than 20,000,000"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_is_no_card_gets_a_sentence(content, line, fault):
    (found,) = faults(content)

    assert (found[0], found[1]) == (line, None)
    assert found[2].startswith(fault)


def test_a_card_has_a_largest_number_of_rows():
    content = b"seller\n" + b"a\n" * 200_001

    assert faults(content) == [(None, None, "the file has more than 200,000 rows")]


def test_a_workbook_that_unpacks_too_large_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(card_files, "_UNPACKED_BYTES_MAX", 1000)

    assert faults(workbook(row())) == [(None, None, "the workbook is too large when unpacked")]


def test_number_and_date_cells_of_a_workbook_are_what_was_typed():
    cells = row() | {"gpu_count": 8, "memory_gib": 1966.08, "valid_from": date(2026, 1, 1)}
    rows = [cells | {"provider": str(n), "usd_per_gpu_hour": 2.15} for n in range(200)]
    rows[170]["usd_per_gpu_hour"] = 1.12345678901234
    rows[171]["usd_per_gpu_hour"] = 1e-12
    rows[172]["usd_per_gpu_hour"] = "1.123456789012345678"

    found = offers(workbook(*rows))

    prices = dict(found.select("provider_name", pl.col("usd_per_gpu_hour").cast(str)).iter_rows())
    assert prices["170"].rstrip("0") == "1.12345678901234"
    assert prices["171"].rstrip("0") == "0.000000000001"
    assert prices["172"] == "1.123456789012345678"
    assert prices["173"].rstrip("0") == "2.15"
    assert found.select("valid_from", "memory_gib").unique().rows() == [(date(2026, 1, 1), 1966.08)]


NUMBERS_FIRST = tuple(sorted(NAMES, key=lambda name: name not in NUMBERS))


@pytest.mark.parametrize("names", [NAMES, NUMBERS_FIRST], ids=["template", "numbers side by side"])
@pytest.mark.parametrize("left", [0, 1, 2])
@pytest.mark.parametrize("first_line", [0, 3])
def test_a_price_is_the_typed_one_wherever_the_table_stands(names, left, first_line):
    numbers = {"vcpu": 96, "memory_gib": 1024, "storage_gib": 512, "gpu_count": 8}
    prices = [1.12345678901234, 2.15, 3.0000000001]
    rows = [row(provider=str(n)) | numbers | {"usd_per_gpu_hour": p} for n, p in enumerate(prices)]

    found = offers(workbook(*rows[:2], {}, rows[2], first_line=first_line, left=left, names=names))

    kept = found.sort("provider_name").select("usd_per_gpu_hour", "vcpu", "memory_gib")
    assert kept.rows() == [(Decimal(str(price)), 96.0, 1024.0) for price in prices]


def test_a_numeric_column_left_of_the_table_is_never_taken_for_a_price():
    rows = [row(usd_per_gpu_hour=price) for price in (2.15, -1.12345678901234)]
    lettered = [cells | {"no": n} for n, cells in enumerate(rows, 1)]
    for left in (0, 1):
        content = workbook(*lettered, left=left, names=("no", *NAMES))
        with pytest.raises(CardRefused) as refusal:
            read_card("a.xlsx", content, catalogue(), NOW)
        assert refusal.value.faults.select("line", "column", "value", "fault").rows()[:2] == [
            (1, None, "no", "is no column of a rate card"),
            (3, "usd_per_gpu_hour", "-1.12345678901234", "is negative"),
        ]


def test_a_negative_price_in_a_workbook_is_refused_also_beside_blank_columns():
    content = workbook(row() | {"usd_per_gpu_hour": -2.5, "vcpu": 192}, left=1)

    assert faults(content) == [(2, "usd_per_gpu_hour", "is negative")]


def test_a_workbook_s_lines_are_those_of_its_sheet_and_errors_are_named():
    rows = [row(), {}, row(provider="x", currency="EUR"), row(provider="y") | {"vcpu": "=1/0"}]
    out = io.BytesIO(workbook(*rows, first_line=2))
    assert faults(out.getvalue()) == [
        (6, "currency", "is not USD"),
        (7, "vcpu", "is no number that can be kept"),
    ]


def test_a_cell_that_holds_an_error_is_no_blank():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(2, 1, NAMES)
        page.write_row(3, 1, [row().get(name, "") for name in NAMES])
        page.write_formula(3, 1 + NAMES.index("vcpu"), "=1/0", None, "#DIV/0!")

    assert faults(out.getvalue()) == [(4, "vcpu", "the cell holds an error")]


def test_the_sheet_called_rate_card_is_read_else_the_first():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet("Cover")
    assert faults(out.getvalue()) == [(None, None, "the first sheet is empty")]
    assert faults(workbook(row(), sheet="Prices")) == []


@pytest.mark.parametrize(
    ("filename", "content"), [("t.csv", template_csv().encode()), ("t.xlsx", template_xlsx())]
)
def test_the_template_s_made_up_prices_are_never_imported(filename, content):
    assert faults(content, filename) == [
        (line, "note", "is the template's example") for line in (2, 3)
    ]


def test_the_template_with_its_notes_replaced_is_a_card():
    content = template_csv().replace(EXAMPLE_NOTE, "agreed in May").encode()

    assert set(offers(content, "t.csv")["network"]) == {"aethir", "aws"}


def test_the_template_s_second_sheet_explains_every_column():
    sheet = pl.read_excel(io.BytesIO(template_xlsx()), sheet_name="Columns")

    assert sheet["column"].to_list() == list(NAMES)
    assert sheet["what to write"].to_list() == [column.help for column in COLUMNS]


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1
).map(lambda text: text[:40])
typed = st.fixed_dictionaries(
    {
        "provider": words,
        "note": words.map(lambda text: f"={text}") | words,
        "contract_reference": words.filter(lambda text: bool(text.strip())),
        "gpu_count": st.integers(1, 64).map(str),
        "vcpu": st.sampled_from(["", "0.5", "192"]),
        "usd_per_gpu_hour": st.decimals("0.0001", "999", places=9).map(lambda d: f"{d:f}"),
    }
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(typed, min_size=1, max_size=3))
def test_export_then_import_is_the_identity(changes):
    rows = [row(**cells, region=str(n)) for n, cells in enumerate(changes)]
    before = offers(written(*rows))

    assert offers(card_csv(before).encode()).equals(before)
    assert offers(card_xlsx(before)).equals(before)


def test_a_formula_leaves_as_text_that_no_spreadsheet_runs():
    formula = '=HYPERLINK("http://example.org")'
    sound = card(row(note=formula, provider="+1"))
    kept = card_offers(sound.rows, name="rates", version=1, imported_at=NOW)

    assert kept.select("note", "provider_name").row(0) == (formula, "+1")
    assert "\"'=HYPERLINK" in card_csv(kept)
    sheet = pl.read_excel(io.BytesIO(card_xlsx(kept)), sheet_name="Rate card")
    assert sheet.select("note", "provider").row(0) == (f"'{formula}", "'+1")


def test_a_blank_cell_leaves_without_quotation_marks_as_a_spreadsheet_writes_it():
    assert '"' not in template_csv()
    assert '"' not in card_csv(offers(written(row())))

"""A file of offers as people save it: CSV from anywhere, Parquet, and what is neither."""

import io
from decimal import Decimal

import pytest

from data.offers_file import read_offers
from engine.export import OFFER_COLUMNS, csv_text, records
from engine.market import OFFER_SCHEMA, offers_frame
from engine.told_faults import BadFile
from tests.support import OBSERVED, offer

HEAD = "offer_id,network,gpu_model,gpu_count,usd_per_hour,term,note\n"
ROW = "one,akash,H100,8,18.5,spot,fine\n"


@pytest.fixture
def file(tmp_path):
    def written(content: str | bytes, name: str = "offers.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def faults(path) -> list[str]:
    with pytest.raises(BadFile) as error:
        read_offers(path, OBSERVED)
    return [str(fault) for fault in error.value.faults]


def test_what_necto_prints_is_read_back_as_it_was(file):
    odd = offer(provider_name='=1+1, "quoted"\nand on', note="'tis", usd_per_hour=Decimal("1e-18"))
    more = offer(offer_id="two", available=None, valid_from=OBSERVED.date(), price_as_of=OBSERVED)
    offers = offers_frame([odd, more])
    found = read_offers(file(csv_text(records(offers), OFFER_COLUMNS)), OBSERVED)

    assert found.warnings == ()
    assert found.offers.select(OFFER_COLUMNS).equals(offers.select(OFFER_COLUMNS))


def test_parquet_is_told_by_its_content_and_read_with_its_types(file):
    offers = offers_frame([offer(), offer(offer_id="two", country_code=None)])
    buffer = io.BytesIO()
    offers.write_parquet(buffer)
    found = read_offers(file(buffer.getvalue(), "offers.data"), OBSERVED)

    assert (found.suffix, found.warnings) == (".parquet", ())
    assert found.offers.select(list(OFFER_SCHEMA)).equals(offers)


def test_the_digest_is_of_the_very_bytes(file):
    path = file(HEAD + ROW)
    first = read_offers(path, OBSERVED)
    path.write_text(HEAD + ROW.replace("fine", "good"))

    assert first.digest != read_offers(path, OBSERVED).digest
    assert first.content == (HEAD + ROW).encode()


def test_a_byte_order_mark_and_other_line_ends_are_no_fault(file):
    found = read_offers(file(("\ufeff" + HEAD + ROW).replace("\n", "\r\n")), OBSERVED)

    assert found.offers["note"].to_list() == ["fine"]


def test_rows_with_too_many_or_too_few_cells_are_told_by_line(file):
    assert faults(file(HEAD + ROW + ROW.replace("fine", "fine,more"))) == [
        "line 3: 8 cells, but the first line names 7 columns"
    ]
    assert faults(file(HEAD + ROW + "two,akash,H100,8,18.5\n")) == [
        "line 3: 5 cells, but the first line names 7 columns"
    ]
    assert faults(file(HEAD + '"two\n",akash,H100,8,1,spot,\n' + "3,akash,H100,8,18.5\n")) == [
        "line 4: 5 cells, but the first line names 7 columns"
    ]


def test_an_empty_last_cell_is_unknown_and_no_fault(file):
    found = read_offers(file(HEAD + ROW.replace("fine", "")), OBSERVED)

    assert found.offers["note"].to_list() == [None]


def test_a_line_is_counted_over_cells_with_line_breaks(file):
    text = (
        HEAD + '"one\nand\non",akash,H100,8,1,spot,x\n\n,,,,,,\n' + "two,akash,H100,none,1,spot,x\n"
    )

    assert faults(file(text))[0].startswith("line 7, gpu_count: 'none'")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (HEAD.encode() + b"\xff,akash\n", "line 2: this is not UTF-8 text"),
        (b"offer_id,network,network\n1,2,3\n", "line 1, network: two columns have this name"),
        (HEAD.encode() + b'one,akash,"H100', "line 2: 3 cells"),
        (HEAD.encode() + b'one,akash,H100,8,1,spot,"x\n', "this is no CSV"),
        (b"PAR1 and nothing more", "this Parquet file cannot be read"),
        (b"offer_id;network\n1;2\n", "separated by commas"),
    ],
)
def test_what_is_no_file_of_offers_is_said(file, content, says):
    assert any(says in fault for fault in faults(file(content)))


def test_a_file_of_columns_only_holds_no_offers(file):
    assert read_offers(file(HEAD), OBSERVED).offers.height == 0


def test_a_file_that_is_too_large_is_not_read(file, monkeypatch):
    monkeypatch.setattr("data.offers_file.BYTES_MAX", 10)
    assert faults(file(HEAD)) == ["more than 10 bytes: split the file"]


def test_a_fault_behind_a_cell_without_end_is_still_told(file):
    long = f'one,akash,H100,8,1,spot,"{"x" * 200_000}"\n'

    assert "gpu_count: 'none'" in faults(file(HEAD + long + ROW.replace("8", "none")))[0]

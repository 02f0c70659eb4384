"""A table of offers that a person brings: read exactly, or refused with every fault at once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import OFFER_SCHEMA
from engine.offer_frames import REQUIRED
from engine.offers_file import SHOWN_MAX, TableRead, table_read
from engine.told_faults import BadFile

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = {
    "offer_id": "one", "network": "akash", "provider_id": "p1", "gpu_model": "H100-SXM",
    "gpu_count": "8", "vcpu": "64", "memory_gib": "512", "storage_gib": "100",
    "country_code": "DE", "term": "on_demand", "usd_per_hour": "18.5", "available": "true",
}  # fmt: skip


def read(*changes: dict[str, str | None], **columns: list[object]) -> TableRead:
    rows = [GOOD | change for change in changes or ({},)]
    cells = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_columns(
        pl.Series(name, values) for name, values in columns.items()
    )
    return table_read(cells, "offers.csv", NOW, lambda found: [row + 2 for row in found])


def faults(*changes: dict[str, str | None], **columns: list[object]) -> list[str]:
    with pytest.raises(BadFile) as error:
        read(*changes, **columns)
    return [str(fault) for fault in error.value.faults]


def test_what_is_asked_for_is_enough_and_read_exactly():
    found = read()
    row = found.offers.row(0, named=True)

    assert found.warnings == ()
    assert (row["gpu_count"], row["vcpu"], row["available"]) == (8, 64.0, True)
    assert row["usd_per_hour"] == Decimal("18.5")
    assert all(found.offers.schema[name] == OFFER_SCHEMA[name] for name in found.offers.columns)


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("usd_per_hour", " 1.85e1 ", Decimal("18.5")),
        ("usd_per_hour", "1.0000000000000000005", Decimal("1.000000000000000001")),
        ("gpu_count", "8.0", 8),
        ("available", "FALSE", False),
        ("available", "", None),
        ("available", None, None),
        ("country_code", "de", "DE"),
        ("provider_id", "'=1+1", "=1+1"),
        ("provider_id", "'tis", "'tis"),
        ("vcpu", " ", None),
    ],
)
def test_cells_as_spreadsheets_write_them_are_understood(column, cell, value):
    assert read({column: cell}).offers[column][0] == value


def test_moments_and_days_are_read_with_their_offsets():
    moments = ["2026-11-24T09:00:00+02:00", "2026-11-24T09:00:00Z"]
    found = read({}, {"offer_id": "two"}, observed_at=moments, valid_from=["2026-11-01", None])

    assert found.offers["observed_at"].dt.hour().to_list() == [7, 9]
    assert found.offers["valid_from"].to_list() == [date(2026, 11, 1), None]


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("usd_per_hour", "1,5", "'1,5' is no amount: write 2.5"),
        ("usd_per_hour", "NaN", "'NaN' is no amount"),
        ("usd_per_hour", "1e99999", "is no amount"),
        ("vcpu", "nan", "'nan' is no number"),
        ("vcpu", "inf", "'inf' is no number"),
        ("memory_gib", "512 GiB", "'512 GiB' is no number"),
        ("gpu_count", "8.5", "'8.5' is no whole number: write 8"),
        ("gpu_count", "1e30", "is no whole number"),
        ("available", "maybe", "neither true nor false"),
        ("term", "preemptible", "no term: write one of on_demand, spot"),
    ],
)
def test_a_cell_that_is_none_is_told_with_its_line_and_column(column, cell, says):
    (fault,) = faults({}, {"offer_id": "two", column: cell})

    assert fault.startswith(f"line 3, {column}: ")
    assert says in fault


def test_moments_that_are_none_are_told():
    found = faults(observed_at=["yesterday"], valid_until=["2026-02-30"])

    assert "line 2, observed_at: 'yesterday' is no moment: write 2026-11-24T09:00:00Z" in found
    assert "line 2, valid_until: '2026-02-30' is no day: write 2026-11-24" in found


def test_every_fault_is_told_at_once_those_of_whole_offers_too():
    found = faults({"vcpu": "x"}, {"offer_id": "two"}, {"offer_id": "two"}, {"term": "rent"})

    assert any("line 2, vcpu" in one for one in found)
    assert any("line 5, term" in one for one in found)
    assert any("two: this offer_id occurs twice" in one for one in found)


def test_prices_in_another_currency_or_none_are_refused():
    found = faults({}, {"offer_id": "two"}, {"offer_id": "three"}, currency=["EUR", "USD", None])

    assert found[0].startswith("line 2, currency: the currency is 'EUR': prices must be in USD")
    assert "line 4, currency: the currency is not said" in found[1]
    assert read(currency=["USD"]).warnings == ()


def test_many_faults_of_one_column_are_counted():
    found = faults(*({"offer_id": str(n), "vcpu": "x"} for n in range(SHOWN_MAX + 5)))

    assert len(found) == SHOWN_MAX + 1
    assert "vcpu: 5 more cells have such faults" in found


def test_columns_that_are_missing_or_unknown_are_told_with_what_is_near():
    with pytest.raises(BadFile) as error:
        table_read(pl.DataFrame({"offer-id": ["a"], "network": ["b"]}), "o", NOW, lambda _: [])
    said = str(error.value)
    assert "offer_id: this column is missing: is it what the file calls offer-id?" in said
    assert "gpu_model: this column is missing" in said

    warned = [str(one) for one in read(color=["red"], gpu_cuont=["8"]).warnings]
    assert "warning: line 1, color: this column is not known and not read" in warned[0]
    assert len(warned) == 2


def test_columns_whose_absence_makes_conditions_unknown_are_warned_of():
    cells = pl.DataFrame({name: [GOOD[name]] for name in REQUIRED})
    warned = [str(one) for one in table_read(cells, "o", NOW, lambda _: []).warnings]

    assert (
        "warning: line 1, country_code: this column is missing: unknown for every offer" in warned
    )
    assert "warning: line 1, term: this column is missing: on demand for every offer" in warned


def test_a_file_with_other_separators_is_told_so():
    with pytest.raises(BadFile, match="separated by commas"):
        table_read(pl.DataFrame({"offer_id;network": ["a;b"]}), "o", NOW, lambda _: [])


def test_a_country_that_is_none_is_warned_of_and_kept():
    found = read({}, {"offer_id": "two", "country_code": "XX"}, {"offer_id": "3",
                 "country_code": None})  # fmt: skip

    assert found.offers["country_code"].to_list() == ["DE", "XX", None]
    assert [str(one)[:32] for one in found.warnings] == ["warning: line 3, country_code: '"]


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr("engine.offers_file.ROWS_MAX", 1)
    assert faults({}, {"offer_id": "two"}) == ["more than 1 rows: split the file"]


def test_cells_that_have_types_already_keep_their_meaning():
    found = read(
        gpu_count=[8.0],
        usd_per_hour=[0.1],
        available=[True],
        vcpu=[64],
        observed_at=[NOW],
        price_as_of=[datetime(2026, 11, 1)],  # noqa: DTZ001 - as Parquet may have it
    )
    row = found.offers.row(0, named=True)

    assert (row["gpu_count"], row["usd_per_hour"], row["vcpu"]) == (8, Decimal("0.1"), 64.0)
    assert row["observed_at"] == datetime(2026, 11, 24)  # noqa: DTZ001 - as the lake stores it


def test_typed_cells_that_cannot_be_are_told():
    assert "is no whole number" in faults(gpu_count=[8.5])[0]
    assert "is no amount" in faults(usd_per_hour=[float("nan")])[0]
    assert "is no number" in faults(vcpu=[float("inf")])[0]
    assert "is no moment" in faults(observed_at=[[1, 2]])[0]


@settings(deadline=None)
@given(st.decimals("0.000000000000000001", "999", allow_nan=False, places=18))
def test_a_price_is_read_to_its_last_digit(price):
    assert read({"usd_per_hour": f"{price:f}"}).offers["usd_per_hour"][0] == price

"""Exports in a real browser: none leaves without its entry, and a refused one is told in words."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from data.engines import writing
from data.market import Lake
from data.migrate import newest
from engine.canonical import digest
from engine.market import offers_frame
from tests.browser.conftest import opened, serving, settled
from tests.data.test_preferences import told
from tests.support import baseline, house_of, offer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    lake = Lake(folder / "market")
    for network, rows in (("akash", [offer()]), ("aws", [baseline()])):
        run_id = lake.new_run_id(network, datetime.now(UTC))
        lake.save("offers", network, run_id, offers_frame(rows))
    return folder


@pytest.fixture(scope="module")
def address(home):
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


def form(home, version):
    """Give the house book another form, as a newer Necto in another process would."""
    with writing(house_of(home).engine) as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")


def open_menu(page: Page) -> None:
    page.get_by_role("button", name="Export").first.click()
    settled(page)


def test_what_is_taken_is_entered_with_the_filters_as_they_were_shown(page, address, home):
    opened(page, f"{address}/market?count=1")
    page.get_by_text("Also AWS, Azure, Google").click()
    page.wait_for_url(re.compile("hyperscalers=true"))
    settled(page)
    open_menu(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    entry = told(house_of(home))[-1]
    result = entry["data"]["result"]

    assert entry["type"] == "necto.export.made"
    assert set(result["asked"].split("&")) == {"count=1", "hyperscalers=true"}
    assert result["digest"] == digest(download.value.path().read_bytes())
    assert result["rows"] == 2


def test_the_clouds_prices_leave_with_their_entry_too(page, address, home):
    opened(page, f"{address}/networks?view=Clouds+side+by+side")
    open_menu(page)
    with page.expect_download():
        page.get_by_role("button", name="Parquet", exact=True).click()

    assert told(house_of(home))[-1]["data"]["result"]["file"] == "necto-clouds-H100-SXM.parquet"


def test_an_export_that_cannot_be_entered_does_not_leave_and_says_why(page, address, home):
    opened(page, f"{address}/market")
    open_menu(page)
    before = len(told(house_of(home)))
    form(home, "9999")
    try:
        page.get_by_role("button", name="CSV", exact=True).click()
        said = page.get_by_text("necto-offers.csv was not exported: the records are of form 9999")
        expect(said).to_be_visible(timeout=30_000)
    finally:
        form(home, newest())

    assert len(told(house_of(home))) == before


def test_a_grid_has_no_download_of_its_own(page, address):
    opened(page, f"{address}/market")
    page.get_by_test_id("stDataFrame").first.hover()
    settled(page)

    expect(page.get_by_role("button", name=re.compile("download", re.IGNORECASE))).to_have_count(0)

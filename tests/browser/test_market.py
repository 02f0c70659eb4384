"""The Market's views in a real browser: what is chosen is in the address, what is shown leaves."""

import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from data.market import Lake
from engine.market import Attribute, offers_frame, providers_frame
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.browser.test_pages import count_line, dialog
from tests.engine.test_provider_search import provider
from tests.support import baseline, offer

pytestmark = pytest.mark.browser

SIGNED = "akash:p1:signed"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Four offers of four providers, one of them signed for, against one baseline."""
    home = tmp_path_factory.mktemp("signals")
    lake, at = Lake(home / "market"), datetime.now(UTC)
    signed = (Attribute("country", "DE", ("Akash Network",)),)
    offers = [
        offer(offer_id=SIGNED, provider_id="p1", usd_per_hour=Decimal("2.512345678901234567")),
        offer(offer_id="akash:p2", provider_id="p2", provider_name="=two"),
        offer(offer_id="akash:p3", provider_id="p3", country_code=None),
        offer(offer_id="akash:p4", provider_id="p4", usd_per_hour=Decimal(16), gpu_count=8),
    ]
    providers = [
        provider(attributes=signed),
        provider(provider_id="p2", uptime_30d=0.9),
        provider(provider_id="p4", location_type="home", attributes=()),
    ]
    for network, rows in (("akash", offers), ("aws", [baseline()])):
        lake.save("offers", network, lake.new_run_id(network, at), offers_frame(rows))
    run_id = lake.new_run_id("akash", at)
    lake.save("providers", "akash", run_id, providers_frame(providers))
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


def chosen(page: Page, label: str, option: str) -> None:
    """Choose from a list by keyboard: a click may end on an option, a rerun may close the list."""
    wanted = page.get_by_role("option", name=option)

    for _ in range(5):
        page.get_by_role("combobox", name=label).press("ArrowDown")
        settled(page)
        if wanted.is_visible():
            break
    wanted.click()


def test_a_filter_on_what_a_provider_states_and_who_signed_it_survives_a_reload(page, address):
    opened(page, f"{address}/market")
    page.get_by_text("Provider", exact=True).first.click()
    settled(page)
    page.get_by_role("combobox", name="States").scroll_into_view_if_needed()
    chosen(page, "States", "country = DE")
    page.keyboard.press("Escape")
    settled(page)
    assert count_line(page).startswith("2 of 4 offers")
    expect(page.get_by_text("do not state it: country (2)", exact=False)).to_be_visible()
    chosen(page, "Signed by", "Akash Network")
    settled(page)
    found = count_line(page)

    assert {"signed=Akash+Network", "states=country+%3D+DE"} <= set(
        page.url.split("?")[1].split("&")
    )
    page.reload()
    opened(page, page.url)
    assert count_line(page) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [("datacenter=true", 2), ("uptime=99", 2), ("signed=Somebody&states=a+=+b", 0)],
)
def test_a_link_asks_the_same_of_providers(asked, found, page, address):
    opened(page, f"{address}/market?{asked}")

    expect(page.get_by_text(re.compile(f"^{found} of 4 offers"))).to_be_visible()


def test_a_cell_of_the_grid_leads_to_its_offers(page, address):
    opened(page, f"{address}/market?view=Like+for+like")
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box
    akash = (182 + 52 + 41) / (182 + 52 + 82 + 3 * 128)  # the columns share the width there is
    page.mouse.click(box["x"] + box["width"] * akash, box["y"] + 35 + 17)

    expect(page).to_have_url(re.compile("gpu=H100-SXM&network=Akash&term=on"), timeout=15_000)
    settled(page)
    assert count_line(page).startswith("4 of 4 offers")


def test_two_offers_are_compared_by_a_link_and_from_the_slide_over(page, address):
    opened(page, f"{address}/market?offer={SIGNED}")
    dialog(page).get_by_role("combobox", name="Compare with").focus()
    page.keyboard.type("16")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("=two")
    page.keyboard.press("Enter")
    shown = dialog(page)

    expect(shown.get_by_text("B is 0 % cheaper")).to_be_visible(timeout=15_000)
    assert "with=akash" in page.url
    opened(page, f"{address}/market?offer={SIGNED}&with=akash:p4")
    expect(dialog(page).get_by_text("≠ B is 20 % cheaper")).to_be_visible()
    expect(dialog(page).get_by_text("Not like for like: GPUs at this price")).to_be_visible()
    dialog(page).get_by_role("button", name="Back to the first offer").click()
    expect(dialog(page).get_by_text("Where this figure comes from")).to_be_visible(timeout=15_000)
    assert "with=" not in page.url


def downloaded(page: Page, name: str) -> bytes:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).click()
    return Path(download.value.path()).read_bytes()


def test_excel_holds_what_is_shown_with_numbers_exact_text_and_no_formula(page, address):
    opened(page, f"{address}/market?count=1")
    rows = pl.read_excel(io.BytesIO(downloaded(page, "Excel")), engine="calamine")

    assert rows.height == int(count_line(page).split()[0]) == 3
    exact = dict(rows.select("offer_id", "usd_per_hour_exact").iter_rows())
    assert exact[SIGNED] == "2.512345678901234567"
    assert rows["usd_per_hour"].dtype == pl.Float64
    assert "'=two" in rows["provider_name"].to_list()
    assert rows["source"].null_count() == 0


def test_parquet_holds_exact_decimals(page, address):
    opened(page, f"{address}/market")
    rows = pl.read_parquet(io.BytesIO(downloaded(page, "Parquet")))

    assert Decimal("2.512345678901234567") in rows["usd_per_hour"].to_list()


@pytest.mark.parametrize(
    "query", ["view=Like+for+like", f"offer={SIGNED}&with=akash:p4", "datacenter=true&uptime=90"]
)
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(query, page, address):
    opened(page, f"{address}/market?{query}")

    assert serious_faults(page) == {}

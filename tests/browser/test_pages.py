"""What a person does, in a real browser."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import opened, serious_faults, serving, settled

PAGES = {"": "What a GPU costs, and where", "market": "Who sells what, where, at what price"}
CHEAPEST_H100 = "akash:akash17r6r9u364t49k7qdef52qtm6wm5mcn0lpzfgnv:h100 80Gi SXM5:on_demand:-"

pytestmark = pytest.mark.browser


def dialog(page: Page):
    return page.get_by_test_id("stDialog")


def count_line(page: Page) -> str:
    return page.get_by_text(re.compile(r"^\d+ of \d+ offers")).inner_text()


@pytest.mark.parametrize("path", PAGES)
def test_a_cold_server_s_first_visitor_gets_the_framed_page(path, page, tmp_path):
    """Streamlit can run a page file without the frame, and so without sign-in, until the first."""
    with serving(tmp_path / "home") as address:
        opened(page, f"{address}/{path}")

        expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[path])
        expect(page.get_by_text("SANDBOX", exact=False)).to_be_visible()
        expect(page.get_by_role("link", name="Market")).to_be_visible()


def test_a_filter_is_in_the_address_and_survives_a_reload(page, address):
    opened(page, f"{address}/market")
    everything = count_line(page)
    page.get_by_role("combobox", name="Family").click()
    page.get_by_role("option", name="H100", exact=True).click()
    page.keyboard.press("Escape")
    settled(page)
    found = count_line(page)

    assert "family=H100" in page.url
    assert found != everything
    page.reload()
    opened(page, page.url)
    assert count_line(page) == found


def test_the_slide_over_opens_and_closes_by_keyboard(page, address):
    opened(page, f"{address}/market?gpu=H100-SXM")
    page.get_by_role("combobox", name="Open an offer").focus()
    page.keyboard.type("3.159")
    page.keyboard.press("Enter")

    expect(dialog(page).get_by_text("5264.579248 uact per block")).to_be_visible(timeout=15_000)
    assert "offer=akash" in page.url
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    settled(page)
    assert "offer=" not in page.url


def test_a_line_of_the_table_opens_its_offer_again_and_again(page, address):
    opened(page, f"{address}/market?gpu=H100-SXM")
    for _ in range(2):
        box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
        assert box
        page.mouse.click(box["x"] + 15, box["y"] + 35 + 17)
        expect(dialog(page).get_by_text("2.0393607528 USD per hour")).to_be_visible(timeout=15_000)
        page.keyboard.press("Escape")
        expect(dialog(page)).to_have_count(0)
        settled(page)


def test_a_link_to_an_offer_shows_where_its_figure_comes_from(page, address):
    opened(page, f"{address}/market?offer={CHEAPEST_H100}")

    shown = dialog(page)
    expect(shown.get_by_text("recorded live on 2026-09-28", exact=False).first).to_be_visible()
    expect(shown.get_by_text("against AWS p5.4xlarge", exact=False)).to_be_visible()
    expect(shown.get_by_text("What the provider says, and who signed it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("offer="), timeout=10_000)


def test_each_page_keeps_its_own_choice(page, address):
    opened(page, f"{address}/market?gpu=A100-80-SXM")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[""])
    settled(page)
    opened(page, page.url)

    expect(page.get_by_text("H100-SXM per GPU-hour")).to_be_visible()


def test_the_cheapest_price_leads_to_its_offer(page, address):
    opened(page, f"{address}/")
    page.get_by_role("link", name="Open this offer").click()

    expect(dialog(page).get_by_text("2.0393607528 USD per hour")).to_be_visible(timeout=15_000)


def test_what_is_left_out_is_counted(page, address):
    opened(page, f"{address}/market?place=EU")

    expect(page.get_by_text("do not state it: country (49)", exact=False)).to_be_visible()


def test_a_link_to_an_offer_that_is_gone_says_so(page, address):
    opened(page, f"{address}/market?offer=akash:gone")

    expect(page.get_by_text("no longer on the market")).to_be_visible()


def test_the_download_holds_exactly_what_is_shown_with_exact_prices(page, address):
    opened(page, f"{address}/market?gpu=H100-SXM&gpu=A100-80-SXM&network=Akash")
    shown = int(count_line(page).split()[0])
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert len(rows) == shown == 7
    assert {row["gpu_model"] for row in rows} == {"H100-SXM", "A100-80-SXM"}
    assert all(row["source"] and row["observed_at"] for row in rows)
    cheapest = next(row for row in rows if row["gpu_model"] == "H100-SXM")
    assert Decimal(cheapest["usd_per_hour"]) == Decimal("3398.934588") * 600 / 1_000_000


def test_the_dashboard_answers_what_a_gpu_costs_and_saves(page, address):
    opened(page, f"{address}/")

    expect(page.get_by_text("$2.039").first).to_be_visible()
    expect(page.get_by_text("62 to 70 %").first).to_be_visible()
    expect(page.get_by_text("label C", exact=False).first).to_be_visible()
    expect(page.get_by_role("link", name="gpurentalprices.com")).to_be_visible()


def test_the_gpu_chosen_on_the_dashboard_is_in_the_address(page, address):
    opened(page, f"{address}/?model=A100-80-SXM")

    expect(page.get_by_text("$1.069").first).to_be_visible()


def test_prices_of_the_past_are_shown_with_their_credit(page, address):
    opened(page, f"{address}/market?view=Price+history&gpu=H100-SXM")

    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_text("Lowest price by day, with what others collected").click()
    expect(page.get_by_text("GPU rental price data by")).to_be_visible()


@pytest.mark.parametrize("path", ["", "market", f"market?offer={CHEAPEST_H100}"])
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(path, page, address):
    opened(page, f"{address}/{path}")

    assert serious_faults(page) == {}

"""The Route page in a real browser: from the Market to a decision that is kept and opened again."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from data.market import Lake
from engine.market import offers_frame
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.browser.test_pages import dialog
from tests.support import baseline, offer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Four offers of four providers in three countries, and one baseline."""
    home = tmp_path_factory.mktemp("route")
    lake, at = Lake(home / "market"), datetime.now(UTC)
    prices = {"de": ("DE", "2.50"), "nl": ("NL", "2.75"), "us": ("US", "1.50"), "xx": (None, "1")}
    offers = [
        offer(
            offer_id=f"akash:{name}", provider_id=name, provider_name=f"{name}.example",
            country_code=country, usd_per_hour=Decimal(price), observed_at=at,
        )
        for name, (country, price) in prices.items()
    ]  # fmt: skip
    for network, rows in (("akash", offers), ("aws", [baseline(observed_at=at)])):
        lake.save("offers", network, lake.new_run_id(network, at), offers_frame(rows))
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


def answer(page: Page) -> str:
    """The sentence that names the winner."""
    return page.get_by_text("from Akash").first.inner_text()


def test_the_market_s_filters_become_the_job(page, address):
    opened(page, f"{address}/market?family=H100&count=1&place=EEA")
    page.get_by_role("button", name="Route this", exact=True).click()
    page.wait_for_url(re.compile("/route"))
    settled(page)

    assert "countries=EEA" in page.url
    assert "de.example" in answer(page)
    assert serious_faults(page) == {}


def test_a_chip_relaxes_the_form_and_the_address(page, address):
    opened(page, f"{address}/route?models=H100&gpu_count=1&duration_hours=72&countries=EEA")
    assert "de.example" in answer(page)
    page.get_by_role("button", name=re.compile("Allowing US: −40 %")).click()
    settled(page)

    assert "us.example" in answer(page)
    assert page.url.count("countries=") == 2


def test_every_refusal_is_folded_by_gate_and_one_offer_has_all_its_reasons(page, address):
    opened(page, f"{address}/route?models=H100&gpu_count=1&countries=EEA&refused=us.example")
    why = page.get_by_test_id("stVerticalBlock").get_by_text("us.example", exact=True)
    expect(why.first).to_be_visible()
    fold = page.get_by_test_id("stExpander").filter(has_text="Country · 2")
    fold.get_by_text("Country · 2").click()

    expect(fold.get_by_text("located in US; the job allows EEA").first).to_be_visible()
    other = page.get_by_test_id("stExpander").filter(has_text="Country not known · 1")
    expect(other.get_by_text("country not known; the job allows EEA")).not_to_be_visible()


def test_a_decision_is_kept_at_its_own_address_and_leaves_as_pdf_and_json(page, address):
    opened(page, f"{address}/route?models=H100&gpu_count=1&duration_hours=72&countries=EEA")
    told = answer(page)
    page.get_by_role("button", name="Save decision").click()
    page.wait_for_url(re.compile(r"decision=sha256"))
    settled(page)
    assert answer(page) == told
    assert serious_faults(page) == {}

    opened(page, page.url)
    assert answer(page) == told
    with page.expect_download() as taken:
        page.get_by_role("button", name="JSON").click()
    kept = json.loads(taken.value.path().read_text())
    assert kept["quotes"][0]["offer_id"] == "akash:de"
    with page.expect_download() as taken:
        page.get_by_role("button", name="PDF").click()
    assert taken.value.path().read_bytes().startswith(b"%PDF")


def test_a_file_s_faults_are_told_by_line_and_a_sound_one_fills_the_form(page, address):
    opened(page, f"{address}/route")
    page.get_by_role("button", name="From a file").click()
    box = dialog(page).get_by_label("or paste")
    box.fill("gpus: {models: [H1000], count: 1}\nduration_hours: -2\n")
    dialog(page).get_by_role("button", name="Put it into the form").click()
    expect(dialog(page).get_by_text("2 faults")).to_be_visible()
    expect(dialog(page).get_by_text("line 2")).to_be_visible()

    sound = b"gpus: {models: [H100], count: 1}\nduration_hours: 2\n"
    upload = dialog(page).locator("input[type=file]")
    upload.set_input_files({"name": "job.yaml", "mimeType": "text/yaml", "buffer": sound})
    expect(dialog(page).get_by_text("job.yaml")).to_be_visible()
    settled(page)  # the file has arrived
    dialog(page).get_by_role("button", name="Put it into the form").click()
    expect(page.get_by_text("USD for 2 h")).to_be_visible(timeout=30_000)
    assert "duration_hours=2" in settled(page).url


def test_a_ticked_quote_shows_its_cost_and_is_in_the_address(page, address):
    opened(page, f"{address}/route?models=H100&gpu_count=1&duration_hours=72&countries=EEA")
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 * 2 + 17)
    page.wait_for_url(re.compile("quote=akash%3Anl"))
    settled(page)

    expect(page.get_by_role("cell", name="$198.00").first).to_be_visible()

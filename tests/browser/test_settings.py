"""The Settings page in a real browser: what is switched stays, a card goes to the market."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data.market import Lake
from data.worker import publish_connections, take_test_requests
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.cards import row, written

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The shipped figures and what a worker says; none runs, so what a page asks for stays."""
    folder = tmp_path_factory.mktemp("settings")
    load_recorded(Lake(folder / "market"))
    publish_connections(folder, [one.connection for one in connected(env={})])
    return folder


@pytest.fixture(scope="module")
def address(home):
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


def card(**changes: str) -> bytes:
    today = datetime.now(UTC).date()
    days = {"valid_from": str(today), "valid_until": str(today + timedelta(days=30))}
    return written(row(**(days | changes)))


def chosen(page: Page, name: str, content: bytes) -> None:
    """Choose a file as a person does, and import it."""
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id("stFileUploaderDropzone").locator("button").first.click()
    chooser.value.set_files({"name": name, "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_text(name, exact=True)).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Import").click()


def test_a_source_that_is_switched_off_stays_off(page, address):
    opened(page, f"{address}/settings")
    switch = page.get_by_role("switch", name="Read Lium")
    expect(switch).to_be_checked()
    switch.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("switched off$")).first).to_be_visible(timeout=15_000)
    page.reload()
    opened(page, page.url)

    expect(switch).not_to_be_checked()
    expect(page.locator(".st-key-test_lium").get_by_role("button")).to_be_disabled()


def test_a_test_is_asked_of_the_worker(page, address, home):
    opened(page, f"{address}/settings")
    page.locator(".st-key-test_nosana").get_by_role("button").click()

    expect(page.get_by_text("Asked the worker to read Nosana")).to_be_visible(timeout=15_000)
    assert take_test_requests(home) == ["nosana"]


def test_a_card_is_refused_mended_imported_and_on_the_market(page, address):
    opened(page, f"{address}/settings?section=Rate+cards")
    chosen(page, "rates.csv", card(usd_per_gpu_hour="2,15"))
    expect(page.get_by_text("Nothing was imported: 1 fault.")).to_be_visible(timeout=15_000)
    with page.expect_download() as faults:
        page.get_by_role("button", name="All faults as CSV").click()
    assert "usd_per_gpu_hour" in faults.value.path().read_text("utf-8")

    good = card()
    chosen(page, "rates.csv", good)
    expect(page.get_by_text("rates, version 1, Aethir: 1 prices")).to_be_visible(timeout=15_000)
    settled(page)
    with page.expect_download() as original:
        page.get_by_role("button", name="Original file").click()
    assert original.value.path().read_bytes() == good
    opened(page, f"{address}/market?network=Aethir")
    expect(page.get_by_text("1 of 54 offers")).to_be_visible()


@pytest.mark.parametrize("section", ["Connections", "Rate+cards", "Preferences"])
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(section, page, address):
    opened(page, f"{address}/settings?section={section}")

    assert serious_faults(page) == {}

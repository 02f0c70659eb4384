"""Alerts and saved views in a real browser: made from the filters, shown, acknowledged, opened."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from connectors.jobs.alerts import judge_once
from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data.alert_rules import make_rule
from data.books import close_books, open_book
from data.market import Lake
from data.settings import Settings
from data.views import save_view
from data.worker import beat, publish_connections
from engine.people import local_actor
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.browser.test_pages import count_line, dialog
from tests.data.test_alert_facts import listed
from tests.data.test_market import saved
from tests.engine.alert_looks import rule
from tests.engine.test_alerts import SIGNED, UNSIGNED

pytestmark = pytest.mark.browser

SCREEN = 900  # pixels
ANN = local_actor("ann")
HOSTILE = 'family=H100&"><script>alert(1)</script>=1&free=maybe&price=abc&view=None&gpu=%00'


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Live readings of Akash with a cheap H100-SXM, two rules that fire and one that does not."""
    folder = tmp_path_factory.mktemp("alerts")
    lake, now = Lake(folder / "market"), datetime.now(UTC)
    load_recorded(lake)
    publish_connections(folder, [one.connection for one in connected(env={})])
    for hours, price, seen in ((2, "3", SIGNED), (1, "1.9", UNSIGNED)):
        at = now - timedelta(hours=hours)
        saved(lake, at, price)
        listed(lake, at, seen)
    settings = Settings.from_env({"NECTO_HOME": str(folder)})
    house = open_book(settings)
    for one in (rule(usd_per_gpu_hour_below=Decimal(2)), rule("signature_lost"), rule(gpu="B200")):
        make_rule(house, ANN, one)
    save_view(house, ANN, "market", "Ann's <b>bold</b>", HOSTILE, is_shared=True)
    assert len(judge_once(settings, lake, now)) == 2
    close_books()
    return folder


@pytest.fixture(scope="module")
def address(home):
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


@pytest.fixture(autouse=True)
def _the_worker_seems_alive(home):
    beat(home, 1, datetime.now(UTC) + timedelta(seconds=25))


def alert_line(page: Page):
    return page.get_by_text("H100-SXM on demand costs $1.90 per GPU-hour on Akash, free")


def test_the_dashboard_with_alerts_is_one_screen(page, address):
    opened(page, f"{address}/")
    expect(alert_line(page)).to_be_visible()
    expect(page.get_by_text("Signature lost").first).to_be_visible()
    box = page.locator(".st-key-source_badges").bounding_box() or {"y": 0, "height": SCREEN + 1}

    assert box["y"] + box["height"] <= SCREEN
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_an_alert_leads_to_the_market_with_its_filters(page, address):
    opened(page, f"{address}/")
    page.locator(".st-key-needs_you").get_by_role("link", name="Market").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who sells what")
    settled(page)

    assert count_line(page).startswith("1 of ")
    asked = set(page.url.split("?")[1].split("&"))
    assert asked == {"gpu=H100-SXM", "term=on+demand", "price=2", "free=true"}


def test_a_rule_is_made_from_the_filters_and_listed(page, address):
    opened(page, f"{address}/market?family=H200&network=Akash&price=3.5")
    page.get_by_role("button", name="Alert me").click()
    words = "an H200 on demand that is free costs less than $3.50 per GPU-hour on Akash"
    expect(dialog(page).get_by_text(words)).to_be_visible(timeout=15_000)
    assert serious_faults(page) == {}
    dialog(page).get_by_role("button", name="Make the rule").click()
    expect(page.get_by_text("Settings lists the rule")).to_be_visible(timeout=15_000)
    expect(dialog(page)).to_have_count(0)
    opened(page, f"{address}/settings?section=Alerts")

    expect(page.get_by_text(f"Tell me when {words}", exact=True)).to_be_visible()
    expect(page.get_by_text("cannot be judged").first).to_be_visible()


def test_a_rule_is_made_by_keyboard_for_a_silence(page, address):
    opened(page, f"{address}/market?network=Lium")
    page.get_by_role("button", name="Alert me").focus()
    page.keyboard.press("Enter")
    dialog(page).get_by_role("radio", name="Silence").focus()
    page.keyboard.press("Space")
    expect(dialog(page).get_by_text("Lium has given no good reading for 6 hours")).to_be_visible(
        timeout=15_000
    )
    dialog(page).get_by_role("button", name="Make the rule").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Settings lists the rule")).to_be_visible(timeout=15_000)


def test_an_alert_for_a_signature_leads_to_the_offers_of_its_provider(page, address):
    opened(page, f"{address}/")
    page.locator(".st-key-needs_you").get_by_role("link", name="Market").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who sells what")
    settled(page)

    assert set(page.url.split("?")[1].split("&")) == {"network=Akash", "provider=p1"}
    assert count_line(page).startswith("1 of ")


def test_a_rule_is_changed_by_keyboard_where_rules_are_listed(page, address):
    opened(page, f"{address}/settings?section=Alerts")
    asks = "Tell me when a B200 on demand that is free costs less than {} per GPU-hour on {}"
    expect(page.get_by_text(asks.format("$1.50", "any network"), exact=True)).to_be_visible()
    page.get_by_role("button", name="Change", exact=True).nth(2).focus()
    page.keyboard.press("Enter")
    price = dialog(page).get_by_label("Less than, USD per GPU-hour")
    expect(price).to_have_value("1.500", timeout=15_000)
    assert serious_faults(page) == {}
    price.fill("1.75")
    price.press("Tab")
    expect(dialog(page).get_by_text(asks.format("$1.75", "any network"))).to_be_visible(
        timeout=15_000
    )
    page.get_by_role("button", name="Change the rule").focus()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0, timeout=15_000)

    expect(page.get_by_text(asks.format("$1.75", "any network"), exact=True)).to_be_visible()
    expect(page.get_by_text(asks.format("$1.50", "any network"))).to_have_count(0)


def test_a_view_is_saved_opened_and_survives_a_reload(page, address):
    opened(page, f"{address}/market?family=A100&term=on+demand")
    found = count_line(page)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("textbox", name="Save what is shown as").fill("A100 now")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="A100 now")).to_be_visible(timeout=15_000)
    assert serious_faults(page) == {}
    opened(page, f"{address}/market?family=H100")
    assert count_line(page) != found
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="A100 now").click()
    page.wait_for_url(re.compile("family=A100"))
    page.wait_for_selector("h1")
    settled(page)

    assert count_line(page) == found
    assert len(page.context.pages) == 1


def test_a_hostile_view_sets_no_more_than_filters(page, address):
    opened(page, f"{address}/market?family=H100")
    found = count_line(page)
    opened(page, f"{address}/market")
    page.get_by_role("button", name="Views").click()
    link = page.get_by_role("link", name="Ann's <b>bold</b>")
    expect(link).to_be_visible(timeout=15_000)
    link.click()
    page.wait_for_url(re.compile("family=H100"))
    page.wait_for_selector("h1")
    settled(page)

    assert count_line(page) == found
    assert "script" not in page.url
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize("path", ["", "settings?section=Alerts"])
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(path, page, address):
    opened(page, f"{address}/{path}")

    assert serious_faults(page) == {}


def test_an_alert_that_is_acknowledged_leaves_the_dashboard(page, address):
    opened(page, f"{address}/")
    line = alert_line(page)
    expect(line).to_be_visible()
    page.locator("[class*=st-key-acknowledge_]").last.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(line).to_have_count(0, timeout=15_000)
    opened(page, f"{address}/settings?section=Alerts")

    expect(page.get_by_text("firing").first).to_be_visible()
    expect(page.get_by_text("Alerts so far")).to_be_visible()

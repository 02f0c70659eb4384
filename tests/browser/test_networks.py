"""The Networks page in a real browser: its views open from links and are drawn for everybody."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data.market import Lake
from data.worker import publish_connections
from engine.signals import SIGNAL_NAMES
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.connectors.samples import SAMPLES, answering, ingest

pytestmark = pytest.mark.browser

VIEWS = ["Sources", "How+busy", "Who+can+bid", "Clouds+side+by+side"]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The shipped figures, and a reading of the two networks that tell how busy they are."""
    home = tmp_path_factory.mktemp("networks")
    lake = Lake(home / "market")
    load_recorded(lake)
    publish_connections(home, [one.connection for one in connected(env={})])
    for sample in (SAMPLES["akash"], SAMPLES["aethir"]):
        answers = answering(sample, sample.texts())
        ingest(lake, answers, datetime.now(UTC)).run(sample.made())
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield found


def test_how_busy_a_network_is_and_its_risk_are_seen_at_once(page, address):
    opened(page, f"{address}/networks?view=How+busy")

    expect(page.get_by_text(f"Akash: {SIGNAL_NAMES['utilisation']}")).to_be_visible()
    expect(page.get_by_text("70 %", exact=True)).to_be_visible()
    expect(page.locator(".st-key-utilisation_akash .js-plotly-plot")).to_be_visible()
    expect(page.get_by_text("Do not top up")).to_be_visible()


def test_a_view_and_what_is_asked_in_it_are_in_the_address(page, address):
    opened(page, f"{address}/networks")
    page.get_by_text("Clouds side by side").click()
    volume = page.get_by_role("spinbutton", name="GB a month to the internet")
    volume.fill("50000")
    volume.press("Enter")
    settled(page)
    assert {"view=Clouds+side+by+side", "gb=50000"} <= set(page.url.split("?")[1].split("&"))
    page.reload()
    opened(page, page.url)

    expect(volume).to_have_value("50000")


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(view, page, address):
    opened(page, f"{address}/networks?view={view}")

    assert serious_faults(page) == {}

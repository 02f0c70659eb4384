"""Acting as one of the sandbox's people in a real browser: the trail marks what they did."""

import pytest
from playwright.sync_api import expect

from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data.market import Lake
from data.worker import publish_connections
from tests.browser.conftest import opened, serious_faults, serving, settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("acting")
    load_recorded(Lake(folder / "market"))
    publish_connections(folder, [one.connection for one in connected(env={})])
    with serving(folder, ready=False, NECTO_WORKER="external") as found:
        yield found


def test_what_a_persona_does_stands_in_the_trail_as_simulated(page, address):
    opened(page, f"{address}/settings")
    assert serious_faults(page) == {}
    page.get_by_role("button", name="Acting as you").click()
    page.get_by_text("Noor Haddad: admin").click()
    expect(page.get_by_role("button", name="Acting as Noor Haddad, simulated")).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("switch", name="Read Lium").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("last figures stay and age").first).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="Audit").click()

    mark = "persona:noor-haddad · persona, simulated"
    expect(page.get_by_text(mark).first).to_be_visible(timeout=15_000)

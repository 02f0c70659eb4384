"""A job's whole life on the screen: ordered, approved by another, bought, watched, stopped."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from connectors.sandbox.client import Control, NotRunning
from data.books import close_books, open_book
from data.policies import import_policy
from engine.people import persona
from tests.browser.conftest import opened, serious_faults, serving, settled
from tests.support import settings_of

pytestmark = pytest.mark.browser

POLICY = "name: two-people\napproval_above_usd: 10\n"
JOB = """name: try-it
policy: two-people
gpus: {models: [H100], count: 1}
networks: [akash]
duration_hours: 10
image: nginx:1.27
ports: [{port: 80}]
cost_centre: CC-1
"""
PATIENCE = 60_000  # milliseconds; the network's time runs faster


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The app with a worker of its own, and a policy that asks for two people."""
    home = tmp_path_factory.mktemp("jobs")
    import_policy(open_book(settings_of(home), "house"), POLICY, persona("kofi"))
    close_books()
    with serving(home) as address:
        yield address, home


def hurried(home: Path) -> Control:
    """The stand-in, whose time runs thirty times as fast; it starts with the first order."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(NotRunning):
            control = Control.at(home / "sandbox")
            control.clock(factor=30)
            return control
        time.sleep(0.2)
    raise AssertionError("the sandbox did not start")


def acting_as(page: Page, name: str) -> None:
    page.get_by_role("button", name="Acting as").click()
    page.get_by_text(name).click()
    settled(page)


def confirmed(page: Page, button: str, answer: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=answer).click()
    settled(page)


def test_a_job_is_ordered_approved_by_another_bought_watched_and_stopped(page, place):
    address, home = place
    opened(page, f"{address}/jobs")
    page.get_by_role("button", name="Order a job").click()
    page.get_by_label("or paste").fill(JOB)
    page.get_by_role("button", name="Route it, then order").click()
    expect(page.get_by_text("is set aside: the most that it may cost", exact=False)).to_be_visible(
        timeout=PATIENCE
    )
    assert serious_faults(page) == {}
    page.get_by_role("button", name="Confirm the order").click()
    expect(page.get_by_text("waits for approval").first).to_be_visible(timeout=PATIENCE)
    settled(page)
    assert page.get_by_role("button", name="Approve", exact=True).count() == 0

    stand_in = hurried(home)
    acting_as(page, "Tom Adeyemi")
    confirmed(page, "Approve", "Approve it")
    expect(page.get_by_text("1 of 1 ready")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("persona:tom-adeyemi approved it")).to_be_visible()
    assert serious_faults(page) == {}
    assert [lease.state for lease in stand_in.leases()] == ["active"]

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("textbox").fill("seen enough")
    page.keyboard.press("Tab")
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Next:")).to_have_count(0, timeout=PATIENCE)
    assert [lease.state for lease in stand_in.leases()] == ["closed"]
    stand_in.close()

    page.get_by_role("link", name="#3").click()
    page.wait_for_url("**/audit?**", timeout=PATIENCE)

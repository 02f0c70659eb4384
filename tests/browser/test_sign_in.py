"""Signing in at a real identity provider on this machine, in a real browser."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from connectors.jobs.ingest import load_recorded
from data.books import close_books
from data.market import Lake
from data.people import grant, people, revoke
from data.records import Records
from tests.browser.conftest import free_port, opened, serious_faults, serving, settled, visiting
from tests.signing import auth_file
from tests.support import ADA, house_of

pytestmark = pytest.mark.browser

PEOPLE = {
    "boss": {"email": "boss@example.com", "email_verified": True, "name": "Bo Ess"},
    "ann": {"email": "ann@example.com", "email_verified": True, "name": "Ann Ash"},
    "eve": {"email": "boss@example.com", "email_verified": False, "name": "Eve"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sign-in")
    load_recorded(Lake(folder / "market"))
    return folder


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A visitor whom the provider's form, which is not ours, tries to send for its style sheet."""
    with visiting(visitor, stopped="https://cdn.jsdelivr.net/npm/@picocss/") as visited:
        yield visited
    visitor.clear_cookies()


@contextlib.contextmanager
def provider() -> Iterator[str]:
    """An identity provider as a process of its own, which knows three people."""
    port = free_port()
    told = [f"--user-claims={json.dumps({'sub': name} | it)}" for name, it in PEOPLE.items()]
    command = [sys.executable, "-m", "oidc_provider_mock", f"--port={port}", *told]
    url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
                    break
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def address(home) -> Iterator[str]:
    """A server that nobody has asked for a page yet, and its provider."""
    port = free_port()
    with provider() as url:
        back = f"http://127.0.0.1:{port}/oauth2callback"
        file = auth_file(home, redirect_uri=back, server_metadata_url=url)
        told = {"NECTO_AUTH_FILE": str(file), "NECTO_ADMIN_EMAIL": "boss@example.com"}
        with serving(home, ready=False, port=port, NECTO_WORKER="external", **told) as found:
            yield found


@contextlib.contextmanager
def changed(home: Path) -> Iterator[Records]:
    """The house book, opened by another process than the server's."""
    yield house_of(home)
    close_books()


def until_held(page: Page, house: Records, who: str) -> None:
    """Wait until the server has given somebody a role."""
    for _ in range(100):
        with house.reading() as view:
            if any(held.who == who for held in people(view)):
                return
        page.wait_for_timeout(100)
    raise AssertionError(f"{who} was given no role")


def signed_in(page: Page, address: str, who: str) -> None:
    opened(page, address)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub]").fill(who)
    page.get_by_role("button").first.click()
    page.wait_for_selector("h1", timeout=30_000)
    settled(page)


def test_a_deep_link_on_a_cold_server_shows_nothing_before_sign_in(page, address):
    opened(page, f"{address}/audit")

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Necto")
    assert "SANDBOX" not in page.inner_text("body")
    assert "house" not in page.inner_text("body").lower()
    assert page.get_by_role("link", name="Audit").count() == 0
    assert serious_faults(page) == {}


def test_the_first_admin_comes_in_gives_a_role_and_signs_out(page, address, home):
    signed_in(page, address, "boss")
    expect(page.get_by_text("SANDBOX: play money").first).to_be_visible()
    opened(page, f"{address}/settings?section=People")
    page.get_by_label("E-mail address, or group:NAME").fill("ann@example.com")
    page.get_by_role("button", name="Give", exact=True).click()
    with changed(home) as house:
        until_held(page, house, "ann@example.com")
    page.get_by_role("button", name="Bo Ess").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="End session")).to_be_visible(timeout=15_000)
    opened(page, f"{address}/audit")

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Necto")


def test_a_role_opens_the_pages_and_taking_it_closes_them_at_a_click(page, address, home):
    with changed(home) as house:
        grant(house, ADA, "ann@example.com", ["buyer"])
    signed_in(page, address, "ann")
    expect(page.get_by_role("button", name="Ann Ash")).to_be_visible()
    opened(page, f"{address}/audit")
    with changed(home) as house:
        revoke(house, ADA, "ann@example.com")
    page.get_by_role("link", name="Market").click()

    expect(page.get_by_text("You have no role here yet")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("SANDBOX")).to_have_count(0)


def test_an_address_that_is_not_verified_opens_nothing(page, address):
    signed_in(page, address, "eve")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have no role here yet")

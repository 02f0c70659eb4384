"""A real server, a real Chromium; anything that leaves the machine fails the test."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.loopback import stand_ins

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run", "--disable-default-apps",
    "--disable-dev-shm-usage",
)  # fmt: skip
# Streamlit's own widgets, seen with 1.67.0; everything else that is serious fails the test.
STREAMLITS_OWN = {
    "scrollable-region-focusable": "the frame around a wide grid is Streamlit's",
}
NOWHERE = "http://127.0.0.1:9"
_ports: list[int] = []  # of servers that have ended


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    home: Path,
    *,
    ready: bool = True,
    script: str = "app.py",
    health: str = "/healthz",
    port: int | None = None,
    **environment: str,
) -> Iterator[str]:
    """`streamlit run app.py` as `make run` starts it, ready (or just live); fails with its log.

    A port is used again when its server has ended: the browser knows the scripts of that address.
    """
    given = port
    port = port or (_ports.pop() if _ports else free_port())
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    variables = os.environ | stand_ins(NOWHERE) | {"NECTO_HOME": str(home)} | environment
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            _until_it_answers(address + health, process, log, ready=ready)
            yield address
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            if given is None:
                _ports.append(port)


def _until_it_answers(
    address: str, process: "subprocess.Popen[bytes]", log: Path, *, ready: bool
) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            if not ready:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the server did not answer:\n{log.read_text()}")


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "no Chromium: run `make test`, which installs it, or install it yourself"
    browser = playwright_driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    """One server with the shipped figures, shared by the tests of a process."""
    with serving(tmp_path_factory.mktemp("necto")) as found:
        yield found


@pytest.fixture(scope="session")
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """One visitor at 1440x900: what scripts the browser has seen need not be read again."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A fresh tab, without cookies, whose every request must stay on this machine."""
    with visiting(visitor) as visited:
        yield visited
    visitor.clear_cookies()


@contextlib.contextmanager
def visiting(visitor: BrowserContext, *, stopped: str = "") -> Iterator[Page]:
    """A fresh tab; what begins with ``stopped`` is asked for and stopped."""
    visited = visitor.new_page()
    left: list[str] = []
    visited.on("request", lambda request: left.append(request.url))
    if stopped:
        visited.route(f"{stopped}**", lambda route: route.abort())
    yield visited
    visited.close()
    ours = ("http://127.0.0.1:", "data:", "blob:", *filter(None, [stopped]))
    strangers = [url for url in left if not url.startswith(ours)]
    assert strangers == []


def settled(page: Page) -> Page:
    """Wait until the script has run and nothing is left to draw."""
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=stApp]');"
        " return app && app.getAttribute('data-test-script-state') === 'notRunning' &&"
        " !document.querySelector('[data-testid=stSkeleton]') }",
        timeout=30_000,
    )
    page.wait_for_timeout(400)
    return page


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector("h1", timeout=30_000)
    return settled(page)


def serious_faults(page: Page) -> dict[str, list[str]]:
    """What axe finds that stands in somebody's way, by rule; without what is Streamlit's own."""
    return {
        found["id"]: [node["html"][:200] for node in found["nodes"]]
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical") and found["id"] not in STREAMLITS_OWN
    }

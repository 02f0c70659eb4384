"""A real server, a real Chromium; anything that leaves the machine fails the test."""

import contextlib
import itertools
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
_calls = itertools.count()
# When the page last asked the server and last heard from it: its script runs only after an answer.
_OVERHEAR = """
    try {  // what the tab of an earlier test remembered is not this one's
        if (!sessionStorage.getItem("necto_test")) localStorage.clear();
        sessionStorage.setItem("necto_test", "begun");
    } catch { }  // a blank page has neither
    window.necto_asked = window.necto_heard = 0;
    window.WebSocket = class extends window.WebSocket {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", () => { window.necto_heard = performance.now(); });
        }
        send(message) { window.necto_asked = performance.now(); super.send(message); }
    };"""
# Nothing was drawn for 200 ms. Not every question has an answer, and a figure may tick for ever:
# what was asked is waited for half a second, what is drawn after the script's end a whole one.
_QUIET = """(call) => {
    const now = performance.now();
    let seen = window.necto_seen;
    if (!seen) {
        seen = window.necto_seen = {};
        const drawn = () => { seen.drawn = performance.now(); };
        const all = { subtree: true, childList: true, attributes: true, characterData: true };
        new MutationObserver(drawn).observe(document, all);
    }
    if (seen.call !== call) Object.assign(seen, { call, drawn: now, ended: now });
    const app = document.querySelector("[data-testid=stApp]");
    const { necto_asked: asked = 0, necto_heard: heard = 0 } = window;
    if (!app || app.getAttribute("data-test-script-state") !== "notRunning"
        || document.querySelector("[data-testid=stSkeleton], [role=grid][aria-busy=true]")
        || (asked > heard && now - asked < 500)) seen.ended = now;
    const quiet = now - Math.max(seen.ended, seen.drawn, heard);
    return seen.ended < now && (quiet >= 200 || now - seen.ended >= 1000);
}"""


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
    visited.add_init_script(_OVERHEAR)
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
    """Wait until the script has run, what was asked is answered and nothing is left to draw."""
    page.wait_for_function(_QUIET, arg=next(_calls), timeout=30_000, polling=50)
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

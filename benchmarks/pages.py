"""Pages in a real browser against an empty Streamlit page, in one run.

Time from asking for the page to the first KPI's text (the Dashboard's answer in one sentence; the
cards repeat it a moment later, and are timed too), and to the first chart, against the time to
the text of a page that has nothing else; time from a filter's change to the changed count against
the rerun of that empty page. ``python benchmarks/pages.py`` prints medians of ``RUNS`` visits (each
a fresh visitor, both servers warm) and their ratio. Targets: 1.5, 2.5 and 2 times.
"""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
RUNS = 9
NOWHERE = "http://127.0.0.1:9"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--no-first-run", "--disable-dev-shm-usage"]  # fmt: skip
EMPTY = """
import streamlit as st
st.set_page_config(layout="wide")
count = st.session_state.setdefault("count", 0)
def more():
    st.session_state["count"] += 1
st.title("Nothing")
st.button("more", on_click=more)
st.text(f"count {count}")
"""
sys.path.insert(0, str(ROOT))

from connectors.registry import SOURCES  # noqa: E402 - the path comes first


@contextlib.contextmanager
def serving(script: str, folder: Path, health: str, **environment: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}",
               "--server.address=127.0.0.1", "--server.headless=true",
               "--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(address + health):
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def median_of(browser: Browser, visit: Callable[[Page], float]) -> float:
    """Median over fresh visitors, after one that warms the server up."""
    taken = []
    for _ in range(RUNS + 1):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        taken.append(visit(page))
        context.close()
    return statistics.median(taken[1:])


def until_seen(address: str, selector: str) -> Callable[[Page], float]:
    def visit(page: Page) -> float:
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(selector, timeout=60_000)
        return time.perf_counter() - start

    return visit


def settled(page: Page) -> None:
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.getAttribute("
        "'data-test-script-state') === 'notRunning'"
    )
    page.wait_for_timeout(1500)


def rerun_of_nothing(address: str) -> Callable[[Page], float]:
    def visit(page: Page) -> float:
        page.goto(address)
        page.wait_for_selector("text=count 0")
        settled(page)
        start = time.perf_counter()
        page.click("button:has-text('more')")
        page.wait_for_selector("text=count 1")
        return time.perf_counter() - start

    return visit


def filter_change(address: str) -> Callable[[Page], float]:
    def visit(page: Page) -> float:
        page.goto(f"{address}/market")
        page.wait_for_selector("text=/\\d+ of \\d+ offers/")
        settled(page)
        page.click("summary:has-text('Price and source')")
        page.wait_for_timeout(500)
        before = page.locator("text=/\\d+ of \\d+ offers/").first.inner_text().split(",")[0]
        start = time.perf_counter()
        page.click("label:has-text('Free at the last reading')")
        page.wait_for_function(
            "before => [...document.querySelectorAll('p')].some(p =>"
            " /\\d+ of \\d+ offers/.test(p.innerText) && !p.innerText.startsWith(before))",
            arg=before,
        )
        return time.perf_counter() - start

    return visit


def report(what: str, mine: float, empty: float, target: float) -> None:
    print(
        f"{what:22} empty page {empty * 1000:7.0f} ms   Necto {mine * 1000:7.0f} ms   "
        f"{mine / empty:.2f} x (target <= {target})",
        flush=True,
    )


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    nowhere = {f"NECTO_{source.name.upper()}_URL": NOWHERE for source in SOURCES}
    nowhere["NECTO_AKASH_CHAIN_URL"] = NOWHERE
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        (Path(temporary) / "empty.py").write_text(EMPTY)
        home = str(Path(temporary) / "home")
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        with (
            serving("empty.py", Path(temporary), "/_stcore/health") as empty,
            serving("app.py", ROOT, "/healthz", NECTO_HOME=home, **nowhere) as necto,
        ):
            nothing = median_of(browser, until_seen(empty, "text=count 0"))
            kpi = median_of(browser, until_seen(necto, "text=/\\$[0-9.]+ per GPU-hour/"))
            report("first KPI text", kpi, nothing, 1.5)
            cards = median_of(browser, until_seen(necto, "[data-testid=stMetricValue]"))
            report("first KPI card", cards, nothing, 1.5)
            chart = median_of(browser, until_seen(necto, ".js-plotly-plot .main-svg"))
            report("first chart", chart, nothing, 2.5)
            rerun = median_of(browser, rerun_of_nothing(empty))
            change = median_of(browser, filter_change(necto))
            report("filter change", change, rerun, 2)
        browser.close()


if __name__ == "__main__":
    main()

"""The long table with 100,000 rows behind it, in a real browser.

``python benchmarks/data_table.py`` prints, while a person scrolls by wheel through thousands of
rows (windows of rows arrive meanwhile) and while the page rests: the longest and the median frame,
and the longest task of the page's main thread in its own processor time, which a busy machine does
not stretch. Then the time from a sort and from a filter (which waits 250 ms for the last key) to
its first row, as a ratio to the rerun of a page with nothing on it, in the same run.
"""

import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pages import (  # noqa: E402 - the path comes first
    ARGUMENTS,
    EMPTY,
    median_of,
    rerun_of_nothing,
    serving,
    settled,
)

TURNS, PIXELS = 120, 240  # of the wheel
STUTTER = 50.0  # ms: a longer frame is seen
START = """() => {
  globalThis.frames = [];
  let last = performance.now();
  globalThis.tick = (now) => {
    frames.push(now - last);
    last = now;
    globalThis.next = requestAnimationFrame(tick);
  };
  globalThis.next = requestAnimationFrame(tick);
}"""
STOP = "() => { cancelAnimationFrame(next); return frames.slice(1) }"


def visited(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector("[role=grid] [role=gridcell]", timeout=60_000)
    settled(page)
    return page


def frames(page: Page, act: Callable[[], None]) -> list[float]:
    """Milliseconds between the frames that the browser draws while ``act`` goes on."""
    page.evaluate(START)
    act()
    taken: list[float] = page.evaluate(STOP)
    return taken


def longest_task(browser: Browser, page: Page, act: Callable[[], None]) -> float:
    """Milliseconds of processor time of the main thread's longest task while ``act`` goes on."""
    browser.start_tracing(page=page, categories=["toplevel"])
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [e["tdur"] for e in events if (e["pid"], e["tid"]) in main and "tdur" in e]
    return float(max(tasks)) / 1000


def scrolled(page: Page) -> None:
    page.get_by_role("grid").hover()
    for _ in range(TURNS):
        page.mouse.wheel(0, PIXELS)
        page.wait_for_timeout(16)


def asked(address: str, ask: Callable[[Page], None], answer: str) -> Callable[[Page], float]:
    def visit(page: Page) -> float:
        visited(page, address)
        start = time.perf_counter()
        ask(page)
        page.wait_for_selector(answer, timeout=60_000)
        return time.perf_counter() - start

    return visit


def sort(page: Page) -> None:
    page.locator("[role=columnheader]:has-text('USD') .sort").click()


def narrow(page: Page) -> None:
    page.get_by_label("Subject contains").fill("akash/4242")


def report(what: str, mine: float, empty: float) -> None:
    print(
        f"{what:24} empty page's rerun {empty * 1000:6.0f} ms   table {mine * 1000:6.0f} ms   "
        f"{mine / empty:.2f} x",
        flush=True,
    )


def report_frames(browser: Browser, page: Page) -> None:
    for what, act in (
        ("at rest", lambda: page.wait_for_timeout(2000)),
        ("while scrolling", lambda: scrolled(page)),
    ):
        taken = frames(page, act)
        task = longest_task(browser, page, act)
        print(
            f"{what:24} longest frame {max(taken):5.0f} ms   median "
            f"{statistics.median(taken):5.1f} ms   over {STUTTER:.0f} ms: "
            f"{sum(t > STUTTER for t in taken)} of {len(taken)}   longest task {task:4.0f} ms",
            flush=True,
        )


@contextlib.contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """Addresses of a page with nothing on it and of the page with the table."""
    (home / "empty.py").write_text(EMPTY)
    shutil.copytree(ROOT / "components" / "static", home / "static")
    shutil.copytree(ROOT / ".streamlit", home / ".streamlit")
    shutil.copy(ROOT / "tests" / "browser" / "data_table_app.py", home / "table.py")
    health = "/_stcore/health"
    with (
        serving("empty.py", home, health) as empty,
        serving("table.py", home, health, PYTHONPATH=str(ROOT)) as table,
    ):
        yield empty, table


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    subject = "[aria-rowindex='2'] [data-column=subject]:has-text('akash/4242')"
    usd = "[aria-rowindex='2'] [data-column=usd]:has-text('0.36')"
    with (
        tempfile.TemporaryDirectory() as temporary,
        sync_playwright() as driver,
        served(Path(temporary)) as (empty, table),
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = visited(browser.new_page(viewport={"width": 1440, "height": 900}), table)
        scrolled(page)  # once to warm up
        report_frames(browser, page)
        page.close()
        nothing = median_of(browser, rerun_of_nothing(empty))
        report("sort of 100,000 rows", median_of(browser, asked(table, sort, usd)), nothing)
        report("filter of 100,000 rows", median_of(browser, asked(table, narrow, subject)), nothing)
        browser.close()


if __name__ == "__main__":
    main()

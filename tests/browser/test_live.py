"""A figure followed from a network's answer to the page and to the CSV, unchanged."""

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from connectors.http import HttpClient
from connectors.jobs.ingest import Ingest, load_recorded
from connectors.networks.akash import Akash
from data.market import Lake
from data.shipped import catalogue
from tests.browser.conftest import opened, serving, settled

pytestmark = pytest.mark.browser

OWNER = "akash1synthetic"
OFFER = f"akash:{OWNER}:h100 80Gi SXM5:on_demand:-"
COUNTRY = {"key": "country", "value": "DE",
           "auditedBy": ["akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63"]}  # fmt: skip
PROVIDER: dict[str, Any] = {
    "owner": OWNER, "hostUri": "https://made.up.example:8443", "isOnline": True, "isAudited": True,
    "uptime7d": 0.993, "ipCountryCode": "DE", "locationRegion": "eu-central",
    "attributes": [COUNTRY, {"key": "tier", "value": "community", "auditedBy": []}],
}  # fmt: skip


class Network(ThreadingHTTPServer):
    """A made-up Akash on loopback with one bid, whose price a test may change."""

    amount = "4321.123456789012345678"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)

    def prices(self) -> dict[str, Any]:
        bid = {
            "height": 1, "txHash": "MADEUP", "datetime": "2026-11-23T00:00:00.000Z",
            "deployment": {"cpuUnits": 100, "memoryUnits": 2**28, "storageUnits": 2**28,
                           "gpus": [{"vendor": "nvidia", "model": "h100"}]},
            "data": {"price": {"denom": "uact", "amount": self.amount}},
        }  # fmt: skip
        seller = {"owner": OWNER, "hostUri": PROVIDER["hostUri"], "allocated": 1, "allocatable": 8}
        row = {"vendor": "nvidia", "model": "h100", "ram": "80Gi", "interface": "SXM5",
               "providersWithBestBid": [{"provider": seller, "bestBid": bid}]}  # fmt: skip
        return {"availability": {"total": 8, "available": 7}, "models": [row]}


class Answering(BaseHTTPRequestHandler):
    server: Network

    def do_GET(self) -> None:
        body = self.server.prices() if self.path.startswith("/v1/gpu-prices") else [PROVIDER]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_figure_goes_from_the_answer_to_page_and_csv_unchanged(page, network, tmp_path):
    url = f"http://127.0.0.1:{network.server_port}"
    with serving(tmp_path / "home", NECTO_AKASH_URL=url) as address:
        opened(page, f"{address}/")
        expect(page.get_by_text("$2.593").first).to_be_visible(timeout=30_000)
        exact = Decimal(network.amount) * 600 / 1_000_000

        opened(page, f"{address}/market?offer={OFFER}")
        dialog = page.get_by_test_id("stDialog")
        expect(dialog.get_by_text(f"{network.amount} uact per block")).to_be_visible()
        shown = f"{exact.quantize(Decimal(1).scaleb(-18)).normalize():f}"
        expect(dialog.get_by_text(f"{shown} USD per hour")).to_be_visible()
        expect(dialog.get_by_text("DE (signed by Akash Network)")).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page).not_to_have_url(re.compile("offer="), timeout=15_000)
        settled(page)

        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV", exact=True).click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        rows = {r["offer_id"]: r for r in csv.DictReader(io.StringIO(text, newline=""))}
        assert rows[OFFER]["usd_per_hour"] == shown
        assert rows[OFFER]["source_kind"] == "live"


def test_refresh_now_renews_the_cards_without_a_reload(page, network, tmp_path):
    url = f"http://127.0.0.1:{network.server_port}"
    home = tmp_path / "home"
    some_time_ago = datetime.now(UTC) - timedelta(minutes=5)  # so that asking again is polite
    with HttpClient() as http:
        lake = Lake(home / "market")
        Ingest(lake, http, catalogue(), lambda: some_time_ago).run(Akash(url))
    with serving(home, NECTO_AKASH_URL=url) as address:
        opened(page, f"{address}/")
        expect(page.get_by_text("$2.593").first).to_be_visible(timeout=30_000)
        network.amount = "3333.333333"
        page.get_by_role("button", name="Refresh now").click()

        expect(page.get_by_text("$2.000").first).to_be_visible(timeout=40_000)


def test_a_visitor_who_is_early_sees_the_figures_without_a_reload(page, tmp_path):
    """The first start: the page is open before the worker has loaded anything."""
    home = tmp_path / "home"
    with serving(home, ready=False, NECTO_WORKER="external") as address:
        opened(page, f"{address}/")
        expect(page.get_by_text("No offers yet")).to_be_visible()
        load_recorded(Lake(home / "market"))

        expect(page.get_by_text("$2.039").first).to_be_visible(timeout=30_000)

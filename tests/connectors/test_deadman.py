"""The outside monitor hears that all is well only while it is, and its address stays a secret."""

import logging
import threading
from datetime import timedelta

import httpx
import pytest

from connectors.http import HttpClient
from connectors.jobs import deadman
from connectors.jobs.deadman import BadDeadman, deadman_url, signal, signal_until, why_silent
from connectors.jobs.ingest import now_utc
from data.books import open_book
from data.order_status import figures_now, order_figures
from data.status import Status, metrics_text
from data.stops import freeze
from data.worker import beat
from tests.placed import NOOR, ordered, running, stores_of
from tests.support import settings_of

URL = "https://monitor.example/ping/s3cret"


class Monitor:
    """An outside monitor: what it heard, and how it answers."""

    def __init__(self, status: int = 200, error: type[Exception] | None = None) -> None:
        self.status, self.error, self.heard = status, error, []

    def answer(self, request):
        self.heard.append((request.method, str(request.url)))
        if self.error:
            raise self.error("no way to s3cret")
        return httpx.Response(self.status, headers={"Location": "https://other.example/"})

    def client(self):
        return HttpClient(deadman.LIMITS, transport=httpx.MockTransport(self.answer))


@pytest.fixture
def alive(tmp_path):
    beat(tmp_path, 1, now_utc())
    return settings_of(tmp_path)


def test_while_all_is_well_the_monitor_hears_so(alive):
    monitor = Monitor()
    assert signal(monitor.client(), URL, alive, now_utc())
    assert monitor.heard == [("POST", URL)]


def test_a_worker_whose_heart_has_stopped_does_not_claim_to_live(alive):
    monitor = Monitor()
    assert not signal(monitor.client(), URL, alive, now_utc() + timedelta(minutes=1))
    assert monitor.heard == []


def test_a_worker_that_looks_at_no_order_is_not_well(tmp_path):
    stores, settings = stores_of(tmp_path), settings_of(tmp_path)
    running(stores.records, ordered(stores))
    now = now_utc() + timedelta(minutes=11)
    beat(tmp_path, 1, now)
    assert "to be looked at" in why_silent(settings, now)
    beat(tmp_path, 1, now_utc())
    assert why_silent(settings, now_utc()) is None


def test_a_book_that_cannot_be_used_is_not_well(alive):
    (alive.home / "records").mkdir()
    (alive.home / "records" / "sandbox.sqlite").write_bytes(b"no book" * 1_000)
    assert "cannot be used" in why_silent(alive, now_utc())
    assert Status.now(alive).orders is None
    assert any("of the orders" in one for one in Status.now(alive).reasons_not_ready())


@pytest.mark.parametrize(
    ("monitor", "word"),
    [(Monitor(404), "404"), (Monitor(302), "302"), (Monitor(error=httpx.ConnectError), "Unreach")],
)
def test_a_monitor_that_is_not_reached_is_logged_without_its_path(alive, caplog, monitor, word):
    with caplog.at_level(logging.WARNING):
        assert not signal(monitor.client(), URL, alive, now_utc())
    assert len(monitor.heard) == 1  # no redirect is followed, nothing is repeated
    assert word in caplog.text
    assert "monitor.example" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_fault_of_ours_ends_nothing_and_tells_no_address(alive, caplog, monkeypatch):
    monkeypatch.setattr(deadman, "EVERY_SECONDS", 0.01)
    stop, heard = threading.Event(), []

    class Broken:
        def deliver(self, url, **_):
            heard.append(url)
            if len(heard) == 2:
                stop.set()
            raise RuntimeError(url)

    signal_until(Broken(), URL, alive, stop)
    assert len(heard) == 2
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("url", ["http://monitor.example/x", "monitor", "https://a:b@c.example/"])
def test_an_address_that_others_could_read_along_is_refused_at_the_start(url):
    with pytest.raises(BadDeadman, match="NECTO_DEADMAN_URL"):
        deadman_url({"NECTO_DEADMAN_URL": url})


def test_where_none_is_set_nobody_is_called():
    assert deadman_url({}) == ""
    assert deadman_url({"NECTO_DEADMAN_URL": f" {URL} "}) == URL


def test_orders_are_told_in_numbers(tmp_path):
    stores, settings = stores_of(tmp_path), settings_of(tmp_path)
    running(stores.records, ordered(stores))
    ordered(stores, key="k2")
    freeze(stores.records, "audit", NOOR, "f")
    with stores.records.reading() as view:
        found = order_figures(view, now_utc() + timedelta(hours=1))
    assert found.open == {"active": 1, "placed": 1}
    assert found.overdue == 1
    assert found.is_stopped
    assert found.reconciled_age_seconds is None
    assert found.late_seconds > 3_500
    text = metrics_text(Status.now(settings))
    assert 'necto_orders_open{state="active"} 1.0' in text
    assert "necto_buying_stopped 1.0" in text


def test_a_book_that_nobody_began_is_told_as_none_and_not_begun(tmp_path):
    assert figures_now(settings_of(tmp_path), now_utc()) is None
    assert "necto_orders" not in metrics_text(Status.now(settings_of(tmp_path)))
    assert not (tmp_path / "records" / "sandbox.sqlite").exists()
    open_book(settings_of(tmp_path), "sandbox")
    assert figures_now(settings_of(tmp_path), now_utc()).open == {}

"""Jobs are called at the address that was checked, once, and what they answer is one sign."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from connectors.jobs import probe as probing
from connectors.jobs.order_desk import Desk
from connectors.jobs.probe import (
    BadProbeHosts,
    Board,
    NoAnswer,
    looked_up,
    probe,
    probe_hosts,
    probe_round,
    probe_until,
)
from engine.buying import Observation, Service
from engine.probing import PORTS, NotProbed, Target
from engine.watching import PROBES_FAILED, Running, end_reasons, watched
from tests.placed import ordered, read, running, stores_of

PUBLIC = "93.184.216.34"
TARGET = Target("https", "job.example.com", "/x?y=1")
HOSTS = ("example.com",)


class Served:
    """What a job serves: the requests that came, and what is answered."""

    def __init__(self, status=200, error=None) -> None:
        self.status, self.error, self.asked = status, error, []

    def answer(self, request):
        self.asked.append(request)
        if self.error:
            raise self.error
        return httpx.Response(self.status, headers={"Location": "http://127.0.0.1/"})

    @property
    def transport(self):
        return httpx.MockTransport(self.answer)


def leads_to(*addresses):
    """A name server, and how often it was asked."""
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return addresses

    resolve.asked = asked
    return resolve


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1::1"])
def test_the_connection_goes_to_the_address_that_was_checked_under_the_job_s_own_name(address):
    served, resolve = Served(), leads_to(address)
    assert probe(TARGET, resolve, served.transport) == 200
    (request,) = served.asked
    assert (request.method, request.url.host) == ("GET", address)
    assert request.url.raw_path == b"/x?y=1"
    assert request.headers["Host"] == "job.example.com"
    assert request.extensions["sni_hostname"] == "job.example.com"
    assert resolve.asked == [("job.example.com", 443)]  # once: it cannot lead elsewhere after


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), (PUBLIC, "10.0.0.1"), ("169.254.169.254",), ("::ffff:127.0.0.1",), ()],
)
def test_a_name_that_leads_inside_is_not_called_at_all(addresses):
    served = Served()
    with pytest.raises(NotProbed, match="not everybody"):
        probe(TARGET, leads_to(*addresses), served.transport)
    assert served.asked == []


def test_a_redirect_is_an_answer_and_is_not_followed():
    served = Served(302)
    assert probe(TARGET, leads_to(PUBLIC), served.transport) == 302
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    "served",
    [Served(502), Served(error=httpx.ConnectError("x")), Served(error=httpx.ReadError(""))],
)
def test_a_server_that_fails_does_not_answer(served):
    with pytest.raises(NoAnswer):
        probe(TARGET, leads_to(PUBLIC), served.transport)


def test_an_answer_that_drips_is_cut_at_the_deadline(monkeypatch):
    """A real server on loopback, which only this test lets count as public."""
    monkeypatch.setattr(probing, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(probing, "is_public", lambda _: True)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection:
                for _ in range(50):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        monkeypatch.setitem(PORTS, "http", server.getsockname()[1])
        with pytest.raises(NoAnswer):
            probe(Target("http", "job.example.com", "/"), leads_to("127.0.0.1"))
        assert time.monotonic() - began < 1
        thread.join(5)


def test_a_name_without_an_address_is_no_answer():
    with pytest.raises(NoAnswer, match="no address"):
        looked_up("job.invalid", 80)
    assert "127.0.0.1" in looked_up("localhost", 80)


@pytest.fixture
def stores(tmp_path):
    return stores_of(tmp_path)


def runs(stores, key, address):
    known = running(stores.records, ordered(stores, key=key))
    service = {"name": "job", "ready": 1, "total": 1, "addresses": ["1.2.3.4:31000", address]}
    read(stores.records, known, "0.1", services=[service])
    return known.order_id


def desk_of(stores):
    return Desk(records=stores.records, sellers=None, secrets_of=lambda _: {})


def test_failures_are_counted_in_a_row_and_forgotten_with_the_job(stores):
    name, board = runs(stores, "a", "job.example.com"), Board()
    other = runs(stores, "b", "job.elsewhere.net")
    for status in (503, 503):
        probe_round(desk_of(stores), board, HOSTS, "", leads_to(PUBLIC), Served(status).transport)
    assert (board.failures(name), board.failures(other)) == (2, 0)
    probe_round(desk_of(stores), board, HOSTS, "", leads_to(PUBLIC), Served().transport)
    assert board.failures(name) == 0
    board.keep_only([])
    assert board.failures(name) == 0


def test_a_name_that_leads_inside_says_nothing_of_the_job(stores):
    name, board = runs(stores, "a", "job.example.com"), Board()
    probe_round(desk_of(stores), board, HOSTS, "", leads_to("10.0.0.1"), Served().transport)
    assert board.failures(name) is None


def test_each_round_goes_on_where_the_one_before_ended(stores, monkeypatch):
    monkeypatch.setattr(probing, "PROBED_MAX", 1)
    names = sorted(runs(stores, key, "job.example.com") for key in "ab")
    board, after = Board(), ""
    for expected in (*names, names[0]):
        after = probe_round(
            desk_of(stores), board, HOSTS, after, leads_to(PUBLIC), Served().transport
        )
        assert after == expected


def test_a_fault_of_ours_ends_nothing(monkeypatch, caplog):
    monkeypatch.setattr(probing, "EVERY_SECONDS", 0.01)
    stop, tries = threading.Event(), []

    def broken():
        tries.append(1)
        if len(tries) == 2:
            stop.set()
        raise RuntimeError("ours")

    probe_until(broken, Board(), HOSTS, stop)
    assert len(tries) == 2
    assert "could not be called" in caplog.text


def test_a_setting_that_allows_everything_is_refused():
    assert probe_hosts({}) == ()
    with pytest.raises(BadProbeHosts, match="NECTO_PROBE_HOSTS"):
        probe_hosts({"NECTO_PROBE_HOSTS": "*"})


def judged(failed, before=None):
    """What a reading of a job means whose services are ready."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    order = Running(
        order_id="sbx-a", usd_per_hour=Decimal(2), since=now - timedelta(hours=1), until=None,
        hold_cents=1000,
    )  # fmt: skip
    service = Service(name="job", ready=1, total=1)
    seen = Observation(handle="9", word="active", services=(service,), units_left=10_000_000)
    what = watched(
        order, seen, before, now, units_per_usd=1_000_000, asked_services=True, probes_failed=failed
    )
    assert end_reasons(order, what, seen, now) == []
    return what


@pytest.mark.parametrize(
    ("failed", "health"),
    [(None, "serving"), (PROBES_FAILED - 1, "serving"), (PROBES_FAILED, "degraded")],
)
def test_a_job_that_does_not_answer_often_enough_is_degraded_and_never_ended(failed, health):
    what = judged(failed)
    assert what.health == health
    assert ("does not answer" in str(what.json()["said"])) == (health == "degraded")


def test_a_worker_that_has_not_called_a_job_yet_keeps_what_is_known_of_it():
    before = judged(PROBES_FAILED).json()
    assert judged(None, before).health == "degraded"
    assert judged(0, before).health == "serving"


def test_before_the_first_call_nothing_is_known():
    assert Board().failures("sbx-a") is None

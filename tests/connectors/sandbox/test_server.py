"""The server itself: over real sockets, with faults, kills and restarts."""

import json
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from connectors.sandbox.client import Control, Misunderstood, NotRunning, child
from connectors.sandbox.forms import Fault, Market
from connectors.sandbox.server import Address, AlreadyServed, Serving, serving
from tests.connectors.sandbox.worlds import MARKET, Machine, sdl


class Client:
    """The Console as its customer sees it, and the control beside it."""

    def __init__(self, server: Serving, machine: Machine) -> None:
        self.address, self.machine, self.net = server.address, machine, server.net
        self.http = httpx.Client(
            base_url=server.address.url,
            headers={"x-api-key": server.address.key},
            trust_env=False,
            timeout=10,
        )
        self.control = Control(server.address)

    def create(self, name="sbx-1"):
        body = {"data": {"sdl": sdl(name), "deposit": 5}}
        return self.http.post("/v1/deployments", json=body)

    def leased(self):
        made = self.create().json()["data"]
        self.machine.seconds += 24
        bid = self.http.get("/v1/bids", params={"dseq": made["dseq"]}).json()["data"][0]["bid"]
        lease = {k: bid["id"][k] for k in ("dseq", "gseq", "oseq", "provider")}
        body = {"manifest": made["manifest"], "leases": [lease]}
        assert self.http.post("/v1/leases", json=body).status_code == 200
        return lease

    def token(self, *scopes):
        body = {"data": {"ttl": 60, "leases": {"access": "scoped", "scope": list(scopes)}}}
        return self.http.post("/v1/create-jwt-token", json=body).json()["data"]["token"]

    def gateway(self, lease, what):
        return f"/provider/{lease['provider']}/lease/{lease['dseq']}/1/1/{what}"

    def lines(self, lease, what, query="", **headers):
        url = self.address.url.replace("http", "ws") + self.gateway(lease, what) + query
        with connect(url, additional_headers=headers, proxy=None) as line:
            return [json.loads(text) for text in line]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    machine = Machine()
    with serving(tmp_path_factory.mktemp("sandbox"), machine=machine) as server:
        client = Client(server, machine)
        client.control.market(Market(providers=MARKET))
        yield client
        client.http.close()
        client.control.close()


@pytest.fixture
def client(running):
    running.control.clear()
    return running


def test_every_answer_is_marked_as_the_sandbox(client):
    for path in ("/v1/blockchain-status", "/v1/nothing", "/v1/deployments", "/v1/doc"):
        assert client.http.get(path).headers["x-necto-sandbox"] == "1"
    assert client.address.key.startswith("ac.sk.sandbox.")
    assert client.address.owner.startswith("akash1sandbox")


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({}, 401, "Unauthorized"),
        ({"x-api-key": "ac.sk.production." + "0" * 64}, 401, "Invalid API key"),
        ({"authorization": "Bearer {key}"}, 401, "Invalid token"),
        ({"authorization": "Bearer x", "x-api-key": "{key}"}, 400, "mutually exclusive"),
    ],
)
def test_the_key_goes_into_its_own_header_and_nowhere_else(client, headers, status, said):
    sent = {name: value.format(key=client.address.key) for name, value in headers.items()}
    answer = httpx.get(client.address.url + "/v1/user/me", headers=sent, trust_env=False)
    assert answer.status_code == status
    assert said in answer.json()["message"]
    assert {"error", "message", "code", "type"} <= answer.json().keys()


def test_the_key_does_not_open_the_control(client):
    answer = client.http.get("/_sandbox/status", headers={"x-sandbox-token": client.address.key})
    assert answer.status_code == 401


def test_a_lost_answer_was_applied(client):
    before = client.control.status().deployments.get("active", 0)
    client.control.fault(Fault(kind="lost_answer", path="/v1/deployments", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        client.create()
    assert client.control.status().deployments["active"] == before + 1
    assert client.create().status_code == 201


def test_a_request_cut_before_was_not_applied(client):
    before = client.control.status().deployments.get("active", 0)
    client.control.fault(Fault(kind="cut_before", method="POST", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        client.create()
    assert client.control.status().deployments.get("active", 0) == before


def test_a_duplicate_makes_a_second_deployment(client):
    before = client.control.status().deployments.get("active", 0)
    client.control.fault(Fault(kind="duplicate", path="/v1/deployments", times=1))
    assert client.create().status_code == 201
    assert client.control.status().deployments["active"] == before + 2


def test_orders_that_come_at_once_get_numbers_of_their_own(client):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.create, [f"sbx-{number}" for number in range(24)]))
    assert len({answer.json()["data"]["dseq"] for answer in answers}) == 24
    told = client.control.status().money
    assert told["granted"] == told["balance"] + told["escrow"] + told["transferred"]


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (Fault(kind="status", status=429, seconds=7), 429, "rate_limited"),
        (Fault(kind="status", status=502), 502, "database_timeout"),
        (Fault(kind="html_403"), 403, "<!DOCTYPE html>"),
        (Fault(kind="text_404"), 404, "Provider not found."),
        (Fault(kind="wallet_402"), 402, "Not enough balance"),
        (Fault(kind="wallet_409"), 409, "conflict"),
        (Fault(kind="wallet_503"), 503, "Service temporarily unavailable"),
        (Fault(kind="garbage"), 201, "deployments"),
    ],
)
def test_a_fault_answers_as_the_real_network_would(client, fault, status, said):
    client.control.fault(fault)
    answer = client.create()
    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert ("cf-mitigated" in answer.headers) == (fault.kind == "html_403")


def test_wrong_types_keep_the_shape(client):
    client.control.fault(Fault(kind="wrong_types", path="/v1/blockchain-status", times=1))
    told = client.http.get("/v1/blockchain-status").json()
    assert told == {"isBlockchainReachable": {"was": "True"}}


def test_a_slow_answer_still_comes_and_an_outage_never(client):
    client.control.fault(Fault(kind="slow", seconds=0.2, times=1))
    with pytest.raises(httpx.ReadTimeout):
        client.http.get("/v1/blockchain-status", timeout=0.05)
    client.control.fault(Fault(kind="outage"))
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            client.http.get("/v1/blockchain-status")
    client.control.clear()
    assert client.http.get("/v1/blockchain-status").json() == {"isBlockchainReachable": True}


def test_a_lease_has_status_logs_and_events_for_who_holds_a_fitting_token(client):
    lease = client.leased()
    client.machine.seconds += 120
    bearer = {"authorization": f"Bearer {client.token('status', 'logs', 'events')}"}
    url = client.address.url + client.gateway(lease, "status")
    told = httpx.get(url, headers=bearer, trust_env=False).json()
    logs = client.lines(lease, "logs", "?tail=1", **bearer)
    events = client.lines(lease, "kubeevents", **bearer)

    assert told["services"]["app"]["available"] == 1
    assert len(logs) == 1
    assert logs[0].keys() == {"name", "message"}
    assert {event["reason"] for event in events} == {"ScalingReplicaSet", "Started"}


def test_a_gateway_refuses_who_has_no_right(client):
    lease = client.leased()
    url = client.address.url + client.gateway(lease, "status")
    for token, status, said in (
        ("", 400, "JWT is missing"),
        ("Bearer a.b.c", 401, "JWT is invalid"),
        (f"Bearer {client.token('logs')}", 401, "unauthorized access"),
    ):
        answer = httpx.get(url, headers={"authorization": token}, trust_env=False)
        assert (answer.status_code, answer.text) == (status, said)
    with pytest.raises(InvalidStatus):
        client.lines(lease, "logs")
    bearer = {"authorization": f"Bearer {client.token('logs')}"}
    with pytest.raises(ConnectionClosed, match="4001"):
        client.lines(lease | {"dseq": "1"}, "logs", **bearer)


def test_a_token_ends(client):
    lease, token = client.leased(), client.token("status")
    client.machine.seconds += 61
    url = client.address.url + client.gateway(lease, "status")
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.get(url, headers=headers, trust_env=False).text == "JWT is expired"


def test_a_dead_provider_gives_no_status_and_cuts_the_line(client):
    lease = client.leased()
    client.control.fault(Fault(kind="provider_dead", provider=lease["provider"]))
    found = client.http.get(f"/v1/deployments/{lease['dseq']}").json()["data"]["leases"][0]
    assert (found["state"], found["status"]) == ("active", None)
    with pytest.raises(httpx.RemoteProtocolError):
        client.http.get(client.gateway(lease, "status"))


def test_the_address_is_private_and_a_second_server_is_refused(tmp_path):
    with serving(tmp_path) as server:
        mode = stat.S_IMODE((tmp_path / "address.json").stat().st_mode)
        assert mode == 0o600
        assert server.address.url.startswith("http://127.0.0.1:")
        with pytest.raises(AlreadyServed):
            Serving(tmp_path)
    again = Address.read(tmp_path)
    with serving(tmp_path) as server:
        assert server.address == again  # the same key, owner, token and port


def test_a_killed_server_has_everything_that_it_answered(tmp_path):
    with child(tmp_path) as process, Control.at(tmp_path) as control:
        control.market(Market(providers=MARKET))
        control.fault(Fault(kind="slow", seconds=0, times=5))
        made = control.fill([sdl("sbx-1"), sdl("sbx-2")])
        control.clock(factor=50)
        before = control.status()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with pytest.raises(NotRunning):
            control.status()
    with child(tmp_path), Control.at(tmp_path) as control:
        after = control.status()
        assert [lease.dseq for lease in control.leases()] == [one["dseq"] for one in made]
        assert (after.owner, after.factor, after.providers) == (before.owner, 50, 2)
        assert after.height >= before.height
        assert len(after.faults) == 1
        assert control.address.url == Address.read(tmp_path).url


def test_a_server_ends_with_its_parent(tmp_path):
    code = (
        "import os, subprocess, sys\n"
        "env = os.environ | {'NECTO_PARENT': str(os.getpid())}\n"
        f"command = [sys.executable, '-m', 'connectors.sandbox', '--home', {str(tmp_path)!r}]\n"
        "print(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL).pid)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    server = int(told.stdout)
    for _ in range(400):
        if not alive(server):
            break
        signal.sigtimedwait([], 0.05)
    assert not alive(server)
    assert Address.read(tmp_path).pid == server  # it had served


def started(home, **variables) -> subprocess.CompletedProcess[str]:
    """The server as a process of its own, which is expected to end by itself."""
    command = [sys.executable, "-m", "connectors.sandbox", "--home", str(home)]
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_server_without_a_parent_ends_by_itself_and_one_without_a_book_says_so(tmp_path):
    assert started(tmp_path, NECTO_PARENT="0").returncode == 0
    with serving(tmp_path):
        second = started(tmp_path)
    assert (second.returncode, "another server has the book" in second.stderr) == (1, True)
    (tmp_path / "akash.sqlite").write_bytes(b"no book at all" * 99)
    third = started(tmp_path)
    assert (third.returncode, "not a database" in third.stderr) == (1, True)


def test_a_port_that_is_taken_is_refused_and_the_last_one_is_only_a_wish(tmp_path):
    with serving(tmp_path / "a") as first:
        taken = int(first.address.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"):
            Serving(tmp_path / "b", taken)
        other = first.address.model_copy(update={"pid": 1})
        (tmp_path / "c").mkdir()
        other.write(tmp_path / "c")
        with serving(tmp_path / "c") as second:
            assert second.address.url != first.address.url
            assert second.address.key == first.address.key


def test_logs_that_are_followed_go_on_as_they_come(client):
    lease = client.leased()
    client.machine.seconds += 30
    url = client.address.url.replace("http", "ws") + client.gateway(lease, "logs")
    bearer = {"authorization": f"Bearer {client.token('logs')}"}
    with connect(url + "?follow=true&service=app", additional_headers=bearer, proxy=None) as line:
        first = line.recv(timeout=5)
        client.machine.seconds += 300
        later = line.recv(timeout=5)
    assert "service started" in first
    assert "still serving" in later


def test_a_stream_that_is_none_or_of_a_dead_provider_is_refused(client):
    lease = client.leased()
    bearer = {"authorization": f"Bearer {client.token('logs')}"}
    with pytest.raises(InvalidStatus, match="404"):
        client.lines(lease, "shell", **bearer)
    client.control.fault(Fault(kind="provider_dead", provider=lease["provider"]))
    with pytest.raises(ConnectionClosed, match="4002"):
        client.lines(lease, "logs", **bearer)


def test_a_granular_token_opens_one_provider(client):
    lease = client.leased()
    one = {"provider": lease["provider"], "access": "scoped", "scope": ["status"]}
    url = client.address.url + client.gateway(lease, "status")
    for leases, status in (
        ({"access": "granular", "permissions": [one]}, 200),
        ({"access": "granular", "permissions": [one | {"provider": "akash1x"}]}, 401),
        ({"access": "full"}, 200),
    ):
        body = {"data": {"ttl": 60, "leases": leases}}
        token = client.http.post("/v1/create-jwt-token", json=body).json()["data"]["token"]
        sent = {"authorization": f"Bearer {token}"}
        assert httpx.get(url, headers=sent, trust_env=False).status_code == status


def test_the_control_steers_everything_by_name(client):
    control, lease = client.control, client.leased()
    control.seed(3)
    number = control.fault(Fault(kind="no_bids"))
    assert [one["id"] for one in control.faults()] == [number]
    assert control.clear(number) == 1
    assert control.grant(1_000_000) == client.net.balance()
    control.reclaim(lease["dseq"], 60)
    assert control.leases()[-1].state == "reclaiming"
    control.close_lease(lease["dseq"], "lease_closed_reason_unstable")
    assert control.leases()[-1].reason == "lease_closed_reason_unstable"
    exhausted = client.leased()
    control.exhaust(exhausted["dseq"])
    control.clock(advance_seconds=12)
    assert control.leases()[-1].state == "insufficient_funds"


def test_a_market_with_a_fault_in_it_is_refused_with_the_place(client):
    answer = client.control._http.put("/_sandbox/market", json={"providers": [{"address": "x"}]})
    assert answer.json()["data"][0]["path"] == ["providers", 0, "address"]
    with pytest.raises(Misunderstood, match="factor"):
        client.control._ask("POST", "/_sandbox/clock", {"factor": -1})


def alive(pid):
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as told:  # noqa: PTH123 - not a file
            return told.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_reset_starts_a_new_book_and_keeps_the_old(tmp_path):
    with serving(tmp_path) as server, Control(server.address) as control:
        control.market(Market(providers=MARKET))
        control.fill([sdl()])
        assert control.reset() == "akash-2.sqlite"
        told = control.status()
        assert (told.leases, told.providers, told.book) == ({}, 2, "akash-2.sqlite")
        assert (tmp_path / "akash.sqlite").stat().st_size > 0
        control.fill([sdl()])
    with serving(tmp_path) as server, Control(server.address) as control:
        assert control.status().leases == {"active": 1}


def test_the_control_says_what_is_wrong(tmp_path):
    with pytest.raises(NotRunning, match="no sandbox"):
        Control.at(tmp_path)
    with serving(tmp_path) as server, Control(server.address) as control:
        with pytest.raises(Misunderstood, match="not found"):
            control.exhaust("1")
        with pytest.raises(Misunderstood, match="fits"):
            control.fill([sdl()])
    with pytest.raises(NotRunning, match="does not answer"), Control.at(tmp_path) as control:
        control.status()

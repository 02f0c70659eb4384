"""A change sent by HTTP: once, and told apart whether it may have arrived."""

import json
import socket

import httpx
import pytest

from connectors.base import Denied, Reply, Unreachable
from connectors.buying import Uncertain
from connectors.http import HttpClient, Limits
from tests.connectors.asked import URL, Asked, said, serving

SHORT = Limits(host_spacing_seconds=0.0, total_timeout_seconds=0.3)
BODY = json.dumps({"data": {"dseq": "1"}}).encode()


def write(http, url=URL, *, bytes_max=1_000, headers=None, method="PUT"):
    return http.write(method, url, body=BODY, body_bytes_max=bytes_max, headers=headers)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_sends_json_by_the_method_given_and_gives_the_answer_unjudged(method):
    asked = Asked(httpx.Response(200, json={"ok": True}))
    reply = write(asked.http, method=method, headers=lambda _: {"x-api-key": "k"})
    assert reply == Reply(200, "application/json", b'{"ok":true}')
    sent = asked.requests[0]
    assert (sent.method, sent.content, sent.headers["x-api-key"]) == (method, BODY, "k")
    assert sent.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [302, 307, 402, 409, 429, 500, 503])
def test_sends_once_whatever_is_answered(status):
    asked = Asked(said(status, location=URL, retry_after="7"), httpx.Response(200))
    assert write(asked.http) == Reply(status, retry_after_seconds=7.0)
    assert (len(asked.requests), asked.slept) == (1, [])


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.ProxyError("407")],
)
def test_what_was_surely_not_sent_is_unreachable(failure):
    asked = Asked(failure)
    with pytest.raises(Unreachable, match="gave no answer"):
        write(asked.http)
    assert len(asked.requests) == 1


@pytest.mark.parametrize(
    "failure",
    [httpx.WriteTimeout("w"), httpx.WriteError("w"), httpx.ReadTimeout("r"), httpx.ReadError("r"),
     httpx.RemoteProtocolError("cut")],
)  # fmt: skip
def test_what_may_have_been_sent_is_uncertain_and_not_sent_again(failure):
    asked = Asked(failure)
    with pytest.raises(Uncertain, match="gave no answer"):
        write(asked.http)
    assert len(asked.requests) == 1


def test_a_port_where_nobody_listens_was_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with HttpClient(SHORT) as http, pytest.raises(Unreachable):
        write(http, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("head", ["Content-Length: 9\r\n\r\nab", "\r\n", "X-Endless: "])
def test_an_answer_cut_off_or_dripping_past_the_deadline_is_doubt(head):
    drips = [b"x"] * (0 if "ab" in head else 20)
    with (
        serving(head, drips, every_seconds=0.03) as url,
        HttpClient(SHORT) as http,
        pytest.raises(Uncertain),
    ):
        write(http, url)


def test_a_success_too_large_to_read_is_doubt_and_a_key_that_cannot_be_sent_is_not():
    asked = Asked(httpx.Response(201, content=bytes(1_001)))
    with pytest.raises(Uncertain, match=r"1,000 bytes allowed; its answer began with 201"):
        write(asked.http)
    with pytest.raises(Denied, match="cannot be sent"):
        write(asked.http, headers=lambda _: {"x-api-key": "a\nb"})
    assert len(asked.requests) == 1


def test_a_proxy_of_the_company_is_never_asked_for_what_is_on_this_machine(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving("Content-Length: 2\r\n\r\n", [b"ok"]) as url, HttpClient(SHORT) as http:
        assert write(http, url).body == b"ok"

"""Handing something over by HTTP: once, to the address given, and whatever comes back is told."""

import socket

import httpx
import pytest

from connectors.base import Denied, Reply, Unreachable, Unreadable
from connectors.http import HttpClient, Limits
from tests.connectors.asked import URL, Asked, said, serving

SHORT = Limits(host_spacing_seconds=0.0, total_timeout_seconds=0.3)
SECRET = "https://hooks.example/services/T000/s3cret?token=hidden1"


def deliver(http, url=URL, *, bytes_max=1_000, headers=None):
    return http.deliver(
        url, body=b"\x00a note", media_type="a/b", body_bytes_max=bytes_max, headers=headers
    )


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_sends_the_bytes_as_what_they_are_and_gives_the_whole_answer():
    asked = Asked(httpx.Response(201, headers={"Content-Type": "X/Y; q=1"}, content=b"\xff"))
    reply = deliver(asked.http, headers=lambda request: {"X-Size": str(len(request.body))})
    assert reply == Reply(201, "x/y", b"\xff")
    sent = asked.requests[0]
    assert (sent.method, sent.content) == ("POST", b"\x00a note")
    assert (sent.headers["Content-Type"], sent.headers["X-Size"]) == ("a/b", "7")


@pytest.mark.parametrize("status", [302, 307, 401, 409, 410, 429, 500, 503])
def test_asks_once_whatever_is_answered(status):
    asked = Asked(said(status, location=URL, retry_after="7"), httpx.Response(200))
    assert deliver(asked.http) == Reply(status, retry_after_seconds=7.0)
    assert (len(asked.requests), asked.slept) == (1, [])


def test_shows_the_beginning_of_a_refusal_as_plain_text_without_what_was_secret():
    asked = Asked(httpx.Response(400, content=b"no \x1b[31m hidden1 " + b"x" * 9_999))
    reply = deliver(asked.http, SECRET)
    assert reply.said.startswith("no [31m hidden xxx")
    assert len(reply.said) == 200
    assert len(reply.body) == 2_000 + 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
def test_does_not_insist_and_names_the_server_only(failure):
    asked = Asked(failure)
    with pytest.raises(Unreachable, match=r"^https://hooks\.example gave no answer") as caught:
        deliver(asked.http, SECRET)
    assert len(asked.requests) == 1
    assert "s3cret" not in str(caught.value)


def test_a_success_larger_than_allowed_is_refused_and_with_none_allowed_left_unread():
    endless = iter(lambda: bytes(65_536), None)
    with (
        serving("\r\n", endless) as url,
        HttpClient(SHORT) as http,
        pytest.raises(Unreadable, match="1,000 bytes allowed"),
    ):
        deliver(http, url)
    with serving("\r\n", endless) as url, HttpClient(SHORT) as http:
        assert deliver(http, url, bytes_max=0) == Reply(200)


@pytest.mark.parametrize("head", ["\r\n", "X-Endless: "])
def test_gives_up_when_the_answer_drips_past_the_deadline(head):
    drips = [b"x"] * 99
    with (
        serving(head, drips, every_seconds=0.05) as url,
        HttpClient(SHORT) as http,
        pytest.raises(Unreachable, match="longer than the total time"),
    ):
        deliver(http, url)


def test_says_when_nothing_listens_or_nonsense_is_answered():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with HttpClient(SHORT) as http:
        with pytest.raises(Unreachable, match="refused"):
            deliver(http, closed)
        nonsense = serving("\r\n", status="220 mail.example ESMTP")
        with nonsense as url, pytest.raises(Unreachable, match="gave no answer"):
            deliver(http, url)


def test_a_header_that_cannot_be_sent_is_refused_without_its_value():
    with pytest.raises(Denied, match="X-Key cannot be sent") as caught:
        deliver(Asked(httpx.Response(200)).http, headers=lambda _: {"X-Key": "s3cret\n"})
    assert "s3cret" not in str(caught.value)

"""The HTTP client: what it asks, how long it insists, and which error each failure becomes."""

import gzip
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor as Pool
from contextlib import nullcontext
from http import HTTPStatus

import httpx
import pytest

from connectors.base import Answer, Closed, Denied, Unreachable, Unreadable
from connectors.http import HttpClient, Limits
from tests.connectors.asked import BRISK, URL, Asked, said, serving

ONCE = Limits(host_spacing_seconds=0.0, attempts_max=1, total_timeout_seconds=0.4)
OK = httpx.Response(200, content=b"[]")
BOMB = gzip.compress(bytes(50_000_000))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_gives_the_bytes_received_and_the_address_asked_without_its_secrets():
    asked = Asked(OK)
    answer = asked.http.get("https://me:pw@prices.example/?page=2", params={"api_key": "s3"})
    assert answer == Answer("https://prices.example/?page=2&api_key=hidden", b"[]")
    assert dict(asked.requests[0].url.params) == {"page": "2", "api_key": "s3"}


def test_says_who_asks_and_keeps_no_cookie():
    asked = Asked(said(200, set_cookie="id=1; Path=/"))
    asked.http.get(URL)
    asked.http.get(URL)
    headers = asked.requests[1].headers
    assert re.fullmatch(r"Necto/[\d.]+ \(\+compute price comparison\)", headers["User-Agent"])
    assert (headers["Accept"], headers["Accept-Encoding"]) == ("application/json", "gzip")
    assert "Cookie" not in headers


def test_a_closed_client_says_nothing_of_the_source():
    asked = Asked(OK)
    asked.http.close()
    with pytest.raises(Closed):
        asked.http.get(URL)


def test_a_client_that_is_closed_while_it_asks_says_nothing_of_the_source():
    def cut(_request):
        client.close()
        raise httpx.ReadError("cut off")

    client = HttpClient(ONCE, transport=httpx.MockTransport(cut))
    with pytest.raises(Closed):
        client.get(URL)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 500])
def test_shows_no_query_or_password_in_a_message(status):
    echo = httpx.Response(status, text="no route /v1?token=s3cret")
    with pytest.raises((Denied, Unreachable, Unreadable)) as caught:
        Asked(echo).http.get("https://me:pw@prices.example/v1?page=2&token=s3cret")
    assert "https://prices.example/v1 " in str(caught.value)
    assert not re.search("s3cret|pw", str(caught.value))


@pytest.mark.parametrize(
    "failure",
    [said(status) for status in (429, 500, 502, 503, 504, 520)]
    + [said(403, cf_mitigated="challenge"), said(200, cf_mitigated="challenge")]
    + [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.ReadError("reset")],
)
def test_retries_a_passing_failure(failure):
    asked = Asked(failure, failure, OK)
    assert asked.http.get(URL).body == b"[]"
    assert len(asked.requests) == 3


@pytest.mark.parametrize(
    ("failure", "jitter", "waits", "words"),
    [
        (said(503), 1.0, [0.5, 1.0, 1.5], "503 Service Unavailable"),
        (said(403, cf_mitigated="challenge"), 0.5, [0.25, 0.5, 0.75], "network's protection"),
    ],
)
def test_waits_up_to_twice_as_long_each_time_then_gives_up(failure, jitter, waits, words):
    asked = Asked(failure, limits=Limits(backoff_max_seconds=1.5), jitter=jitter)
    with pytest.raises(Unreachable, match=words):
        asked.http.get(URL)
    assert asked.slept == waits


@pytest.mark.parametrize(
    ("asks", "waits"),
    [
        ("7", 7.0),
        ("Thu, 01 Jan 2026 12:00:09 GMT", 9.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.5),
        ("soon", 0.5),
    ],
)
def test_waits_as_long_as_the_server_asks(asks, waits):
    asked = Asked(said(429, retry_after=asks), OK)
    asked.http.get(URL)
    assert asked.slept == [waits]


@pytest.mark.parametrize(
    ("asks", "told", "total"), [("31", 31.0, 60.0), ("20", 20.0, 15.0), ("9" * 400, 86_400.0, 60.0)]
)
def test_gives_up_at_once_when_asked_to_wait_too_long(asks, told, total):
    asked = Asked(said(429, retry_after=asks), limits=Limits(total_timeout_seconds=total))
    with pytest.raises(Unreachable) as caught:
        asked.http.get(URL)
    assert caught.value.retry_after_seconds == told
    assert asked.slept == []


@pytest.mark.parametrize(
    ("error", "statuses"), [(Denied, [401, 403]), (Unreadable, [304, 400, 404, 409, 410])]
)
def test_a_refusal_is_said_in_words_and_not_tried_again(error, statuses):
    for status in statuses:
        # The status counts, even when the body that explains it breaks off.
        asked = Asked(said(status, content_encoding="gzip"))
        with pytest.raises(error, match=f"{status} {HTTPStatus(status).phrase}"):
            asked.http.get(URL)
        assert len(asked.requests) == 1


def test_quotes_a_little_of_a_refusal_as_plain_text():
    with pytest.raises(Unreadable) as caught:
        Asked(httpx.Response(404, content=b"no\x00\x1b[31m\nsuch " + b"x" * 9_999)).http.get(URL)
    assert ": no [31m such xxx" in str(caught.value)
    assert str(caught.value).isprintable()
    assert str(caught.value).count("x") < 200


@pytest.mark.parametrize(
    ("start", "location"),
    [(URL, "/v2"), (URL, URL), ("http://prices.example/", "https://prices.example/v2")],
)
def test_follows_a_redirect_within_the_host_or_to_its_https(start, location):
    asked = Asked(said(302, location=location), OK)
    assert asked.http.get(start).url == start
    assert str(asked.requests[1].url) == str(httpx.URL(start).join(location))


@pytest.mark.parametrize(
    "location", ["//evil.example/?a=1", "http://prices.example/", "https://prices.example:8443/"]
)
def test_names_a_redirect_elsewhere_and_does_not_follow_it(location):
    asked = Asked(said(302, location=location))
    place = str(httpx.URL(URL).join(location)).partition("?")[0]
    with pytest.raises(Unreadable, match=f"redirects to {place}, which is not followed"):
        asked.http.get(URL)
    assert len(asked.requests) == 1


def test_follows_three_redirects_and_no_more():
    again = [said(302, location="/")] * 3
    assert Asked(*again, OK).http.get(URL).body == b"[]"
    with pytest.raises(Unreadable, match="more than 3 times"):
        Asked(*again, *again).http.get(URL)


@pytest.mark.parametrize("url", ["ftp://h/", "file:///etc", "h/path", "http:///", "http://a..b"])
def test_asks_only_http_and_https(url):
    asked = Asked(OK)
    with pytest.raises(Unreadable):
        asked.http.get(url)
    assert asked.requests == []


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (gzip.compress(bytes(1_000)), None, ""),
        (gzip.compress(bytes(1_001)), Unreadable, "more than the 1,000 bytes allowed"),
        (gzip.compress(b"prices")[:-3], Unreachable, "broke off"),
        (b"not gzip", Unreadable, "cannot be read"),
    ],
    ids=["at the limit", "over it", "broken off", "no gzip"],
)
def test_unzips_a_body_up_to_the_limit(sent, error, words):
    unread = httpx.ByteStream(sent)  # what is not a stream, httpx unzips before it is asked
    zipped = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=unread)
    asked = Asked(zipped, limits=Limits(body_bytes_max=1_000))
    with pytest.raises(error, match=words) if error else nullcontext():
        assert asked.http.get(URL).body == bytes(1_000)


def test_leaves_a_pause_between_two_requests_to_a_host():
    asked = Asked(OK, limits=Limits(host_spacing_seconds=0.2))
    for url in (URL, "https://other.example/", URL):
        asked.http.get(url)
    assert asked.slept == [pytest.approx(0.2)]


@pytest.mark.parametrize(("hosts", "at_once"), [(["a", "a", "a"], 1), (["a", "b", "c"], 3)])
def test_asks_each_host_one_thing_at_a_time(hosts, at_once):
    flying, seen, together = [], [], threading.Barrier(at_once, timeout=2)

    def answer(request: httpx.Request) -> httpx.Response:
        flying.append(request)
        together.wait()
        seen.append(len(flying))
        time.sleep(0.01)
        flying.remove(request)
        return httpx.Response(200)

    with HttpClient(BRISK, transport=httpx.MockTransport(answer)) as http, Pool(3) as threads:
        assert len(list(threads.map(http.get, [f"https://{host}.example" for host in hosts]))) == 3
    assert max(seen) == at_once


def test_waiting_for_a_turn_ends_at_the_deadline():
    def answer(_: httpx.Request) -> httpx.Response:
        with pytest.raises(Unreachable, match="busy with our other requests"):
            http.get(URL)
        return httpx.Response(200)

    late = pytest.raises(Unreachable, match="longer than the total time")
    with HttpClient(ONCE, transport=httpx.MockTransport(answer)) as http, late:
        http.get(URL)


def test_says_when_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with HttpClient(ONCE) as http, pytest.raises(Unreachable, match="refused"):
        http.get(url)


@pytest.mark.parametrize("head", ["Content-Length: 999\r\n\r\n", "\r\n", "X-Endless: "])
def test_gives_up_when_the_answer_drips_past_the_deadline(head):
    with serving(head, [b"x"] * 99, every_seconds=0.05) as url, HttpClient(ONCE) as http:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="longer than the total time"):
            http.get(url)
        assert ONCE.total_timeout_seconds <= time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    ("head", "chunks", "error", "words"),
    [
        ("Content-Length: 9\r\n\r\n", [b"[]"], Unreachable, "gave no answer"),
        ("\r\n", iter(lambda: bytes(65_536), None), Unreadable, "100,000 bytes"),
        ("Content-Encoding: gzip\r\n\r\n", [BOMB], Unreadable, "100,000 bytes"),
    ],
)
def test_a_body_of_the_wrong_size_is_refused(head, chunks, error, words):
    limits = Limits(attempts_max=1, body_bytes_max=100_000)
    caught = pytest.raises(error, match=words)
    with serving(head, chunks) as url, HttpClient(limits) as http, caught:
        http.get(url)

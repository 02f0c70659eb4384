"""What the client asks beyond a plain GET: signed headers, questions in JSON, texts by the line."""

import gzip
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor as Pool

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Answer, Denied, Request, SourceError, Unreachable, Unreadable
from connectors.bodies import LINE_BYTES_MAX
from connectors.http import HttpClient, Limits
from tests.connectors.asked import BRISK, URL, Asked, said, serving

OK = httpx.Response(200, content=b"[]")
BODY = b'{"models": ["h100"],\n "n": 1}'
KEY = "a/made-up+key="


class Signing:
    """Headers with a nonce and a key; it remembers every request that it signed."""

    def __init__(self, value: str = f"Bearer {KEY}") -> None:
        self.signed: list[Request] = []
        self.value = value

    def __call__(self, request: Request) -> Mapping[str, str]:
        self.signed.append(request)
        return {"Authorization": self.value, "X-Nonce": str(len(self.signed))}


def nonces(asked: Asked) -> list[str]:
    return [request.headers["X-Nonce"] for request in asked.requests]


@pytest.mark.parametrize(
    "failure", [said(503), said(429), said(302, location="/v2"), httpx.ReadError("reset")], ids=str
)
def test_every_attempt_is_signed_anew(failure):
    asked, signing = Asked(failure, failure, OK), Signing()
    asked.http.get(URL, headers=signing)
    assert nonces(asked) == ["1", "2", "3"]
    asked.http.get(URL, headers=signing)
    assert nonces(asked)[3:] == ["4"]


@pytest.mark.parametrize("query", ["", "a=1&a=2", "q=%2F+%20%c3%a9&z", "x=1%3F?y", "=&&"])
def test_what_is_signed_is_what_is_sent(query):
    asked, signing = Asked(said(302, location="/v2%2f?b=%20"), OK), Signing()
    asked.http.post(f"{URL}?{query}".rstrip("?"), body=BODY, headers=signing)
    sent = [
        (r.method, *r.url.raw_path.decode().partition("?")[::2], r.content) for r in asked.requests
    ]
    assert [(r.method, r.path, r.query, r.body) for r in signing.signed] == sent
    assert sent == [("POST", "/v1/offers", query, BODY), ("POST", "/v2%2f", "b=%20", BODY)]


def test_parameters_are_signed_as_they_are_sent():
    asked, signing = Asked(OK), Signing()
    asked.http.get(f"{URL}?a=1", params={"q": "ä / b"}, headers=signing)
    assert signing.signed[0].query == asked.requests[0].url.query.decode()
    assert dict(asked.requests[0].url.params) == {"a": "1", "q": "ä / b"}


def test_the_bytes_on_the_wire_are_the_signed_ones(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    heard, signing = [], Signing()
    answering = serving("Content-Length: 2\r\n\r\n", [b"[]"], hears=heard.append)
    with answering as url, HttpClient(BRISK) as http:
        http.post(f"{url}v1/ask?q=%2f&r=+", body=BODY, headers=signing)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    request = signing.signed[0]
    assert head.startswith(f"POST {request.path}?{request.query} HTTP/1.1\r\n".encode())
    assert (request.path, request.query, body) == ("/v1/ask", "q=%2f&r=+", BODY)


def test_a_question_in_json_is_repeated_byte_for_byte():
    asked = Asked(said(503), said(200, retry_after="1"), OK)
    assert asked.http.post(URL, body=BODY) == Answer(URL, b"")
    assert [request.content for request in asked.requests] == [BODY, BODY]
    assert {request.method for request in asked.requests} == {"POST"}
    assert {request.headers["Content-Type"] for request in asked.requests} == {"application/json"}


@pytest.mark.parametrize(
    ("status", "error"), [(401, Denied), (400, Unreadable), (500, Unreachable)]
)
def test_a_refused_question_says_what_to_do(status, error):
    with pytest.raises(error, match=str(status)):
        Asked(said(status)).http.post(URL, body=BODY, headers=Signing())


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
@pytest.mark.parametrize(
    "echo",
    [
        f"Authorization: Bearer {KEY}",
        f"no such key: {KEY}!",
        '{"key": "a\\/made-up+key="}',
        "/v1?k=a%2Fmade-up%2Bkey%3D",
    ],
)
def test_a_key_that_a_server_repeats_is_shown_to_nobody(status, echo):
    with pytest.raises(SourceError) as caught:
        Asked(httpx.Response(status, text=echo)).http.get(URL, headers=Signing())
    assert "hidden" in str(caught.value)
    assert "made-up" not in str(caught.value)


def test_a_password_in_an_address_that_a_server_repeats_is_shown_to_nobody():
    with pytest.raises(Unreadable) as caught:
        Asked(httpx.Response(404, text="no user me with pa55word")).http.get(
            "https://me:pa55word@prices.example/"
        )
    assert "pa55word" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["s3cret\n", "s3cret ", "s3\r\nX-Evil: 1", "s3cret\x00", "s3cr\xe9t"]
)
def test_a_key_that_no_header_can_carry_is_told_without_showing_it(key):
    asked = Asked(OK)
    with pytest.raises(Denied, match="Authorization cannot be sent") as caught:
        asked.http.get(URL, headers=Signing(f"Bearer {key}"))
    assert "s3" not in str(caught.value)
    assert asked.requests == []


def wanted(line: bytes) -> bool:
    return line.startswith(b"gpu")


def kept(asked: Asked, kept_bytes_max: int = 1_000_000) -> bytes:
    return asked.http.lines(URL, keep=wanted, kept_bytes_max=kept_bytes_max).body


def streamed(chunks: Iterator[bytes], *, zipped: bool = False) -> httpx.Response:
    """An answer in exactly these pieces; a stream, which httpx does not unzip before us."""
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    return httpx.Response(200, headers=encoding, content=chunks)


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    yield from (data[start:end] for start, end in itertools.pairwise(edges))


LINE = st.sampled_from([b"gpu,1", b"gpu", b"cpu,2", b"", b" gpu", b"gpu\r", "gpü".encode()])


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(
    lines=st.lists(LINE),
    ended=st.booleans(),
    zipped=st.booleans(),
    places=st.lists(st.integers(0, 999)),
)
def test_the_lines_wanted_are_kept_however_the_text_is_cut(lines, ended, zipped, places):
    text = b"\n".join(lines) + (b"\n" if ended else b"")
    sent = gzip.compress(text) if zipped else text
    expected = b"".join(line + b"\n" for line in lines if wanted(line))
    assert kept(Asked(streamed(cut(sent, places), zipped=zipped))) == expected


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_gzip_in_several_members_is_one_text(size):
    members = gzip.compress(b"gpu,1\ncp") + gzip.compress(b"u\ngpu,2")
    pieces = [members[at : at + size] for at in range(0, len(members), size)]
    assert kept(Asked(streamed(iter(pieces), zipped=True))) == b"gpu,1\ngpu,2\n"


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (gzip.compress(b"gpu\n" * 99)[:-9], Unreachable, "broke off"),
        (b"", Unreachable, "broke off"),
        (b"gpu,1\n", Unreadable, "cannot be read"),
        (gzip.compress(b"gpu\n") + b"\x00" * 99, Unreadable, "cannot be read"),
    ],
    ids=["broken off", "nothing", "no gzip", "more after its end"],
)
def test_gzip_that_does_not_end_where_it_should_gives_no_lines(sent, error, words):
    with pytest.raises(error, match=words):
        kept(Asked(streamed(iter([sent]), zipped=True), limits=Limits(attempts_max=1)))


ENDLESS = {
    "one line": itertools.repeat(b"x" * 65_536),
    "one wanted line": itertools.repeat(b"gpu" * 20_000),
    "wanted lines": itertools.repeat(b"gpu,1\n" * 1_000),
    "other lines": itertools.repeat(b"cpu,1\n" * 10_000),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_text_without_end_is_refused(what):
    limits = Limits(lines_bytes_max=20_000_000)
    with pytest.raises(Unreadable, match="more than allowed"):
        kept(Asked(streamed(ENDLESS[what]), limits=limits), kept_bytes_max=50_000)


def test_the_bounds_of_a_text_are_exact():
    text = b"gpu" + b"x" * (LINE_BYTES_MAX - 3)
    exact = len(text) + 1
    limits = Limits(lines_bytes_max=len(text))
    assert len(kept(Asked(httpx.Response(200, content=text), limits=limits), exact)) == exact
    with pytest.raises(Unreadable, match="1,048,577 kept"):
        kept(Asked(httpx.Response(200, content=text), limits=limits), exact - 1)
    with pytest.raises(Unreadable, match="1,048,577 bytes"):
        kept(Asked(httpx.Response(200, content=text + b"x"), limits=limits), exact)


def test_a_broken_off_text_is_asked_for_again_from_its_start():
    def broken() -> Iterator[bytes]:
        yield b"gpu,1\ngpu,"
        raise httpx.ReadError("reset")

    assert kept(Asked(streamed(broken()), httpx.Response(200, content=b"gpu,2"))) == b"gpu,2\n"


def test_a_text_may_take_longer_and_be_larger_than_an_answer():
    def slow() -> Iterator[bytes]:
        for _ in range(10):
            asked.sleep(100)
            yield b"cpu\n" * 1_000 + b"gpu\n"

    limits = Limits(total_timeout_seconds=60, body_bytes_max=100, lines_timeout_seconds=1_001)
    asked = Asked(httpx.Response(200, content=slow()), limits=limits)
    assert kept(asked) == b"gpu\n" * 10
    asked.replies = [httpx.Response(200, content=slow())]
    with pytest.raises(Unreachable, match="longer than the total time"):
        HttpClient(
            Limits(lines_timeout_seconds=999),
            transport=httpx.MockTransport(asked.answer),
            clock=lambda: asked.seconds,
        ).lines(URL, keep=wanted, kept_bytes_max=999)


def test_a_slow_origin_holds_up_no_other_port_of_its_host():
    is_answered = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.port == 8001:
            assert is_answered.wait(timeout=5), "the other port had to wait"
        return httpx.Response(200, content=b"[]")

    http = HttpClient(Limits(host_spacing_seconds=9), transport=httpx.MockTransport(answer))
    with http, Pool(1) as threads:
        slow = threads.submit(http.get, "https://prices.example:8001/")
        began = time.monotonic()
        http.get("https://prices.example:8002/")
        is_answered.set()
        assert slow.result(timeout=5).body == b"[]"
        assert time.monotonic() - began < 5

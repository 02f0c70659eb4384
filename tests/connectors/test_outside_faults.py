"""Everything that asks outside by HTTP, with a line that is dead, slow, senseless or endless."""

import base64
import socket
import time
from concurrent.futures import ThreadPoolExecutor as Pool
from contextlib import suppress

import httpx
import pytest
from pydantic import SecretStr

from connectors.http import HttpClient, Limits
from connectors.notify.base import Message, PersonNeeded, TryLater
from connectors.notify.webhook import Webhook
from connectors.stamp import stamped
from connectors.witness import cosigned
from tests.connectors.asked import serving
from tests.connectors.certificates import Authority
from tests.loopback import answered

PATIENT = Limits(host_spacing_seconds=0.0, total_timeout_seconds=20.0)
QUICK = Limits(host_spacing_seconds=0.0, total_timeout_seconds=0.4)
KEY = SecretStr(base64.b64encode(bytes(32)).decode())
MESSAGE = Message("s", "t", (), "k")


def by_webhook(url, limits=PATIENT):
    with HttpClient(limits) as http:
        return Webhook(http, url, [KEY]).send(MESSAGE)


def by_stamp(url, limits=PATIENT):
    with HttpClient(limits) as http:
        return stamped(http, url, b"note")


def by_witness(url, limits=PATIENT):
    with HttpClient(limits) as http:
        return cosigned(http, url, "log\n5\nAAAA\n\n", lambda _: [], old=0)


EVERY = pytest.mark.parametrize("ask", [by_webhook, by_stamp, by_witness])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@EVERY
def test_a_closed_port_is_tried_later(ask):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(TryLater, match="Connection refused"):
        ask(url)


@EVERY
@pytest.mark.parametrize("head", ["X-Endless: ", "Content-Length: 999\r\n\r\n"])
def test_a_drip_ends_at_the_deadline(ask, head):
    began = time.monotonic()
    with serving(head, [b"x"] * 99, every_seconds=0.05) as url:
        if ask is by_webhook and "\r\n" in head:
            assert ask(url).channel == "webhook"  # the status came, the rest is not waited for
        else:
            with pytest.raises(TryLater, match="longer than the total time"):
                ask(url, QUICK)
    assert time.monotonic() - began < 4


@EVERY
def test_what_is_not_http_is_tried_later(ask):
    with (
        serving("\r\n", status="SSH-2.0-server") as url,
        pytest.raises(TryLater, match="no answer"),
    ):
        ask(url)


@EVERY
def test_a_line_that_breaks_off_is_tried_later(ask):
    with serving("", status="HTTP/1.1 2") as url, pytest.raises(TryLater, match="no answer"):
        ask(url)


@EVERY
def test_an_endless_answer_is_cut_off(ask):
    with serving("\r\n", iter(lambda: bytes(65_536), None)) as url:
        if ask is by_webhook:
            assert ask(url).channel == "webhook"
        else:
            with pytest.raises(PersonNeeded, match="bytes allowed"):
                ask(url)


@EVERY
@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, PersonNeeded) for status in (302, 400, 401, 403, 404, 418)),
        *((status, TryLater) for status in (429, 500, 503)),
    ],
)
def test_a_refusal_is_tried_later_or_looked_at(ask, status, error):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        headers = {"location": "/elsewhere", "retry-after": "9"}
        return httpx.Response(status, headers=headers, text="x" * 100_000)

    with answered(answer) as url, pytest.raises(error) as caught:
        ask(url)
    assert (len(asked), len(str(caught.value)) < 400) == (1, True)
    assert getattr(caught.value, "retry_after_seconds", 9.0) == 9.0


@EVERY
def test_a_server_that_nobody_vouches_for_is_told_nothing(ask, tmp_path):
    heard = []

    def serve() -> None:
        plain = listener.accept()[0]
        with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            heard.append(connection.recv(1))

    context = Authority.new().server_context(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener, Pool(1) as threads:
        threads.submit(serve)
        with pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
            ask(f"https://127.0.0.1:{listener.getsockname()[1]}/")
    assert heard in ([], [b""])

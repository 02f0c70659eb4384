"""A client whose requests end in the test, and a loopback port that answers with exact bytes."""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor as Pool
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from connectors.http import HttpClient, Limits

URL = "https://prices.example/v1/offers"
BRISK = Limits(host_spacing_seconds=0.0)
Reply = httpx.Response | Exception


class Asked:
    """A client, the requests that left it, and a clock that moves only when it sleeps."""

    def __init__(self, *replies: Reply, limits: Limits = BRISK, jitter: float = 1.0) -> None:
        self.replies, self.seconds = list(replies), 1_000.0
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.http = HttpClient(
            limits,
            transport=httpx.MockTransport(self.answer),
            clock=lambda: self.seconds,
            sleep=self.sleep,
            jitter=lambda: jitter,
            now=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC),
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def said(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@contextmanager
def serving(
    head: str,
    chunks: Iterable[bytes] = (),
    every_seconds: float = 0.0,
    hears: Callable[[bytes], object] = len,
    status: str = "HTTP/1.1 200 OK",
) -> Iterator[str]:
    """Answer one connection to a loopback port with exactly this, until it hangs up."""

    def serve() -> None:
        with listener.accept()[0] as connection:
            hears(_request(connection))
            connection.sendall(f"{status}\r\n{head}".encode())
            for chunk in chunks:
                connection.sendall(chunk)
                time.sleep(every_seconds)

    with socket.create_server(("127.0.0.1", 0)) as listener, Pool(1) as threads:
        listener.settimeout(2)
        threads.submit(serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def _request(connection: socket.socket) -> bytes:
    """The whole request: its body may come in a packet of its own."""
    head, length = b"", 0
    with connection.makefile("rb") as lines:
        for line in lines:
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            if line == b"\r\n":
                break
        return head + lines.read(length)

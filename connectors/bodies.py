"""Bodies of answers, bounded in time and size: read whole, or line by line."""

import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.base import Unreachable, Unreadable

CHUNK_BYTES_MAX = 1024 * 1024
LINE_BYTES_MAX = 1024 * 1024
"""No line of a text that is read line by line is longer; memory stays bounded by it."""


@dataclass(frozen=True, slots=True)
class Deadline:
    place: str
    at: float
    clock: Callable[[], float]

    def left_seconds(self) -> float:
        return self.at - self.clock()

    def check(self) -> None:
        if self.left_seconds() <= 0:
            raise Unreachable(f"{self.place} took longer than the total time allowed")


@contextmanager
def watchdog(deadline: Deadline) -> Iterator[Mapping[str, Any]]:
    """Cut a request's connection at the deadline: a time-out bounds one read, not many drips."""
    with ExitStack() as timers:

        def trace(event: str, info: Mapping[str, Any]) -> None:
            # https://www.python-httpx.org/advanced/extensions/#trace; TLS replaces the socket.
            if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
                connection = info["return_value"].get_extra_info("socket")
                timer = threading.Timer(deadline.left_seconds() + 0.01, cut, [connection])
                timer.daemon = True
                timer.start()
                timers.callback(timer.cancel)

        yield {"trace": trace}


def cut(connection: socket.socket) -> None:
    """End a connection that another thread reads from or writes to."""
    with suppress(OSError):  # it may have ended by itself
        # Not SSLSocket.shutdown, which forgets the TLS state another thread is reading with.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def read(response: httpx.Response, deadline: Deadline, bytes_max: int) -> bytes:
    """Read the body until it is longer than ``bytes_max``."""
    body = bytearray()
    for data in _decoded(response, deadline):
        body += data[: 1 + bytes_max - len(body)]
        if len(body) > bytes_max:
            break
    return bytes(body)


def read_lines(
    response: httpx.Response,
    deadline: Deadline,
    keep: Callable[[bytes], bool],
    *,
    bytes_max: int,
    kept_bytes_max: int,
) -> bytes:
    """Read the body line by line and return the lines that ``keep`` wants, each with its end.

    A last line without an end counts. Raises Unreadable when the body, one line or what is kept is
    larger than allowed.
    """
    kept = bytearray()
    total = 0
    start = b""  # of a line whose end has not come yet
    for data in _decoded(response, deadline):
        total += len(data)
        *lines, start = (start + data).split(b"\n")
        kept += b"".join(line + b"\n" for line in filter(keep, lines))
        if total > bytes_max or len(start) > LINE_BYTES_MAX or len(kept) > kept_bytes_max:
            raise _too_much(deadline, total, kept)
    if start and keep(start):
        kept += start + b"\n"
    if len(kept) > kept_bytes_max:
        raise _too_much(deadline, total, kept)
    return bytes(kept)


def _too_much(deadline: Deadline, total: int, kept: bytearray) -> Unreadable:
    return Unreadable(
        f"{deadline.place} sent more than allowed: {total:,} bytes, {len(kept):,} kept"
    )


def _decoded(response: httpx.Response, deadline: Deadline) -> Iterator[bytes]:
    """Give the body in bounded pieces; httpx would unzip without a bound."""
    zipped = response.headers.get("Content-Encoding", "").lower() == "gzip"
    assert isinstance(response.stream, httpx.SyncByteStream)
    gzip = _gunzip()
    try:
        for data in response.stream:
            deadline.check()
            if not zipped:
                yield data
                continue
            while data:
                if gzip.eof:  # RFC 1952 allows several members; what follows is never hoarded
                    gzip = _gunzip()
                yield gzip.decompress(data, CHUNK_BYTES_MAX)
                data = gzip.unconsumed_tail or gzip.unused_data  # noqa: PLW2901 - what is left
    except zlib.error as error:
        raise Unreadable(f"{deadline.place} sent gzip that cannot be read") from error
    # A body without a length ends when the connection does, also when the watchdog ends it.
    deadline.check()
    if zipped and not gzip.eof:
        raise Unreachable(f"{deadline.place} broke off in the middle of its gzip answer")


def _gunzip() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: with gzip's header and checksum

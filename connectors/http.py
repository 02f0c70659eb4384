"""The one HTTP client: every request a source makes is bounded in time, size, count and pace."""

import random
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime as http_date
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx
import tenacity

from connectors.base import Answer, Denied, SourceError, Unreachable, Unreadable

_REDIRECTS_MAX = 3
_SHOWN_CHARACTERS_MAX = 200
_RETRY_AFTER_SHOWN_MAX_SECONDS = 86_400.0  # callers add it to a date, which must not overflow
_SECRET = re.compile("key|token|signature|secret|password|authorization", re.IGNORECASE)
_VERSION = "0"
with suppress(PackageNotFoundError):
    _VERSION = version("necto")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much and how often; durations are in seconds, sizes in decoded bytes."""

    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 30.0  # a cold Akash read takes about 16 s
    total_timeout_seconds: float = 60.0
    body_bytes_max: int = 32 * 1024 * 1024
    attempts_max: int = 4
    host_spacing_seconds: float = 0.2
    retry_after_max_seconds: float = 30.0
    backoff_base_seconds: float = 0.5
    backoff_max_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class _Deadline:
    place: str
    at: float
    clock: Callable[[], float]

    def left_seconds(self) -> float:
        return self.at - self.clock()

    def check(self) -> None:
        if self.left_seconds() <= 0:
            raise Unreachable(f"{self.place} took longer than the total time allowed")


class HttpClient(AbstractContextManager["HttpClient"]):
    """Gives the body of a 2xx answer, or an error that says what to do; threads may share it.

    One request to a host at a time, ``host_spacing_seconds`` after the one before ended; waiting
    for that turn counts towards ``total_timeout_seconds``. A watchdog cuts the connection at that
    deadline, so an answer that drips, in headers or body, ends within about 10 ms of it. Worst
    overshoot: what nothing can interrupt before there is a connection, which is the system's name
    look-up, and one connect time-out (clipped to the time left) per further address of the host.
    Proxies and certificates are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``,
    ``SSL_CERT_FILE``), as company networks need. No cookie is kept, no connection is reused.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take limits; ``clock`` (seconds), ``jitter`` (0 to 1) and the rest are for tests."""
        self._limits = limits or Limits()
        self._clock, self._sleep, self._jitter, self._now = clock, sleep, jitter, now
        # One entry per host ever asked: sources name few. A host's lock guards its opening time.
        self._locks: dict[str, threading.Lock] = {}
        self._opens_at: dict[str, float] = {}
        self._client = httpx.Client(
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),  # so a watchdog cuts its own only
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": f"Necto/{_VERSION} (+compute price comparison)",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client gives no answer afterwards."""
        self._client.close()

    def get(self, url: str, *, params: dict[str, str] | None = None) -> Answer:
        """GET ``url``, with ``params`` added to its query, and give the decoded body of a 2xx.

        The answer's address hides a password and parameters named like a secret. Raises Unreachable
        (``retry_after_seconds`` is set if the server said it), Denied or Unreadable.
        """
        address = _address(url)
        if params:
            address = address.copy_merge_params(params)
        total_at = self._clock() + self._limits.total_timeout_seconds
        deadline = _Deadline(_place(address), total_at, self._clock)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unreachable),
            wait=self._wait_seconds,
            stop=lambda state: self._gives_up(state, deadline.left_seconds()),
            sleep=self._sleep,
            reraise=True,
        )
        return Answer(_storable(address), retrying(self._attempt, address, deadline))

    def _wait_seconds(self, state: tenacity.RetryCallState) -> float:
        ceiling = self._limits.backoff_base_seconds * 2.0 ** (state.attempt_number - 1)
        backoff = self._jitter() * min(ceiling, self._limits.backoff_max_seconds)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, Unreachable) else None
        return max(backoff, asked or 0.0)

    def _gives_up(self, state: tenacity.RetryCallState, left_seconds: float) -> bool:
        longest = min(left_seconds, self._limits.retry_after_max_seconds)
        return state.attempt_number >= self._limits.attempts_max or state.upcoming_sleep > longest

    def _attempt(self, address: httpx.URL, deadline: _Deadline) -> bytes:
        for _ in range(1 + _REDIRECTS_MAX):
            if isinstance(reply := self._ask(address, deadline), bytes):
                return reply
            address = reply
        raise Unreadable(f"{deadline.place} redirects more than {_REDIRECTS_MAX} times")

    def _ask(self, url: httpx.URL, deadline: _Deadline) -> httpx.URL | bytes:
        """Send one request; give the body, or the address it redirects to."""
        with self._turn(url.host, deadline), _watchdog(deadline) as hooks:
            left = max(0.001, deadline.left_seconds())  # sockets refuse a negative time-out
            connect = min(self._limits.connect_timeout_seconds, left)
            timeout = httpx.Timeout(min(self._limits.read_timeout_seconds, left), connect=connect)
            try:
                with self._client.stream("GET", url, timeout=timeout, extensions=hooks) as response:
                    return self._judge(response, deadline)
            except httpx.TransportError as error:
                deadline.check()
                why = _printable(str(error)) or type(error).__name__
                raise Unreachable(f"{deadline.place} gave no answer: {why}") from error

    @contextmanager
    def _turn(self, host: str, deadline: _Deadline) -> Iterator[None]:
        lock = self._locks.setdefault(host, threading.Lock())
        if not lock.acquire(timeout=max(0.0, deadline.left_seconds())):
            raise Unreachable(f"{deadline.place} was busy with our other requests all the time")
        try:
            pause = min(deadline.left_seconds(), self._opens_at.get(host, 0.0) - self._clock())
            if pause > 0:
                self._sleep(pause)
            deadline.check()
            yield
        finally:
            self._opens_at[host] = self._clock() + self._limits.host_spacing_seconds
            lock.release()

    def _judge(self, response: httpx.Response, deadline: _Deadline) -> httpx.URL | bytes:
        most = self._limits.body_bytes_max
        if "cf-mitigated" not in response.headers:
            if response.has_redirect_location:
                return _redirected(response)
            if response.is_success:
                if len(body := _read(response, deadline, most)) > most:
                    raise Unreadable(f"{deadline.place} sent more than the {most:,} bytes allowed")
                return body
        raise _refusal(response, _excerpt(response, deadline), self._now)


@contextmanager
def _watchdog(deadline: _Deadline) -> Iterator[Mapping[str, Any]]:
    """Cut a request's connection at the deadline: a time-out bounds one read, not many drips."""
    with ExitStack() as timers:

        def trace(event: str, info: Mapping[str, Any]) -> None:
            # https://www.python-httpx.org/advanced/extensions/#trace; TLS replaces the socket.
            if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
                connection = info["return_value"].get_extra_info("socket")
                timer = threading.Timer(deadline.left_seconds() + 0.01, _cut, [connection])
                timer.daemon = True
                timer.start()
                timers.callback(timer.cancel)

        yield {"trace": trace}


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        # Not SSLSocket.shutdown, which forgets the TLS state another thread is reading with.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _read(response: httpx.Response, deadline: _Deadline, bytes_max: int) -> bytes:
    """Read the body until it is longer than ``bytes_max``; httpx would unzip without a bound."""
    zipped = response.headers.get("Content-Encoding", "").lower() == "gzip"
    assert isinstance(response.stream, httpx.SyncByteStream)
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: with gzip's header and checksum
    body = bytearray()
    try:
        for data in response.stream:
            deadline.check()
            room = 1 + bytes_max - len(body)
            body += gzip.decompress(data, room) if zipped else data[:room]
            if len(body) > bytes_max:
                return bytes(body)
    except zlib.error as error:
        raise Unreadable(f"{deadline.place} sent gzip that cannot be read") from error
    # A body without a length ends when the connection does, also when the watchdog ends it.
    deadline.check()
    if zipped and not gzip.eof:
        raise Unreachable(f"{deadline.place} broke off in the middle of its gzip answer")
    return bytes(body)


def _excerpt(response: httpx.Response, deadline: _Deadline) -> str:
    # The status is the news; a body that fails to explain it changes nothing.
    with suppress(httpx.TransportError, SourceError):
        text = _read(response, deadline, 10 * _SHOWN_CHARACTERS_MAX).decode(errors="replace")
        for name, value in response.url.params.multi_items():
            if value and _SECRET.search(name):  # servers like to repeat the question
                text = text.replace(value, "hidden")
        return _printable(text)
    return ""


def _refusal(response: httpx.Response, text: str, now: Callable[[], datetime]) -> SourceError:
    code = response.status_code
    status = f"{code} {httpx.codes.get_reason_phrase(code)}".strip()
    message = f"{_place(response.url)} answered {status}" + (f": {text}" if text else "")
    if "cf-mitigated" in response.headers:
        message = f"{_place(response.url)} is blocked by the network's protection ({status})"
    elif code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return Denied(f"{message} (the key is missing, wrong or expired, or we are blocked)")
    elif code != httpx.codes.TOO_MANY_REQUESTS and not response.is_server_error:
        return Unreadable(message)
    return Unreachable(message, retry_after_seconds=_retry_after_seconds(response, now))


def _redirected(response: httpx.Response) -> httpx.URL:
    here = response.url
    there = _address(response.headers["Location"], here)
    old, new = (here.scheme, here.host, here.port), (there.scheme, there.host, there.port)
    if new in (old, ("https", here.host, None)) and (old == new or here.port is None):
        return there
    raise Unreadable(f"{_place(here)} redirects to {_place(there)}, which is not followed")


def _address(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        address = base.join(url) if base else httpx.URL(url)
        host = address.host and address.raw_host.decode("ascii").encode("idna")  # as sockets do
    except (httpx.InvalidURL, ValueError):
        raise Unreadable("an address to ask is no URL") from None  # it may hold a password
    if address.scheme not in {"http", "https"} or not host:
        raise Unreadable(f"{_place(address)} is not an http or https address")
    return address


def _place(url: httpx.URL) -> str:
    """Name an address in a message, without its password, query and fragment."""
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    return _printable(f"{url.scheme}://{url.netloc.decode('ascii')}{path}")


def _storable(url: httpx.URL) -> str:
    stored = url.copy_with(userinfo=b"") if url.userinfo else url
    for name in filter(_SECRET.search, url.params):
        stored = stored.copy_set_param(name, "hidden")
    return str(stored)


def _printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:_SHOWN_CHARACTERS_MAX]


def _retry_after_seconds(response: httpx.Response, now: Callable[[], datetime]) -> float | None:
    """Read either form of RFC 9110, section 10.2.3; anything else counts as absent."""
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value) if value.isdecimal() else (http_date(value) - now()).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _RETRY_AFTER_SHOWN_MAX_SECONDS)

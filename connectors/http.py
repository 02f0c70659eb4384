"""The one HTTP client: every request a source makes is bounded in time, size, count and pace."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

import httpx
import tenacity

from connectors.answers import (
    excerpt,
    origin,
    place,
    printable,
    redirected,
    refusal,
    reply,
    storable,
)
from connectors.base import (
    Answer,
    Closed,
    Headers,
    Reply,
    SourceError,
    Unreachable,
    Unreadable,
)
from connectors.bodies import Deadline, read, read_lines, watchdog
from connectors.buying import Method, Uncertain
from connectors.question import ANYTHING, Question, with_params

_REDIRECTS_MAX = 3
_VERSION = "0"
with suppress(PackageNotFoundError):
    _VERSION = version("necto")

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Errors from before the first byte: https://www.python-httpx.org/exceptions/."""

_Reader = Callable[[httpx.Response, Deadline], bytes]
_Judged = TypeVar("_Judged")


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
    lines_timeout_seconds: float = 1800.0  # AWS lists are hundreds of MB
    lines_bytes_max: int = 4 * 1024 * 1024 * 1024


class HttpClient(AbstractContextManager["HttpClient"]):
    """Gives the body of a 2xx answer, or an error that says what to do; threads may share it.

    One request to a host and port at a time, ``host_spacing_seconds`` after the one before ended;
    waiting for that turn counts towards ``total_timeout_seconds``. A watchdog cuts the connection
    at that deadline, so an answer that drips, in headers or body, ends within 10 ms of it. Worst
    overshoot: what nothing can interrupt before there is a connection, which is the system's name
    look-up, and one connect time-out (clipped to the time left) per further address of the host.
    Proxies and certificates are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``,
    ``SSL_CERT_FILE``), but none for loopback. No cookie is kept, no connection is reused.
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
        self._limits, self._clock, self._sleep = limits or Limits(), clock, sleep
        self._jitter, self._now = jitter, now
        # One entry per host ever asked: sources name few. A host's lock guards its opening time.
        self._locks: dict[str, threading.Lock] = {}
        self._opens_at: dict[str, float] = {}
        self._client = httpx.Client(
            transport=transport,
            mounts={"all://127.0.0.1": None},  # a proxy has no business on loopback
            limits=httpx.Limits(max_keepalive_connections=0),  # so a watchdog cuts its own only
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": f"Necto/{_VERSION} (+compute price comparison)",
                "Accept-Encoding": "gzip",
            },
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; whoever asks, or is being answered, gets Closed."""
        self._client.close()

    def get(
        self, url: str, *, params: dict[str, str] | None = None, headers: Headers | None = None
    ) -> Answer:
        """GET ``url``, with ``params`` added to its query, and give the decoded body of a 2xx.

        The answer's address hides a password and parameters named like a secret. Raises Unreachable
        (``retry_after_seconds`` is set if the server said it), Denied or Unreadable.
        """
        return self._answer(Question(with_params(url, params), headers=headers), self._whole)

    def post(self, url: str, *, body: bytes, headers: Headers | None = None) -> Answer:
        """POST a JSON question and give the body of a 2xx, as ``get`` does.

        It is repeated like a GET: only for questions that change nothing on the other side.
        """
        return self._answer(Question(with_params(url, None), "POST", body, headers), self._whole)

    def deliver(
        self,
        url: str,
        *,
        body: bytes,
        media_type: str,
        body_bytes_max: int,
        headers: Headers | None = None,
    ) -> Reply:
        """POST ``body`` once, follow no redirect and give whatever was answered, unjudged.

        For what may change the other side: repeating it is the caller's decision. Messages name
        the server only, as a path may be a secret. A success of more than ``body_bytes_max`` is
        Unreadable; with 0 its body is left unread.
        """
        question = Question(with_params(url, None), "POST", body, headers, ANYTHING, media_type)
        return self._ask(question, *self._unjudged(origin(question.url), body_bytes_max))

    def write(
        self,
        method: Method,
        url: str,
        *,
        body: bytes = b"",
        body_bytes_max: int,
        headers: Headers | None = None,
    ) -> Reply:
        """Send one change in JSON, once, as ``deliver`` does: redirects are not followed.

        After the first byte nothing but a whole answer tells what came of it: Uncertain is raised.
        Unreachable and Denied: nothing was sent.
        """
        question = Question(with_params(url, None), method, body, headers)
        deadline, read_reply = self._unjudged(place(question.url), body_bytes_max)

        def read_or_doubt(response: httpx.Response) -> Reply:
            try:
                return read_reply(response)
            except SourceError as error:
                raise Uncertain(f"{error}; its answer began with {response.status_code}") from error

        return self._ask(question, deadline, read_or_doubt, if_sent=Uncertain)

    def _unjudged(
        self, where: str, body_bytes_max: int
    ) -> tuple[Deadline, Callable[[httpx.Response], Reply]]:
        deadline = Deadline(where, self._clock() + self._limits.total_timeout_seconds, self._clock)
        read_reply = partial(reply, deadline=deadline, body_bytes_max=body_bytes_max, now=self._now)
        return deadline, read_reply

    def lines(self, url: str, *, keep: Callable[[bytes], bool], kept_bytes_max: int) -> Answer:
        """GET a text too large to hold and give only the lines that ``keep`` wants.

        Bounded by ``lines_timeout_seconds`` and ``lines_bytes_max``; a line that never ends and
        more than ``kept_bytes_max`` kept are Unreadable.
        """

        def read_kept(response: httpx.Response, deadline: Deadline) -> bytes:
            most = self._limits.lines_bytes_max
            return read_lines(
                response, deadline, keep, bytes_max=most, kept_bytes_max=kept_bytes_max
            )

        question = Question(with_params(url, None), accept=ANYTHING)
        return self._answer(question, read_kept, self._limits.lines_timeout_seconds)

    def _answer(
        self, question: Question, reader: _Reader, timeout_seconds: float | None = None
    ) -> Answer:
        total_at = self._clock() + (timeout_seconds or self._limits.total_timeout_seconds)
        deadline = Deadline(place(question.url), total_at, self._clock)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unreachable),
            wait=self._wait_seconds,
            stop=lambda state: self._gives_up(state, deadline.left_seconds()),
            sleep=self._sleep,
            reraise=True,
        )
        body = retrying(self._attempt, question, deadline, reader)
        return Answer(storable(question.url), body)

    def _wait_seconds(self, state: tenacity.RetryCallState) -> float:
        ceiling = self._limits.backoff_base_seconds * 2.0 ** (state.attempt_number - 1)
        backoff = self._jitter() * min(ceiling, self._limits.backoff_max_seconds)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, Unreachable) else None
        return max(backoff, asked or 0.0)

    def _gives_up(self, state: tenacity.RetryCallState, left_seconds: float) -> bool:
        longest = min(left_seconds, self._limits.retry_after_max_seconds)
        return state.attempt_number >= self._limits.attempts_max or state.upcoming_sleep > longest

    def _attempt(self, question: Question, deadline: Deadline, reader: _Reader) -> bytes:
        for _ in range(1 + _REDIRECTS_MAX):
            found = self._ask(question, deadline, partial(self._judge, deadline, reader))
            if isinstance(found, bytes):
                return found
            question = replace(question, url=found)
        raise Unreadable(f"{deadline.place} redirects more than {_REDIRECTS_MAX} times")

    def _ask(
        self,
        question: Question,
        deadline: Deadline,
        judge: Callable[[httpx.Response], _Judged],
        if_sent: type[SourceError] = Unreachable,
    ) -> _Judged:
        """Send one request and give what is made of its answer."""
        with self._turn(question.url, deadline), watchdog(deadline) as hooks:
            left = max(0.001, deadline.left_seconds())  # sockets refuse a negative time-out
            connect = min(self._limits.connect_timeout_seconds, left)
            timeout = httpx.Timeout(min(self._limits.read_timeout_seconds, left), connect=connect)
            try:
                with self._client.stream(
                    question.method,
                    question.url,
                    content=question.body or None,
                    headers=question.headers_now(),
                    timeout=timeout,
                    extensions=hooks,
                ) as response:
                    return judge(response)
            except (httpx.TransportError, RuntimeError) as error:
                if self._client.is_closed:
                    raise Closed("the client was closed") from error
                if isinstance(error, RuntimeError):
                    raise
                kind = Unreachable if isinstance(error, _UNSENT) else if_sent
                raise kind(_no_answer(deadline, error)) from error

    @contextmanager
    def _turn(self, url: httpx.URL, deadline: Deadline) -> Iterator[None]:
        host = f"{url.host}:{url.port or ''}"
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

    def _judge(
        self, deadline: Deadline, reader: _Reader, response: httpx.Response
    ) -> httpx.URL | bytes:
        """Give the body, or the address it redirects to."""
        if "cf-mitigated" not in response.headers:
            if response.has_redirect_location:
                return redirected(response)
            if response.is_success:
                return reader(response, deadline)
        raise refusal(response, excerpt(response, deadline), self._now)

    def _whole(self, response: httpx.Response, deadline: Deadline) -> bytes:
        most = self._limits.body_bytes_max
        if len(body := read(response, deadline, most)) > most:
            raise Unreadable(f"{deadline.place} sent more than the {most:,} bytes allowed")
        return body


def _no_answer(deadline: Deadline, error: Exception) -> str:
    if deadline.left_seconds() <= 0:
        return f"{deadline.place} took longer than the total time allowed"
    return f"{deadline.place} gave no answer: {printable(str(error)) or type(error).__name__}"

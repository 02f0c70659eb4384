"""What a source of prices is, what it returns, and the errors that say what to do next."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from pydantic import SecretStr

from engine.connections import KeyUse
from engine.market import Offer, Provider
from engine.resources import Catalogue
from engine.signals import Signal


class SourceError(Exception):
    """A source gave no offers; the subclass says what to do. Messages are shown to people."""


class Unreachable(SourceError):
    """Try later: no answer, a time-out, a busy or broken server. Keep the last offers."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Denied(SourceError):
    """A person must act: the key is missing, wrong or expired, or the address is blocked."""


class Unreadable(SourceError):
    """A person must look: the answer is not what the source's documentation promises."""


class Missing(Unreadable):
    """There is nothing at that address: what was asked for does not exist there."""


class Closed(Exception):
    """We ended while asking: it says nothing about the source, and nothing is recorded."""


_PASSWORD = re.compile(r"(?<=://)[^/?#\s]*@")


def public(url: str) -> str:
    """Return an address without the name and password that it may hold."""
    return _PASSWORD.sub("", url)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: the address asked and the exact bytes received.

    ``failed``: an address that a reading can do without gave no answer, and why.
    """

    url: str
    body: bytes
    failed: SourceError | None = None

    def __post_init__(self) -> None:
        """Forget a password in the address: what is read from an answer is kept and shown."""
        object.__setattr__(self, "url", public(self.url))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to something handed over once, whatever its status.

    ``body`` is whole for a success, and otherwise only its beginning; ``said`` is the beginning of
    a refusal as plain text, without what was sent as a secret.
    """

    status: int
    media_type: str = ""
    body: bytes = b""
    said: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that did not become an offer: a stable code, a sentence, the row as received."""

    code: str
    reason: str
    row: str

    def __post_init__(self) -> None:
        """Spell out broken halves of characters, which no store can hold."""
        for name in ("reason", "row"):
            text = getattr(self, name).encode("utf-8", "backslashreplace").decode()
            object.__setattr__(self, name, text)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run learnt: offers, providers, signals, and each row that could not be used.

    ``notice``: what a person should know of a good reading, as the rest of a sentence ("…, read
    from the chain because …").
    """

    offers: Sequence[Offer] = ()
    providers: Sequence[Provider] = ()
    rejects: Sequence[Reject] = field(default=())
    signals: Sequence[Signal] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is about to be sent: what a signature is computed over."""

    method: str
    path: str
    query: str
    """Exactly as sent, percent-encoded, without the question mark."""
    body: bytes


Headers = Callable[[Request], Mapping[str, str]]
"""Gives the headers of one attempt; called anew for each, so that a nonce is never used twice."""


class Http(Protocol):
    """What a connector needs of the HTTP client; each raises Unreachable, Denied or Unreadable."""

    def get(
        self, url: str, *, params: dict[str, str] | None = None, headers: Headers | None = None
    ) -> Answer:
        """GET, within limits."""
        ...

    def post(self, url: str, *, body: bytes, headers: Headers | None = None) -> Answer:
        """POST a question in JSON that changes nothing on the other side, so it may be repeated."""
        ...

    def lines(self, url: str, *, keep: Callable[[bytes], bool], kept_bytes_max: int) -> Answer:
        """GET a text too large to hold and return only the lines that ``keep`` wants."""
        ...


class Delivers(Protocol):
    """What handing something over needs of the HTTP client."""

    def deliver(
        self,
        url: str,
        *,
        body: bytes,
        media_type: str,
        body_bytes_max: int,
        headers: Headers | None = None,
    ) -> Reply:
        """POST once and give whatever was answered; raises Unreachable, Denied or Unreadable."""
        ...


def tried(http: Http, url: str) -> Answer:
    """Ask an address that a reading can do without: its failure is kept in the answer."""
    try:
        return http.get(url)
    except SourceError as error:
        return Answer(url, b"", error)


class Source(Protocol):
    """A network or a baseline: one module, one line in ``connectors.registry``."""

    name: str
    """Short name, as in file names and filters: ``akash``."""
    refresh_seconds: int
    """How often the worker asks; never more often than the source's own cache changes."""
    forced_seconds: int
    """However often people ask, it is not read again sooner than this after a reading started."""
    base_url: str
    """Where it asks: the public address, or a stand-in of it."""
    has_offers: bool
    """Whether it sells at published prices; otherwise it gives signals only."""

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        """Ask every address needed, with bounded paging; raises SourceError."""
        ...

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """Turn answers into offers. Pure; raises Unreadable when the answer as a whole is wrong."""
        ...


class Connector(ABC):
    """What every connector shares; ``base_url`` is the public address or a stand-in of it."""

    name: str
    default_url: str
    refresh_seconds: int
    forced_seconds: int = 60
    has_offers: bool = True
    key_use: KeyUse = "none"
    key_form: str = ""
    """What a key looks like, for the person who sets it; empty when there is none."""
    extra_urls: ClassVar[Mapping[str, str]] = {}
    """Further addresses by name, with their default; ``NECTO_<SOURCE>_<NAME>_URL`` sets one."""

    def __init__(
        self,
        base_url: str | None = None,
        key: SecretStr | None = None,
        urls: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = (base_url or self.default_url).rstrip("/")
        self.key = key
        self.urls = {name: url.rstrip("/") for name, url in (urls or {}).items()}

    @abstractmethod
    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        """See ``Source``."""

    @abstractmethod
    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """See ``Source``."""

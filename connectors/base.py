"""What a source of prices is, what it returns, and the errors that say what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.market import Offer, Provider
from engine.resources import Catalogue


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


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: the address asked and the exact bytes received."""

    url: str
    body: bytes


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
    """What one run learnt: offers, providers, and each row that could not be used, with why."""

    offers: Sequence[Offer]
    providers: Sequence[Provider] = ()
    rejects: Sequence[Reject] = field(default=())


class Http(Protocol):
    """What a connector needs of the HTTP client."""

    def get(self, url: str, *, params: dict[str, str] | None = None) -> Answer:
        """GET, within limits; raises Unreachable, Denied or Unreadable."""
        ...


class Source(Protocol):
    """A network or a baseline: one module, one line in ``connectors.registry``."""

    name: str
    """Short name, as in file names and filters: ``akash``."""
    refresh_seconds: int
    """How often the worker asks; never more often than the source's own cache changes."""

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        """Ask every address needed, with bounded paging; raises SourceError."""
        ...

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """Turn answers into offers. Pure; raises Unreadable when the answer as a whole is wrong."""
        ...

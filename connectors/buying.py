"""What a network that sells must be able to do, and the one error that only a write has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import SecretStr

from connectors.base import Headers, Http, Reply, SourceError
from engine.buying import Billed, Found, LogLine, Look, Observation, Step, Wanted


class Uncertain(SourceError):
    """The write may have been made: look for it, never repeat it blindly."""


Method = Literal["POST", "PUT", "PATCH", "DELETE"]


class Writes(Http, Protocol):
    """What buying needs of the HTTP client: reading, and changes that are sent once."""

    def write(
        self,
        method: Method,
        url: str,
        *,
        body: bytes = b"",
        body_bytes_max: int,
        headers: Headers | None = None,
    ) -> Reply:
        """Send one change in JSON; raises Uncertain once it may have arrived."""
        ...


class Purchaser(Protocol):
    """One network that orders can be placed on. Every call is bounded in time.

    Reading raises Unreachable, Denied or Unreadable. ``act`` makes one write and raises Uncertain
    where that may have been made, Unreachable only where it surely was not, Denied where the
    network refused it.
    """

    network: str
    unit: str
    """The asset whose smallest unit is counted: ``uact``."""
    units_per_usd: int
    """1,000,000 for uact: a whole number of smallest units is worth one dollar."""
    settles_after_seconds: int
    """So long after a create whose answer was lost it may still come into effect."""

    def refusals(self, wanted: Wanted) -> tuple[str, ...]:
        """Return what this network cannot promise, each a sentence; empty: it may be bought."""
        ...

    def secrets_needed(self, wanted: Wanted) -> Sequence[str]:
        """Return the names of the secrets that ``act`` needs; raises Denied for a bad file."""
        ...

    def file_text(self, wanted: Wanted) -> str:
        """Return what will be sent as a person reads it, with references in place of secrets.

        Raises ValueError, saying what to change, for an order that cannot be written down.
        """
        ...

    def look(self, wanted: Wanted, handle: str | None, now: datetime) -> Look:
        """Say what there is of an order on the network and what comes next; reads only."""
        ...

    def act(self, wanted: Wanted, step: Step, secrets: Mapping[str, SecretStr]) -> str | None:
        """Make one write; return the network's name of what it was made to.

        ``secrets``: those that ``secrets_needed`` names. What is closed may be another than the
        order's own: a second one with its tag.
        """
        ...

    def find(self, order_id: str) -> Sequence[Found]:
        """Return everything on the network with this order's tag, open and closed."""
        ...

    def everything(self) -> Sequence[Found]:
        """Return all that is open in the account, ours or not, for reconciling."""
        ...

    def observe(self, handles: Sequence[str]) -> Mapping[str, Observation]:
        """Return what is true of many orders now, money included.

        One that the network does not know is not in it; one that it does not tell of now has no
        ``word``.
        """
        ...

    def health(self, handle: str) -> Observation | None:
        """Return one order with its services as its provider reports them."""
        ...

    def deposit_step(self, found: Found, usd_cents: int) -> Step:
        """Return the write that adds money to a running order, told apart from one made before.

        Its details say how much: ``cents``.
        """
        ...

    def was_made(self, step: Step, found: Found | None) -> bool | None:
        """Say whether a write whose answer was lost was made; None: it cannot be told yet.

        ``found``: what is there of the order now, None for nothing. False is final for a create
        only ``settles_after_seconds`` after it was sent.
        """
        ...

    def close_step(self, handle: str) -> Step:
        """Return the write that ends an order; repeating it is safe."""
        ...

    def logs(self, handle: str, lines_max: int) -> Sequence[LogLine]:
        """Return the newest lines that the job wrote; raises Denied where they cannot be had."""
        ...

    def events(self, handle: str, lines_max: int) -> Sequence[LogLine]:
        """Return what the provider reported of the job."""
        ...

    def billed(self, since: datetime, until: datetime) -> Sequence[Billed]:
        """Return the network's own account of what it charged, by day."""
        ...

    def bid_reasons(self, wanted: Wanted) -> tuple[str, ...]:
        """Return in words why nobody may have offered: who could, who could not."""
        ...

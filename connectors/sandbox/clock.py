"""The network's own time: it runs faster than ours when told to, and never backwards."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.sandbox.units import BLOCK_SECONDS

FIRST_HEIGHT = 30_000_000
Seconds = Callable[[], float]
"""Seconds since 1970 as a machine tells them; tests hand in their own."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Network time = ``base`` + ``factor`` * (machine time - ``since``), in seconds since 1970.

    It is kept in the book, so that a network goes on while its server is down.
    """

    base: float
    since: float
    factor: float
    genesis: float
    """The network time of block ``FIRST_HEIGHT``."""

    @classmethod
    def started(cls, machine: float) -> "Rate":
        return cls(machine, machine, 1.0, machine)

    def at(self, machine: float) -> float:
        """Return network time; a machine clock that went back makes it stand still."""
        return self.base + self.factor * max(0.0, machine - self.since)

    def paced(self, machine: float, factor: float) -> "Rate":
        """Return the rate that goes on from here at another pace."""
        return replace(self, base=self.at(machine), since=machine, factor=factor)

    def advanced(self, machine: float, seconds: float) -> "Rate":
        """Return the rate from here after a jump forward."""
        return replace(self, base=self.at(machine) + seconds, since=machine)

    def height(self, network: float) -> int:
        return FIRST_HEIGHT + int((network - self.genesis) // BLOCK_SECONDS)

    def time_of(self, height: int) -> float:
        return self.genesis + (height - FIRST_HEIGHT) * BLOCK_SECONDS


def iso(seconds: float) -> str:
    """Return a moment as the Console writes it: UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

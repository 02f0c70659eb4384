"""What somebody asks to be done: once, under a key, with an entry in the trail."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from engine.canonical import Json, canonical, digest, plain
from engine.people import SYSTEM, Actor

KEY_MAX = 200  # characters
SUBJECT_MAX = 300


class Refused(Exception):
    """What was asked may not be done; the message is the reason, and the trail keeps it."""


class BadCommand(ValueError):
    """A command without a usable key or subject: a mistake in the program that made it."""


@dataclass(frozen=True)
class Command:
    """One thing to do. ``key`` is its idempotency key: the same key is the same command.

    ``action`` names it ("settings.changed"), ``subject`` what it is about ("rate-card/aethir"),
    ``body`` everything it was asked with: the trail keeps the body and its digest. ``policy``: the
    version of the policy that decided; ``at``: the simulated time, where time is simulated.
    """

    key: str
    action: str
    actor: Actor
    subject: str
    body: Json
    policy: str | None = None
    at: datetime | None = None
    may_be_refused: bool = False

    def __post_init__(self) -> None:
        for name, text, longest in (
            ("key", self.key, KEY_MAX),
            ("subject", self.subject, SUBJECT_MAX),
        ):
            if not 0 < len(text) <= longest or not text.isprintable():
                raise BadCommand(f"a command's {name} is 1 to {longest} printable characters")

    @classmethod
    def of(cls, key: str, action: str, actor: Actor, subject: str, body: object) -> "Command":
        """Return a command whose body is any value that JSON can keep exactly."""
        return cls(key, action, actor, subject, plain(body))

    @classmethod
    def by_system(cls, key: str, action: str, subject: str, body: object) -> "Command":
        """Return a command that nobody asked for: Necto itself does it."""
        return cls.of(key, action, SYSTEM, subject, body)

    @property
    def type(self) -> str:
        return f"necto.{self.action}"

    @cached_property
    def text(self) -> str:
        """The canonical body, as it stands in an entry: in three objects."""
        return canonical(self.body, inside=3).decode()

    @cached_property
    def digest(self) -> str:
        """The digest of the canonical body."""
        return digest(self.text.encode())


@dataclass(frozen=True, slots=True)
class Failed:
    """What an act returns that was done and gave nothing of use: the trail says failed, and why."""

    result: object


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command; ``replayed`` when it had been done before."""

    result: Json
    outcome: str
    entry_index: int
    replayed: bool

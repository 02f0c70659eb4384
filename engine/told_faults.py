"""What is wrong with a file that a person wrote: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[str | int, ...]
"""Where a value stands: ("gpus", "models", 0)."""

FAULTS_MAX = 100
"""A file with more is not the file that was meant."""
_SHOWN_MAX = 40  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its line (from 1; None: the file as a whole), its path, in words.

    ``is_warning``: the file can be used as it is; a person should look at this all the same.
    """

    line: int | None
    path: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        words = f"{', '.join([*where, *filter(None, [self.path])])}: {self.message}"
        return f"warning: {words}" if self.is_warning else words.removeprefix(": ")


class BadFile(ValueError):
    """A person must correct the file; ``faults`` lists everything that is wrong with it."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.faults = in_order(faults)
        super().__init__("\n".join(f"{name}: {fault}" for fault in self.faults))


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults by line, each once, ``FAULTS_MAX`` of them at most."""
    found = sorted(dict.fromkeys(faults), key=lambda fault: (fault.line or 0, fault.path))
    if len(found) <= FAULTS_MAX:
        return tuple(found)
    rest = f"there are {len(found) - FAULTS_MAX} more faults: is this the right file?"
    return (*found[:FAULTS_MAX], Fault(None, "", rest))


def path_text(place: Place) -> str:
    """Return a place as people write it: gpus.models[0]."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{_key(step)}"
    return text.removeprefix(".")


def shown(value: object) -> str:
    """Return a value as a message can show it: short, and without what moves a terminal."""
    text = repr(str(value))
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 2]}…'"


def _key(step: str) -> str:
    return step if step.isidentifier() and len(step) <= _SHOWN_MAX else shown(step)

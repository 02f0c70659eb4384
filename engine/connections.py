"""How Necto is connected to each source: on or off, key or not, and what its terms allow."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

KeyUse = Literal["none", "optional", "required"]
KeyState = Literal["not needed", "present", "missing", "unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a source's terms of use mean for reading it; ``is_built`` False: they forbid it.

    ``default_on`` False: stays off until a person has read the terms and recorded the date.
    ``reviewed_on`` None: nobody has read them on a recorded date.
    """

    source: str
    title: str
    default_on: bool
    is_built: bool
    note: str
    url: str | None = None
    reviewed_on: date | None = None
    reviewer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One source as it is connected now. ``key_note`` says what to do; it never holds a key."""

    name: str
    terms: Terms
    key_use: KeyUse
    key_state: KeyState
    key_note: str
    is_switched_off: bool = False
    has_offers: bool = True

    @property
    def is_locked(self) -> bool:
        """Off by default: switching it on needs an administrator and the audit trail."""
        return not self.terms.default_on

    @property
    def is_on(self) -> bool:
        """Whether the worker may read it, if it has the key it needs."""
        return not self.is_locked and not self.is_switched_off

    @property
    def reads(self) -> bool:
        """Whether the worker reads it now."""
        return self.is_on and self.key_state in ("not needed", "present")

    @property
    def state(self) -> str:
        """In words: reading, switched off, waiting for a key, off until its terms are reviewed."""
        if self.is_locked:
            return "off until its terms are reviewed"
        if self.is_switched_off:
            return "switched off"
        return "reading" if self.reads else f"key {self.key_state}"

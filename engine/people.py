"""Who acts, and what they may do."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "buyer", "approver", "finance", "compliance", "auditor", "admin"]
Kind = Literal["person", "persona", "job", "system"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, persona or job. ``name`` is what the trail will say."""

    name: str
    roles: frozenset[Role]
    authenticated: bool
    kind: Kind = "person"
    simulated: bool = False

    def may(self, role: Role) -> bool:
        return role in self.roles


def local_actor(os_user: str) -> Actor:
    """Whoever sits at this machine, before there is sign-in: may look, is marked as unproven."""
    return Actor(f"local:{os_user}", frozenset({"viewer"}), authenticated=False)


def job(name: str) -> Actor:
    """One of Necto's own jobs: what it does, nobody asked for at that moment."""
    return Actor(f"job:{name}", frozenset(), authenticated=True, kind="job")


SYSTEM = Actor("necto", frozenset(), authenticated=True, kind="system")
"""Necto itself: opening a book, bringing it forward, signing a checkpoint."""

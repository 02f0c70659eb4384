"""Who acts, and what they may do."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "buyer", "approver", "finance", "compliance", "auditor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, persona or job. ``name`` is what the trail will say."""

    name: str
    roles: frozenset[Role]
    authenticated: bool

    def may(self, role: Role) -> bool:
        return role in self.roles


def local_actor(os_user: str) -> Actor:
    """Whoever sits at this machine, before there is sign-in: may look, is marked as unproven."""
    return Actor(f"local:{os_user}", frozenset({"viewer"}), authenticated=False)

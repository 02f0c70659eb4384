"""Who acts, and what they may do."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

Role = Literal["viewer", "buyer", "approver", "finance", "compliance", "auditor", "admin"]
Kind = Literal["person", "persona", "job", "system"]
ROLES: tuple[Role, ...] = get_args(Role)


class UnknownPersona(ValueError):
    """Nobody of the sandbox is called that: the message names the five."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, persona or job. ``name`` is what the trail will say.

    ``called`` is how people call them on the screen: personal, so it never goes into the trail.
    """

    name: str
    roles: frozenset[Role]
    authenticated: bool
    kind: Kind = "person"
    simulated: bool = False
    called: str = field(default="", compare=False)

    def may(self, role: Role) -> bool:
        return role in self.roles

    @property
    def shown(self) -> str:
        """How a page calls them."""
        return self.called or self.name


def local_actor(os_user: str) -> Actor:
    """Whoever sits at the machine of a sandbox: holds every role, is marked as unproven."""
    return Actor(f"local:{os_user}", frozenset(ROLES), authenticated=False)


def operator(os_user: str) -> Actor:
    """Whoever types on the machine of a live installation: may look and look after the books.

    Live mode has no local user with roles: what needs one is done signed in, on the pages.
    """
    return Actor(f"local:{os_user}", frozenset({"viewer"}), authenticated=False)


def signed_in(issuer: str, subject: str, roles: frozenset[Role], called: str = "") -> Actor:
    """A person whom an identity provider knows, under a name that tells nobody who that is.

    ``issuer`` and ``subject`` are the ``iss`` and ``sub`` of the ID token, which together never
    change and are never given to another person (OpenID Connect Core 1.0, section 2).
    """
    told = sha256(f"{issuer}|{subject}".encode()).hexdigest()[:16]
    return Actor(f"oidc:{told}", roles, authenticated=True, called=called)


def job(name: str) -> Actor:
    """One of Necto's own jobs: what it does, nobody asked for at that moment."""
    return Actor(f"job:{name}", frozenset(), authenticated=True, kind="job")


SYSTEM = Actor("necto", frozenset(), authenticated=True, kind="system")
"""Necto itself: opening a book, bringing it forward, signing a checkpoint."""

NOBODY = Actor("nobody", frozenset(), authenticated=False)
"""Who has not signed in where signing in is asked for: may not even look."""


def _persona(called: str, *roles: Role) -> Actor:
    name = f"persona:{called.lower().replace(' ', '-')}"
    held = frozenset[Role]({"viewer", *roles})
    return Actor(name, held, authenticated=False, kind="persona", simulated=True, called=called)


PERSONAS = (
    _persona("Ines Romero", "buyer"),
    _persona("Tom Adeyemi", "approver"),
    _persona("Fay Lindqvist", "finance"),
    _persona("Kofi Brandt", "compliance", "auditor"),
    _persona("Noor Haddad", "admin"),
)
"""The sandbox's five people, invented: between them they hold every role, and none holds all."""


def persona(named: str) -> Actor:
    """Return the persona of a name: whole, its first word, or as the trail writes it.

    Raises UnknownPersona.
    """
    asked = "-".join(named.lower().removeprefix("persona:").split())
    for one in PERSONAS:
        known = one.name.removeprefix("persona:")
        if asked in {known, known.partition("-")[0]}:
            return one
    there_are = ", ".join(f"{one.called} ({', '.join(job_roles(one))})" for one in PERSONAS)
    raise UnknownPersona(f"the sandbox has nobody called {named[:60]!r}; there are: {there_are}")


def job_roles(actor: Actor) -> list[Role]:
    """Return the roles that set a person apart, in the order of ``ROLES``: all may look."""
    return [role for role in ROLES if role in actor.roles and role != "viewer"]

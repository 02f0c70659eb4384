"""Who an identity provider says somebody is: read strictly, believed only as far as it is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.people import Actor, Role, signed_in

LASTS = timedelta(hours=12)
"""A sign-in is believed so long: then the provider is asked again, and with it its groups."""
CLOCKS_APART = timedelta(minutes=5)
TEXT_MAX, GROUPS_MAX = 255, 500


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the ID token tells (OpenID Connect Core 1.0, sections 2 and 5.1).

    ``email`` is in small letters, and there only when the provider says that it has verified it.
    """

    issuer: str
    subject: str
    email: str | None = None
    name: str = ""
    groups: frozenset[str] = frozenset()

    def actor(self, roles: frozenset[Role] = frozenset()) -> Actor:
        return signed_in(self.issuer, self.subject, roles, self.called)

    @property
    def called(self) -> str:
        """How to call them on the screen."""
        return self.name or self.email or self.actor_name

    @property
    def actor_name(self) -> str:
        return signed_in(self.issuer, self.subject, frozenset()).name


def identity_of(claims: Mapping[str, object], groups_claim: str, now: datetime) -> Identity | None:
    """Return who signed in; None for claims that are no person's, or were made too long ago.

    ``claims``: those of a verified ID token. ``groups_claim``: the one that lists groups.
    """
    issuer, subject = _text(claims.get("iss")), _text(claims.get("sub"))
    if not issuer or not subject or not _is_fresh(claims.get("iat"), now):
        return None
    is_verified = claims.get("email_verified") is True
    email = _text(claims.get("email")).lower() if is_verified else ""
    groups = claims.get(groups_claim)
    listed = [groups] if isinstance(groups, str) else groups
    return Identity(
        issuer,
        subject,
        email if "@" in email else None,
        _text(claims.get("name")),
        frozenset(_texts(listed)) if isinstance(listed, list) else frozenset(),
    )


def _text(value: object) -> str:
    """Return a text that can be shown and kept; an empty one for anything else."""
    is_one = isinstance(value, str) and len(value) <= TEXT_MAX and value.isprintable()
    return str(value).strip() if is_one else ""


def _texts(values: Iterable[object]) -> list[str]:
    return [text for text in map(_text, list(values)[:GROUPS_MAX]) if text]


def _is_fresh(issued: object, now: datetime) -> bool:
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return False
    try:
        at = datetime.fromtimestamp(issued, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return -CLOCKS_APART <= now - at <= LASTS

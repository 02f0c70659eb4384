"""Joins the registry with the terms and with what people switched: what is read, why not."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Source
from connectors.registry import registered
from data.preferences import Preferences
from data.terms import terms_of
from engine.connections import Connection


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection, and the source to read where it has what it needs and its terms allow it."""

    connection: Connection
    source: Source | None


def connected(
    preferences: Preferences | None = None, env: Mapping[str, str] = os.environ
) -> list[Connected]:
    """Return every registered source; one that is off by default is never given to be read."""
    off = (preferences or Preferences()).switched_off
    found: list[Connected] = []
    for entry in registered(env):
        connection = Connection(
            name=entry.kind.name,
            terms=terms_of(entry.kind.name),
            key_use=entry.kind.key_use,
            key_state=entry.key_state,
            key_note=entry.key_note,
            is_switched_off=entry.kind.name in off,
            has_offers=entry.kind.has_offers,
        )
        found.append(Connected(connection, None if connection.is_locked else entry.source))
    return found

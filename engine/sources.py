"""What is true of each source now, in one word and one sentence: said alike on every face."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.connections import Connection
from engine.runs import STALE_AFTER, NetworkState, StatusWord

Word = Literal[StatusWord, "off", "no key"]

MEANINGS: dict[Word, str] = {
    "live": "The last reading succeeded.",
    "stale": "The last reading succeeded, but more than 36 hours ago.",
    "recorded": "Figures that ship with Necto; no live reading yet.",
    "contract": "Your negotiated rate card.",
    "failing": "The last reading failed; the last good figures are kept.",
    "empty": "No figures yet.",
    "off": "It is not read; figures read before are kept and age.",
    "no key": "It is not read until its key is set; older figures are kept.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """A source, whether it is read (``word``), what its shown figures are (``kind``), and why."""

    name: str
    word: Word
    kind: str | None
    state: NetworkState | None
    connection: Connection | None
    why: str

    @property
    def is_trouble(self) -> bool:
        """Whether a person should look: it should be read and gives nothing new."""
        return self.word in ("failing", "stale")


def source_statuses(
    states: Sequence[NetworkState], connections: Sequence[Connection], now: datetime
) -> list[SourceStatus]:
    """Return every source with figures or a connection, by name."""
    known = {state.network: state for state in states}
    linked = {connection.name: connection for connection in connections}
    return [_status(n, known.get(n), linked.get(n), now) for n in sorted(known | linked)]


def _status(
    name: str, state: NetworkState | None, connection: Connection | None, now: datetime
) -> SourceStatus:
    word, why = _read(state, connection, now)
    return SourceStatus(
        name=name,
        word=word,
        kind=state.source_kind if state else None,
        state=state,
        connection=connection,
        why=why,
    )


def _read(
    state: NetworkState | None, connection: Connection | None, now: datetime
) -> tuple[Word, str]:
    if connection and not connection.is_on:
        return "off", connection.state
    if connection and not connection.reads:
        return "no key", connection.key_note
    if state is None:
        return "empty", "not read yet"
    if state.failing and state.last:
        return "failing", state.last.message
    if connection and not connection.has_offers and state.last:
        is_old = now - state.last.started_at > STALE_AFTER
        return "stale" if is_old else "live", "signals only: it publishes no prices"
    return state.status_at(now), ""

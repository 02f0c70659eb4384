"""A unit of work: commands done once, each with its entry in the trail, committed together."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

from data.closed import refuse_closed
from data.engines import add_rows, asking, first_row, run
from data.faults import RecordsDamaged, RecordsFault
from data.kept_text import check_text
from data.permitted import permitted
from data.tables import FACTS, entries
from engine.canonical import Json, plain
from engine.commands import Command, Failed, Outcome, Refused
from engine.merkle import HASH_BYTES, Node, appended, leaf_hash
from engine.trail import (
    Effect,
    Entry,
    FileRef,
    OutcomeWord,
    effect_key,
    entry_bytes,
    row_digest,
    time_text,
)

CLOCK_TOLERANCE = timedelta(seconds=2)
"""A clock that steps back by less is corrected by its network: the last entry's time is taken."""
_TABLES: dict[str, Table] = {table.name: table for table in (entries, *FACTS)}
DONE: OutcomeWord = "done"
REFUSED: OutcomeWord = "refused"
FAILED: OutcomeWord = "failed"
_NEWEST = """SELECT version_num, leaf_index, at, hashes
    FROM alembic_version LEFT JOIN entries ON leaf_index = (SELECT max(leaf_index) FROM entries)"""


class OtherCommand(RecordsFault):
    """The key was used for another command: take a new key for a new command."""


class UnitBroken(RecordsFault):
    """A mistake in the program: facts without a command of their own, or after one that failed."""


class ClockWentBack(RecordsFault):
    """The machine's clock is behind the newest entry: set it right; nothing was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far the trail has come: its size, the newest entry's time and hashes, the last nodes.

    ``nodes``, by place, are those that the next entries build on. A book that was exchanged for a
    backup may have come as far with other entries: the newest one's hashes tell.
    """

    size: int
    at: datetime
    hashes: bytes
    nodes: dict[Node, bytes]


@dataclass(slots=True)
class _Work:
    """What the command being done has added so far."""

    effects: list[Effect] = field(default_factory=list)
    files: list[FileRef] = field(default_factory=list)
    previous: Json = None


@dataclass(slots=True)
class Transaction:
    """Facts and entries on their way into one book; nothing is there before the commit."""

    connection: Connection
    installation: str
    book: str
    now: datetime
    at: str
    """The time of this unit of work, as facts keep it."""
    head: Head
    _first_row: Callable[..., Any]
    is_closed: bool = False
    _rows: list[tuple[object, ...]] = field(default_factory=list)
    _done: dict[str, tuple[str, int]] = field(default_factory=dict)
    _work: _Work | None = None

    @classmethod
    def begin(
        cls,
        connection: Connection,
        installation: str,
        book: str,
        now: Callable[[], datetime],
        head: Head,
    ) -> "Transaction":
        """Start a unit of work; the writer's lock is held, so the head stays what it is."""
        moment = _moment(now(), head.at)
        at, asked = time_text(moment), asking(connection)
        return cls(connection, installation, book, moment, at, head, asked)

    @property
    def next_index(self) -> int:
        """The place in the trail of the command being done."""
        return self.head.size

    def perform(self, command: Command, act: "Act") -> Outcome:
        """Do a command once: ``act`` adds its facts and returns its result.

        The same key again returns the first outcome, whoever asks: a colleague or a job may repeat
        what broke off, and the trail names who asked first. Raises NotPermitted for who may not
        do it, OtherCommand when the action, the subject or the body differs.
        ``act`` may raise Refused: its facts are undone, the refusal and its reason are kept. What
        it adds stays when it returns Failed. When it raises anything else, nothing of this unit of
        work is kept.
        """
        permitted(command.actor, command.action)
        if self.is_closed:
            refuse_closed(self.book, command.action)
        if self._work:
            raise UnitBroken("a command failed, or is still being done: begin another unit of work")
        if known := self._known(command):
            return known
        self._work = _Work()
        if command.may_be_refused:
            run(self.connection, "SAVEPOINT command")
        try:
            result, word = _result(act(self))
        except Refused as refusal:
            if not command.may_be_refused:
                raise
            run(self.connection, "ROLLBACK TO SAVEPOINT command")
            self._work = _Work()  # without what the refused command had added
            result, word = {"reason": str(refusal)}, REFUSED
        if command.may_be_refused:
            run(self.connection, "RELEASE SAVEPOINT command")
        outcome = self._written(command, self._work, result, word)
        self._work = None
        return outcome

    def add(self, table: str, **row: object) -> None:
        """Add a fact; the entry of the command being done will vouch for it."""
        columns, keys = _columns(table)
        whole = dict.fromkeys(columns) | row | {"entry_index": self.next_index}
        check_text(table, whole)
        key = effect_key([whole[name] for name in keys])
        self._doing.effects.append(Effect(table, key, row_digest(table, whole)))
        add_rows(self.connection, _insertion(table), [tuple([whole[name] for name in columns])])

    def vouch(self, file: FileRef) -> None:
        """Name a file, already published, whose content the entry vouches for."""
        self._doing.files.append(file)

    def was(self, previous: Json) -> None:
        """Keep in the entry what held before."""
        self._doing.previous = previous

    def node(self, place: Node) -> bytes:
        """Return a stored node of the tree."""
        if place in self.head.nodes:
            return self.head.nodes[place]
        return node_of(self.connection, place)

    def flush(self) -> None:
        """Write the entries; called once, before the commit."""
        if self._work:
            raise UnitBroken("a command of this unit of work failed: nothing of it is kept")
        if not self._rows:
            return
        add_rows(self.connection, _insertion("entries"), self._rows)
        self._rows = []

    @property
    def _doing(self) -> _Work:
        if self._work is None:
            raise UnitBroken("facts are added by a command: within tx.perform(command, act)")
        return self._work

    def _known(self, command: Command) -> Outcome | None:
        found = self._done.get(command.key) or self._stored(command.key)
        if found is None:
            return None
        body, index = found
        event = json.loads(body)
        data = event["data"]
        same = data["input"]["digest"] == command.digest and event["type"] == command.type
        if not same or event["subject"] != command.subject:
            raise OtherCommand(
                f"the key {command.key} was used for another command (entry {index}, "
                f"{event['type']} of {event['subject']}): take a new key"
            )
        return Outcome(data["result"], data["outcome"], index, replayed=True)

    def _stored(self, key: str) -> tuple[str, int] | None:
        asked = "SELECT body, leaf_index FROM entries WHERE request = ?"
        row = self._first_row(asked, key)
        return (row[0], row[1]) if row else None

    def _written(self, command: Command, work: _Work, result: Json, word: OutcomeWord) -> Outcome:
        check_text("entries", {"actor": command.actor.name})
        index = self.head.size
        entry = Entry(
            index, command, self.now, result, word, work.previous, work.effects, work.files
        )
        body = entry_bytes(entry, self.installation, self.book)
        nodes = appended(index, leaf_hash(body), self.node)
        text, hashes = body.decode(), b"".join(value for _, value in nodes)
        self._rows.append((
            index, command.key, command.type, command.actor.name, command.subject, word, self.at,
            text, hashes,
        ))  # fmt: skip
        self._done[command.key] = (text, index)
        self.head = Head(index + 1, self.now, hashes, _standing(self.head.nodes, nodes))
        return Outcome(result, word, index, replayed=False)


Act = Callable[[Transaction], object]


def _result(found: object) -> tuple[Json, OutcomeWord]:
    if isinstance(found, Failed):
        return plain(found.result), FAILED
    return plain(found), DONE


def head_of(connection: Connection, known: Head | None) -> tuple[str | None, Head]:
    """Return the book's form as it says, and how far its trail has come.

    ``known``: what this process saw last; its nodes are taken over where it still holds.
    """
    row = first_row(connection, _NEWEST)
    if row is None or row[1] is None:
        return row and row[0], Head(0, datetime.min.replace(tzinfo=UTC), b"", {})
    size, hashes = row[1] + 1, bytes(row[3])
    if known is not None and (known.size, known.hashes) == (size, hashes):
        return row[0], replace(known, nodes=dict(known.nodes))
    return row[0], Head(size, datetime.fromisoformat(row[2]), hashes, {})


@cache
def _columns(table: str) -> tuple[list[str], list[str]]:
    """Return a table's columns and its key's, as plain text: SQLAlchemy's names are not quite."""
    found = _TABLES[table]
    return [str(one.name) for one in found.c], [str(one.name) for one in found.primary_key]


@cache
def _insertion(table: str) -> str:
    names, _ = _columns(table)
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names


def node_of(connection: Connection, place: Node) -> bytes:
    """Return a stored node: it stands with the leaf that completed it."""
    level, position = place
    leaf_index = ((position + 1) << level) - 1
    row = first_row(connection, "SELECT hashes FROM entries WHERE leaf_index = ?", leaf_index)
    found = bytes(row[0] if row else b"")[level * HASH_BYTES : (level + 1) * HASH_BYTES]
    if len(found) != HASH_BYTES:
        raise RecordsDamaged(f"entry {leaf_index} lacks the hash of level {level}")
    return found


def _standing(known: dict[Node, bytes], added: list[tuple[Node, bytes]]) -> dict[Node, bytes]:
    """Return the nodes that later appends may ask for, of those known, after an append.

    The highest one added stands; what it covers does not any more.
    """
    for (level, position), _ in added[:-1]:
        known.pop((level, position - 1), None)
    place, value = added[-1]
    known[place] = value
    return known


def _moment(now: datetime, last: datetime) -> datetime:
    """Return the time of a unit of work: never before the newest entry's."""
    if now >= last:
        return now
    if last - now <= CLOCK_TOLERANCE:
        return last
    raise ClockWentBack(
        f"this machine's clock says {now:%Y-%m-%d %H:%M:%S}, the newest entry is of "
        f"{last:%Y-%m-%d %H:%M:%S} UTC: set the clock right; nothing was written"
    )

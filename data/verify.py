"""Checking a book against its own trail: what was changed, dropped, inserted or reordered, where.

First every entry's hash and every node of the tree, then what entries say against the columns they
are found by and against the facts they vouch for.
"""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, literal_column, select

from data.raw_text import not_text, showable
from data.tables import VOUCHED, entries
from data.trail import size_of
from engine.canonical import canonical
from engine.merkle import HASH_BYTES
from engine.trail import effect_key, row_digest, source_of

PROBLEMS_MAX = 1_000
"""More are counted and not described."""
_BATCH = 5_000
_TOLD_EVERY = 1_000  # entries
_STREAMED = {"yield_per": _BATCH}
_BYTES = {"sqlite": "CAST(body AS BLOB)", "postgresql": "convert_to(body, 'UTF8')"}
_NO_DIGEST = ""  # of a row that cannot be put into words
# What reading JSON that anybody may have written can raise; deep nesting ends in the last.
_UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
Progress = Callable[[int, int], None]
"""Told how much is done of how much."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the trail says: ``place`` names the entry, row or file."""

    place: str
    what: str


@dataclass(slots=True)
class Report:
    """What was checked and what was found; empty ``problems`` means: nothing differs.

    ``checkpoints`` are in the book, ``filed`` of them are among the ``checkpoint_files`` too.
    ``notes`` explain problems and take none away.
    """

    size: int = 0
    root: bytes = b""
    facts: int = 0
    checkpoints: int = 0
    checkpoint_files: int = 0
    filed: int = 0
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.problems

    def found(self, place: str, what: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(showable(place), showable(what)))
        else:
            self.more += 1


def check_tree(view: Connection, report: Report, progress: Progress | None = None) -> None:
    """Recompute every leaf and node and compare them with what is stored; sets size and root."""
    sha256, expected, total = hashlib.sha256, 0, size_of(view)
    standing: list[bytes] = []  # the nodes that later leaves complete, the largest first
    for index, body, stored in _raw(view):
        value = sha256(b"\0" + body).digest()
        if index != expected:
            report.found(f"entry {expected}", f"is missing: the next is entry {index}")
            break
        hashes, position = value, index
        while position & 1:
            value = sha256(b"\1" + standing.pop() + value).digest()
            hashes += value
            position >>= 1
        standing.append(value)
        if hashes != stored:
            _explain(report, index, hashes, bytes(stored))
            if len(stored) == len(hashes):  # or every node above would be told too
                standing[-1] = bytes(stored[-HASH_BYTES:])
        expected += 1
        if progress and not index % _BATCH:
            progress(index, total)
    report.size, report.root = expected, _root(standing)


def _explain(report: Report, index: int, mine: bytes, stored: bytes) -> None:
    if len(mine) != len(stored):
        report.found(f"entry {index}", "does not keep the hashes that its place asks for")
    elif mine[:HASH_BYTES] != stored[:HASH_BYTES]:
        report.found(f"entry {index}", "its text is not what was hashed when it was written")
    else:
        level = next(
            level
            for level in range(1, len(mine) // HASH_BYTES)
            if mine[level * HASH_BYTES :][:HASH_BYTES] != stored[level * HASH_BYTES :][:HASH_BYTES]
        )
        first = (index >> level) << level
        report.found(
            f"entries {first} to {index}",
            "the node above them differs: one of them was exchanged with its own hash",
        )


def _root(standing: list[bytes]) -> bytes:
    """Return the root over the complete subtrees, the smallest folded in first."""
    if not standing:
        return hashlib.sha256(b"").digest()
    *left, value = standing
    for sibling in reversed(left):
        value = hashlib.sha256(b"\1" + sibling + value).digest()
    return value


def check_entries(
    view: Connection,
    installation: str,
    book: str,
    report: Report,
    progress: Progress | None = None,
) -> None:
    """Compare what every entry says with its columns, and with the facts that name it."""
    facts, total = _facts(view, report), size_of(view)
    pending = next(facts, None)
    last = ""
    for row in _columns(view):
        index = int(row["leaf_index"])
        if progress and not index % _TOLD_EVERY:
            progress(index, total)
        vouched = _read(row, installation, book, last, report)
        last = max(last, str(row["at"]))
        while pending and pending[0] < index:
            pending = _orphan(pending, facts, report)
        actual: list[tuple[str, str, str]] = []
        if pending and pending[0] == index:
            actual = list(pending[1])
            pending = next(facts, None)
        _compare(index, vouched, actual, report)
    while pending:
        pending = _orphan(pending, facts, report)


_Found = tuple[int, list[tuple[str, str, str]]]


def _orphan(pending: _Found, facts: Iterator[_Found], report: Report) -> _Found | None:
    for table, key, _ in pending[1]:
        report.found(f"{table} {key}", f"names entry {pending[0]}, which does not exist")
    return next(facts, None)


def _compare(
    index: int,
    vouched: Sequence[tuple[str, str, str]],
    actual: Sequence[tuple[str, str, str]],
    report: Report,
) -> None:
    report.facts += len(actual)
    if sorted(vouched) == sorted(actual):
        return
    promised = {(table, key): digest for table, key, digest in vouched}
    standing = {(table, key): digest for table, key, digest in actual}
    for (table, key), digest in sorted(promised.items()):
        if (table, key) not in standing:
            report.found(f"{table} {key}", f"is gone: entry {index} added it")
        elif standing[table, key] != digest:
            report.found(f"{table} {key}", f"was changed after entry {index} added it")
    for table, key in sorted(standing.keys() - promised.keys()):
        report.found(f"{table} {key}", f"was inserted: entry {index} says nothing of it")


def _read(
    row: dict[str, Any], installation: str, book: str, last: str, report: Report
) -> list[tuple[str, str, str]]:
    """Return the facts that an entry vouches for; tells where its columns differ from its text."""
    place = f"entry {row['leaf_index']}"
    try:
        event = json.loads(row["body"])
        data = event["data"]
        told = {
            "leaf_index": int(event["id"]), "request": data["request"], "type": event["type"],
            "actor": data["actor"]["id"], "subject": event["subject"],
            "outcome": data["outcome"], "at": event["time"],
        }  # fmt: skip
        effects = [
            (_text(e["table"]), _text(e["key"]), _text(e["digest"])) for e in data["effects"]
        ]
        source, is_canonical = event["source"], canonical(event).decode() == row["body"]
    except _UNREADABLE as error:
        report.found(place, _why(row, error))
        return []
    for name, value in told.items():
        if row[name] != value:
            report.found(place, f"is filed under {name} {row[name]!r}, and says {value!r}")
    if not is_canonical:
        report.found(place, "is not in its canonical form")
    if source != source_of(installation, book):
        report.found(place, f"comes from {source!r:.100}, another book")
    if row["at"] < last:
        report.found(place, "is older than the entry before it")
    return effects


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r:.60} where text belongs")


def _facts(view: Connection, report: Report) -> Iterator[_Found]:
    """Yield (entry, its facts as (table, key, digest)) in order of entries, from every table."""
    streams = [_table_facts(view, table, report) for table in VOUCHED]
    merged = heapq.merge(*streams, key=lambda one: one[0])
    for index, group in groupby(merged, key=lambda one: one[0]):
        yield index, [(table, key, digest) for _, table, key, digest in group]


def _table_facts(
    view: Connection, table: Table, report: Report
) -> Iterator[tuple[int, str, str, str]]:
    keys = [column.name for column in table.primary_key]
    asked = select(table).order_by(table.c.entry_index)
    for row in view.execute(asked, execution_options=_STREAMED):
        cells = row._asdict()
        key = effect_key(cells[name] for name in keys)
        try:
            digest = row_digest(table.name, cells)
        except (ValueError, TypeError) as error:
            digest = _NO_DIGEST
            report.found(f"{table.name} {key}", _why(cells, error))
        yield cells["entry_index"], table.name, key, digest


def _why(cells: dict[str, Any], error: Exception) -> str:
    """Return why a row cannot be read, which is its text first of all."""
    if odd := not_text(cells):
        return f"holds bytes that are no text (UTF-8) in {', '.join(odd)}"
    return f"cannot be read: {error!r:.100}"


def _raw(view: Connection) -> Iterator[Any]:
    """Yield (place, bytes, hashes) as the driver gives them: this is the loop that costs."""
    body: Any = literal_column(_BYTES[view.dialect.name])
    asked = select(entries.c.leaf_index, body, entries.c.hashes)
    yield from view.execute(asked.order_by(entries.c.leaf_index), execution_options=_STREAMED)


def _columns(view: Connection) -> Iterator[dict[str, Any]]:
    asked = select(*(column for column in entries.c if column.name != "hashes"))
    for row in view.execute(asked.order_by(entries.c.leaf_index), execution_options=_STREAMED):
        yield row._asdict()

"""Reading a book's trail: entries, nodes of its tree, pages of what a person looks for."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.engines import first_row
from data.records import Records
from data.tables import checkpoints, entries
from data.unit import node_of
from engine.merkle import HASH_BYTES, Node, NodeOf, consistency_proof

_BATCH = 2_000  # rows held at once


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry as it is stored: its place, its canonical bytes and the hash kept with it."""

    index: int
    body: bytes
    hash: bytes


def size_of(view: Connection) -> int:
    """Return how many entries the trail has."""
    newest = first_row(view, "SELECT max(leaf_index) FROM entries")
    return int(newest[0]) + 1 if newest and newest[0] is not None else 0


def leaf(view: Connection, index: int) -> Leaf | None:
    """Return one entry; None when there is none at this place."""
    asked = select(entries.c.body, entries.c.hashes).where(entries.c.leaf_index == index)
    row = view.execute(asked).one_or_none()
    return Leaf(index, row.body.encode(), bytes(row.hashes)[:HASH_BYTES]) if row else None


def leaves(view: Connection, start: int, end: int) -> Iterator[Leaf]:
    """Yield the entries of ``start <= place < end`` in order; memory stays bounded."""
    asked = (
        select(entries.c.leaf_index, entries.c.body, entries.c.hashes)
        .where(entries.c.leaf_index >= start, entries.c.leaf_index < end)
        .order_by(entries.c.leaf_index)
        .execution_options(yield_per=_BATCH)
    )
    with closing(view.execute(asked)) as rows:  # PostgreSQL keeps a cursor until then
        for index, body, hashes in rows:
            yield Leaf(index, body.encode(), bytes(hashes)[:HASH_BYTES])


def nodes(view: Connection) -> NodeOf:
    """Return what looks nodes of the tree up, each once."""
    known: dict[Node, bytes] = {}

    def look_up(place: Node) -> bytes:
        if place not in known:
            known[place] = node_of(view, place)
        return known[place]

    return look_up


def index_at(view: Connection, at: str) -> int:
    """Return the place of the first entry recorded at this time or later (text, UTC).

    Entries stand in the order of their times, so halving finds it in a few look-ups.
    """
    low, high = 0, size_of(view)
    while low < high:
        middle = (low + high) // 2
        asked = select(entries.c.at).where(entries.c.leaf_index == middle)
        if (view.execute(asked).scalar() or "") < at:
            low = middle + 1
        else:
            high = middle
    return low


def has_news(view: Connection) -> bool:
    """Return whether anything but the sending of checkpoints came after the newest checkpoint."""
    signed = view.execute(select(func.max(checkpoints.c.size))).scalar() or 0
    after = select(entries.c.leaf_index).where(entries.c.leaf_index >= signed)
    asked = after.where(entries.c.type.not_like("necto.checkpoint.%")).limit(1)
    return view.execute(asked).first() is not None


def consistency(records: Records, old: int, new: int) -> list[bytes]:
    """Return the proof that the first ``old`` entries are the beginning of the first ``new``."""
    with records.reading() as view:
        return consistency_proof(old, new, nodes(view))

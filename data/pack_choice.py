"""Which entries an evidence pack shall hold, and the checkpoint that covers them."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from data import checkpoints, tables
from data.audit import EVER, Span, run_of
from data.checkpoints import Signed
from data.records import Records
from data.trail import size_of
from data.trail_keys import signer, verifiers
from engine.pack import Chosen, Run


class NothingToPack(ValueError):
    """No entry is asked for: widen the time or name another subject."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pack shall hold: entries of a span of time, about a subject, under a checkpoint.

    About ``subject`` is what has it as its subject, or one that begins with it and a slash.
    Without any of these: the whole book. ``checkpoint``: the size of the one to bind the pack to;
    without it the first that covers what is asked for, made now where there is none. ``entry``:
    only the one at this place.
    """

    span: Span = EVER
    subject: str | None = None
    checkpoint: int | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A checkpoint and the entries that were asked for, all of them covered by it."""

    signed: Signed
    selection: Run | Chosen


def bound(records: Records, home: Path, wanted: Wanted) -> Bound:
    """Return what is asked for and its checkpoint, made now where none covers it.

    Signs only what will be packed: a pack of nothing leaves the book as it was.
    Raises NothingToPack, BadPack, BadNote, RecordsFault, OSError.
    """
    with records.reading() as view:
        known, size, signed = verifiers(view), size_of(view), None
        first, after = _run_of(view, wanted, size)
        if wanted.checkpoint is not None:
            signed = checkpoints.of_size(view, wanted.checkpoint, known)
            if signed is None:
                raise NothingToPack(f"there is no checkpoint of {wanted.checkpoint} entries")
            first, after = min(first, wanted.checkpoint), min(after, wanted.checkpoint)
        elif known:
            signed = checkpoints.covering(view, after, known)
        selection = _selection(view, wanted, range(first, after), size)
    if signed:
        return Bound(signed, selection)
    made = checkpoints.make(records, signer(records, home), home)
    if isinstance(selection, Run) and wanted.span.end is None and wanted.entry is None:
        selection = Run(first, made.checkpoint.size)  # with the key, where it was recorded for this
    return Bound(made, selection)


def _run_of(view: Connection, wanted: Wanted, size: int) -> tuple[int, int]:
    if wanted.entry is None:
        return run_of(view, wanted.span, size)
    if not 0 <= wanted.entry < size:
        raise NothingToPack(f"there is no entry {wanted.entry}: the newest is {size - 1}")
    return wanted.entry, wanted.entry + 1


def _selection(view: Connection, wanted: Wanted, inside: range, size: int) -> Run | Chosen:
    if wanted.subject is None:
        if not inside and wanted.entry is not None:
            raise NothingToPack(f"the checkpoint does not cover entry {wanted.entry}")
        if not inside:
            raise NothingToPack("no entry was written in that time: choose another")
        return Run(inside.start, inside.stop)
    place = tables.entries.c.leaf_index
    asked = select(place).where(_about(view, wanted.subject))
    if len(inside) < size:
        asked = asked.where(place >= inside.start, place < inside.stop)
    found = list(view.execute(asked.order_by(place)).scalars())
    if not found:
        raise NothingToPack(f"no entry is about {wanted.subject} in that time")
    return Chosen(wanted.subject, found)


def _about(view: Connection, subject: str) -> ColumnElement[bool]:
    """What is about a subject: it or what begins with it and a slash, found by their index."""
    column = tables.entries.c.subject
    if view.dialect.name == "sqlite":  # compares text by its bytes: after / comes 0
        return or_(column == subject, and_(column >= f"{subject}/", column < f"{subject}0"))
    return or_(column == subject, column.startswith(f"{subject}/", autoescape=True))

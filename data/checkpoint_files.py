"""Whether a book still is what the newest checkpoint outside it says, told in a few look-ups.

A whole check compares every checkpoint; this one is cheap enough for every start: a book that lost
entries, or was exchanged for another with a valid tree, shows at once.
"""

import heapq
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from data import tables
from data.books import checkpoint_folder
from data.checkpoints import NOTE_BYTES_MAX, difference
from data.records import Records
from data.restorations import explained_by
from data.trail import size_of
from data.trail_keys import verifiers
from engine.notes import BadNote, Checkpoint, opened, origin_of

_LOOKED_AT_MAX = 50
"""Files that a restoration explains are passed over, the newest first, so many at most."""


def doubt(records: Records, home: Path) -> str | None:
    """Return how a book is not what its newest checkpoint file says; None when it is, or has none.

    Files whose entries went with a book that a restoration replaced are passed over: the trail
    tells of it, and a whole check counts them. Raises RecordsFault.
    """
    place = checkpoint_folder(home, records.book)
    name = origin_of(records.installation, records.book)
    try:
        newest = heapq.nlargest(_LOOKED_AT_MAX, _names(place))
        with records.reading() as view:
            return _doubt(view, [place / one for one in newest], name) if newest else None
    except (OSError, ValueError) as fault:
        return f"cannot be compared with its newest checkpoint file: {fault}"


def _doubt(view: Connection, newest: list[Path], name: str) -> str | None:
    keys, size, gone = verifiers(view), size_of(view), explained_by(view)
    for path in newest:
        with path.open(encoding="utf-8") as file:
            note = file.read(NOTE_BYTES_MAX)
        try:
            checkpoint = opened(note, keys)
        except BadNote as fault:
            return f"checkpoint file {path.name} is none of this book: {fault}"
        differs = difference(view, size, checkpoint, name)
        if differs is None:
            return None
        is_explained = not _is_kept(view, checkpoint, note) and gone.why(checkpoint.size)
        if checkpoint.origin != name or not is_explained:
            return f"checkpoint file {path.name}: {differs.because(None)}"
    return None


def _is_kept(view: Connection, checkpoint: Checkpoint, note: str) -> bool:
    """Say whether the records hold this note: then it was made of this very book."""
    asked = select(tables.checkpoints.c.note).where(tables.checkpoints.c.size == checkpoint.size)
    return view.execute(asked).scalar() == note


def _names(place: Path) -> Iterator[str]:
    if place.is_dir():
        with os.scandir(place) as found:
            yield from (one.name for one in found if one.name.endswith(".note"))

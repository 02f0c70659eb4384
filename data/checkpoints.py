"""Checkpoints: a book's size and root, signed, kept outside the records too.

Whoever holds an old checkpoint can tell that the book still begins with what it covered; so not
even the operator rewrites history unseen.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from data import tables
from data.books import checkpoint_folder
from data.engines import writing
from data.faults import RecordsDamaged
from data.files import write_once
from data.records import Records
from data.restorations import explained_by
from data.trail import nodes, size_of
from data.trail_keys import hand_overs, verifiers
from data.verify import Progress, Report
from engine.canonical import plain
from engine.merkle import root_of
from engine.notes import BadNote, Checkpoint, Signer, Verifier, body, opened, sign, verified

NOTE_BYTES_MAX = 100_000
SIZES_MAX = 50  # checkpoints that a person chooses from
_TOLD_EVERY = 20  # checkpoints
_NAMED_MAX = 10
_KEPT = select(tables.checkpoints)
_size = tables.checkpoints.c.size


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signed note; ``at``: when it was made, as the records keep time."""

    checkpoint: Checkpoint
    note: str
    at: str


def make(records: Records, signer: Signer, home: Path) -> Signed:
    """Sign the book as it stands, once a size, while nobody else writes.

    The file is published before the records know it, and never replaced: one that says otherwise is
    evidence. Raises BadNote then, and for a key that handed over meanwhile; RecordsFault; OSError
    when the folder of checkpoints cannot be written.
    """
    with writing(records.engine) as connection:
        keys, size = verifiers(connection), size_of(connection)
        if known := of_size(connection, size, keys):
            return known
        if signer.verifier != keys[-1]:
            raise BadNote(f"{signer.verifier.text} handed over to {keys[-1].text}: sign with that")
        checkpoint = Checkpoint(signer.name, size, root_of(size, nodes(connection)))
        note, at = sign(body(checkpoint), signer), str(plain(records.now()))
        file = checkpoint_folder(home, records.book) / file_name(size)
        if explained_by(connection).why(size) and file.exists() and not _holds(file, note):
            file = file.with_suffix(f".{checkpoint.root.hex()[:8]}.note")  # of the book before it
        _publish(file, note)
        connection.execute(insert(tables.checkpoints), {"size": size, "at": at, "note": note})
    return Signed(checkpoint, note, at)


def _publish(file: Path, note: str) -> None:
    if not write_once(file, note) and not _holds(file, note):
        raise BadNote(
            f"{file} signed other entries than the book has: they were rewritten, or an old backup "
            "was put back. Keep that file, and run necto audit verify"
        )


def _holds(file: Path, note: str) -> bool:
    return file.read_bytes() == note.encode()


def newest(view: Connection, keys: Iterable[Verifier]) -> Signed | None:
    """Return the newest checkpoint of the records; None before the first. Raises BadNote."""
    return _first(view, _KEPT.order_by(_size.desc()), keys)


def of_size(view: Connection, size: int, keys: Iterable[Verifier]) -> Signed | None:
    """Return the checkpoint of exactly this size; None when there is none. Raises BadNote."""
    return _first(view, _KEPT.where(_size == size), keys)


def covering(view: Connection, size: int, keys: Iterable[Verifier]) -> Signed | None:
    """Return the first checkpoint that covers the first ``size`` entries. Raises BadNote."""
    return _first(view, _KEPT.where(_size >= size).order_by(_size), keys)


def _first(view: Connection, asked: Select[Any], keys: Iterable[Verifier]) -> Signed | None:
    row = view.execute(asked.limit(1)).one_or_none()
    return Signed(opened(row.note, keys), row.note, row.at) if row else None


def sizes(view: Connection, below: int | None = None) -> list[int]:
    """Return the sizes of the newest checkpoints, the largest first; at most ``SIZES_MAX``.

    ``below``: only of those that are smaller.
    """
    asked = select(_size).order_by(_size.desc()).limit(SIZES_MAX)
    return list(view.execute(asked if below is None else asked.where(below > _size)).scalars())


def dated(view: Connection) -> list[tuple[int, str]]:
    """Return the newest checkpoints, the largest first: the size of each and when it was made."""
    asked = select(_size, tables.checkpoints.c.at).order_by(_size.desc()).limit(SIZES_MAX)
    return [(size, at) for size, at in view.execute(asked)]


def witnessed(home: Path, book: str, signed: Signed) -> str:
    """Return the note with a witness's signature where one came, else as we signed it.

    Only lines after our own: the file lies where others may write.
    """
    file = checkpoint_folder(home, book) / cosigned_name(signed.checkpoint.size)
    try:
        with file.open(encoding="utf-8") as note:
            found = note.read(NOTE_BYTES_MAX)
    except (OSError, ValueError):
        return signed.note
    return found if found.startswith(signed.note) else signed.note


def cosigned_name(size: int) -> str:
    return f"{size}.cosigned"


def file_name(size: int) -> str:
    return f"{size:015d}.note"


def files(home: Path, book: str) -> list[Path]:
    """Return the published checkpoints, the oldest first."""
    return sorted(checkpoint_folder(home, book).glob("*.note"))


def check(
    view: Connection,
    report: Report,
    own: Collection[Path] | None,
    held: Collection[Path],
    name: str,
    progress: Progress | None = None,
) -> None:
    """Compare every checkpoint, in the records and in files, with the tree that was recomputed.

    ``own``: the files in ``NECTO_HOME``, None where they are elsewhere; ``held``: files that
    somebody else kept; ``name``: this book's origin.
    """
    keys, held = verifiers(view), [*(own or ()), *held]
    reach = dict(zip((key.text for key in keys), hand_overs(view), strict=False))
    seen, total = 0, _count(view) + len(held)
    kept, found_filed, gone = set[str](), set[str](), explained_by(view)
    for place, note, filed in _notes(view, held, report):
        if progress and not seen % _TOLD_EVERY:
            progress(seen, total)
        seen += 1
        report.checkpoints += filed is not None
        report.checkpoint_files += filed is None
        try:
            checkpoint = opened(note, keys)
        except BadNote as fault:
            report.found(place, f"is no checkpoint of this book: {fault}")
            continue
        if late := _signed_late(note, checkpoint, keys, reach):
            report.found(place, late)
        if filed is not None:
            kept.add(note)
            if filed != checkpoint.size:
                report.found(place, f"is filed under {filed} entries, and covers {checkpoint.size}")
        else:
            found_filed.add(note)
        differs = difference(view, report.size, checkpoint, name)
        if differs:
            # What the records hold was made of this book: no restoration took it away.
            may_be_gone = checkpoint.origin == name and note not in kept
            why = gone.why(checkpoint.size) if may_be_gone else None
            report.found(place, differs.because(why))
    report.filed = len(kept & found_filed)
    report.notes += gone.sentences
    _check_missing(view, report, None if own is None else {path.name for path in own})


def _signed_late(
    note: str, checkpoint: Checkpoint, keys: list[Verifier], reach: dict[str, int]
) -> str | None:
    """Say that a key signed what came after it had handed over; None when it did not."""
    by = {one.verifier.text for one in verified(note, keys).signatures}
    last = max((reach.get(text, checkpoint.size) for text in by), default=checkpoint.size)
    if checkpoint.size <= last:
        return None
    return f"is signed by a key that handed over at entry {last}, before what it covers"


def _check_missing(view: Connection, report: Report, names: set[str] | None) -> None:
    """Find checkpoints that the trail says were sent, and tell of those without a file here."""
    there = set(view.execute(select(_size)).scalars())
    sent = select(tables.entries.c.subject).where(tables.entries.c.type == "necto.checkpoint.sent")
    for subject in sorted(set(view.execute(sent).scalars())):
        size = subject.removeprefix("checkpoint/")
        if not size.isdecimal() or int(size) not in there:
            report.found(subject, "was sent, and is not in the records any more")
    if names is None:
        return
    filed = {name.partition(".")[0] for name in names}
    lacking = sorted(size for size in there if Path(file_name(size)).stem not in filed)
    if lacking:
        report.notes.append(
            f"checkpoints at {', '.join(map(str, lacking[:_NAMED_MAX]))}"
            f"{' and more' if len(lacking) > _NAMED_MAX else ''} have no file in the folder of "
            "checkpoints: they were removed there, or the book came from a backup"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """How a book is not what a checkpoint signed, and what that means without another reason."""

    what: str
    means: str

    def because(self, reason: str | None) -> str:
        return f"{self.what}: {reason or self.means}"


def difference(view: Connection, size: int, checkpoint: Checkpoint, name: str) -> Difference | None:
    """Compare a checkpoint with a book of ``size`` entries and this origin; None when it fits."""
    if checkpoint.origin != name:
        return Difference(f"is of {checkpoint.origin}", f"this book is {name}")
    if checkpoint.size > size:
        return Difference(
            f"covers {checkpoint.size} entries, and the book has {size}",
            f"entries from {size} on were cut off, or an old backup was put back",
        )
    if _root(view, checkpoint.size) != checkpoint.root:
        return Difference(
            f"the first {checkpoint.size} entries are not those that were signed",
            "they were rewritten together with their hashes",
        )
    return None


def _count(view: Connection) -> int:
    return int(view.execute(select(func.count()).select_from(tables.checkpoints)).scalar() or 0)


def _root(view: Connection, size: int) -> bytes | None:
    """Return the root of the stored nodes; None when the book lacks what it is made of."""
    try:
        return root_of(size, nodes(view))
    except RecordsDamaged:
        return None


def _notes(
    view: Connection, held: Iterable[Path], report: Report
) -> Iterator[tuple[str, str, int | None]]:
    """Yield place and note of each checkpoint, and the size that the records file it under."""
    for row in view.execute(_KEPT.order_by(_size)):
        yield f"checkpoint {row.size}", row.note, row.size
    for path in held:
        try:
            with path.open(encoding="utf-8") as file:
                yield f"checkpoint file {path.name}", file.read(NOTE_BYTES_MAX), None
        except (OSError, ValueError) as fault:
            report.found(f"checkpoint file {path.name}", f"cannot be read: {fault}")

"""Making an evidence pack of a book: which entries, which checkpoint, which documents."""

import contextlib
import hashlib
import heapq
import io
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import Connection, Table, select

from data import checkpoints, tables
from data.audit import EVER, Span, run_of
from data.checkpoints import Signed
from data.documents import all_versions
from data.files import sha256_of
from data.records import Records
from data.settings import Settings
from data.trail import Leaf, leaf, leaves, nodes, size_of
from data.trail_keys import KIND, signer, verifiers
from data.verify import Progress
from engine.canonical import Json
from engine.commands import Command, Outcome
from engine.merkle import Node
from engine.notes import BadNote, Verifier, opened
from engine.pack import Chosen, Pack, Run, write_pack
from engine.people import Actor
from engine.trail import parse

VERIFY_PY = Path(__file__).resolve().parent / "reference" / "evidence" / "verify.py"
DOCUMENT_BYTES_MAX = 20_000_000
"""A larger document is named by its digest and not packed."""
ACTION = "pack.exported"
_TOLD_EVERY = 1_000  # entries


class NothingToPack(ValueError):
    """No entry is asked for: widen the time or name another subject."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pack shall hold: entries of a span of time, about a subject, under a checkpoint.

    Without any of these: the whole book. ``checkpoint``: the size of the one to bind the pack to;
    without it the first that covers what is asked for, made now where there is none.
    """

    span: Span = EVER
    subject: str | None = None
    checkpoint: int | None = None


def write(
    records: Records,
    settings: Settings,
    wanted: Wanted,
    out: BinaryIO,
    progress: Progress | None = None,
) -> dict[str, Json]:
    """Write a pack as a zip file and return its manifest; the same pack gives the same bytes.

    ``progress`` is told how many of the entries are written. Raises NothingToPack, BadPack,
    BadNote, RecordsFault in words; what was written until then is to be thrown away.
    """
    bound = _bound(records, settings.home, wanted)
    note = checkpoints.witnessed(settings.home, records.book, bound.signed)
    with records.reading() as view:
        selection = _selection(view, wanted, bound)
        verifier, handed_over = _keys(view, note)
        folders = (settings.home, settings.lake)
        tree = _Nodes(view, progress, _length(selection))
        return write_pack(
            out,
            Pack(
                installation=records.installation,
                book=records.book,
                note=note,
                verifier=verifier,
                selection=selection,
                leaves=tree.passing(_leaves(view, selection)),
                node_of=tree,
                verify_py=VERIFY_PY.read_bytes(),
                documents=Documents(_leaves(view, selection), folders),
                ledger=_facts(view, selection),
                rotations=handed_over,
                earlier=checkpoints.sizes(view, bound.signed.checkpoint.size),
            ),
        )


def keep(
    records: Records, manifest: Mapping[str, Json], packed: str, key: str, who: Actor
) -> Outcome:
    """Keep in the trail that a pack was made: of which checkpoint, and the digest of its bytes."""
    about = {name: manifest[name] for name in ("origin", "size", "root")}
    asked = Command.of(key, ACTION, who, f"book/{records.book}", about)
    return records.perform(asked, lambda _: {"digest": packed})


class Packed:
    """A pack in a temporary file without a name: it goes when nobody holds this any more."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._guard = file, threading.Lock()
        weakref.finalize(self, file.close)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        with self._guard:
            return self._file.seek(0, io.SEEK_END)

    def content(self) -> bytes:
        """Return all of its bytes, for whoever takes no file."""
        with self._guard:
            self._file.seek(0)
            return self._file.read()


def made(
    records: Records,
    settings: Settings,
    wanted: Wanted,
    key: str,
    who: Actor,
    progress: Progress | None = None,
) -> Packed:
    """Return a pack, its making kept in the trail; memory stays bounded however large it is.

    Raises as ``write`` does, and OSError when ``NECTO_HOME`` has no room for it.
    """
    file = tempfile.TemporaryFile(dir=settings.home)  # noqa: SIM115 - closed by who holds the pack
    packed = Packed(file)
    manifest = write(records, settings, wanted, file, progress)
    file.seek(0)
    found = hashlib.file_digest(file, "sha256")
    keep(records, manifest, f"sha256:{found.hexdigest()}", key, who)
    return packed


@dataclass(frozen=True, slots=True)
class _Bound:
    """A checkpoint and the run of entries that was asked for, all of them covered by it."""

    signed: Signed
    first: int
    after: int


def _bound(records: Records, home: Path, wanted: Wanted) -> _Bound:
    with records.reading() as view:
        known = verifiers(view)
        first, after = run_of(view, wanted.span, size_of(view))
        if wanted.checkpoint is not None:
            signed = checkpoints.of_size(view, wanted.checkpoint, known)
            if signed is None:
                raise NothingToPack(f"there is no checkpoint of {wanted.checkpoint} entries")
            return _Bound(signed, min(first, wanted.checkpoint), min(after, wanted.checkpoint))
        signed = checkpoints.covering(view, after, known) if known else None
    return _Bound(signed or checkpoints.make(records, signer(records, home), home), first, after)


def _selection(view: Connection, wanted: Wanted, bound: _Bound) -> Run | Chosen:
    if wanted.subject is None:
        if bound.first == bound.after:
            raise NothingToPack("no entry was written in that time: choose another")
        return Run(bound.first, bound.after)
    column = tables.entries.c
    asked = select(column.leaf_index).where(
        column.subject == wanted.subject,
        column.leaf_index >= bound.first,
        column.leaf_index < bound.after,
    )
    found = list(view.execute(asked.order_by(column.leaf_index)).scalars())
    if not found:
        raise NothingToPack(f"no entry is about {wanted.subject} in that time")
    return Chosen(wanted.subject, found)


class _Nodes:
    """The tree's nodes; the hash of the leaf that is being written is known without looking."""

    def __init__(self, view: Connection, progress: Progress | None, total: int) -> None:
        self._look_up = nodes(view)
        self._progress, self._total = progress, total
        self._leaf: tuple[Node, bytes] | None = None

    def __call__(self, place: Node) -> bytes:
        if self._leaf and self._leaf[0] == place:
            return self._leaf[1]
        return self._look_up(place)

    def passing(self, found: Iterable[Leaf]) -> Iterator[bytes]:
        """Yield the leaves' bytes, the stored hash of each known while it passes."""
        for done, one in enumerate(found):
            if self._progress and not done % _TOLD_EVERY:
                self._progress(done, self._total)
            self._leaf = ((0, one.index), one.hash)
            yield one.body


def _length(selection: Run | Chosen) -> int:
    if isinstance(selection, Run):
        return selection.end - selection.start
    return len(selection.leaf_indexes)


def _leaves(view: Connection, selection: Run | Chosen) -> Iterator[Leaf]:
    if isinstance(selection, Run):
        yield from leaves(view, selection.start, selection.end)
    else:
        found = (leaf(view, index) for index in selection.leaf_indexes)
        yield from (one for one in found if one)


class Documents(Mapping[str, bytes]):
    """Files that the entries vouch for and that are here unchanged, by digest, read when asked.

    What networks said (market drops) is not packed: it is large, and named by its digest.
    """

    def __init__(self, found: Iterable[Leaf], folders: Sequence[Path]) -> None:
        self._paths: dict[str, Path] = {}
        for one in found:
            if b'"files":[]' not in one.body and b'"type":"necto.market.' not in one.body:
                for file in parse(one.body).data.files:
                    if file.size <= DOCUMENT_BYTES_MAX:
                        self._find(file.name, file.digest, folders)

    def _find(self, name: str, wanted: str, folders: Sequence[Path]) -> None:
        for folder in folders:
            path = (folder / name).resolve()
            is_inside = path.is_relative_to(folder.resolve()) and path.is_file()
            if is_inside and f"sha256:{sha256_of(path)}" == wanted:
                self._paths[wanted] = path

    def __getitem__(self, wanted: str) -> bytes:
        return self._paths[wanted].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths))

    def __len__(self) -> int:
        return len(self._paths)


def _facts(view: Connection, selection: Run | Chosen) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the ledger's facts that the selected entries vouch for, in the entries' order."""
    if isinstance(selection, Run):
        inside: range | set[int] = range(selection.start, selection.end)
        first, after = selection.start, selection.end
    else:
        inside = set(selection.leaf_indexes)
        first, after = min(inside), max(inside) + 1
    streams = [_rows(view, table, first, after) for table in tables.LEDGER]
    for index, name, row in heapq.merge(*streams, key=itemgetter(0)):
        if index in inside:
            yield name, row


def _rows(
    view: Connection, table: Table, first: int, after: int
) -> Iterator[tuple[int, str, Mapping[str, object]]]:
    index = table.c.entry_index
    asked = select(table).where(index >= first, index < after)
    asked = asked.order_by(index, *table.primary_key)
    for row in view.execute(asked, execution_options={"yield_per": 2_000}):
        yield row.entry_index, table.name, row._asdict()


def _keys(view: Connection, note: str) -> tuple[Verifier, list[str]]:
    """Return the key that signed a checkpoint, and the notes by which it followed older ones."""
    handed_over: list[str] = []
    told = [cast("dict[str, str]", one.body) for one in all_versions(view, KIND)]
    for key, body in zip(verifiers(view), told, strict=True):
        handed_over += [body["rotation"]] if body["rotation"] else []
        with contextlib.suppress(BadNote):
            opened(note, [key])
            return key, handed_over
    raise NothingToPack("the checkpoint was signed by no key of this book")

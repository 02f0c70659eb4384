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
from data.documents import all_versions
from data.files import sha256_of
from data.pack_choice import NothingToPack, Wanted, bound
from data.records import Records
from data.settings import Settings
from data.trail import Leaf, leaf, leaves, nodes
from data.trail_keys import KIND, verifiers
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


@dataclass(frozen=True, slots=True)
class Written:
    """What a pack holds: its manifest, how many entries, and the public key to check it with."""

    manifest: Mapping[str, Json]
    entries: int
    key: str


def write(
    records: Records,
    settings: Settings,
    wanted: Wanted,
    out: BinaryIO,
    progress: Progress | None = None,
) -> Written:
    """Write a pack as a zip file and return what it holds; the same pack gives the same bytes.

    ``progress`` is told how many of the entries are written. Raises NothingToPack, BadPack,
    BadNote, RecordsFault in words; what was written until then is to be thrown away.
    """
    found = bound(records, settings.home, wanted)
    note = checkpoints.witnessed(settings.home, records.book, found.signed)
    with records.reading() as view:
        selection = found.selection
        verifier, handed_over = _keys(view, note)
        folders = (settings.home, settings.lake)
        tree = _Nodes(view, progress, _length(selection))
        manifest = write_pack(
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
                earlier=checkpoints.sizes(view, found.signed.checkpoint.size),
            ),
        )
    return Written(manifest, _length(selection), verifier.text)


def keep(
    records: Records, manifest: Mapping[str, Json], packed: str, key: str, who: Actor
) -> Outcome:
    """Keep in the trail that a pack was made: of which checkpoint, and the digest of its bytes."""
    about = {name: manifest[name] for name in ("origin", "size", "root")}
    asked = Command.of(key, ACTION, who, f"book/{records.book}", about)
    return records.perform(asked, lambda _: {"digest": packed})


class Packed:
    """A pack in a temporary file without a name: it goes when nobody holds this any more."""

    def __init__(self, file: BinaryIO, written: Written) -> None:
        self._file, self._guard, self._written = file, threading.Lock(), written
        weakref.finalize(self, file.close)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        with self._guard:
            return self._file.seek(0, io.SEEK_END)

    @property
    def entries(self) -> int:
        """How many entries it holds."""
        return self._written.entries

    @property
    def checkpoint(self) -> int:
        """The size of the checkpoint that proves them."""
        return int(str(self._written.manifest["size"]))

    @property
    def key(self) -> str:
        """The public key that signed the checkpoint, as verify.py takes it."""
        return self._written.key

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
    try:
        written = write(records, settings, wanted, file, progress)
        file.seek(0)
        found = hashlib.file_digest(file, "sha256")
        keep(records, written.manifest, f"sha256:{found.hexdigest()}", key, who)
    except BaseException:
        file.close()
        raise
    return Packed(file, written)


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

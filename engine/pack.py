"""Evidence packs: entries, their proofs and documents in one zip that an auditor checks offline.

The format is described in docs/evidence-pack.md. The same contents give the same bytes: names are
sorted, times are fixed, nothing is compressed (two versions of a compressor may differ).
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import BinaryIO

from engine.canonical import Json, canonical, digest
from engine.merkle import (
    NodeOf,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_proof,
    root_of,
)
from engine.notes import BadNote, Checkpoint, Verifier, opened, origin_of, rotated
from engine.pack_text import readme
from engine.trail import fact_bytes

FORMAT = "necto-evidence/1"
PROOFS_MAX = 10_000
"""A run of at most so many entries has a proof for each of them besides the one for all."""
CHOSEN_MAX = 100_000
"""The most entries of a subject pack: each needs a proof of its own."""
ROTATIONS_MAX = 99

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
_MODE = 0o100644 << 16  # a plain file that its owner may write
_UNIX = 3


class BadPack(ValueError):
    """The pack would not verify: the message says why. Check the book before making another."""


@dataclass(frozen=True, slots=True)
class Run:
    """The entries ``start <= place < end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The entries at these places, in order, chosen because they are about ``subject``.

    Raises BadPack for too many.
    """

    subject: str
    leaf_indexes: Sequence[int]

    def __post_init__(self) -> None:
        if len(self.leaf_indexes) > CHOSEN_MAX:
            count = len(self.leaf_indexes)
            raise BadPack(f"{count} entries are about {self.subject}: choose a shorter time")


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that goes into a pack.

    ``leaves`` are the bytes of the selected entries, in order; ``note`` is the signed checkpoint
    that they are proven under and ``node_of`` knows its tree. ``rotations`` are the notes, oldest
    first, by which ``verifier`` followed older keys. ``documents`` maps digests to contents and is
    asked for one at a time. ``ledger`` holds the facts (table, row) that the entries vouch for;
    None: without. ``earlier`` are sizes of older checkpoints that the pack shall be tied to.
    """

    installation: str
    book: str
    note: str
    verifier: Verifier
    selection: Run | Chosen
    leaves: Iterable[bytes]
    node_of: NodeOf
    verify_py: bytes
    documents: Mapping[str, bytes] = field(default_factory=dict)
    ledger: Iterable[tuple[str, Mapping[str, object]]] | None = None
    rotations: Sequence[str] = ()
    earlier: Sequence[int] = ()


def pack_bytes(pack: Pack) -> bytes:
    """Return the pack as the bytes of a zip file; use ``write_pack`` for a large one."""
    out = io.BytesIO()
    write_pack(out, pack)
    return out.getvalue()


def write_pack(out: BinaryIO, pack: Pack) -> dict[str, Json]:
    """Write the pack as a zip file and return its manifest; entries are held one at a time.

    ``out`` must allow seeking, so that the bytes do not depend on it. Raises BadPack when the
    checkpoint, a leaf, a document or a choice of entries contradicts the rest: what was written
    until then is to be thrown away.
    """
    point = _checkpoint(pack)
    small = _small_files(pack, point)
    streams: dict[str, Iterable[bytes]] = {name: [content] for name, content in small.items()}
    streams["entries.jsonl"] = _entry_lines(pack)
    for document in pack.documents:
        streams[f"documents/{document.removeprefix('sha256:')}"] = _document(pack, document)
    if pack.ledger is not None:
        streams["ledger.jsonl"] = (fact_bytes(*fact) + b"\n" for fact in pack.ledger)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in small.items()}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted([*streams, "manifest.json"]):
            if name == "manifest.json":  # before it stands what is large, after it what is small
                manifest = _manifest(pack, point, digests)
                _write(archive, name, [_json_line(manifest)])
            else:
                digests[name] = _write(archive, name, streams[name])
    return manifest


def _checkpoint(pack: Pack) -> Checkpoint:
    try:
        point = opened(pack.note, [pack.verifier])
    except BadNote as error:
        raise BadPack(f"the checkpoint cannot be used: {error}") from None
    if point.origin != origin_of(pack.installation, pack.book):
        raise BadPack(f"the checkpoint is of {point.origin}, another book")
    if not _is_chain(pack):
        raise BadPack("the rotations do not lead from key to key to the one of the checkpoint")
    if root_of(point.size, pack.node_of) != point.root:
        raise BadPack("the book's tree is not the one that its checkpoint signed")
    return point


def _is_chain(pack: Pack) -> bool:
    """Say whether each rotation starts from the key before it and the last one ends in ours."""
    last: Verifier | None = None
    try:
        for note in pack.rotations:
            old = Verifier.read(note.split("\n")[2])
            if last not in {None, old}:
                return False
            last = rotated(note, old)
    except (BadNote, IndexError):
        return False
    return last in {None, pack.verifier} and len(pack.rotations) <= ROTATIONS_MAX


def _small_files(pack: Pack, point: Checkpoint) -> dict[str, bytes]:
    files = {
        "README.txt": _readme(pack, point).encode(),
        "checkpoint": pack.note.encode(),
        "public_key": f"{pack.verifier.text}\n".encode(),
        "verify.py": pack.verify_py,
    }
    files |= {f"rotations/{n}": note.encode() for n, note in enumerate(pack.rotations, start=1)}
    if isinstance(pack.selection, Run):
        proofs = _run_files(pack.selection, point, pack.node_of)
    else:
        proofs = _chosen_files(pack.selection, point, pack.node_of)
    for old in pack.earlier:
        proofs[f"proofs/consistency-{old}.json"] = _consistency(old, point, pack.node_of)
    return files | {name: _json_line(value) for name, value in proofs.items()}


def _readme(pack: Pack, point: Checkpoint) -> str:
    chosen = pack.selection
    if isinstance(chosen, Chosen):
        what = f"{len(chosen.leaf_indexes)} about {chosen.subject!a}"
    elif chosen.end - chosen.start == point.size:
        what = "the whole book"
    else:
        what = f"{chosen.start} to {chosen.end - 1}" if chosen.end > chosen.start else "none"
    is_subject = isinstance(chosen, Chosen)
    return readme(pack.installation, pack.book, point, pack.verifier, what, is_subject=is_subject)


def _run_files(run: Run, point: Checkpoint, node_of: NodeOf) -> dict[str, Json]:
    start, end, size = run.start, run.end, point.size
    if not 0 <= start <= end <= size:
        raise BadPack(f"the entries {start} to {end} are not in a book of {size}")
    files: dict[str, Json] = {
        "index.json": {"start": start, "end": end, "complete": end - start == size},
        "proofs/range.json": {
            "start": start,
            "end": end,
            "size": size,
            "proof": _base64(range_proof(start, end, size, node_of)),
        },
    }
    if end - start <= PROOFS_MAX:
        files |= _each(range(start, end), size, node_of)
    return files


def _chosen_files(chosen: Chosen, point: Checkpoint, node_of: NodeOf) -> dict[str, Json]:
    places = list(chosen.leaf_indexes)
    if places != sorted(set(places)) or not all(0 <= place < point.size for place in places):
        raise BadPack(f"the chosen entries are not in the order of a book of {point.size}")
    index: Json = {"leaf_indexes": places, "complete": False, "subject": chosen.subject}
    return {"index.json": index} | _each(places, point.size, node_of)


def _each(places: Iterable[int], size: int, node_of: NodeOf) -> dict[str, Json]:
    return {
        f"proofs/{place}.json": {
            "leaf_index": place,
            "size": size,
            "proof": _base64(inclusion_proof(place, size, node_of)),
        }
        for place in places
    }


def _consistency(old: int, point: Checkpoint, node_of: NodeOf) -> Json:
    if not 0 <= old <= point.size:
        raise BadPack(f"a book of {point.size} entries never had {old}")
    return {
        "old": old,
        "new": point.size,
        "root": base64.b64encode(root_of(old, node_of)).decode(),
        "proof": _base64(consistency_proof(old, point.size, node_of)),
    }


def _entry_lines(pack: Pack) -> Iterator[bytes]:
    """Yield the leaves as lines; each must be the one that the tree holds in its place."""
    chosen = pack.selection
    places = range(chosen.start, chosen.end) if isinstance(chosen, Run) else chosen.leaf_indexes
    for place, leaf in zip_longest(places, pack.leaves):
        if place is None or leaf is None or leaf_hash(leaf) != pack.node_of((0, place)):
            where = "beyond the chosen ones" if place is None else place
            raise BadPack(f"entry {where} is not what the book's tree holds in its place")
        yield leaf + b"\n"


def _document(pack: Pack, name: str) -> Iterator[bytes]:
    content = pack.documents[name]
    if digest(content) != name:
        raise BadPack(f"a document's content is not that of its digest {name[:80]}")
    yield content


def _manifest(pack: Pack, point: Checkpoint, digests: dict[str, str]) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "book": pack.book,
        "installation": pack.installation,
        "origin": point.origin,
        "size": point.size,
        "root": base64.b64encode(point.root).decode(),
        "files": digests,
    }


def _write(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> str:
    """Write one file piece by piece and return its hexadecimal SHA-256."""
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system, info.external_attr = _UNIX, _MODE
    hashed = hashlib.sha256()
    with archive.open(info, "w", force_zip64=name.endswith(".jsonl")) as file:
        for piece in pieces:
            hashed.update(piece)
            file.write(piece)
    return hashed.hexdigest()


def _json_line(value: Json) -> bytes:
    return canonical(value) + b"\n"


def _base64(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]

#!/usr/bin/env python3
"""Check a Necto evidence pack with nothing but Python 3.11 or newer and this file.

    python3 verify.py [PACK] [--key KEY] [--checkpoint FILE] [--witness KEY] [--limit-mib N]

PACK is the pack's folder or zip file; without it, the folder that this file stands in.

  --key KEY          the log's verifier key as you got it by other means (else the pack's own)
  --checkpoint FILE  an earlier checkpoint of the same book, as you got it by other means
  --witness KEY      the verifier key of a witness that must have signed the checkpoint too
  --limit-mib N      the largest pack that is read, unpacked (default 4096 MiB)

It says what it proved, what differs (and where), and what no pack can prove; where something
differs, "read" stands before what was looked at and is not proved by that. It exits with 0 when
nothing differs, 1 when something does, 2 when it was called wrongly. It uses no network, writes
nothing, and runs nothing from the pack. The format is described in docs/evidence-pack.md.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar, cast

Json = Any
"""What a line of JSON holds, before it is looked at."""
T = TypeVar("T")

FORMAT = "necto-evidence/1"
SCHEMA = "urn:necto:schema:entry:1"
LEDGER_TABLES = {"assets", "accounts", "holds", "postings", "legs", "hold_events"}
LAYOUT = re.compile(
    r"README\.txt|verify\.py|manifest\.json|entries\.jsonl|index\.json|checkpoint|public_key"
    r"|ledger\.jsonl|documents/[0-9a-f]{64}|rotations/[1-9][0-9]?"
    r"|proofs/(range|(consistency-)?(0|[1-9][0-9]{0,18}))\.json"
)
REQUIRED = {"entries.jsonl", "index.json", "checkpoint", "public_key"}
LINE_MAX = 2**24 + 1  # bytes of an entry and its newline
DEPTH_MAX = 64  # lists and objects inside each other
INT_MAX = 2**53 - 1  # the largest whole number in our JSON
HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES = 32, 32, 64
SIGNER, WITNESS = 1, 4  # kinds of keys
SMALL_MAX = 2**26  # bytes of any other file that is read whole
NOTE_MAX = 2**16
SHOWN_MAX = 100  # differences told one by one
NAMED_MAX, NAME_MAX = 5, 120  # absent files told by name, and characters of a name
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class Differs(Exception):
    """Something is not as it must be: ``place`` is the file, the line or the entry."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")


@dataclass
class Report:
    """What is printed at the end; the number of differences decides the exit code."""

    differences: int = 0
    said: list[tuple[str, str]] = field(default_factory=list)

    def proved(self, text: str) -> None:
        """Say what a signature proves, whatever else differs."""
        self.said.append(("proved", text))

    def fits(self, text: str) -> None:
        """Say what is proved when nothing differs, and was only read when something does."""
        self.said.append(("fits", text))

    def open(self, text: str) -> None:
        self.said.append(("not proved", text))

    def differs(self, text: str) -> None:
        self.differences += 1
        if self.differences <= SHOWN_MAX:
            self.said.append(("DIFFERS", text))

    def lines(self) -> Iterator[str]:
        """Yield what was found, the result before and after it."""
        told = counted(self.differences, "difference")
        result = f"{told}: do not rely on this pack" if self.differences else "nothing differs"
        fits = "read" if self.differences else "proved"
        for kind, text in [("RESULT", result), *self.said, ("RESULT", result)]:
            # Escaped, because what a pack says may be meant to deceive a terminal.
            yield f"{fits if kind == 'fits' else kind:<11} {ascii(text)[1:-1]}\n"

    def check(self, part: Callable[..., T], *arguments: object) -> T | None:
        """Run one part; a difference in it is reported, and the other parts still run."""
        try:
            return part(*arguments)
        except Differs as difference:
            self.differs(str(difference))
            return None


def counted(number: int, noun: str, several: str = "") -> str:
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def entries_of(number: int) -> str:
    return counted(number, "entry", "entries")


# --- Ed25519 (RFC 8032, section 5.1), checking only -----------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z
ZERO: Point = (0, 1, 1, 0)


def point_of(encoded: bytes) -> Point | None:
    """Decode a point of the curve; None when the 32 bytes are not one."""
    y = int.from_bytes(encoded, "little")
    is_odd, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and is_odd):
        return None
    x = P - x if x % 2 != is_odd else x
    return (x, y, 1, x * y % P)


def plus(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * D * one[3] * two[3] % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, point: Point) -> Point:
    result = ZERO
    while number:
        result = plus(result, point) if number & 1 else result
        point, number = plus(point, point), number >> 1
    return result


def is_same(one: Point, two: Point) -> bool:
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 == (one[1] * two[2] - two[1] * one[2]) % P


BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether the signature over the message was made with this public key."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    public, nonce = point_of(key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or nonce is None or BASE is None or scalar >= ORDER:
        return False  # scalar >= ORDER: a second form of a signature that somebody else made
    if is_same(times(8, public), ZERO):
        return False  # such a key accepts signatures that nobody made
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return is_same(times(scalar, BASE), plus(nonce, times(challenge, public)))


# --- JSON that can be written in one way only (RFC 8785) ------------------------------------------


def refused(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a whole number")


def whole(text: str) -> int:
    if len(text) > len(str(-INT_MAX)) or abs(int(text)) > INT_MAX:
        raise ValueError("a whole number beyond 2^53 - 1")
    return int(text)


def sorted_by_utf16(value: Json) -> Json:
    if isinstance(value, list):
        return [sorted_by_utf16(one) for one in value]
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return {name: sorted_by_utf16(value[name]) for name in names}
    return value


def canonical(value: Json, *, is_ascii: bool = False) -> bytes:
    """Write JSON as RFC 8785 does; of ASCII names Python's own order is the standard's."""
    value = value if is_ascii else sorted_by_utf16(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=is_ascii)
    return text.encode()


def depth_of(value: Json) -> int:
    """Return how many lists and objects stand inside each other."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [x for one in level for x in (one.values() if isinstance(one, dict) else one)]
    return depth


def read_json(line: bytes, place: str) -> Json:
    """Read one line of canonical JSON without floats; anything written otherwise differs."""
    try:
        value = json.loads(
            line.decode(), parse_float=refused, parse_constant=refused, parse_int=whole
        )
        is_deep = line.count(b"[") + line.count(b"{") > DEPTH_MAX and depth_of(value) > DEPTH_MAX
        is_canonical = is_deep or canonical(value, is_ascii=line.isascii()) + b"\n" == line
    except (ValueError, RecursionError) as error:
        raise Differs(place, f"is not JSON as the format writes it ({error})") from None
    if is_deep:
        raise Differs(place, f"is not JSON as the format writes it (deeper than {DEPTH_MAX})")
    if not is_canonical:
        raise Differs(place, "is not written in the one canonical way (RFC 8785, one line)")
    return value


# --- The hash tree (RFC 6962) ---------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Return how many leaves stand left: the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of(hashes: list[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [node(left, right) for left, right in pairs] + odd
    return hashes[0]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Consume the proof from its end, the top of the tree, down to the leaf."""
    if size == 1:
        return leaf
    left, sibling = split(size), proof.pop()
    if index < left:
        return node(root_by_inclusion(leaf, index, left, proof), sibling)
    return node(sibling, root_by_inclusion(leaf, index - left, size - left, proof))


def root_by_range(run: list[bytes], start: int, low: int, high: int, proof: list[bytes]) -> bytes:
    """Return the root over [low, high): of leaves in the run their own, else the proof's next."""
    end = start + len(run)
    if start <= low and high <= end:
        return root_of(run[low - start : high - start])
    if max(low, start) >= min(high, end):
        return proof.pop(0)
    middle = low + split(high - low)
    left = root_by_range(run, start, low, middle, proof)
    return node(left, root_by_range(run, start, middle, high, proof))


def roots_by_consistency(
    old: int, new: int, old_root: bytes | None, proof: list[bytes]
) -> tuple[bytes, bytes]:
    """Return the old and the new root; ``old_root`` is known while all of the old is looked at."""
    if old == new:
        known = proof.pop() if old_root is None else old_root
        return known, known
    left, sibling = split(new), proof.pop()
    if old <= left:
        older, newer = roots_by_consistency(old, left, old_root, proof)
        return older, node(newer, sibling)
    older, newer = roots_by_consistency(old - left, new - left, None, proof)
    return node(sibling, older), node(sibling, newer)


# --- Signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---------------------------


@dataclass(frozen=True)
class Key:
    """A public key under a name: kind 1 signs a note, kind 4 is a witness's."""

    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.raw
        return hashlib.sha256(named).digest()[:4]


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def unbase64(text: Json, place: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Differs(place, "holds something that is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Differs(place, "holds base64 that is not written in the one way")
    return raw


def read_key(text: str, place: str) -> Key:
    parts = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text)
    raw = unbase64(parts[3], place) if parts else b""
    if not parts or len(raw) != 1 + KEY_BYTES or raw[0] not in {SIGNER, WITNESS}:
        raise Differs(place, "is not a verifier key <name>+<8 hexadecimal digits>+<base64>")
    key = Key(parts[1], raw[0], raw[1:])
    if key.id.hex() != parts[2]:
        raise Differs(place, "is a verifier key whose digits are not those of its key")
    return key


def read_note(raw: bytes, place: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text and its signatures as (key name, key id and signature)."""
    try:
        note = raw.decode()
    except UnicodeDecodeError:
        raise Differs(place, "is not UTF-8") from None
    text, empty_line, lines = note.rpartition("\n\n")
    signatures = re.findall(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)\n", lines)
    rebuilt = "".join(f"— {name} {signature}\n" for name, signature in signatures)
    if not empty_line or not text or not signatures or rebuilt != lines or len(raw) > NOTE_MAX:
        raise Differs(place, "is not a signed note: text, an empty line, signature lines")
    if re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Differs(place, "holds control characters")
    return text + "\n", [(name, unbase64(line, place)) for name, line in signatures]


def signers(raw: bytes, keys: set[Key], place: str) -> set[Key]:
    """Return the keys, of those known, that signed a note; a false signature of one differs."""
    text, signatures = read_note(raw, place)
    known, found = {(key.name, key.id): key for key in keys}, set()
    for name, signed in signatures:
        if key := known.get((name, signed[:4])):
            message, signature = text.encode(), signed[4:]
            if key.kind == WITNESS:
                at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = f"cosignature/v1\ntime {at}\n{text}".encode()
            if not is_signed(key.raw, message, signature):
                raise Differs(place, f"the signature of {key.name} does not fit the text")
            found.add(key)
    return found


def read_checkpoint(raw: bytes, keys: set[Key], place: str) -> Checkpoint:
    """Read a checkpoint that its own log signed with one of these keys."""
    signed_by = signers(raw, keys, place)
    lines = re.fullmatch(r"(.+)\n(0|[1-9][0-9]{0,17})\n(.+)\n", read_note(raw, place)[0])
    if not lines:
        raise Differs(place, "is not a checkpoint: origin, size and root, a line each")
    point = Checkpoint(lines[1], int(lines[2]), unbase64(lines[3], place))
    if len(point.root) != HASH_BYTES:
        raise Differs(place, "has a root that is not 32 bytes")
    if not any(key.kind == SIGNER and key.name == point.origin for key in signed_by):
        raise Differs(place, f"is not signed by a trusted key of {point.origin}")
    return point


# --- The pack: a folder or a zip file, every name known -------------------------------------------


@dataclass(frozen=True)
class Pack:
    """The files of a pack by name, with their sizes; nothing is unpacked to disk."""

    sizes: dict[str, int]
    open: Callable[[str], IO[bytes]]

    @contextmanager
    def reading(self, name: str) -> Iterator["io.BufferedReader[Any]"]:
        if name not in self.sizes:
            raise Differs(name, "is missing")
        try:
            with io.BufferedReader(cast("Any", self.open(name)), 2**18) as file:
                yield file
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise Differs(name, f"cannot be read whole ({error})") from None

    def read(self, name: str, limit: int = SMALL_MAX) -> bytes:
        with self.reading(name) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise Differs(name, f"has more than {limit} bytes")
        return content

    def sha256(self, name: str) -> str:
        """Return the hexadecimal SHA-256 of a file, read piece by piece."""
        with self.reading(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def json(self, name: str) -> dict[str, Json]:
        value = read_json(self.read(name), name)
        if not isinstance(value, dict):
            raise Differs(name, "is not a JSON object")
        return value

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        with self.reading(name) as file:
            number = 1
            while line := file.readline(LINE_MAX + 1):
                if len(line) > LINE_MAX:
                    raise Differs(f"{name} line {number}", f"has more than {LINE_MAX} bytes")
                yield number, line
                number += 1


def open_pack(path: Path, limit: int) -> Pack:
    if path.is_dir():
        pack = folder_pack(path)
    elif path.is_file():
        pack = zip_pack(path)
    else:
        raise Differs(str(path), "is neither a folder nor a file")
    strange = sorted(name for name in pack.sizes if not LAYOUT.fullmatch(name))
    if strange:
        raise Differs(strange[0], "does not belong in a pack (an unknown or an unsafe name)")
    if sum(pack.sizes.values()) > limit:
        raise Differs(str(path), f"is larger than {limit} bytes unpacked: see --limit-mib")
    return pack


def folder_pack(folder: Path) -> Pack:
    sizes = {}
    for file in sorted(folder.rglob("*")):  # does not follow links to folders
        name, mode = file.relative_to(folder).as_posix(), file.lstat().st_mode
        if stat.S_ISREG(mode):
            sizes[name] = file.lstat().st_size
        elif not stat.S_ISDIR(mode):
            raise Differs(name, "is a link or a device, not a file")
    return Pack(sizes, lambda name: (folder / name).open("rb"))


def zip_pack(file: Path) -> Pack:
    archive = zipfile.ZipFile(file)
    sizes: dict[str, int] = {}
    for info in archive.infolist():
        if info.filename in sizes:
            raise Differs(info.filename, "stands twice in the zip file")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG} or info.orig_filename != info.filename:
            raise Differs(info.filename, "is a link, a folder or a device, not a file")
        is_usual = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if info.flag_bits & 1 or not is_usual:
            raise Differs(info.filename, "is encrypted or packed in an unusual way")
        sizes[info.filename] = info.file_size
    return Pack(sizes, archive.open)


# --- What is checked ------------------------------------------------------------------------------


@dataclass
class Found:
    """What the entries of the pack are, and what they vouch for."""

    indexes: Sequence[int]
    is_run: bool
    start: int = 0
    hashes: list[bytes] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)  # digest of a ledger row -> its line
    rows_twice: set[str] = field(default_factory=set)
    files: dict[str, set[int]] = field(default_factory=dict)  # digest of a file -> its sizes
    named: dict[str, str] = field(default_factory=dict)  # digest of a file -> its name and entry
    sealed: int = 0
    simulated: int = 0
    first_time: str = ""


def check_files(pack: Pack, report: Report) -> dict[str, Json]:
    """Compare every file with the manifest; returns the manifest."""
    manifest = pack.json("manifest.json")
    listed = manifest.get("files")
    if manifest.get("format") != FORMAT or not isinstance(listed, dict):
        raise Differs("manifest.json", f"is not a manifest of {FORMAT}")
    before = report.differences
    for name in sorted((listed.keys() | REQUIRED) - pack.sizes.keys()):
        report.differs(f"{name}: is missing")
    for name in sorted(pack.sizes.keys() - listed.keys() - {"manifest.json"}):
        report.differs(f"{name}: is not in manifest.json")
    for name in sorted(pack.sizes.keys() & listed.keys()):
        report.check(check_file, pack, name, listed[name], "manifest.json")
    if report.differences == before:
        report.fits(f"files: {len(listed)}, those of manifest.json, each unchanged")
    return manifest


def check_file(pack: Pack, name: str, digest: Json, told_by: str) -> None:
    if pack.sha256(name) != digest:
        raise Differs(name, f"its SHA-256 is not the one in {told_by}")


def trusted_keys(pack: Pack, given: Key | None, report: Report) -> list[Key]:
    """Return the log's keys, the oldest first; the last one is the pack's own.

    Rotations make a chain that ends in ``public_key``. A key given by the auditor must be in it:
    trust goes from a key to its successors, never back, for an old key may have been stolen.
    """
    text = pack.read("public_key", NOTE_MAX).decode("ascii", "replace")
    own = read_key(text.removesuffix("\n") if text.endswith("\n") else "", "public_key")
    chain: list[Key] = []
    rotations = sum(name.startswith("rotations/") for name in pack.sizes)
    for name in (f"rotations/{number}" for number in range(1, rotations + 1)):
        old, new = rotated(pack.read(name, NOTE_MAX), name)
        if chain and chain[-1] != old:
            raise Differs(name, "does not begin with the key in which the one before it ended")
        chain = [*(chain or [old]), new]
    if chain and chain[-1] != own:
        raise Differs("public_key", "is not the key in which the rotations end")
    if given and given not in (chain or [own]):
        raise Differs("public_key", "is not the key you gave, nor one that followed it")
    if chain:
        report.proved(f"keys: {len(chain)}, each named by the one before it")
    return chain or [own]


def rotated(raw: bytes, name: str) -> tuple[Key, Key]:
    """Return the old and the new key of a rotation: each signed for the other."""
    lines = re.fullmatch(r"necto/key-rotation\n(.+)\n(.+)\n(.+)\n", read_note(raw, name)[0])
    if not lines:
        raise Differs(name, "does not name an old and a new key")
    old, new = read_key(lines[2], name), read_key(lines[3], name)
    if {old.name, new.name} != {lines[1]} or signers(raw, {old, new}, name) != {old, new}:
        raise Differs(name, "is not signed by both keys, of one name")
    return old, new


def check_checkpoint(
    pack: Pack, manifest: dict[str, Json], key: Key, witnesses: set[Key], report: Report
) -> Checkpoint:
    """Read the pack's checkpoint, signed by its own key, and compare the manifest with it."""
    raw = pack.read("checkpoint", NOTE_MAX)
    point = read_checkpoint(raw, {key}, "checkpoint")
    origin = f"necto/{manifest.get('installation')}/{manifest.get('book')}"
    root = base64.b64encode(point.root).decode()
    told = {"origin": point.origin, "size": point.size, "root": root}
    if point.origin != origin or any(manifest.get(name) != told[name] for name in told):
        raise Differs("manifest.json", "does not say what the checkpoint says")
    if signers(raw, witnesses, "checkpoint") != witnesses:
        raise Differs("checkpoint", "is not signed by the witness that you named")
    report.proved(f"checkpoint: {point.origin} signed {entries_of(point.size)}, root {root}")
    if witnesses:
        report.proved(f"witnesses: {len(witnesses)} that you named signed this checkpoint too")
    return point


def read_index(pack: Pack, size: int) -> tuple[Found, str | None]:
    """Return which entries the pack says it holds, and the subject it was made for."""
    index = pack.json("index.json")
    if set(index) == {"start", "end", "complete"}:
        start, end = index["start"], index["end"]
        is_run = type(start) is int and type(end) is int and 0 <= start <= end <= size
        if is_run and index["complete"] is (end - start == size):
            return Found(range(start, end), is_run=True, start=start), None
    if set(index) == {"leaf_indexes", "complete", "subject"} and index["complete"] is False:
        places, subject = index["leaf_indexes"], index["subject"]
        is_list = isinstance(places, list) and all(type(one) is int for one in places)
        is_sorted = is_list and all(one < two for one, two in pairwise([-1, *places, size]))
        if is_sorted and isinstance(subject, str):
            return Found(places, is_run=False), subject
    raise Differs("index.json", "does not name entries of the book in order")


def check_entries(pack: Pack, manifest: dict[str, Json], size: int, report: Report) -> Found:
    """Read every entry: its one text, place, book and time; returns what they vouch for."""
    found, subject = read_index(pack, size)
    source = f"urn:necto:{manifest.get('installation')}:{manifest.get('book')}"
    before, last = report.differences, ""
    for number, line in pack.lines("entries.jsonl"):
        found.hashes.append(hashlib.sha256(b"\x00" + line.removesuffix(b"\n")).digest())
        if number > len(found.indexes):
            continue  # counted below
        place = f"entries.jsonl line {number} (entry {found.indexes[number - 1]})"
        try:
            event = read_json(line, place)
            last = check_entry(event, found, number, (source, subject, last), place)
        except Differs as difference:
            report.differs(str(difference))
    if len(found.hashes) != len(found.indexes):
        report.differs(
            f"entries.jsonl: has {counted(len(found.hashes), 'line')} and should have "
            f"{len(found.indexes)}"
        )
    elif report.differences == before:
        span = f", recorded from {found.first_time} to {last}" if last else ""
        report.fits(f"entries: {len(found.hashes)}, each in its one form, in order{span}")
    return found


def check_entry(
    event: Json,
    found: Found,
    number: int,
    expected: tuple[str, str | None, str],
    place: str,
) -> str:
    """Check one entry and note what it vouches for; returns its time."""
    source, subject, last = expected
    try:
        head = (event["specversion"], event["dataschema"], event["source"], event["id"])
        time, about, data = event["time"], event["subject"], event["data"]
        rows = [e["digest"] for e in data["effects"] if e["table"] in LEDGER_TABLES]
        files = [(f["digest"], f["size"], f["name"]) for f in data["files"]]
        for digest in rows:
            if digest in found.rows:
                found.rows_twice.add(digest)
            found.rows[digest] = number
        for digest, size, name in files:
            found.files.setdefault(f"{digest}", set()).add(size)
            index = found.indexes[number - 1]
            found.named.setdefault(f"{digest}", f"{f'{name}'[:NAME_MAX]} (entry {index})")
        found.simulated += data["at"] is not None
        is_time = TIME.fullmatch(time)
        is_subject = subject is None or about == subject or about.startswith(f"{subject}/")
        found.sealed += count_sealed(event)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise Differs(place, "is not an entry as the format writes it") from None
    if head != ("1.0", SCHEMA, source, str(found.indexes[number - 1])):
        raise Differs(place, "is not the entry of this book that belongs in this place")
    if not is_time or time < last:
        raise Differs(place, "is recorded earlier than the entry before it, or at no time")
    if not is_subject:
        raise Differs(place, "is about another subject than the pack")
    found.first_time = found.first_time or str(time)
    return str(time)


def count_sealed(value: Json) -> int:
    if isinstance(value, list):
        return sum(count_sealed(one) for one in value)
    if isinstance(value, dict):
        return ("sealed" in value) + sum(count_sealed(one) for one in value.values())
    return 0


def read_proof(pack: Pack, name: str, expected: dict[str, int]) -> list[bytes]:
    """Read the hashes of a file of ``proofs/`` that must be about what its name says."""
    value = pack.json(name)
    if any(type(value.get(key)) is not int or value[key] != told for key, told in expected.items()):
        raise Differs(name, f"is not about {expected}")
    hashes = value.get("proof")
    hashes = [unbase64(one, name) for one in hashes] if isinstance(hashes, list) else [b""]
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Differs(name, "does not hold a list of hashes")
    return hashes


def leads_to(root: T, compute: Callable[..., T], *arguments: Json) -> bool:
    """Say whether a proof, the last argument, is used up exactly and gives the root or roots."""
    try:
        return compute(*arguments) == root and not arguments[-1]
    except IndexError:  # too few hashes
        return False


def check_places(pack: Pack, found: Found, point: Checkpoint, report: Report) -> None:
    """Prove that the entries stand under the signed root, each in its place."""
    if len(found.hashes) != len(found.indexes):
        raise Differs("proofs", "cannot be checked, because the number of entries is wrong")
    before, held = report.differences, set(found.indexes)
    alone = {int(name[7:-5]) for name in pack.sizes if re.fullmatch(r"proofs/[0-9]+\.json", name)}
    for index in sorted(alone - held):
        report.differs(f"proofs/{index}.json: is about an entry that is not in the pack")
    for index, leaf in zip(found.indexes, found.hashes, strict=True):
        if index in alone or not found.is_run:
            report.check(check_place, pack, index, leaf, point)
    if found.is_run:
        check_run(pack, found, point)
    if report.differences == before:
        which = "the whole book" if len(held) == point.size else f"{len(held)} of {point.size}"
        report.fits(f"places: {which}: what was signed, none changed, moved, added or left out")


def check_place(pack: Pack, index: int, leaf: bytes, point: Checkpoint) -> None:
    name = f"proofs/{index}.json"
    proof = read_proof(pack, name, {"leaf_index": index, "size": point.size})
    if not leads_to(point.root, root_by_inclusion, leaf, index, point.size, proof):
        raise Differs(f"entries.jsonl (entry {index})", f"is not what was signed there ({name})")


def check_run(pack: Pack, found: Found, point: Checkpoint) -> None:
    start, end = found.start, found.start + len(found.hashes)
    proof = read_proof(pack, "proofs/range.json", {"start": start, "end": end, "size": point.size})
    if not leads_to(point.root, root_by_range, found.hashes, start, 0, point.size, proof):
        raise Differs("entries.jsonl", f"are not the entries {start} to {end - 1} that were signed")


def check_consistency(
    pack: Pack, found: Found, point: Checkpoint, given: Checkpoint | None, report: Report
) -> None:
    """Prove that earlier states of the book are the beginning of this one."""
    roots: dict[int, bytes | None] = {point.size: point.root}
    for name in sorted(pack.sizes):
        if match := re.fullmatch(r"proofs/consistency-([0-9]+)\.json", name):
            old = int(match[1])
            roots[old] = report.check(check_earlier_root, pack, name, old, point)
    if given is not None:
        if found.is_run and found.start == 0 and given.size <= len(found.hashes):
            roots[given.size] = root_of(found.hashes[: given.size])
        compare_with_given(roots, point, given)
        report.proved(f"history: the book begins with the {entries_of(given.size)} that you know")


def compare_with_given(
    roots: dict[int, bytes | None], point: Checkpoint, given: Checkpoint
) -> None:
    place, size = "the checkpoint you gave", given.size
    if given.origin != point.origin:
        raise Differs(place, f"is of {given.origin}, another book")
    if size > point.size:
        raise Differs("checkpoint", f"has fewer entries than {place}, which has {size}")
    if size not in roots:
        raise Differs("proofs", f"nothing ties the book to {place}, of {entries_of(size)}")
    if roots[size] != given.root:
        raise Differs("checkpoint", f"the book does not begin with the {entries_of(size)} you know")


def check_earlier_root(pack: Pack, name: str, old: int, point: Checkpoint) -> bytes:
    expected = {"old": old, "new": point.size}
    root = unbase64(pack.json(name).get("root"), name)
    proof = read_proof(pack, name, expected)
    is_root = old == 0 and root == root_of([]) and not proof
    if not is_root and 0 < old <= point.size:
        is_root = leads_to((root, point.root), roots_by_consistency, old, point.size, root, proof)
    if not is_root:
        raise Differs(name, "does not prove an earlier state of this book")
    return root


def check_documents(pack: Pack, found: Found, report: Report) -> None:
    """Compare every document with the digest and size that an entry named."""
    before, present = report.differences, set[str]()
    for name in sorted(name for name in pack.sizes if name.startswith("documents/")):
        digest = "sha256:" + name.removeprefix("documents/")
        present.add(digest)
        report.check(check_file, pack, name, digest.removeprefix("sha256:"), "its name")
        if found.files.get(digest) != {pack.sizes[name]}:
            report.differs(f"{name}: no entry of the pack names it with this size")
    if present and report.differences == before:
        report.fits(f"documents: {len(present)}, each what an entry names")
    if absent := [named for digest, named in found.named.items() if digest not in present]:
        some, more = ", ".join(absent[:NAMED_MAX]), len(absent) - NAMED_MAX
        some += f" and {more} more, which data.files in entries.jsonl names" if more > 0 else ""
        are = counted(len(absent), "file that is", "files that are")
        report.open(f"what is in {are} not in the pack: {some}")


@dataclass
class Books:
    """Sums of the ledger's postings: per asset, and how many legs there are and should be."""

    seen: set[str] = field(default_factory=set)  # digests of rows
    sums: dict[tuple[str, str], int] = field(default_factory=dict)
    legs: dict[str, int] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)

    def add(self, line: bytes, found: Found, place: str) -> None:
        digest = "sha256:" + hashlib.sha256(line.removesuffix(b"\n")).hexdigest()
        if digest not in found.rows:
            raise Differs(place, "is a row that no entry of the pack vouches for")
        if digest in self.seen or digest in found.rows_twice:
            raise Differs(place, "is a row that was counted already")
        self.seen.add(digest)
        self.count(read_json(line, place), place)

    def count(self, fact: Json, place: str) -> None:
        try:
            table, row = fact["table"], fact["row"]
            posting = row.get("posting_id")
            if table not in LEDGER_TABLES or set(fact) != {"table", "row"}:
                raise Differs(place, "is not a row of the ledger")
            if table == "postings":
                self.expected[posting] = int(row["leg_count"])
            if table == "legs":
                key = (posting, row["asset"])
                self.sums[key] = self.sums.get(key, 0) + int(row["amount"])
                self.legs[posting] = self.legs.get(posting, 0) + 1
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Differs(place, "is not a row as the format writes it") from None

    def problems(self) -> Iterator[str]:
        for (posting, asset), total in self.sums.items():
            if total:
                yield f"posting {posting} is off by {total} in {asset}"
        for posting in self.legs.keys() | self.expected.keys():
            legs, expected = self.legs.get(posting, 0), self.expected.get(posting)
            if legs != expected:
                yield f"posting {posting} has {counted(legs, 'leg')} and should have {expected}"


def check_ledger(pack: Pack, found: Found, report: Report) -> None:
    """Compare the ledger's rows with what entries vouch for; every posting sums to zero."""
    if "ledger.jsonl" not in pack.sizes:
        if found.rows:
            rows = counted(len(found.rows), "ledger row")
            report.open(f"the {rows} of the entries: ledger.jsonl is absent")
        return
    before, books = report.differences, Books()
    for number, line in pack.lines("ledger.jsonl"):
        report.check(books.add, line, found, f"ledger.jsonl line {number}")
    for digest in sorted(found.rows.keys() - books.seen):
        line_number = found.rows[digest]
        report.differs(f"ledger.jsonl: lacks a row of entries.jsonl line {line_number} ({digest})")
    for problem in books.problems():
        report.differs(f"ledger.jsonl: {problem}")
    if report.differences == before:
        report.fits(f"ledger rows: {len(books.seen)}, each vouched for by exactly one entry")
        report.fits(f"postings: {len(books.expected)}, each summing to zero in every asset")


def tell_limits(
    found: Found, point: Checkpoint, options: argparse.Namespace, report: Report
) -> None:
    """Say what this pack cannot prove, so that nobody takes it for more than it is."""
    if not found.is_run:
        report.open("that these are all entries about the subject: a subject pack cannot show that")
    elif len(found.hashes) < point.size:
        report.open("what the book's other entries say: this pack is a part of it")
    if found.sealed:
        fields = counted(found.sealed, "sealed personal field says", "sealed personal fields say")
        report.open(f"what {fields}: only that nobody changed it")
    if found.simulated:
        of = entries_of(found.simulated)
        report.open(f"the simulated times of {of}: only recorded times count")
    if not options.key:
        report.open("whose key this is: compare public_key with a copy got elsewhere (--key)")
    if not options.checkpoint and not options.witness:
        report.open(
            "that history was not rewritten: the key's holder can sign another one, unless you "
            "compare with a checkpoint got earlier (--checkpoint) or a witness (--witness)"
        )
    report.open("README.txt and verify.py, which nobody signed: use a verify.py that you trust")
    report.open("that what was recorded is what happened")


def verify(path: Path, options: argparse.Namespace, report: Report) -> None:
    """Check one pack from its files to its ledger; what differs does not stop the rest."""
    pack = open_pack(path, options.limit_mib * 2**20)
    manifest = report.check(check_files, pack, report)
    if manifest is None:
        return
    keys = report.check(trusted_keys, pack, options.key, report)
    if keys is None:
        return
    point = report.check(check_checkpoint, pack, manifest, keys[-1], set(options.witness), report)
    if point is None:
        return  # without a signed root nothing else can be proved
    found = report.check(check_entries, pack, manifest, point.size, report)
    earlier = None
    if options.checkpoint:
        raw, place = options.checkpoint.read_bytes(), "the checkpoint that you gave"
        earlier = report.check(read_checkpoint, raw, set(keys), place)
    if found is None:
        return
    report.check(check_places, pack, found, point, report)
    report.check(check_consistency, pack, found, point, earlier, report)
    report.check(check_documents, pack, found, report)
    report.check(check_ledger, pack, found, report)
    tell_limits(found, point, options, report)


def key_argument(text: str) -> Key:
    try:
        return read_key(text, text)
    except Differs as difference:
        raise argparse.ArgumentTypeError(str(difference)) from None


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Check a Necto evidence pack.", allow_abbrev=False)
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument(
        "--key", type=key_argument, help="the log's verifier key, got by other means"
    )
    parser.add_argument("--checkpoint", type=Path, help="an earlier checkpoint, got by other means")
    parser.add_argument(
        "--witness", type=key_argument, action="append", default=[], help="a witness's verifier key"
    )
    parser.add_argument("--limit-mib", type=int, default=4096, help="largest pack, unpacked")
    options, report = parser.parse_args(arguments), Report()
    if not options.pack.exists() or (options.checkpoint and not options.checkpoint.is_file()):
        parser.error("the pack or the checkpoint that you named does not exist")
    try:
        verify(options.pack, options, report)
    except Differs as difference:
        report.differs(str(difference))
    except Exception as error:  # noqa: BLE001 - whatever a hostile pack brings about is a difference
        report.differs(f"{options.pack}: cannot be read ({type(error).__name__}: {error})")
    sys.stdout.writelines(report.lines())
    return int(report.differences > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Signed notes: a tree's size and root under a signature that anyone can check with the key's text.

C2SP signed-note, tlog-checkpoint and tlog-cosignature (https://c2sp.org/signed-note and so on, read
2026-11-24), so that witnesses and other people's tools read our checkpoints. A note is text, an
empty line and signature lines; a rotation is a note in which an old key names the new one.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.canonical import Secret
from engine.merkle import HASH_BYTES, SIZE_MAX

Kind = Literal[1, 4]
ED25519: Kind = 0x01
COSIGNATURE: Kind = 0x04
"""A witness's signature with the time at which it saw the checkpoint (cosignature/v1)."""

ROTATION = "necto/key-rotation"
"""The first line of a note that hands over from one key to the next."""
NOTE_MAX = 64 * 1024
SIGNATURES_MAX = 100

_ID_BYTES, _TIME_BYTES, _KEY_BYTES = 4, 8, 32
_CHECKPOINT_LINES, _ROTATION_LINES = 3, 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})\n")
_KEY_TEXT = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class BadNote(ValueError):
    """A note or key that proves nothing; the message says why. Do not use what it says."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a book was at one moment: ``root`` (32 bytes) over its first ``size`` entries."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name; ``text`` is how it is given to others."""

    name: str
    public_key: bytes
    kind: Kind = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != _KEY_BYTES or self.kind not in {ED25519, COSIGNATURE}:
            raise BadNote("an Ed25519 key has 32 bytes and is of kind 1 or 4")

    @classmethod
    def read(cls, text: str) -> "Verifier":
        """Read a verifier key: ``<name>+<8 hexadecimal digits>+<base64>``.

        Raises BadNote for anything else, and when the digits are not those of the name and key.
        """
        parts = _KEY_TEXT.fullmatch(text)
        if not parts:
            raise BadNote("a verifier key is written <name>+<8 hexadecimal digits>+<base64>")
        raw = _unbase64(parts[3])
        if not raw or raw[0] not in {ED25519, COSIGNATURE}:
            raise BadNote("this verifier key is of a kind that Necto does not check")
        verifier = cls(parts[1], raw[1:], ED25519 if raw[0] == ED25519 else COSIGNATURE)
        if verifier.id.hex() != parts[2]:
            raise BadNote("this verifier key contradicts itself: its digits are not of its key")
        return verifier

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; they prove nothing."""
        hashed = self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key
        return hashlib.sha256(hashed).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        key = base64.b64encode(bytes([self.kind]) + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{key}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key (its 32-byte seed) under a name; it is never shown."""

    name: str
    seed: Secret[bytes]

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._key().public_key().public_bytes_raw())

    @property
    def witness(self) -> Verifier:
        """The same key as a witness's: its cosignatures are checked with this."""
        return Verifier(self.name, self.verifier.public_key, COSIGNATURE)

    def signature(self, message: bytes) -> bytes:
        return self._key().sign(message)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed.reveal())


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was checked; ``at`` (Unix seconds) is when a witness gave it."""

    verifier: Verifier
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text and the signatures on it that known keys made."""

    text: str
    signatures: tuple[Signature, ...]

    def is_signed_by(self, verifier: Verifier) -> bool:
        return any(signature.verifier == verifier for signature in self.signatures)


def origin_of(installation: str, book: str) -> str:
    """Return the name of a book among all logs of the world; it is also its key's name."""
    return f"necto/{installation}/{book}"


def body(checkpoint: Checkpoint) -> str:
    """Return the checkpoint as the text of a note: origin, size and base64 root, a line each."""
    _check_name(checkpoint.origin)
    if not 0 <= checkpoint.size <= SIZE_MAX or len(checkpoint.root) != HASH_BYTES:
        raise BadNote(f"no tree has {checkpoint.size} leaves and a root of this length")
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"


def sign(text: str, signer: Signer) -> str:
    """Return the text as a note signed by this key; it may be signed by more with ``added``."""
    if not text.endswith("\n") or _UNFIT.search(text) or "\n\n" in f"\n{text}":
        raise BadNote("a note's text is lines without control characters, none of them empty")
    return f"{text}\n{_line(signer.verifier, signer.signature(text.encode()))}"


def cosigned(note: str, witness: Signer, at: int) -> str:
    """Return the note with this witness's signature as of ``at`` (Unix seconds)."""
    text, _ = _split(note)
    signature = witness.signature(_cosigned_message(text, at))
    return added(note, _line(witness.witness, at.to_bytes(_TIME_BYTES) + signature))


def added(note: str, lines: str) -> str:
    """Return the note with more signature lines, such as a witness gave; known ones stay single.

    Nothing is checked but their form: check the result with ``verified``.
    """
    _, before = _split(note)
    new = [line for line in lines.splitlines(keepends=True) if line not in before]
    longer = note + "".join(dict.fromkeys(new))
    _split(longer)
    return longer


def verified(note: str, verifiers: Iterable[Verifier]) -> Note:
    """Return the note's text with every signature on it that these keys made.

    Signatures of other keys are passed over, as the standard asks. Raises BadNote when the form is
    wrong, when a known key's signature does not fit the text, or when no known key signed it.
    """
    text, lines = _split(note)
    known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
    found: list[Signature] = []
    for line in lines:
        name, raw = _parts(line)
        if verifier := known.get((name, raw[:_ID_BYTES])):
            found.append(_checked(text, verifier, raw[_ID_BYTES:]))
    if not found:
        raise BadNote("the note is not signed by a key that we know")
    return Note(text, tuple(found))


def opened(note: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """Return the checkpoint that the note says, signed by its own log's key among ``verifiers``.

    Raises BadNote as ``verified`` does, when only witnesses signed it, and when the text is not
    exactly a checkpoint's three lines.
    """
    found = verified(note, verifiers)
    lines = found.text.removesuffix("\n").split("\n")
    if len(lines) != _CHECKPOINT_LINES or not _SIZE.fullmatch(lines[1]) or int(lines[1]) > SIZE_MAX:
        raise BadNote("the note is not a checkpoint: an origin, a size and a root, a line each")
    checkpoint = Checkpoint(lines[0], int(lines[1]), _unbase64(lines[2]))
    if len(checkpoint.root) != HASH_BYTES:
        raise BadNote("the checkpoint's root is not 32 bytes in base64")
    own = (s.verifier for s in found.signatures if s.verifier.kind == ED25519)
    if not any(verifier.name == checkpoint.origin for verifier in own):
        raise BadNote(f"the checkpoint of {checkpoint.origin} is not signed by its own key")
    return checkpoint


def rotation(old: Signer, new: Signer) -> str:
    """Return the note in which the old key names the new one as its successor.

    Both sign: the old key hands over, and the new one shows that somebody holds it.
    """
    if old.name != new.name or old.verifier == new.verifier:
        raise BadNote("a key is followed by another key of the same name")
    text = f"{ROTATION}\n{old.name}\n{old.verifier.text}\n{new.verifier.text}\n"
    return added(sign(text, old), _line(new.verifier, new.signature(text.encode())))


def rotated(note: str, old: Verifier) -> Verifier:
    """Return the key that follows ``old`` by this note; raises BadNote when it does not say so."""
    text, _ = _split(note)
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != _ROTATION_LINES or lines[:3] != [ROTATION, old.name, old.text]:
        raise BadNote(f"the note does not hand over from the key {old.text}")
    new = Verifier.read(lines[3])
    both = verified(note, [old, new])
    if new.name != old.name or not (both.is_signed_by(old) and both.is_signed_by(new)):
        raise BadNote("a rotation is signed by the old key and by the new one, of the same name")
    return new


def _split(note: str) -> tuple[str, list[str]]:
    """Return a note's text and its signature lines, both well-formed."""
    if len(note.encode(errors="replace")) > NOTE_MAX or _UNFIT.search(note):
        raise BadNote(f"a note is at most {NOTE_MAX} bytes of text without control characters")
    text, empty_line, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines(keepends=True)
    if not empty_line or not text.strip("\n"):
        raise BadNote("a note is text, an empty line and signatures: one of them is missing")
    if not 0 < len(lines) <= SIGNATURES_MAX or signatures != "".join(lines):
        raise BadNote(f"a note has 1 to {SIGNATURES_MAX} signatures, a line each")
    for line in lines:
        _parts(line)
    return text + "\n", lines


def _parts(line: str) -> tuple[str, bytes]:
    """Return the key name and the bytes of a signature line."""
    found = _SIGNATURE_LINE.fullmatch(line)
    if not found:
        raise BadNote("a signature is a line of a dash, the key's name and base64")
    _check_name(found[1])
    raw = _unbase64(found[2])
    if len(raw) <= _ID_BYTES:
        raise BadNote("a signature line is too short to hold a signature")
    return found[1], raw


def _checked(text: str, verifier: Verifier, raw: bytes) -> Signature:
    at = None
    if verifier.kind == COSIGNATURE:
        at, raw = int.from_bytes(raw[:_TIME_BYTES]), raw[_TIME_BYTES:]
    message = text.encode() if at is None else _cosigned_message(text, at)
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(raw, message)
    except (InvalidSignature, ValueError):
        raise BadNote(f"the signature of {verifier.name} does not fit the note's text") from None
    return Signature(verifier, at)


def _cosigned_message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"— {verifier.name} {base64.b64encode(verifier.id + signature).decode()}\n"


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise BadNote(f"{name[:100]!r} is no key name: it has no spaces, no + and is not empty")


def _unbase64(text: str) -> bytes:
    """Read base64 that is written in the one way (RFC 4648, section 4)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("this is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise BadNote("this base64 is not written in the one way")
    return raw

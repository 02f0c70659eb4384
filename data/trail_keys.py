"""The key that signs a book's checkpoints: made on first start, or given; its rotations recorded.

The private key is a file in ``NECTO_HOME/keys`` that nobody else may read, or the environment's
``NECTO_TRAIL_KEY``; the records keep public keys only, each handed over by the one before it.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from data.documents import all_versions, put
from data.faults import RecordsFault
from data.files import publish, write_once
from data.records import Records
from data.unit import Transaction
from engine.canonical import Secret
from engine.commands import Command
from engine.notes import BadNote, Signer, Verifier, origin_of, rotated, rotation
from engine.people import SYSTEM, Actor

KIND = "trail-key"
VARIABLE = "NECTO_TRAIL_KEY"
_SEED_BYTES = 32


class BadKey(RecordsFault):
    """The key cannot be used: the message says which file or variable, and what to do."""


def signer(records: Records, home: Path, env: Mapping[str, str] = os.environ) -> Signer:
    """Return what signs this book's checkpoints now; makes and records it on first use.

    Raises BadKey for a file that others can read, for a key that is not the one recorded last.
    """
    given = env.get(VARIABLE)
    path = key_file(home, records.book)
    if given is None and not path.exists():
        _refuse_lost(records, path)
        write_once(path, base64.b64encode(secrets.token_bytes(_SEED_BYTES)).decode())
    found = Signer(origin_of(records.installation, records.book), _seed(given, path))
    known = verifiers_of(records)
    if not known:
        _record(records, SYSTEM, found.verifier, None)
    elif known[-1] != found.verifier:
        found = _taken_over(records, path, found, known)
    return found


def verifiers(view: Connection) -> list[Verifier]:
    """Return every public key that has signed for this book, the present one last.

    Each after the first is there because the one before it handed over, and that is checked.
    Raises BadNote when it did not, and where somebody changed what is kept of a key.
    """
    try:
        documents = all_versions(view, KIND)
    except (ValueError, RecursionError) as error:
        raise BadNote(f"what is kept of the book's keys cannot be read: {error}") from None
    chain: list[Verifier] = []
    for document in documents:
        told = document.body if isinstance(document.body, dict) else {}
        said = told.get("rotation" if chain else "key")
        if not isinstance(said, str):
            raise BadNote(f"version {document.version} of {KIND}/{document.id} names no key")
        chain.append(rotated(said, chain[-1]) if chain else Verifier.read(said))
    return chain


def verifiers_of(records: Records) -> list[Verifier]:
    with records.reading() as view:
        return verifiers(view)


def rotate(records: Records, home: Path, actor: Actor) -> Verifier:
    """Make a new key, handed over to by the present one; raises BadKey where the key is given.

    The new key is on the disk before the records name it: a crash between leaves a key that is
    taken over at the next start.
    """
    if VARIABLE in os.environ:
        raise BadKey(f"the key is given by {VARIABLE}: rotate it where it is kept")
    old = signer(records, home)
    path = key_file(home, records.book)
    seed = Secret(secrets.token_bytes(_SEED_BYTES))
    new = Signer(old.name, seed)
    _next(path).unlink(missing_ok=True)  # of a rotation that was cut off before it was recorded
    write_once(_next(path), base64.b64encode(seed.reveal()).decode())
    _record(records, actor, new.verifier, rotation(old, new))
    publish(_next(path), path)
    return new.verifier


def key_file(home: Path, book: str) -> Path:
    return home / "keys" / f"{book}.key"


def _next(path: Path) -> Path:
    return path.with_suffix(".next")


def _record(records: Records, actor: Actor, key: Verifier, handed_over: str | None) -> None:
    body = {"key": key.text, "rotation": handed_over}
    action = "key.rotated" if handed_over else "key.recorded"
    asked = Command.of(f"key-{key.id.hex()}", action, actor, f"trail-key/{records.book}", body)

    def act(unit: Transaction) -> object:
        put(unit, KIND, records.book, body)
        return {"key": key.text}

    records.perform(asked, act)


def _taken_over(records: Records, path: Path, found: Signer, known: list[Verifier]) -> Signer:
    """A rotation that was recorded and not finished leaves its key beside the old one."""
    if _next(path).exists():
        newer = Signer(found.name, _seed(None, _next(path)))
        if newer.verifier == known[-1]:
            publish(_next(path), path)
            return newer
    raise BadKey(
        f"the key in {path if path.exists() else VARIABLE} is not the one that the {records.book} "
        f"book recorded last ({known[-1].text}): put that key back"
    )


def _refuse_lost(records: Records, path: Path) -> None:
    if known := verifiers_of(records):
        raise BadKey(
            f"{path} is gone, and the {records.book} book is signed with {known[-1].text}: put the "
            "file back from your backup of keys"
        )


def _seed(given: str | None, path: Path) -> Secret[bytes]:
    place = VARIABLE if given is not None else str(path)
    if given is None:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadKey(f"{path} can be read by others: chmod 600 {path}, and rotate the key")
        given = path.read_text(encoding="ascii")
    try:
        seed = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise BadKey(f"{place} is not a key: 32 random bytes in base64")
    return Secret(seed)

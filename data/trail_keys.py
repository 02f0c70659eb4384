"""The key that signs a book's checkpoints: made on first start, or given; its rotations recorded.

The private key is a file in ``NECTO_HOME/keys`` that nobody else may read, or the environment's
``NECTO_TRAIL_KEY``; the records keep public keys only, each handed over by the one before it. Keys
that were handed over stay there under their ids: a backup from before a rotation needs the old one.
"""

import base64
import binascii
import contextlib
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
NEXT_VARIABLE = "NECTO_TRAIL_KEY_NEXT"
_SEED_BYTES = 32


class BadKey(RecordsFault):
    """The key cannot be used: the message says which file or variable, and what to do."""


def signer(records: Records, home: Path, env: Mapping[str, str] = os.environ) -> Signer:
    """Return what signs this book's checkpoints now; makes and records it on first use.

    Raises BadKey for a file that others can read, for a key that is not the one recorded last.
    """
    path, name = key_file(home, records.book), origin_of(records.installation, records.book)
    if VARIABLE not in env and not path.exists():
        _put_back_or_make(records, path)
    found = _read(name, path, env)
    known = verifiers_of(records)
    if not known:
        _record(records, SYSTEM, found.verifier, None, 0)
    elif known[-1] != found.verifier:
        found = _another(name, path, env, known)
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


def hand_overs(view: Connection) -> list[int]:
    """Return the entries at which keys handed over, the first key's first."""
    return [document.entry_index for document in all_versions(view, KIND)[1:]]


def verifiers_of(records: Records) -> list[Verifier]:
    with records.reading() as view:
        return verifiers(view)


def rotate(
    records: Records, home: Path, actor: Actor, env: Mapping[str, str] = os.environ
) -> Verifier:
    """Hand over to a new key; the old one stays beside it, for backups that are signed with it.

    A new key is on the disk before the records name it: a crash between leaves a key that is taken
    over at the next start. A key that is given by ``NECTO_TRAIL_KEY`` hands over to the one in
    ``NECTO_TRAIL_KEY_NEXT``, which then takes its place. Raises BadKey, and Changed when another
    rotation came first.
    """
    old = signer(records, home, env)
    path, known = key_file(home, records.book), len(verifiers_of(records))
    new = _new(old.name, path, env)
    _record(records, actor, new.verifier, rotation(old, new), known)
    if VARIABLE not in env:
        _take_up(path, new.verifier)
    return new.verifier


def key_file(home: Path, book: str) -> Path:
    return home / "keys" / f"{book}.key"


def _of(path: Path, key: Verifier) -> Path:
    """Where a key lies that is not yet, or no longer, the book's: under its id."""
    return path.with_name(f"{path.stem}.{key.id.hex()}.key")


def _new(name: str, path: Path, env: Mapping[str, str]) -> Signer:
    if VARIABLE in env:
        if NEXT_VARIABLE not in env:
            raise BadKey(
                f"the key is given by {VARIABLE}: give the new one by {NEXT_VARIABLE}, rotate, "
                f"then let {VARIABLE} be the new one"
            )
        return Signer(name, _seed(env[NEXT_VARIABLE], NEXT_VARIABLE))
    seed = secrets.token_bytes(_SEED_BYTES)
    new = Signer(name, Secret(seed))
    write_once(_of(path, new.verifier), base64.b64encode(seed).decode())
    return new


def _take_up(path: Path, key: Verifier) -> None:
    """Let a key be the book's; the one that was stays under its id."""
    old = path.with_name(f"{path.name}.tmp")
    old.unlink(missing_ok=True)
    old.hardlink_to(_of(path, key))
    publish(old, path)


def _record(
    records: Records, actor: Actor, key: Verifier, handed_over: str | None, known: int
) -> None:
    """Record a key; ``known``: how many were recorded when it was made."""
    body = {"key": key.text, "rotation": handed_over}
    action = "key.rotated" if handed_over else "key.recorded"
    asked = Command.of(f"key-{key.id.hex()}", action, actor, f"trail-key/{records.book}", body)

    def act(unit: Transaction) -> object:
        put(unit, KIND, records.book, body, expected=known)
        return {"key": key.text}

    records.perform(asked, act)


def _another(name: str, path: Path, env: Mapping[str, str], known: list[Verifier]) -> Signer:
    """Return the key that the book recorded last where it is not the one in its place.

    A rotation that was cut off, and a backup from before a rotation, leave it under its id.
    """
    if VARIABLE in env:
        if NEXT_VARIABLE in env:
            following = Signer(name, _seed(env[NEXT_VARIABLE], NEXT_VARIABLE))
            if following.verifier == known[-1]:
                return following
    elif (kept := _of(path, known[-1])).exists():
        _take_up(path, known[-1])
        return Signer(name, _seed_in(kept))
    raise BadKey(
        f"the key in {VARIABLE if VARIABLE in env else path} is not the one that the book {name} "
        f"recorded last ({known[-1].text}): put that key back"
    )


def _put_back_or_make(records: Records, path: Path) -> None:
    known = verifiers_of(records)
    if not known:
        write_once(path, base64.b64encode(secrets.token_bytes(_SEED_BYTES)).decode())
    elif _of(path, known[-1]).exists():
        _take_up(path, known[-1])
    else:
        raise BadKey(
            f"{path} is gone, and the {records.book} book is signed with {known[-1].text}: put the "
            "file back from your backup of keys"
        )


def _read(name: str, path: Path, env: Mapping[str, str]) -> Signer:
    """Return the key in its place, kept under its id too: a rotation takes its place."""
    if VARIABLE in env:
        return Signer(name, _seed(env[VARIABLE], VARIABLE))
    found = Signer(name, _seed_in(path))
    kept = _of(path, found.verifier)
    if not kept.exists():
        with contextlib.suppress(FileExistsError):  # another process did it
            kept.hardlink_to(path)
    return found


def _seed_in(path: Path) -> Secret[bytes]:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadKey(f"{path} can be read by others: chmod 600 {path}, and rotate the key")
    return _seed(path.read_bytes().decode("ascii", errors="replace"), str(path))


def _seed(given: str, place: str) -> Secret[bytes]:
    try:
        seed = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise BadKey(f"{place} is not a key: 32 random bytes in base64")
    return Secret(seed)

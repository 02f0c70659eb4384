"""Entries of the audit trail: one CloudEvents 1.0 envelope each, canonical, a leaf of the tree.

https://github.com/cloudevents/spec (version 1.0.2). Money and other exact numbers are text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.canonical import Json, canonical, digest, plain
from engine.commands import Command
from engine.people import Actor

SCHEMA = "urn:necto:schema:entry:1"
TYPE_PREFIX = "necto."
OutcomeWord = Literal["done", "refused", "failed"]


class BadEntry(ValueError):
    """Bytes that are no entry of ours: the message says what is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """A fact that the entry's command added: its table, primary key and the digest of its row."""

    table: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class FileRef:
    """A file outside the records whose content the entry vouches for."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What was asked, by whom, what became of it, and which facts it added."""

    index: int
    command: Command
    time: datetime
    result: Json
    outcome: OutcomeWord
    previous: Json = None
    effects: Sequence[Effect] = ()
    files: Sequence[FileRef] = ()


def envelope(entry: Entry, installation: str, book: str) -> dict[str, Json]:
    """Return the entry as a CloudEvent; ``id`` is its place in the trail, unique for its source."""
    command = entry.command
    return {
        "specversion": "1.0",
        "id": str(entry.index),
        "source": source_of(installation, book),
        "type": command.type,
        "time": plain(entry.time),
        "subject": command.subject,
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": {
            "actor": _actor(command.actor),
            "input": {"digest": command.digest, "body": command.body},
            "policy": command.policy,
            "previous": entry.previous,
            "result": entry.result,
            "outcome": entry.outcome,
            "request": command.key,
            "at": plain(command.at),
            "effects": [
                {"table": e.table, "key": e.key, "digest": e.digest} for e in sorted(entry.effects)
            ],
            "files": [
                {"name": f.name, "digest": f.digest, "size": f.size} for f in sorted(entry.files)
            ],
        },
    }


def entry_bytes(entry: Entry, installation: str, book: str) -> bytes:
    """Return the leaf: the canonical JSON of the envelope."""
    return canonical(envelope(entry, installation, book))


def source_of(installation: str, book: str) -> str:
    return f"urn:necto:{installation}:{book}"


def row_digest(table: str, row: Mapping[str, object]) -> str:
    """Return the digest of a fact's row: whole numbers as text, bytes as hexadecimal text."""
    cells: dict[str, Json] = {name: _cell(value) for name, value in row.items()}
    return digest(canonical({"table": table, "row": cells}))


def _cell(value: object) -> Json:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int | str):
        return str(value)
    raise TypeError(f"a fact keeps text, whole numbers and bytes, not {type(value).__name__}")


def _actor(actor: Actor) -> dict[str, Json]:
    return {
        "id": actor.name,
        "kind": actor.kind,
        "authenticated": actor.authenticated,
        "simulated": actor.simulated,
    }


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ActorTold(_Told):
    id: str
    kind: Literal["person", "persona", "job", "system"]
    authenticated: bool
    simulated: bool


class InputTold(_Told):
    digest: str
    body: object


class EffectTold(_Told):
    table: str
    key: str
    digest: str


class FileTold(_Told):
    name: str
    digest: str
    size: int


class DataTold(_Told):
    actor: ActorTold
    input: InputTold
    policy: str | None
    previous: object
    result: object
    outcome: OutcomeWord
    request: str
    at: str | None
    effects: list[EffectTold]
    files: list[FileTold]


class Event(_Told):
    """An entry as it was read back; every field is as the bytes say."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    subject: str
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:necto:schema:entry:1"]
    data: DataTold


def parse(leaf: bytes) -> Event:
    """Read an entry back; raises BadEntry unless the bytes are canonical and of this schema."""
    try:
        found = json.loads(leaf)
        event = Event.model_validate(found)
        if canonical(found) != leaf:
            raise BadEntry("the entry is not in its canonical form")
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise BadEntry(f"the entry's {place}: {first['msg']}") from None
        raise BadEntry(str(error)) from None
    return event

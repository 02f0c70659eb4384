"""Entries of the audit trail: one CloudEvents 1.0 envelope each, canonical, a leaf of the tree.

https://github.com/cloudevents/spec (version 1.0.2). Money and other exact numbers are text.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.canonical import Json, canonical, digest, plain, quoted
from engine.commands import Command
from engine.people import Actor

SCHEMA = "urn:necto:schema:entry:1"
TYPE_PREFIX = "necto."
OutcomeWord = Literal["done", "refused", "failed"]
ENTRY_BYTES_MAX = 16 * 2**20
"""Longer entries are refused: what is large is kept as a file and named by its digest."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class BadEntry(ValueError):
    """Bytes that are no entry of ours: the message says what is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """A fact that the entry's command added: its table, ``effect_key`` and digest of its row."""

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


def entry_bytes(entry: Entry, installation: str, book: str) -> bytes:
    """Return the leaf: a CloudEvent as canonical JSON, and a line of an evidence pack.

    ``id``: its place in the trail. Put together from canonical parts, because every command waits
    for it; ``parse`` refuses what is not canonical.
    Raises TypeError or ValueError, with the place, for what canonical JSON does not have, and
    BadEntry for more than ``ENTRY_BYTES_MAX``.
    """
    command = entry.command
    effects = ",".join(
        [
            f'{{"digest":"{e.digest}","key":{quoted(e.key)},"table":"{e.table}"}}'
            for e in sorted(entry.effects)
        ]
    )
    files = ",".join(
        [
            f'{{"digest":"{f.digest}","name":{quoted(f.name)},"size":{f.size}}}'
            for f in sorted(entry.files)
        ]
    )
    data = (
        f'{{"data":{{"actor":{_actor(command.actor)},"at":{_optional(plain(command.at))},'
        f'"effects":[{effects}],"files":[{files}],'
        f'"input":{{"body":{command.text},"digest":"{command.digest}"}},'
        f'"outcome":"{entry.outcome}","policy":{_optional(command.policy)},'
        f'"previous":{_optional(entry.previous)},"request":{quoted(command.key)},'
        f'"result":{_optional(entry.result)}}},"datacontenttype":"application/json",'
        f'"dataschema":"{SCHEMA}","id":"{entry.index}","source":"{source_of(installation, book)}",'
        f'"specversion":"1.0","subject":{quoted(command.subject)},"time":"{time_text(entry.time)}",'
        f'"type":{quoted(command.type)}}}'
    ).encode()
    if len(data) > ENTRY_BYTES_MAX:
        raise BadEntry(f"an entry of {len(data)} bytes: keep what is large as a file")
    return data


def _optional(value: Json) -> str:
    return "null" if value is None else canonical(value, inside=2).decode()


@lru_cache(maxsize=8)
def time_text(moment: datetime) -> str:
    """Return a moment as entries and facts keep it; those of one unit of work share it."""
    return str(plain(moment))


@lru_cache
def source_of(installation: str, book: str) -> str:
    """Return the URN of an installation's book; raises ValueError for a name unfit for one."""
    for name in (installation, book):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:100]!r} does not name an installation or a book")
    return f"urn:necto:{installation}:{book}"


def row_digest(table: str, row: Mapping[str, object]) -> str:
    """Return the digest of a fact's row: that of its ``fact_bytes``."""
    return digest(fact_bytes(table, row))


def fact_bytes(table: str, row: Mapping[str, object]) -> bytes:
    """Return a fact's row as canonical JSON: whole numbers as text, bytes as hexadecimal text.

    It is a line of a pack's ``ledger.jsonl``. Raises TypeError for anything else, which two
    databases could give in two ways.
    """
    cells: dict[str, Json] = {name: _cell(value) for name, value in row.items()}
    return canonical({"table": table, "row": cells})


def _cell(value: object) -> Json:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int | str) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"a fact keeps text, whole numbers and bytes, not {type(value).__name__}")


def effect_key(values: Iterable[object]) -> str:
    """Return how an entry names a fact of a table: the values of its primary key, joined by "/".

    In a value "/" is written %2F and "%" is written %25: no two facts have one name.
    """
    return "/".join([str(value).replace("%", "%25").replace("/", "%2F") for value in values])


@lru_cache
def _actor(actor: Actor) -> str:
    told: dict[str, Json] = {
        "id": actor.name,
        "kind": actor.kind,
        "authenticated": actor.authenticated,
        "simulated": actor.simulated,
    }
    return canonical(told).decode()


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or plain(moment) != text:
        raise ValueError("not a moment in UTC to the microsecond")
    return text


Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
Moment = Annotated[str, AfterValidator(_moment)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ActorTold(_Told):
    id: str
    kind: Literal["person", "persona", "job", "system"]
    authenticated: bool
    simulated: bool

    @property
    def standing(self) -> str:
        """What is to be known of an actor who is not simply a person that signed in."""
        marks = {
            self.kind: self.kind != "person",
            "unauthenticated": not self.authenticated and not self.simulated,
            "simulated": self.simulated,
        }
        return ", ".join(mark for mark, holds in marks.items() if holds)


class InputTold(_Told):
    digest: Digest
    body: object


class EffectTold(_Told):
    table: str
    key: str
    digest: Digest


class FileTold(_Told):
    name: str
    digest: Digest
    size: Annotated[int, Field(ge=0)]


class DataTold(_Told):
    actor: ActorTold
    input: InputTold
    policy: str | None
    previous: object
    result: object
    outcome: OutcomeWord
    request: str
    at: Moment | None
    effects: list[EffectTold]
    files: list[FileTold]


class Event(_Told):
    """An entry as it was read back; every field is as the bytes say."""

    specversion: Literal["1.0"]
    id: Annotated[str, Field(pattern="^(0|[1-9][0-9]*)$")]
    source: Annotated[str, Field(pattern="^urn:necto:[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$")]
    type: Annotated[str, Field(pattern=r"^necto\.[^ ]+$")]
    time: Moment
    subject: str
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:necto:schema:entry:1"]
    data: DataTold


def parse(leaf: bytes) -> Event:
    """Read an entry back; raises BadEntry, with the reason, unless it is one as we write them."""
    try:
        found = json.loads(leaf)
        event = Event.model_validate(found)
        is_canonical = canonical(found) == leaf
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadEntry(f"the entry's {place[:100]}: {first['msg']}") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise BadEntry(str(error)) from None
    if not is_canonical:
        raise BadEntry("the entry is not in its canonical form")
    places = [(effect.table, effect.key) for effect in event.data.effects]
    if places != sorted(set(places)):
        raise BadEntry("the entry's effects are not sorted by table and key, each once")
    return event

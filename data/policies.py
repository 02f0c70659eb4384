"""A company's policies as people import them into the house book: each import is a version.

What is kept is the file's own text, with its digest and who imported it; what it states is read
from it again, so that a decision can be judged years later by the very words that held.
"""

import difflib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from data.documents import Document, current, one, put, versions
from data.faults import RecordsDamaged, RecordsFault
from data.permitted import permitted
from data.records import Records
from data.unit import Transaction
from engine.canonical import Json, digest
from engine.commands import Command
from engine.people import Actor
from engine.policy import Policy
from engine.policy_file import BadFile, read_policy

KIND = "policy"
IMPORTED = "policy.imported"
_REF = re.compile(r"(?P<name>[^@]+)(@(?P<version>[1-9][0-9]{0,8}))?")


class UnknownPolicy(RecordsFault):
    """No policy, or no such version of it, has been imported: the message says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """One version of a policy: what it states, its text as imported, by whom and when.

    ``ref`` ("eu-datacentre@2") names it for good; ``entry_index`` is its place in the trail.
    """

    policy: Policy
    version: int
    text: str
    digest: str
    by: str
    at: datetime
    entry_index: int

    @property
    def ref(self) -> str:
        return f"{self.policy.name}@{self.version}"


def import_policy(records: Records, policy_text: str, who: Actor, key: str = "") -> KeptPolicy:
    """Keep a policy's file as the next version of its name; the newest text again changes nothing.

    ``key``: the click's idempotency key; the same key is the same import. Raises BadFile for a file
    with faults, OtherCommand for a key of another import, RecordsFault: nothing was kept.
    """
    permitted(who, IMPORTED)
    name = read_policy(policy_text, "policy").name
    body = {"name": name, "text": policy_text, "digest": digest(policy_text.encode())}
    click = key or str(uuid.uuid4())
    command = Command.of(click, IMPORTED, who, f"{KIND}/{name}", body)
    with records.transaction() as unit:
        newest = one(unit.connection, KIND, name)
        if newest is not None and _body(newest)["text"] == policy_text:
            return _kept(newest)
        done = unit.perform(command, partial(_put, name=name, body=body, who=who))
        return _kept(_version(unit.connection, name, _version_of(done.result)))


def policies(view: Connection) -> list[KeptPolicy]:
    """Return the newest version of every policy, by name."""
    return [_kept(document) for document in current(view, KIND)]


def policy_versions(view: Connection, name: str) -> list[KeptPolicy]:
    """Return every version of a policy, oldest first; none when there is no such policy."""
    return [_kept(document) for document in versions(view, KIND, name)]


def policy(view: Connection, ref: str) -> KeptPolicy:
    """Return what holds under "name", or the one version "name@version".

    Raises UnknownPolicy with the closest names or the versions that there are.
    """
    found = _REF.fullmatch(ref)
    name = found["name"] if found else ref
    if found is None or (newest := one(view, KIND, name)) is None:
        raise UnknownPolicy(_none_called(name, [kept.id for kept in current(view, KIND)]))
    return _kept(_version(view, name, int(found["version"])) if found["version"] else newest)


def _put(unit: Transaction, *, name: str, body: Mapping[str, str], who: Actor) -> Json:
    kept = {"text": body["text"], "digest": body["digest"], "by": who.name, "at": unit.at}
    done = put(unit, KIND, name, kept)
    return {"policy": name, "version": done.version, "digest": body["digest"]}


def _version_of(result: Json) -> int:
    assert isinstance(result, Mapping), result
    return int(str(result["version"]))


def _version(view: Connection, name: str, version: int) -> Document:
    known = versions(view, KIND, name)
    for document in known:
        if document.version == version:
            return document
    raise UnknownPolicy(f"the policy {name} has the versions 1 to {len(known)}, not {version}")


def _kept(document: Document) -> KeptPolicy:
    body = _body(document)
    try:
        stated = read_policy(body["text"], document.id)
    except BadFile as fault:
        raise RecordsDamaged(
            f"the policy {document.id}, version {document.version}, cannot be read by this version "
            f"of Necto: import it again ({fault.faults[0]})"
        ) from fault
    return KeptPolicy(
        policy=stated,
        version=document.version,
        text=body["text"],
        digest=body["digest"],
        by=body["by"],
        at=datetime.fromisoformat(body["at"]),
        entry_index=document.entry_index,
    )


def _body(document: Document) -> dict[str, str]:
    assert isinstance(document.body, Mapping), document
    return {name: str(value) for name, value in document.body.items()}


def _none_called(name: str, known: list[str]) -> str:
    said = f"there is no policy {name[:70]!r}"
    if not known:
        return f"{said}: none has been imported yet; see necto policy import"
    close = difflib.get_close_matches(name, known, n=3) or known[:10]
    return f"{said}; there are: {', '.join(close)}"

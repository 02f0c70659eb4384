"""Decisions that are kept: content-addressed files in the lake, committed in the book of the mode.

    decisions/mode=sandbox/<sha256>.json        a decision, canonical JSON; its name is its digest
    decisions/mode=sandbox/offers/<sha256>.csv  a file of offers that one was made from

The file is written first, then its digest and the entry are committed; a file without an entry is
garbage, which upkeep tells of. Neither a decision nor the drops that a committed one names
(``data.keeping``) are removed by age.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, select

from data import folders
from data.files import publish_bytes, sha256_of, sync_folder
from data.keeping import keep
from data.market import Lake
from data.offers_file import OffersFile
from data.permitted import permitted
from data.records import Records
from data.routable_files import OF_FILE
from data.schemas import SCHEMAS
from data.tables import entries, files
from data.unit import Transaction
from engine.canonical import Json, canonical, digest, plain
from engine.commands import Command
from engine.decision_record import BadRecord, DecisionRecord, opened, told
from engine.export import number_text
from engine.people import Actor
from engine.runs import Kind
from engine.trail import FileRef

KIND = "decision"
MADE = "decision.made"
ABANDONED_SECONDS = 3600
"""A younger file without an entry may be on its way to one."""
_FOLDER, _OFFERS, _SUFFIX = "decisions", "offers", ".json"
_SHA = "sha256:"


class NotKept(Exception):
    """A decision that cannot be kept: the message says why and what to do."""


class NoDecision(LookupError):
    """No decision with this digest was committed, or its file is lost or changed: it says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """A committed decision: its digest, who kept it when, and what it said in short."""

    digest: str
    job: str
    by: str
    at: datetime
    policy: str | None
    quoted: int
    refused: int
    best: str | None
    total_usd: str | None
    landed_usd_per_hour: str | None
    entry_index: int


def saved(
    lake: Lake,
    records: Records,
    decision: DecisionRecord,
    who: Actor,
    key: str = "",
    file: OffersFile | None = None,
) -> KeptDecision:
    """Keep a decision with all that it was made from; the same click again changes nothing.

    ``records``: the book of the mode. ``key``: the click's idempotency key, without one the
    decision's digest. ``file``: the offers that it was made from, where they are not the lake's.
    Raises NotKept where its inputs are no longer there, OtherCommand for a key of another decision,
    RecordsFault, OSError: then it is not kept.
    """
    permitted(who, MADE)
    records.check()
    content = canonical(told(decision))
    name = digest(content)
    home = _home(lake, records.book)
    path = home / f"{_hex(name)}{_SUFFIX}"
    inputs = [_input(lake, home, drop, name, file) for drop in decision.market.drops]
    _publish(path, content)
    vouched = [_ref(lake, path), *inputs]
    command = _command(decision, name, who, key)
    outcome = records.perform(command, partial(_act, files=vouched, decision=decision, name=name))
    with records.reading() as view:
        return _kept_at(view, outcome.entry_index)


def reopened(lake: Lake, records: Records, digest_: str) -> DecisionRecord:
    """Return a committed decision as it was kept.

    Raises NoDecision for one that was never committed, is lost, was changed, or is of a form that
    this version cannot read.
    """
    path = _path_of(lake, records, digest_)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoDecision(f"the file of {digest_} is gone: restore {path}") from None
    if digest(content) != digest_:
        raise NoDecision(f"{path} is no longer what was committed: restore it from a backup")
    try:
        return opened(json.loads(content))
    except BadRecord as bad:
        raise NoDecision(f"{path} cannot be read by this version of Necto: {bad}") from bad


def decisions(view: Connection, most: int = 50, before: int | None = None) -> list[KeptDecision]:
    """Return the committed decisions of a book, newest first; ``before``: this entry's place."""
    asked = select(entries.c.body).where(
        entries.c.type == f"necto.{MADE}", entries.c.outcome == "done"
    )
    if before is not None:
        asked = asked.where(entries.c.leaf_index < before)
    rows = view.execute(asked.order_by(entries.c.leaf_index.desc()).limit(most)).scalars()
    return [_kept(json.loads(body)) for body in rows]


def digests_like(view: Connection, beginning: str) -> list[str]:
    """Return the digests of committed decisions that begin so, with or without ``sha256:``."""
    wanted = f"{_SHA}{_hex(beginning)}"
    asked = select(files.c.digest).where(
        files.c.kind == KIND, files.c.digest.startswith(wanted, autoescape=True),
        files.c.name.endswith(_SUFFIX),
    )  # fmt: skip
    return sorted(view.execute(asked).scalars())


def orphans(lake: Lake, mode: str, records: Records | None, now: datetime) -> list[str]:
    """Return the files of decisions that nothing committed, by their names in the lake.

    ``records``: the book of the mode, None where none was begun. They are garbage, unless the book
    is an older backup: so they are told, and never removed.
    """
    home = _home(lake, mode)
    found = {
        path.relative_to(lake.root).as_posix()
        for folder in (home, home / _OFFERS)
        for path in folder.glob("*")
        if path.is_file() and _is_old(path, now)
    }
    if not found or records is None:
        return sorted(found)
    with records.reading() as view:
        asked = select(files.c.name).where(files.c.kind == KIND)
        return sorted(found - set(view.execute(asked).scalars()))


def lost(lake: Lake, records: Records) -> dict[str, str]:
    """Return the files of committed decisions that are gone or changed, each with why.

    Reads all of them.
    """
    with records.reading() as view:
        asked = select(files.c.name, files.c.digest).where(files.c.kind == KIND)
        rows = view.execute(asked.order_by(files.c.name)).all()
    faults = ((row.name, _fault(lake.root / row.name, row.digest)) for row in rows)
    return {name: fault for name, fault in faults if fault}


def _input(lake: Lake, home: Path, drop: str, decision: str, file: OffersFile | None) -> FileRef:
    """Keep one thing that a decision was made from, and name it with its digest."""
    if drop.startswith(OF_FILE):
        return _offers(lake, home, drop, file)
    path = lake.root / drop
    try:
        kind = drop.partition("/")[0]
        if kind in SCHEMAS:
            why = f"decision {decision}"
            keep(lake, folders.network_of(path), path.stem, why, cast("Kind", kind))
        return _ref(lake, path)
    except (LookupError, FileNotFoundError) as gone:
        raise NotKept(f"the market has moved on ({gone}): route again, then keep that") from gone


def _offers(lake: Lake, home: Path, drop: str, file: OffersFile | None) -> FileRef:
    if file is None or f"{OF_FILE}{file.digest}" != drop:
        raise NotKept("the file of offers that the decision was made from is needed to keep it")
    path = home / _OFFERS / f"{_hex(file.digest)}{file.suffix}"
    _publish(path, file.content)
    return _ref(lake, path)


def _publish(path: Path, content: bytes) -> None:
    """Write a file whose name is its digest, unless it is there whole."""
    if path.exists() and sha256_of(path) == path.stem:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    publish_bytes(path, content)
    for parent in path.parents[1:4]:
        sync_folder(parent)


def _command(decision: DecisionRecord, name: str, who: Actor, key: str) -> Command:
    body = {
        "decision": name,
        "job": decision.requirement.name,
        "policy": decision.policy_version or decision.policy.name,
        "as_of": decision.now,
        "market": {"offers": decision.market.offers, "drops": list(decision.market.drops)},
    }
    command = Command.of(key or f"{MADE}/{name}", MADE, who, f"{KIND}/{_hex(name)}", plain(body))
    return replace(command, policy=decision.policy_version or None)


def _act(unit: Transaction, files: list[FileRef], decision: DecisionRecord, name: str) -> Json:
    for file in files:
        unit.vouch(file)
        if file.name.startswith(f"{_FOLDER}/") and not _is_known(unit.connection, file):
            unit.add("files", kind=KIND, name=file.name, digest=file.digest, size=file.size)
    best = decision.quotes[0] if decision.quotes else None
    return plain(
        {
            "decision": name,
            "quoted": decision.quoted,
            "refused": decision.market.offers - decision.quoted,
            "best": best.offer_id if best else None,
            "total_usd": _amount(best.total_usd if best else None),
            "landed_usd_per_hour": _amount(best.landed_usd_per_hour if best else None),
        }
    )


def _amount(usd: Decimal | None) -> str | None:
    return None if usd is None else number_text(usd)


def _is_known(view: Connection, file: FileRef) -> bool:
    asked = select(files.c.entry_index).where(
        files.c.kind == KIND, files.c.name == file.name, files.c.digest == file.digest
    )
    return view.execute(asked).first() is not None


def _kept_at(view: Connection, entry_index: int) -> KeptDecision:
    asked = select(entries.c.body).where(entries.c.leaf_index == entry_index)
    return _kept(json.loads(view.execute(asked).scalar_one()))


def _kept(event: dict[str, Any]) -> KeptDecision:
    body, result = event["data"]["input"]["body"], event["data"]["result"]
    return KeptDecision(
        digest=body["decision"],
        job=body["job"],
        by=event["data"]["actor"]["id"],
        at=datetime.fromisoformat(event["time"]),
        policy=event["data"]["policy"],
        quoted=result["quoted"],
        refused=result["refused"],
        best=result["best"],
        total_usd=result["total_usd"],
        landed_usd_per_hour=result["landed_usd_per_hour"],
        entry_index=int(event["id"]),
    )


def _path_of(lake: Lake, records: Records, digest_: str) -> Path:
    with records.reading() as view:
        if digest_ not in digests_like(view, digest_):
            raise NoDecision(f"no decision {digest_} was committed in the {records.book} book")
    return _home(lake, records.book) / f"{_hex(digest_)}{_SUFFIX}"


def _home(lake: Lake, book: str) -> Path:
    return lake.root / _FOLDER / f"mode={book}"


def _hex(digest_: str) -> str:
    return digest_.removeprefix(_SHA)


def _ref(lake: Lake, path: Path) -> FileRef:
    name = path.relative_to(lake.root).as_posix()
    return FileRef(name, f"{_SHA}{sha256_of(path)}", path.stat().st_size)


def _is_old(path: Path, now: datetime) -> bool:
    return now.timestamp() - path.stat().st_mtime > ABANDONED_SECONDS


def _fault(path: Path, digest_: str) -> str | None:
    try:
        same = f"{_SHA}{sha256_of(path)}" == digest_
    except FileNotFoundError:
        return "the file of a committed decision is gone: restore it from a backup"
    return None if same else "it is no longer the file that was committed: restore it from a backup"

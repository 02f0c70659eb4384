"""Rate cards in the house book: each version and withdrawal registered by its digests.

The files are published first (``data.rate_cards``), then their digests and the entry are committed.
What was published and not registered, because the process or the records stopped in between, is
registered as recovered when the worker starts. A card's document (kind "rate-card", one per card)
tells what holds of it now, and its versions what held before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

from sqlalchemy import Connection, func, select

from data import rate_cards
from data.card_folders import (
    drop_path,
    folder_of,
    folders,
    record_of,
    record_path,
    withdrawal_of,
    withdrawal_path,
)
from data.card_originals import path_of
from data.checks import Stamp, stamp
from data.documents import put
from data.faults import RecordsFault
from data.files import sha256_of
from data.market import Lake
from data.permitted import permitted
from data.rate_cards import Imported
from data.records import Records
from data.tables import files
from data.unit import Transaction
from engine.canonical import Json, plain
from engine.commands import Command
from engine.people import Actor, job
from engine.rate_cards import Card, CardRecord, Withdrawal
from engine.trail import FileRef

KIND = "rate-card"
RECOVERY = job("recovery")
_REMEMBERED_MAX = 10_000  # digests of files that have not changed since they were read


class LateEntry(RecordsFault):
    """It was done and its files are kept; the entry follows when the records can be written."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """One thing that happened to a card: its record or withdrawal, and the files that hold it."""

    done: str
    record: CardRecord
    withdrawal: Withdrawal | None
    at: datetime
    files: tuple[FileRef, ...]

    @property
    def key(self) -> str:
        """The same for the same fact, whoever registers it."""
        record, told = self.record, self.files[0].digest.removeprefix("sha256:")
        return f"{KIND}/{record.seller}/{record.name}/{record.version}/{self.done}/{told[:32]}"


def import_card(
    records: Records, lake: Lake, card: Card, actor: Actor, now: datetime
) -> rate_cards.Imported:
    """Keep a checked card and register it; see ``data.rate_cards.import_card``.

    Raises RecordsFault before anything is kept when the records cannot be used or the actor may
    not do it, LateEntry when the card is on the market and only its entry is late.
    """
    permitted(actor, f"{KIND}.imported")
    records.check()
    then = partial(_imported, records, lake, actor)
    return rate_cards.import_card(lake, card, by=actor.name, now=now, then=then)


def withdraw(
    records: Records, lake: Lake, seller: str, name: str, reason: str, actor: Actor, now: datetime
) -> Withdrawal:
    """Take a card off the market and register that; see ``data.rate_cards.withdraw``.

    Raises RecordsFault before anything is done, LateEntry when only the entry is late.
    """
    permitted(actor, f"{KIND}.withdrawn")
    records.check()
    then = partial(_withdrawn, records, lake, actor)
    return rate_cards.withdraw(lake, seller, name, reason=reason, by=actor.name, now=now, then=then)


def recover(records: Records, lake: Lake) -> int:
    """Register what was published and has no entry; returns how much.

    Raises Busy while another process changes cards, RecordsFault, BrokenLake for a damaged fact.
    """
    with rate_cards.alone(lake):
        return _registered(records, [*_facts(lake)], RECOVERY)


def unregistered(records: Records, lake: Lake) -> int:
    """Return how many facts have no entry (yet)."""
    with records.reading() as view:
        return sum(not _is_known(view, fact.files[0]) for fact in _facts(lake))


def unsound(records: Records, lake: Lake) -> dict[str, str]:
    """Return the registered files that are gone or no longer what was registered, with why."""
    newest = select(files.c.name, func.max(files.c.entry_index).label("entry_index"))
    newest_of = newest.where(files.c.kind == KIND).group_by(files.c.name).subquery()
    asked = select(files.c.name, files.c.digest, files.c.entry_index).join(
        newest_of,
        (files.c.name == newest_of.c.name) & (files.c.entry_index == newest_of.c.entry_index),
    )
    with records.reading() as view:
        rows = view.execute(asked.where(files.c.kind == KIND).order_by(files.c.name)).all()
    faults = ((row.name, _fault(lake.root / row.name, row.digest)) for row in rows)
    known = {row.name: row.entry_index for row in rows}
    return {
        name: f"{fault} (entry {known[name]} of the house book): restore it from a backup"
        for name, fault in faults
        if fault
    }


def _fault(path: Path, digest: str) -> str | None:
    seen = stamp(path)
    if seen is None:
        return "a registered rate card's file is gone"
    return None if _digest(path, seen) == digest else "it is no longer the file that was registered"


@lru_cache(maxsize=_REMEMBERED_MAX)
def _digest(path: Path, _seen: Stamp) -> str:
    """Return a file's digest, read once for each state of the file."""
    return f"sha256:{sha256_of(path)}"


def _imported(records: Records, lake: Lake, actor: Actor, done: Imported) -> None:
    """Register what is new as imported, and what was there without an entry as recovered."""
    try:
        _registered(records, [_version(lake, record) for record in done.known], RECOVERY)
        _registered(records, [_version(lake, record) for record in done.new], actor)
    except RecordsFault as fault:
        raise LateEntry(
            f"the card is imported and on the market, its entry in the records is late: {fault}. "
            "The worker writes it as soon as the records can be written"
        ) from fault


def _withdrawn(records: Records, lake: Lake, actor: Actor, done: Withdrawal) -> None:
    folder = folder_of(lake.root, done.seller, done.name)
    record = record_of(folder, done.version)
    try:
        _registered(records, [_withdrawal(lake, record, done)], actor)
    except RecordsFault as fault:
        raise LateEntry(
            f"{done.name} is withdrawn, its entry in the records is late: {fault}. The worker "
            "writes it as soon as the records can be written"
        ) from fault


def _facts(lake: Lake) -> Iterator[_Fact]:
    """Every version and withdrawal that is published, each card's in the order they happened."""
    for folder in folders(lake.root):
        told = [_version(lake, record_of(folder, version)) for version in folder.versions]
        for version in folder.withdrawn:
            record = record_of(folder, version)
            told.append(_withdrawal(lake, record, withdrawal_of(folder, version)))
        yield from sorted(told, key=lambda fact: (fact.at, fact.record.version, fact.done))


def _version(lake: Lake, record: CardRecord) -> _Fact:
    card = folder_of(lake.root, record.seller, record.name).path
    original, drop = path_of(lake, record.original_sha256), drop_path(card, record.version)
    found = [_ref(lake, record_path(card, record.version), None)]
    found += [_ref(lake, original, record.original_sha256)] if original.exists() else []
    found += [_ref(lake, drop, record.drop_sha256)] if drop.exists() else []
    return _Fact("imported", record, None, record.imported_at, tuple(found))


def _withdrawal(lake: Lake, record: CardRecord, told: Withdrawal) -> _Fact:
    folder = folder_of(lake.root, told.seller, told.name)
    file = _ref(lake, withdrawal_path(folder, told.version), None)
    return _Fact("withdrawn", record, told, told.at, (file,))


def _ref(lake: Lake, path: Path, sha256: str | None) -> FileRef:
    """Name a file by the digest that its record tells, or else by that of its content."""
    name = path.relative_to(lake.root).as_posix()
    return FileRef(name, f"sha256:{sha256 or sha256_of(path)}", path.stat().st_size)


def _registered(records: Records, facts: Sequence[_Fact], actor: Actor) -> int:
    """Commit an entry for each fact that has none; returns how many."""
    count = 0
    if facts:
        with records.transaction() as unit:
            for fact in facts:
                if not _is_known(unit.connection, fact.files[0]):
                    unit.perform(_command(fact, actor), partial(_act, fact=fact))
                    count += 1
    return count


def _is_known(view: Connection, file: FileRef) -> bool:
    asked = select(files.c.entry_index).where(
        files.c.kind == KIND, files.c.name == file.name, files.c.digest == file.digest
    )
    return view.execute(asked).first() is not None


def _command(fact: _Fact, actor: Actor) -> Command:
    record = fact.record
    told = (fact.withdrawal or record).model_dump(mode="json")
    action = "recovered" if actor is RECOVERY else fact.done
    subject = f"{KIND}/{record.seller}/{record.name}"
    return Command.of(fact.key, f"{KIND}.{action}", actor, subject, told)


def _act(unit: Transaction, fact: _Fact) -> Json:
    """Write the card's next document and name its files."""
    record = fact.record
    for file in fact.files:
        unit.vouch(file)
        if not _is_known(unit.connection, file):
            unit.add("files", kind=KIND, name=file.name, digest=file.digest, size=file.size)
    card = f"{record.seller}:{record.name}"
    put(unit, KIND, card, _body(fact))
    return plain({"card": record.name, "seller": record.seller, "version": record.version,
                  "state": fact.done})  # fmt: skip


def _body(fact: _Fact) -> dict[str, object]:
    record, told = fact.record, fact.withdrawal
    return {
        "version": record.version,
        "state": fact.done,
        "original": f"sha256:{record.original_sha256}",
        "drop": f"sha256:{record.drop_sha256}",
        "prices": record.rows,
        "valid_from": record.valid_from,
        "valid_until": record.valid_until,
        "imported_by": record.imported_by,
        "imported_at": record.imported_at,
        "withdrawn": {"by": told.by, "at": told.at, "reason": told.reason} if told else None,
    }

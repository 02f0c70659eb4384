"""Rate cards as they are kept: immutable drops in the lake's folder ``cards/``.

A file with several sellers becomes one card per seller, under the same name. Nothing is changed or
deleted: a newer version supersedes an older one, and a withdrawal is a fact beside the card. Files
lie as ``data.card_folders`` says; ``data.card_register`` enters them in the house book.
"""

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
from filelock import FileLock, Timeout

from data.card_folders import (
    CardFolder,
    drop_path,
    folder_of,
    folders,
    known_folder,
    on_market,
    record_of,
    record_path,
    withdrawal_of,
    withdrawal_path,
)
from data.card_originals import keep_original
from data.files import publish, sync_folder, temporary_of, write_text
from data.market import Busy, Lake
from engine.card_gaps import gap_sentence
from engine.card_offers import card_offers
from engine.market import OFFER_SCHEMA
from engine.rate_cards import Card, CardRecord, KeptCard, Withdrawal

LOCK_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. ``known``: there before; ``gaps``: which days lost their price."""

    new: tuple[CardRecord, ...]
    known: tuple[CardRecord, ...]
    gaps: tuple[str, ...] = ()


def import_card(
    lake: Lake,
    card: Card,
    *,
    by: str,
    now: datetime,
    then: Callable[[Imported], None] = lambda _: None,
) -> Imported:
    """Keep a checked card; it is on the market from now on, on its days.

    Each seller's newest version of the same name is superseded, even if the new one begins later:
    the days between are then told as a gap. The same bytes again change nothing unless the card was
    withdrawn. ``then`` is told before any other process may change cards. Raises ValueError without
    a name in ``by``, Busy when another one has been at it for a minute, OSError from the folder.
    """
    who = _named(by)
    digest = hashlib.sha256(card.content).hexdigest()
    with alone(lake):
        keep_original(lake, digest, card.content)
        new: list[CardRecord] = []
        known: list[CardRecord] = []
        gaps: list[str | None] = []
        for seller in card.sellers:
            folder = folder_of(lake.root, seller, card.name)
            same = _same(lake, folder, digest)
            if same:
                known.append(same)
            else:
                rows = card.rows.filter(seller=seller)
                gaps.append(_gap(lake, folder, rows, now.astimezone(UTC).date()))
                new.append(_keep(folder, card, rows, who, digest, now.astimezone(UTC)))
        done = Imported(tuple(new), tuple(known), tuple(filter(None, gaps)))
        then(done)
        return done


def withdraw(
    lake: Lake,
    seller: str,
    name: str,
    *,
    reason: str,
    by: str,
    now: datetime,
    then: Callable[[Withdrawal], None] = lambda _: None,
) -> Withdrawal:
    """Take a card with all its versions off the market; a later import puts its new version on.

    Withdrawing twice returns the first withdrawal. Raises LookupError for a card that is not there,
    ValueError without a reason or a name in ``by``, Busy, OSError.
    """
    who = _named(by)
    if not reason.strip():
        raise ValueError("say why the card is withdrawn")
    with alone(lake):
        folder = known_folder(lake.root, seller, name)
        if folder.is_withdrawn:
            fact = withdrawal_of(folder, max(folder.withdrawn))
        else:
            fact = Withdrawal(
                seller=seller, name=name, version=folder.newest, reason=reason.strip(), by=who,
                at=now.astimezone(UTC),
            )  # fmt: skip
            write_text(withdrawal_path(folder, folder.newest), fact.model_dump_json(indent=1))
        then(fact)
        return fact


def cards(lake: Lake, now: datetime) -> list[KeptCard]:
    """Return every version of every card by seller, name and version, with its state today."""
    today = now.astimezone(UTC).date()
    return [
        _kept_card(folder, version, today)
        for folder in folders(lake.root)
        for version in folder.versions
    ]


def current(lake: Lake, now: datetime) -> pl.DataFrame:
    """Return the offers (``OFFER_SCHEMA``) that hold today, UTC.

    Of every card that is not withdrawn only the newest version counts.
    """
    today = now.astimezone(UTC).date()
    frames = [card_rows(lake, record_of(folder, folder.newest)) for folder in on_market(lake.root)]
    rows = pl.concat([pl.DataFrame(schema=dict(OFFER_SCHEMA)), *frames])
    return rows.filter(pl.lit(today).is_between("valid_from", "valid_until")).sort("offer_id")


def state_key(lake: Lake, now: datetime) -> str:
    """Return a text that is another one whenever ``current`` may be; empty without cards."""
    heads = [f"{f.path.parent.name}/{f.path.name}/{f.newest}" for f in on_market(lake.root)]
    return "|".join([now.astimezone(UTC).date().isoformat(), *heads]) if heads else ""


def card_rows(lake: Lake, record: CardRecord) -> pl.DataFrame:
    """Return a version's offers, valid today or not.

    One that no longer is what was imported is set aside and gives no rows: import the file again.
    """
    path = drop_path(folder_of(lake.root, record.seller, record.name).path, record.version)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return pl.DataFrame(schema=dict(OFFER_SCHEMA))
    if hashlib.sha256(content).hexdigest() != record.drop_sha256:
        lake.set_aside(path, "changed since it was written: its digest differs from its record")
        return pl.DataFrame(schema=dict(OFFER_SCHEMA))
    rows = pl.read_parquet(io.BytesIO(content))
    absent = [pl.lit(None, t).alias(n) for n, t in OFFER_SCHEMA.items() if n not in rows.columns]
    return rows.with_columns(absent).select(list(OFFER_SCHEMA)).cast(dict(OFFER_SCHEMA))  # type: ignore[arg-type]


def version_of(lake: Lake, seller: str, name: str, version: int | None = None) -> CardRecord:
    """Return a card's version, or its newest. Raises LookupError when it is not there."""
    folder = known_folder(lake.root, seller, name)
    wanted = folder.newest if version is None else version
    if wanted not in folder.versions:
        raise LookupError(f"{name} of {seller} has no version {wanted}, up to {folder.newest}")
    return record_of(folder, wanted)


def whole_rows(lake: Lake, record: CardRecord) -> pl.DataFrame:
    """Return a version's offers, all of them, so that they can leave as a card.

    Raises LookupError when they no longer are what was imported.
    """
    rows = card_rows(lake, record)
    if rows.height != record.rows:
        which = f"{record.name} of {record.seller}, version {record.version}"
        raise LookupError(f"{which} is no longer what was imported: import {record.filename} again")
    return rows


def raw_row(lake: Lake, network: str, offer_id: str) -> str | None:
    """Return the row of a card on the market as it was typed."""
    for folder in on_market(lake.root):
        if folder.path.parent.name == f"seller={network}":
            rows = card_rows(lake, record_of(folder, folder.newest)).filter(offer_id=offer_id)
            if rows.height:
                return str(rows["raw"][0])
    return None


def _named(by: str) -> str:
    if not by.strip():
        raise ValueError("say who does it: every change of a rate card has a name")
    return by.strip()


@contextlib.contextmanager
def alone(lake: Lake) -> Iterator[None]:
    """Be the only process that changes cards; wait for another one a minute at most."""
    try:
        with FileLock(lake.root / "locks" / "rate cards.lock", timeout=LOCK_SECONDS_MAX):
            yield
    except Timeout:
        raise Busy("another process is importing a rate card: try again") from None


def _gap(lake: Lake, folder: CardFolder, rows: pl.DataFrame, today: date) -> str | None:
    """The days that lose their price when ``rows`` replace the version on the market, in words."""
    if not folder.versions or folder.is_withdrawn:
        return None
    before = record_of(folder, folder.newest)
    return gap_sentence(before, card_rows(lake, before), rows, today)


def _keep(
    folder: CardFolder, card: Card, rows: pl.DataFrame, by: str, digest: str, now: datetime
) -> CardRecord:
    """Publish one seller's drop and, last, its record."""
    previous = folder.newest if folder.versions else None
    version = (previous or 0) + 1
    path = drop_path(folder.path, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    offers = card_offers(rows, name=card.name, version=version, imported_at=now)
    content = io.BytesIO()
    offers.write_parquet(content, compression="zstd")
    temporary = temporary_of(path)
    temporary.write_bytes(content.getvalue())
    publish(temporary, path)
    for parent in (path.parent, *path.parents[1:4]):
        sync_folder(parent)
    record = CardRecord(
        seller=rows["seller"][0],
        name=card.name,
        version=version,
        filename=card.filename,
        original_sha256=digest,
        original_bytes=len(card.content),
        drop_sha256=hashlib.sha256(content.getvalue()).hexdigest(),
        rows=offers.height,
        valid_from=rows["valid_from"].min(),
        valid_until=rows["valid_until"].max(),
        imported_at=now,
        imported_by=by,
        supersedes=previous,
    )
    write_text(record_path(folder.path, version), record.model_dump_json(indent=1))
    return record


def _same(lake: Lake, folder: CardFolder, digest: str) -> CardRecord | None:
    """The newest version when it is this very file, on the market and whole."""
    if not folder.versions or folder.is_withdrawn:
        return None
    record = record_of(folder, folder.newest)
    is_same = record.original_sha256 == digest and card_rows(lake, record).height == record.rows
    return record if is_same else None


def _kept_card(folder: CardFolder, version: int, today: date) -> KeptCard:
    record = record_of(folder, version)
    taken_off = min((v for v in folder.withdrawn if v >= version), default=None)
    if version not in (folder.newest, taken_off):
        return KeptCard(record, "superseded")
    if taken_off is not None:
        return KeptCard(record, "withdrawn", withdrawal_of(folder, taken_off))
    if today < record.valid_from:
        return KeptCard(record, "not yet valid")
    return KeptCard(record, "expired" if today > record.valid_until else "current")

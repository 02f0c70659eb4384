"""Signing each book as it grows, and sending what was signed to where nobody here can change it."""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from connectors.base import Delivers
from connectors.jobs.compare import compare
from connectors.notify.base import Attachment, Channel, Message, Undelivered
from connectors.notify.places import Places
from connectors.stamp import stamped
from connectors.witness import cosigned
from data import checkpoints
from data.books import BOOKS, book_exists, checkpoint_folder, open_book
from data.checkpoints import Signed
from data.faults import RecordsFault
from data.files import publish_bytes
from data.records import Records
from data.sandbox_books import closed_names
from data.settings import Settings
from data.trail import consistency, has_news
from data.trail_keys import signer, verifiers_of
from data.unit import Transaction
from engine.canonical import digest
from engine.commands import Command
from engine.notes import BadNote, Verifier, added, verified
from engine.people import job
from engine.trail import FileRef

log = logging.getLogger(__name__)

FIRST_SECONDS = 20
PAUSE_SECONDS = 600
ACTOR = job("checkpoints")


def sign_until(
    settings: Settings,
    http: Delivers,
    places: Places,
    stop: threading.Event,
    first_seconds: float = FIRST_SECONDS,
) -> None:
    """Sign and send again and again until stopped; a fault is logged and never ends the worker.

    Before the first round and after each, every book is compared with what was signed of it.
    """
    compare(settings)
    pause = first_seconds
    while not stop.wait(pause):
        pause = PAUSE_SECONDS
        for book in books_to_sign(settings):
            try:
                troubles = (
                    sign_and_send(open_book(settings, book), settings.home, http, places)
                    if book_exists(settings, book)
                    else []
                )
                for trouble in troubles:
                    log.warning("the checkpoint of %s: %s", book, trouble)
            except Exception:  # whatever it is: the other books, and the next round, go on
                log.exception("the %s book could not be signed", book)
        compare(settings)


def books_to_sign(settings: Settings) -> list[str]:
    """Return the books that are signed, the closed ones of the sandbox too: they are evidence."""
    try:
        return [*BOOKS, *closed_names(settings)]
    except RecordsFault as fault:
        log.warning("the closed books of the sandbox cannot be told now: %s", fault)
        return list(BOOKS)


def sign_and_send(records: Records, home: Path, http: Delivers, places: Places) -> list[str]:
    """Sign a book that has news, then hand every place what it has not had; returns troubles.

    What was sent is kept in the trail once a place and size; entries about sending are no news, or
    a quiet book would be signed for ever.
    """
    key = signer(records, home)
    with records.reading() as view:
        known = checkpoints.newest(view, [key.verifier]) if not has_news(view) else None
    signed = known or checkpoints.make(records, key, home)
    troubles: list[str] = []
    for place, send in _sendings(records, home, http, places, signed):
        asked = _command(signed, records.book, place)
        if not records.knows(asked.key):
            try:
                told, files = send()
            except (Undelivered, BadNote, OSError) as fault:
                troubles.append(f"{place}: {fault}")
                continue
            records.perform(asked, partial(_kept_in_trail, told, files))
    return troubles


_Sent = tuple[dict[str, str], list[FileRef]]
_Sending = tuple[str, Callable[[], _Sent]]


def _kept_in_trail(told: dict[str, str], files: list[FileRef], unit: Transaction) -> object:
    for file in files:
        unit.vouch(file)
    return told


def _command(signed: Signed, book: str, place: str) -> Command:
    size = signed.checkpoint.size
    key = f"send-{book}-{size}-{digest(place.encode())[7:23]}"
    return Command.of(
        key, "checkpoint.sent", ACTOR, f"checkpoint/{size}", {"place": place, "size": size}
    )


def _sendings(
    records: Records, home: Path, http: Delivers, places: Places, signed: Signed
) -> Iterator[_Sending]:
    """Yield every place by name with what sends to it."""
    for channel in places.channels(http):
        yield channel.name, partial(_delivered, channel, signed)
    if places.witness_url:
        yield "witness", lambda: _witnessed(records, home, http, places, signed)
    if places.tsa_url:
        yield "time stamp", lambda: _stamped(records, home, http, places, signed)


def _delivered(channel: Channel, signed: Signed) -> _Sent:
    receipt = channel.send(_message(signed))
    told = {"channel": receipt.channel, "place": receipt.place, "reference": receipt.reference}
    return told, []


def _message(signed: Signed) -> Message:
    checkpoint = signed.checkpoint
    name = f"{checkpoint.origin.replace('/', '-')}-{checkpoint.size}.note"
    return Message(
        f"Checkpoint of {checkpoint.origin}: {checkpoint.size} entries",
        "Keep this: with it, anyone can check that the book still begins with what it covered "
        f"(necto audit verify --since FILE).\n\n{signed.note}",
        (Attachment(name, "text/plain", signed.note.encode()),),
        f"{checkpoint.origin}/{checkpoint.size}",
        "checkpoint",
    )


def _witnessed(
    records: Records, home: Path, http: Delivers, places: Places, signed: Signed
) -> _Sent:
    size = signed.checkpoint.size
    witness = Verifier.read(places.witness_key)
    lines = cosigned(
        http, places.witness_url, signed.note, lambda old: consistency(records, old, size)
    )
    note = added(signed.note, lines)
    if not verified(note, [*verifiers_of(records), witness]).is_signed_by(witness):
        raise BadNote("the witness signed with another key than NECTO_WITNESS_KEY")
    return {"witness": witness.name}, [
        _kept(home, records.book, checkpoints.cosigned_name(size), note.encode())
    ]


def _stamped(records: Records, home: Path, http: Delivers, places: Places, signed: Signed) -> _Sent:
    stamp = stamped(http, places.tsa_url, signed.note.encode(), places.tsa_roots)
    told = {"at": stamp.at.isoformat(), "checked against a root": str(stamp.is_verified).lower()}
    return told, [_kept(home, records.book, f"{signed.checkpoint.size}.tsr", stamp.token)]


def _kept(home: Path, book: str, name: str, content: bytes) -> FileRef:
    publish_bytes(checkpoint_folder(home, book) / name, content)
    return FileRef(f"checkpoints/{book}/{name}", digest(content), len(content))

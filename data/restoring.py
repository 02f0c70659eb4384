"""Bringing a book back from a backup. What stood there is kept under another name.

Where the book that stands there can be read, its place is taken in one transaction: processes that
have it open see the restored book with their next look, and nothing between.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.backups import Checked, restored_aside
from data.books import BOOKS, url_of, utc_now
from data.engines import address_of
from data.faults import RecordsFault, file_fault
from data.files import write_text
from data.places import FilePlace, Found, Place, SchemaPlace
from data.records import Records
from data.sandbox_books import is_of_sandbox
from data.sealed import destroyed
from data.settings import Settings
from data.unit import Transaction
from engine.commands import Command
from engine.people import Actor


class WouldLose(RecordsFault):
    """The book has entries that the backup lacks: only who says so may have it replaced."""


class NotRestored(RecordsFault):
    """The backup cannot be put there: it is another book's, another installation's or damaged."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. ``found``: what stood there; ``kept``: where that is now, if anywhere."""

    checked: Checked
    found: Found
    kept: str | None


def restore(
    file: Path,
    settings: Settings,
    actor: Actor,
    *,
    is_forced: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> Restored:
    """Check a backup and put its book into its place; the book's own trail keeps that.

    Raises NotRestored for a backup with problems or from elsewhere; WouldLose, unless
    ``is_forced``, when the book that stands there has entries of its own or cannot be read.
    """
    with restored_aside(file) as (copy, checked):
        book = _accepted(checked, settings)
        place = _place(settings, book, f"{now().astimezone(UTC):%Y%m%dt%H%M%S%f}")
        found = place.look(copy)
        _judge(found, is_forced=is_forced)
        _adopt(settings.home, copy.installation)
        _keep(copy, checked, found, place.kept if found.is_there else None, actor)
        kept = place.put(copy, found)
    Records.open(place.url, book, checked.head.installation, now).close()
    return Restored(checked, found, kept)


def _place(settings: Settings, book: str, stamp: str) -> Place:
    url = url_of(settings, book)
    if address_of(url).get_backend_name() == "sqlite":
        return FilePlace(url, book, stamp, settings.home)
    return SchemaPlace(url, book, stamp)


def _accepted(checked: Checked, settings: Settings) -> str:
    if checked.problems:
        first = checked.problems[0]
        raise NotRestored(
            f"{checked.file} is not restored, {len(checked.problems)} things in it are not as they "
            f"were; the first: {first.place} {first.what}"
        )
    own = settings.home / "installation"
    try:
        installation = own.read_text(encoding="ascii").strip() if own.exists() else None
    except OSError as error:
        raise file_fault(error, own) from None
    if installation not in {None, checked.head.installation}:
        raise NotRestored(
            f"{checked.file} is of installation {checked.head.installation}, and {settings.home} "
            f"is of {installation}: restore it into a NECTO_HOME of its own"
        )
    book = checked.head.book
    if book in BOOKS or is_of_sandbox(book):
        return book
    raise NotRestored(f"{checked.file} holds the book {checked.head.book}, which is none of ours")


def _judge(found: Found, *, is_forced: bool) -> None:
    if is_forced or not found.lost:
        return
    if found.size is None:
        raise WouldLose(
            f"what stands there cannot be read, so that nobody can tell what would be lost with it "
            f"({found.fault}): stop Necto, then force it; what stands there is kept aside"
        )
    raise WouldLose(
        f"the book has {found.lost} of {found.size} entries that the backup lacks: force it only "
        "if they may go; the book is kept aside"
    )


def _adopt(home: Path, installation: str) -> None:
    """A new home becomes the installation that the backup is of."""
    own = home / "installation"
    try:
        if not own.exists():
            write_text(own, installation)
    except OSError as error:
        raise file_fault(error, own) from None


def _keep(copy: Records, checked: Checked, found: Found, kept: str | None, actor: Actor) -> None:
    """Write the entry into the copy, before it is put there: either both are there or none.

    A person's key that was destroyed since the backup was made is destroyed again.
    """
    body = {
        "backup": {"file": checked.file.name, **asdict(checked.head)},
        "replaced": {"kept": kept, "size": found.size, "lost": found.lost} if kept else None,
        "keys_destroyed": len(found.destroyed),
    }

    def act(unit: Transaction) -> None:
        for person in sorted(found.destroyed):
            destroyed(unit.connection, person)

    subject = f"book/{copy.book}"
    copy.perform(Command.of(f"restore-{uuid.uuid4()}", "book.restored", actor, subject, body), act)

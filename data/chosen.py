"""What people have chosen, for everybody who asks often: pages at every clock, the worker.

Read anew only when the house book has grown. While the book cannot be read, what was known last
holds, also after a start: no source comes on again by itself. It is kept for that in
``worker/chosen.json``, which nobody reads while the book can be.
"""

import contextlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from data.books import open_book, url_of
from data.faults import RecordsFault
from data.files import write_text
from data.old_preferences import OLD_FILE, old_preferences, take_over
from data.preferences import Preferences, read
from data.settings import Settings
from data.trail import size_of

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""A book that could not be read is not asked again at every clock."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, at which size of the book; ``retry_at``: the fault of a book is this young."""

    preferences: Preferences
    size: int | None
    retry_at: float = 0.0


_known: dict[str, _Known] = {}  # by the book's address: one a process, a few in tests


def chosen(settings: Settings) -> Preferences:
    """Return what holds; what was known last while the house book cannot be read."""
    place = url_of(settings, "house")
    known = _known.get(place)
    if known and known.retry_at > time.monotonic():
        return known.preferences
    try:
        found = _read(settings, known)
    except (RecordsFault, ValidationError) as fault:
        log.warning("what people have chosen cannot be read, what was known last holds: %s", fault)
        held = known.preferences if known else _from_before(settings.home)
        found = _Known(held, None, time.monotonic() + RETRY_SECONDS)
    _known[place] = found
    return found.preferences


def forget() -> None:
    """Forget what this process knows, as a new one would."""
    _known.clear()


def _read(settings: Settings, known: _Known | None) -> _Known:
    records = open_book(settings)
    if (known is None or known.size is None) and (settings.home / OLD_FILE).is_file():
        take_over(records, settings.home)
    with records.reading() as view:
        size = size_of(view)
        if known and known.size == size:
            return known
        found = read(view)
    if known is None or known.preferences != found:
        _keep(settings.home, found)
    return _Known(found, size)


def _keep(home: Path, found: Preferences) -> None:
    with contextlib.suppress(OSError):  # it is for the day when the book cannot be read
        write_text(_mirror(home), found.model_dump_json(indent=1))


def _from_before(home: Path) -> Preferences:
    """Return what an earlier process knew, or the defaults when nobody ever chose anything."""
    with contextlib.suppress(OSError, ValidationError):
        return Preferences.model_validate_json(_mirror(home).read_bytes())
    return old_preferences(home) or Preferences()


def _mirror(home: Path) -> Path:
    return home / "worker" / "chosen.json"

"""The sandbox's books: the one in use, and the closed ones before it.

They are named ``sandbox``, ``sandbox_2``, ``sandbox_3`` …; the one with the highest number is in
use. Nothing points to it that could be lost: every process finds it where the books lie, each time.
"""

import re
import threading
import time
from pathlib import Path

from sqlalchemy import Engine

from data.engines import address_of, engine_of, reading
from data.settings import Settings

FIRST = "sandbox"
_NUMBERED = re.compile(r"sandbox(?:_([1-9][0-9]{0,4}))?")
_ASKED_AGAIN_SECONDS = 1.0
"""A server is asked so seldom; who writes to a book closed meanwhile is refused by the book."""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^sandbox'"

_guard = threading.Lock()
_engines: dict[str, Engine] = {}
_asked: dict[str, tuple[float, list[str]]] = {}


def stored_name(settings: Settings, book: str) -> str:
    """Return the name under which a book is stored, by the name that people know it by.

    ``sandbox`` is the one in use, ``sandbox_1`` the first there was, also when it is still in use.
    """
    if book == FIRST:
        return name_of(max(numbers(settings), default=1))
    return FIRST if book == f"{FIRST}_1" else book


def shown_name(stored: str) -> str:
    """Return the name by which people reach a closed book."""
    return f"{FIRST}_1" if stored == FIRST else stored


def closed_names(settings: Settings) -> list[str]:
    """Return the books before the one in use, oldest first, as people name them."""
    return [f"{FIRST}_{number}" for number in numbers(settings)[:-1]]


def is_of_sandbox(stored: str) -> bool:
    """Whether a book is one of the sandbox's, by the name that it is stored under."""
    return _NUMBERED.fullmatch(stored) is not None


def name_of(number: int) -> str:
    """Return the name that the sandbox's book of this number, from 1, is stored under."""
    return FIRST if number == 1 else f"{FIRST}_{number}"


def numbers(settings: Settings) -> list[int]:
    """Return the numbers of the books that there are, and of those that something was signed of.

    One that is lost is missed so, and not taken for one that never was. Raises RecordsFault.
    """
    if settings.records_url is None:
        files = _listed(settings.home / "records")
        names = {path.stem for path in files if path.suffix == ".sqlite"}
    else:
        names = set(_schemas(settings.records_url.get_secret_value()))
    signed = [path for path in _listed(settings.home / "checkpoints") if path.name not in names]
    names |= {path.name for path in signed if is_of_sandbox(path.name) and _has_notes(path)}
    found = [_NUMBERED.fullmatch(name) for name in names]
    return sorted(int(name[1] or 1) for name in found if name)


def forget() -> None:
    """Ask anew, and let go of the server."""
    with _guard:
        for engine in _engines.values():
            engine.dispose()
        _engines.clear()
        _asked.clear()


def _schemas(url: str) -> list[str]:
    if address_of(url).get_backend_name() == "sqlite":  # one file holds one book
        return []
    with _guard:
        at, names = _asked.get(url, (float("-inf"), []))
        if time.monotonic() - at < _ASKED_AGAIN_SECONDS:
            return names
        if url not in _engines:
            _engines[url] = engine_of(url, "house")
        with reading(_engines[url]) as view:
            names = [str(name) for name in view.exec_driver_sql(_SCHEMAS).scalars()]
        _asked[url] = time.monotonic(), names
        return names


def _has_notes(folder: Path) -> bool:
    return next(folder.glob("*.note"), None) is not None


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # none yet, or unreadable: opening the book tells of that
        return []

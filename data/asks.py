"""Questions that pages put to the worker, and its answers: small files, few, and not for long.

A page calls no network: it leaves ``worker/asks/<id>.json`` and finds ``<id>.answer.json`` there.
The name is made of the question, so asking the same twice is asking once.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from data import aside
from data.files import write_text
from engine.screening import ScreeningAnswer, ScreeningAsk

ASKS_MAX = 20
"""So many may wait; the worker asks them one after the other."""
ASK_EXPIRES_AFTER = timedelta(minutes=10)
"""Whoever asked is no longer looking; an answer would be of another moment."""
ANSWERS_MAX = 200
ANSWER_EXPIRES_AFTER = timedelta(days=1)

_FILE_BYTES_MAX = 1024 * 1024
_ID = re.compile(r"[0-9a-f]{16}")
_ASK, _ANSWER = ".json", ".answer.json"


class TooManyAsks(ValueError):
    """Too many questions wait already: try again when the worker has answered some."""


class Asked(BaseModel):
    """One question that waits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: ScreeningAsk
    asked_at: AwareDatetime

    @property
    def ask_id(self) -> str:
        return ask_id_of(self.ask)


def ask_id_of(ask: ScreeningAsk) -> str:
    """Return the name of a question: the same for the same question."""
    return hashlib.sha256(ask.model_dump_json().encode()).hexdigest()[:16]


def ask(home: Path, wanted: ScreeningAsk, now: datetime) -> str:
    """Leave a question for the worker and return its id; raises TooManyAsks.

    An answer to the same question from before stays until the new one replaces it.
    """
    asked = Asked(ask=wanted, asked_at=now)
    path = _folder(home) / f"{asked.ask_id}{_ASK}"
    waiting = _files(home, _ASK)
    if path not in waiting and len(waiting) >= ASKS_MAX:
        raise TooManyAsks(f"{len(waiting)} questions wait already: try again in a minute")
    write_text(path, asked.model_dump_json())
    return asked.ask_id


def is_waiting(home: Path, ask_id: str) -> bool:
    """Whether the question is still to be asked."""
    return bool(_ID.fullmatch(ask_id)) and (_folder(home) / f"{ask_id}{_ASK}").exists()


def answer(home: Path, ask_id: str) -> ScreeningAnswer | None:
    """Return the newest answer to a question; None when there is none (yet) that can be read."""
    if not _ID.fullmatch(ask_id):
        return None
    path = _folder(home) / f"{ask_id}{_ANSWER}"
    try:
        return ScreeningAnswer.model_validate_json(_text(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _set_aside(home, path, error)
        return None


def take_asks(home: Path, now: datetime) -> Sequence[Asked]:
    """Consume the questions that wait, oldest first: each is given to exactly one of many workers.

    Expired ones are dropped, unreadable ones are set aside with the reason.
    """
    waiting = _files(home, _ASK)[:ASKS_MAX]
    taken = [found for path in waiting if (found := _taken(home, path))]
    fresh = [a for a in taken if abs(now - a.asked_at) <= ASK_EXPIRES_AFTER]
    return sorted(fresh, key=lambda asked: asked.asked_at)


def save_answer(home: Path, given: ScreeningAnswer) -> None:
    """Publish an answer; the oldest ones and those over a day old make room."""
    write_text(_folder(home) / f"{given.ask_id}{_ANSWER}", given.model_dump_json())
    aged: list[tuple[float, Path]] = []
    for path in _files(home, _ANSWER):
        try:
            aged.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    newest_first = sorted(aged, reverse=True)
    oldest = given.answered_at.timestamp() - ANSWER_EXPIRES_AFTER.total_seconds()
    for number, (at, path) in enumerate(newest_first):
        if number >= ANSWERS_MAX or at < oldest:
            path.unlink(missing_ok=True)


def _taken(home: Path, path: Path) -> Asked | None:
    """Read one question and remove it; None when it is another worker's or unreadable."""
    try:
        asked = Asked.model_validate_json(_text(path))
        path.unlink()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _set_aside(home, path, error)
        return None
    return asked


def _text(path: Path) -> str:
    with path.open("rb") as content:
        found = content.read(_FILE_BYTES_MAX + 1)
    if len(found) > _FILE_BYTES_MAX:
        raise ValueError(f"longer than {_FILE_BYTES_MAX:,} bytes")
    return found.decode()


def _set_aside(home: Path, path: Path, error: Exception) -> None:
    what = "not in our form" if isinstance(error, ValidationError) else str(error)
    aside.move(home / "worker", path, f"cannot be read: {what}")


def _files(home: Path, suffix: str) -> list[Path]:
    """The files of a kind; an answer is not a question, though its name ends like one."""
    folder = _folder(home)
    names = folder.iterdir() if folder.is_dir() else ()
    return sorted(
        path
        for path in names
        if path.name.endswith(suffix) and (suffix == _ANSWER or not path.name.endswith(_ANSWER))
    )


def _folder(home: Path) -> Path:
    return home / "worker" / "asks"

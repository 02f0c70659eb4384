"""What jobs wrote, asked for by pages and the terminal and fetched by the worker.

A page calls no network: it leaves ``worker/logs/<order>.<stream>.ask`` and finds
``<order>.<stream>.json`` there within seconds, with the age of what it shows. Few, small, not for
long, and for the eyes of whoever runs Necto only: jobs write what they like, secrets too.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from data.files import write_text
from engine.buying import LogLine
from engine.runs import Outcome

Stream = Literal["logs", "events"]
LINES_MAX = 1_000
CHARACTERS_MAX = 200_000
"""Of all lines together; the newest stay."""
ASKS_MAX = 50
ASK_EXPIRES_AFTER = timedelta(minutes=5)
KEPT_MAX = 200
KEPT_FOR = timedelta(days=1)

_BYTES_MAX = 2 * 1024 * 1024
_ORDER = r"^[a-z]{3}-[a-z0-9]{1,40}$"


class TooManyLogAsks(ValueError):
    """Too many logs are waited for already: try again when the worker has fetched some."""


class LogAsk(BaseModel):
    """One wish to see what a job wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_id: str = Field(pattern=_ORDER)
    stream: Stream = "logs"
    lines: int = Field(default=200, ge=1, le=LINES_MAX)
    asked_at: AwareDatetime


class Logs(BaseModel):
    """What a job wrote, as it was fetched: hostile text, kept as it came, to be shown inert.

    ``sentence`` says what came of asking; ``is_cut``: older lines were left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_id: str = Field(pattern=_ORDER)
    stream: Stream
    asked_at: AwareDatetime
    answered_at: AwareDatetime
    outcome: Outcome
    sentence: str
    lines: tuple[LogLine, ...] = ()
    is_cut: bool = False


def ask_logs(
    home: Path,
    order_id: str,
    now: AwareDatetime,
    stream: Stream = "logs",
    lines: int = 200,
) -> LogAsk:
    """Ask the worker for the newest lines of a job; asking twice is asking once.

    Raises TooManyLogAsks, ValueError for what is no order or no number of lines.
    """
    wanted = LogAsk(order_id=order_id, stream=stream, lines=lines, asked_at=now)
    path = _folder(home) / f"{order_id}.{stream}.ask"
    waiting = _files(home, ".ask")
    if path not in waiting and len(waiting) >= ASKS_MAX:
        raise TooManyLogAsks(f"{len(waiting)} logs are waited for already: try again in a minute")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(path, wanted.model_dump_json())
    return wanted


def logs_of(home: Path, order_id: str, stream: Stream = "logs") -> Logs | None:
    """Return what was fetched last of a job; None where nothing (readable) was yet."""
    with contextlib.suppress(OSError, ValueError):
        LogAsk.model_validate({"order_id": order_id, "asked_at": "2000-01-01T00:00:00Z"})
        return Logs.model_validate_json(_text(_folder(home) / f"{order_id}.{stream}.json"))
    return None


def is_asked(home: Path, order_id: str, stream: Stream = "logs") -> bool:
    """Whether the worker has not taken the question yet."""
    return _folder(home) / f"{order_id}.{stream}.ask" in _files(home, ".ask")


def take_log_asks(home: Path, now: AwareDatetime) -> Sequence[LogAsk]:
    """Consume what waits, oldest first: each is given to exactly one of many workers."""
    taken = [found for path in _files(home, ".ask")[:ASKS_MAX] if (found := _taken(path))]
    fresh = [one for one in taken if abs(now - one.asked_at) <= ASK_EXPIRES_AFTER]
    return sorted(fresh, key=lambda one: one.asked_at)


def save_logs(home: Path, found: Logs) -> None:
    """Publish what was fetched; the oldest and those over a day old make room."""
    path = _folder(home) / f"{found.order_id}.{found.stream}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(path, found.model_dump_json())
    path.chmod(0o600)
    aged: list[tuple[float, Path]] = []
    for one in _files(home, ".json"):
        with contextlib.suppress(FileNotFoundError):
            aged.append((one.stat().st_mtime, one))
    oldest = found.answered_at.timestamp() - KEPT_FOR.total_seconds()
    for number, (at, one) in enumerate(sorted(aged, reverse=True)):
        if number >= KEPT_MAX or at < oldest:
            one.unlink(missing_ok=True)


def newest(lines: Sequence[LogLine]) -> tuple[tuple[LogLine, ...], bool]:
    """Return the newest lines that may be kept, and whether older ones were left out."""
    kept: list[LogLine] = []
    room = CHARACTERS_MAX
    for line in reversed(lines[-LINES_MAX:]):
        room -= len(line.text) + len(line.source)
        if room < 0:
            break
        kept.append(line)
    return tuple(reversed(kept)), len(kept) < len(lines)


def _taken(path: Path) -> LogAsk | None:
    """Read one question and remove it; None when it is another worker's, or none of ours."""
    found: LogAsk | None = None
    try:
        found = LogAsk.model_validate_json(_text(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = None
    try:
        path.unlink()
    except OSError:
        return None
    return found


def _text(path: Path) -> str:
    with path.open("rb") as content:
        found = content.read(_BYTES_MAX + 1)
    if len(found) > _BYTES_MAX:
        raise ValueError(f"longer than {_BYTES_MAX:,} bytes")
    return found.decode()


def _files(home: Path, suffix: str) -> list[Path]:
    try:
        return sorted(path for path in _folder(home).iterdir() if path.suffix == suffix)
    except OSError:
        return []


def _folder(home: Path) -> Path:
    return home / "worker" / "logs"

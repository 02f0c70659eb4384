"""How the worker and the pages speak before there are records: a heartbeat and request files."""

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.files import write_text

HEARTBEAT_SECONDS = 5
HEARTBEAT_LATE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    at: datetime
    pid: int

    def is_late(self, now: datetime) -> bool:
        """Whether it is too long ago; a beat from the future tells as little as an old one."""
        return abs(now - self.at) > HEARTBEAT_LATE_AFTER


def beat(home: Path, pid: int, now: datetime) -> None:
    """Say that the worker lives."""
    write_text(_heartbeat_file(home), json.dumps({"at": now.isoformat(), "pid": pid}))


def heartbeat(home: Path) -> Heartbeat | None:
    """Return the worker's last sign of life; None when there never was one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(_heartbeat_file(home).read_text(encoding="utf-8"))
        return Heartbeat(datetime.fromisoformat(found["at"]).astimezone(UTC), int(found["pid"]))
    return None


def request_refresh(home: Path, now: datetime) -> None:
    """Ask the worker to read every source now; asking twice is asking once."""
    write_text(_request_file(home), now.isoformat())


def take_refresh_request(home: Path) -> bool:
    """Consume the request; True for exactly one of several workers."""
    try:
        _request_file(home).unlink()
    except FileNotFoundError:
        return False
    return True


def _heartbeat_file(home: Path) -> Path:
    return home / "worker" / "heartbeat.json"


def _request_file(home: Path) -> Path:
    return home / "worker" / "refresh.request"

"""How the worker and the pages speak before there are records.

The worker beats and says how it is connected; pages leave request files that it consumes.
"""

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from data.files import write_text
from data.preferences import Preferences
from data.terms import terms_of
from engine.connections import Connection, KeyState, KeyUse

HEARTBEAT_SECONDS = 5
HEARTBEAT_LATE_AFTER = timedelta(seconds=30)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


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


def request_test(home: Path, name: str, now: datetime) -> None:
    """Ask the worker to read one source now."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no source")
    write_text(_test_file(home, name), now.isoformat())


def take_test_requests(home: Path) -> list[str]:
    """Consume the requests to read single sources; each goes to exactly one of several workers."""
    taken = []
    for path in sorted(_test_file(home, "").parent.glob("test-*.request")):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            taken.append(path.stem.removeprefix("test-"))
    return taken


def publish_connections(home: Path, connections: Sequence[Connection]) -> None:
    """Say which sources the worker can read and whether it has their keys; never a key."""
    rows = [asdict(_Reported.of(connection)) for connection in connections]
    write_text(_connections_file(home), json.dumps(rows, indent=1))


def connections(home: Path, preferences: Preferences) -> list[Connection]:
    """Return how the worker said it is connected, with what is switched now; empty before that."""
    try:
        rows = _REPORTED.validate_json(_connections_file(home).read_bytes())
    except (OSError, ValidationError):
        return []
    off = preferences.switched_off
    return [replace(row.connection(), is_switched_off=row.name in off) for row in rows]


def publish_doubts(home: Path, doubts: Mapping[str, str]) -> None:
    """Say which books are not what their newest checkpoint file says, and how."""
    write_text(_doubts_file(home), json.dumps(dict(doubts), indent=1))


def doubts(home: Path) -> dict[str, str]:
    """Return the books that the worker found not to be what was signed, each in words."""
    try:
        return _DOUBTS.validate_json(_doubts_file(home).read_bytes())
    except (OSError, ValidationError):
        return {}


@dataclass(frozen=True, slots=True)
class _Reported:
    """What of a connection only the worker knows."""

    name: str
    key_use: KeyUse
    key_state: KeyState
    key_note: str
    has_offers: bool

    @classmethod
    def of(cls, found: Connection) -> "_Reported":
        return cls(found.name, found.key_use, found.key_state, found.key_note, found.has_offers)

    def connection(self) -> Connection:
        return Connection(terms=terms_of(self.name), **asdict(self))


_REPORTED = TypeAdapter(list[_Reported])
_DOUBTS = TypeAdapter(dict[str, str])


def _heartbeat_file(home: Path) -> Path:
    return home / "worker" / "heartbeat.json"


def _request_file(home: Path) -> Path:
    return home / "worker" / "refresh.request"


def _test_file(home: Path, name: str) -> Path:
    return home / "worker" / f"test-{name}.request"


def _connections_file(home: Path) -> Path:
    return home / "worker" / "connections.json"


def _doubts_file(home: Path) -> Path:
    return home / "worker" / "doubts.json"

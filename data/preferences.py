"""What people have chosen on the Settings page: kept in one small file under ``NECTO_HOME``.

A damaged file is kept beside itself as ``preferences.damaged``; what this process knew last holds
then, and while the file cannot be read, so that no source comes on again by itself.
"""

import contextlib
import logging
import zoneinfo
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from data.files import write_text

log = logging.getLogger(__name__)

MODELS_MAX = 20
_LOCK_SECONDS = 5
_last: dict[Path, "Preferences"] = {}  # one home a process, a few in tests


class Switched(BaseModel):
    """Who switched a source off, and when."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime


class Preferences(BaseModel):
    """``switched_off`` by source; ``time_zone`` is what reports and days on the screen use.

    ``models_of_interest``: canonical GPU names, shown first.
    """

    model_config = ConfigDict(frozen=True)

    switched_off: dict[str, Switched] = Field(default_factory=dict)
    time_zone: str = "UTC"
    models_of_interest: tuple[str, ...] = Field(default=(), max_length=MODELS_MAX)

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ValueError(f"{name!r} is no time zone: write one like Europe/Paris") from None
        return name

    def switched(self, name: str, *, on: bool, by: str, at: datetime) -> "Preferences":
        """Return the preferences with a source switched; what is off already keeps its first date.

        Switching on forgets who switched it off: the audit trail will keep that.
        """
        off = {n: s for n, s in self.switched_off.items() if n != name}
        if not on:
            off[name] = self.switched_off.get(name) or Switched(by=by, at=at)
        return self.model_copy(update={"switched_off": off})


def load(home: Path) -> Preferences:
    """Return what was chosen, or the defaults."""
    path = _file(home)
    try:
        found = Preferences.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        is_lost = path.with_suffix(".damaged").exists()
        return _last.get(home, Preferences()) if is_lost else Preferences()
    except ValidationError:
        log.warning("%s is damaged: what was known last holds", path)
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".damaged"))
        return _last.get(home, Preferences())
    except OSError:  # that it cannot be read now says nothing about the file
        log.exception("%s cannot be read: what was known last holds", path)
        return _last.get(home, Preferences())
    _last[home] = found
    return found


def change(home: Path, how: Callable[[Preferences], Preferences]) -> Preferences:
    """Change the preferences; two people at once lose nothing.

    Raises ValueError for a choice that cannot be kept, OSError when the disk refuses.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "preferences.lock", timeout=_LOCK_SECONDS):
        changed = Preferences.model_validate(how(load(home)).model_dump())
        write_text(_file(home), changed.model_dump_json(indent=1))
        _last[home] = changed
    return changed


def _file(home: Path) -> Path:
    return home / "preferences.json"

"""``preferences.json``, in which versions before the house book kept what people had chosen.

It is taken over once, with an entry that vouches for its content, and kept under another name.
"""

import contextlib
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.documents import one
from data.preferences import KIND, TAKEN_OVER, Preferences, set_one
from data.records import Records
from data.unit import Transaction
from engine.canonical import Json, digest
from engine.commands import Command
from engine.settings_changes import Mark, source_of
from engine.trail import FileRef

log = logging.getLogger(__name__)

OLD_FILE = "preferences.json"
KEPT_FILE = "preferences.taken-over.json"
DAMAGED_FILE = "preferences.damaged"


def take_over(records: Records, home: Path) -> None:
    """Put what the old file holds into the book, once; a damaged one is kept and said.

    Raises RecordsFault: the file stays and is taken over the next time.
    """
    path = home / OLD_FILE
    try:
        content = path.read_bytes()
    except OSError:
        return  # another process took it over, or it cannot be read now
    found = _parsed(content)
    kept = KEPT_FILE if found else DAMAGED_FILE
    file = FileRef(kept, digest(content), len(content))
    body: Json = {"file": OLD_FILE, "digest": file.digest}
    command = Command.by_system(
        f"{TAKEN_OVER}/{file.digest}", TAKEN_OVER, f"settings/{OLD_FILE}", body
    )
    records.perform(command, lambda unit: _taken(unit, file, found))
    with contextlib.suppress(OSError):  # another process was faster, or the disk refuses
        path.replace(home / kept)


def old_preferences(home: Path) -> Preferences | None:
    """Return what the old file says, as long as it was not taken over."""
    with contextlib.suppress(OSError):
        return _parsed((home / OLD_FILE).read_bytes())
    return None


def _taken(unit: Transaction, file: FileRef, found: Preferences | None) -> object:
    unit.vouch(file)
    if found is None:
        log.warning("%s is damaged: it is kept as %s, and nothing of it holds", OLD_FILE, file.name)
        return {"changes": [], "damaged": True}
    changes = []
    for setting, value in found.values().items():
        if one(unit.connection, KIND, setting):
            continue  # somebody chose anew meanwhile
        source = source_of(setting)
        mark = found.switched_off[source] if source else None
        changes.append(set_one(unit, setting, value, mark))
    unit.was(None)  # the result tells what held before, setting by setting
    return {"changes": changes}


class _Old(BaseModel):
    """The file's form; what it does not know is left out."""

    model_config = ConfigDict(frozen=True)

    switched_off: dict[str, Mark] = Field(default_factory=dict)
    time_zone: str = "UTC"
    models_of_interest: tuple[str, ...] = ()


def _parsed(content: bytes) -> Preferences | None:
    try:
        return Preferences.model_validate(_Old.model_validate_json(content).model_dump())
    except ValidationError:
        return None

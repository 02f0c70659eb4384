"""What people change on the Settings page, each thing by its own name, and how a change is told."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from engine.canonical import Json

TIME_ZONE = "time-zone"
GPUS_OF_INTEREST = "gpus-of-interest"
_SOURCE = "source:"


class Mark(BaseModel):
    """Who changed a thing last, and when."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: AwareDatetime


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One change as the trail tells it: who changed what, from what, to what, when.

    ``setting`` is ``TIME_ZONE``, ``GPUS_OF_INTEREST`` or ``switch_of`` a source.
    """

    setting: str
    by: str
    at: datetime
    before: Json
    after: Json


def switch_of(source: str) -> str:
    """Return the name of the setting that switches a source."""
    return f"{_SOURCE}{source}"


def source_of(setting: str) -> str | None:
    """Return which source a setting switches; None for a setting that is no switch."""
    return setting.removeprefix(_SOURCE) if setting.startswith(_SOURCE) else None


def value_text(value: Json) -> str:
    """Return a setting's value in words: "on", "Europe/Paris", "H200-SXM, L40S"."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)

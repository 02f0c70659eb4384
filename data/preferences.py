"""What people have chosen on the Settings page, kept in the house book.

Each thing that a person changes is a document of the kind "settings" of its own (the time zone, the
GPUs of interest, the switch of each source), so the trail tells every change alone: who, when, what
held before, what holds now. ``data.chosen`` reads them cheaply and also while the book cannot be.
"""

import json
import uuid
import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator
from sqlalchemy import Connection, select

from data.documents import Document, current, one, put
from data.faults import RecordsDamaged
from data.permitted import permitted
from data.records import Records
from data.tables import entries
from data.unit import Transaction
from engine.canonical import Json, plain
from engine.commands import Command
from engine.people import Actor
from engine.settings_changes import (
    GPUS_OF_INTEREST,
    TIME_ZONE,
    Mark,
    SettingChange,
    source_of,
    switch_of,
)

MODELS_MAX = 20
CHANGED, TAKEN_OVER, SWITCHED = "settings.changed", "settings.taken-over", "sources.switched"
KIND = "settings"


class Preferences(BaseModel):
    """``switched_off`` by source; ``time_zone`` is what reports and days on the screen use.

    ``models_of_interest``: canonical GPU names, shown first. ``marks``: who changed a setting last,
    by the setting's name (``engine.settings_changes``).
    """

    model_config = ConfigDict(frozen=True)

    switched_off: dict[str, Mark] = Field(default_factory=dict)
    time_zone: str = "UTC"
    models_of_interest: tuple[str, ...] = Field(default=(), max_length=MODELS_MAX)
    marks: dict[str, Mark] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ValueError(f"{name!r} is no time zone: write one like Europe/Paris") from None
        return name

    def values(self) -> dict[str, Json]:
        """Return every setting that is not as it ships, by its name."""
        off: dict[str, Json] = {switch_of(name): False for name in self.switched_off}
        named = {TIME_ZONE: self.time_zone, GPUS_OF_INTEREST: list(self.models_of_interest)}
        return off | {name: value for name, value in named.items() if value != shipped(name)}


def shipped(setting: str) -> Json:
    """Return a setting's value before anybody changed it: sources are on."""
    usual: dict[str, Json] = {TIME_ZONE: "UTC", GPUS_OF_INTEREST: []}
    return usual.get(setting, True)


def switch(records: Records, actor: Actor, source: str, *, on: bool, key: str = "") -> None:
    """Switch a source on or off; switching what is so already changes nothing, and says nothing.

    ``key``: the click's idempotency key. Raises RecordsFault: nothing was changed; NotPermitted
    for who may change settings, but not what Necto reads.
    """
    permitted(actor, SWITCHED)
    _change(records, actor, {switch_of(source): on}, key)


def keep(
    records: Records,
    actor: Actor,
    *,
    time_zone: str | None = None,
    models_of_interest: Iterable[str] | None = None,
    key: str = "",
) -> None:
    """Keep choices, one entry for each that is another one than before; None leaves it as it is.

    ``key``: the click's idempotency key. Raises ValueError for a choice that cannot be kept,
    RecordsFault: nothing was changed.
    """
    wanted: dict[str, Json] = {}
    if time_zone is not None:
        wanted[TIME_ZONE] = Preferences(time_zone=time_zone).time_zone
    if models_of_interest is not None:
        chosen = Preferences(models_of_interest=tuple(models_of_interest))
        wanted[GPUS_OF_INTEREST] = list(chosen.models_of_interest)
    _change(records, actor, wanted, key)


def read(view: Connection) -> Preferences:
    """Return what holds in one view of the house book."""
    kept = current(view, KIND)
    known = _marks(view, kept)
    values = {one.id: _value(one) for one in kept}
    off = [name for name, value in values.items() if source_of(name) and value is False]
    return Preferences(
        switched_off={str(source_of(name)): known[name] for name in off},
        time_zone=str(values.get(TIME_ZONE, shipped(TIME_ZONE))),
        models_of_interest=_NAMES.validate_python(values.get(GPUS_OF_INTEREST, [])),
        marks=known,
    )


def recent_changes(records: Records, most: int) -> list[SettingChange]:
    """Return the last changes, the newest first."""
    types = [f"necto.{CHANGED}", f"necto.{TAKEN_OVER}"]
    asked = select(entries.c.body, entries.c.actor, entries.c.at).where(entries.c.type.in_(types))
    with records.reading() as view:
        rows = view.execute(asked.order_by(entries.c.leaf_index.desc()).limit(most)).all()
    found = [
        SettingChange(told["setting"], row.actor, _moment(row.at), told["before"], told["after"])
        for row in rows
        for told in json.loads(row.body)["data"]["result"]["changes"]
    ]
    return found[:most]


def set_one(unit: Transaction, setting: str, value: Json, mark: Mark | None = None) -> Json:
    """Write a setting's next version within a command and return the change for its result.

    ``mark``: who had changed it before there was a book.
    """
    before = value_of(unit, setting)
    put(unit, KIND, setting, {"value": value} | ({"since": mark.model_dump()} if mark else {}))
    unit.was(before)
    return plain({"setting": setting, "before": before, "after": value})


def value_of(unit: Transaction, setting: str) -> Json:
    """Return what holds of a setting, as the writer sees it."""
    found = one(unit.connection, KIND, setting)
    return _value(found) if found else shipped(setting)


_NAMES = TypeAdapter(tuple[str, ...])


def _change(records: Records, actor: Actor, wanted: Mapping[str, Json], key: str) -> None:
    """Change what differs: one command for each setting, all in one unit of work."""
    click = key or str(uuid.uuid4())
    with records.transaction() as unit:
        for setting, value in wanted.items():
            if value_of(unit, setting) != value:
                body = {"setting": setting, "value": value}
                command = Command.of(
                    f"{click}/{setting}", CHANGED, actor, f"settings/{setting}", body
                )
                unit.perform(command, partial(_changes, setting=setting, value=value))


def _changes(unit: Transaction, setting: str, value: Json) -> Json:
    return {"changes": [set_one(unit, setting, value)]}


def _marks(view: Connection, kept: Iterable[Document]) -> dict[str, Mark]:
    """Return who wrote each document, by its entry; what was taken over names who it was before."""
    known = {one.id: one for one in kept}
    asked = select(entries.c.leaf_index, entries.c.actor, entries.c.at)
    asked = asked.where(entries.c.leaf_index.in_(one.entry_index for one in known.values()))
    by_entry = {row.leaf_index: Mark(by=row.actor, at=row.at) for row in view.execute(asked)}
    for name, kept_one in known.items():
        if kept_one.entry_index not in by_entry:
            raise RecordsDamaged(
                f"the setting {name} names entry {kept_one.entry_index}, which the book lacks: run "
                "necto audit verify"
            )
    return {
        name: Mark.model_validate(_body(one).get("since") or by_entry[one.entry_index])
        for name, one in known.items()
    }


def _value(kept: Document) -> Json:
    return _body(kept)["value"]


def _body(kept: Document) -> Mapping[str, Json]:
    """Raises RecordsDamaged for a document that was not written here: pages then keep the last."""
    if not isinstance(kept.body, dict) or "value" not in kept.body:
        raise RecordsDamaged(
            f"the setting {kept.id} (entry {kept.entry_index}) is not as Necto writes it: run "
            "necto audit verify"
        )
    return kept.body


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

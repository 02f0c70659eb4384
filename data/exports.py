"""Exports in the house book: entered before their bytes leave, so none leaves unrecorded."""

import uuid

from data.records import Records
from engine.canonical import plain
from engine.commands import Command
from engine.exports import Export, told
from engine.people import Actor

ACTION = "export.made"


def enter_export(
    records: Records, actor: Actor, export: Export, place: str, asked: str, key: str = ""
) -> int:
    """Commit the entry of one export and return its place in the trail.

    ``key``: the click's idempotency key, else a new one. Raises RecordsFault: the export must not
    leave.
    """
    body = told(export, place, asked)
    command = Command.of(
        key or f"export/{uuid.uuid4()}", ACTION, actor, f"export/{place}", plain(body)
    )
    return records.perform(command, lambda _unit: body).entry_index

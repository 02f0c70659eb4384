"""Which drops must lie in the lake by what the trail says, and which of them are lost or changed.

A drop that Necto merged or retired is named in an entry; one that is gone without an entry is lost.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import Connection, select

from data.files import sha256_of
from data.market import Lake
from data.market_trail import COMPACTED, READ, RECOVERED, RETIRED, drop_name
from data.records import Records
from data.tables import entries
from engine.runs import Kind

_TYPES = tuple(f"necto.{action}" for action in (READ, RECOVERED, COMPACTED, RETIRED))
_ROWS = 1_000  # entries held at a time


@dataclass(frozen=True, slots=True)
class Standing:
    """A drop that must be there: its digest, and the entry that vouches for it."""

    digest: str
    entry_index: int


def standing(view: Connection) -> dict[str, Standing]:
    """Return the drops that must be there, by their names in the lake."""
    found: dict[str, Standing] = {}
    asked = select(entries.c.leaf_index, entries.c.body).where(entries.c.type.in_(_TYPES))
    rows = view.execute(asked.order_by(entries.c.leaf_index).execution_options(yield_per=_ROWS))
    for row in rows:
        event = json.loads(row.body)
        for name in _gone(event):
            found.pop(name, None)
        for file in event["data"]["files"]:
            found[file["name"]] = Standing(file["digest"], row.leaf_index)
    return found


def lost(records: Records, lake: Lake) -> dict[str, str]:
    """Return the drops that are gone or changed although no entry says so, each with the reason.

    Reads every drop that must be there. A drop that was merged before there was a house book counts
    as there: the merged file names its digest.
    """
    with records.reading() as view:
        expected = standing(view)
    found = ((name, _fault(lake, name, one)) for name, one in sorted(expected.items()))
    return {name: f"{fault} (entry {expected[name].entry_index})" for name, fault in found if fault}


def _gone(event: Mapping[str, Any]) -> Iterator[str]:
    """The files that an entry says are no longer there."""
    body = event["data"]["input"]["body"]
    if event["type"] == f"necto.{COMPACTED}":
        yield from (drop_name(body["network"], run_id, body["kind"]) for run_id in body["runs"])
    elif event["type"] == f"necto.{RETIRED}":
        yield from body["files"]


def _fault(lake: Lake, name: str, expected: Standing) -> str | None:
    path = lake.root / name
    try:
        found = f"sha256:{sha256_of(path)}"
    except FileNotFoundError:
        return None if _is_merged(lake, name, expected) else "gone, and no entry says why"
    return None if found == expected.digest else f"changed: it is {found} now"


def _is_merged(lake: Lake, name: str, expected: Standing) -> bool:
    """Whether a run's drop lies in its day's merged file, as it was when it was published."""
    kind, network, day, file = name.split("/")
    held = lake.merged_on(
        cast("Kind", kind),
        network.removeprefix("network="),
        date.fromisoformat(day.removeprefix("day=")),
    )
    drop = held.get(file.removesuffix(".parquet"))
    return drop is not None and f"sha256:{drop.sha256}" == expected.digest

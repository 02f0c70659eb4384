"""The trail as a long table: place, time, actor and what is known of them, action, result."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from components.audit_address import Asks, keep_query, open_row
from components.data_table import Column, FacetValue, data_table
from engine.paging import Query, Row, TablePage
from engine.trail import TYPE_PREFIX

KEY = "audit_table"
HEIGHT = 540
_COLUMNS = (
    Column("place", "Place", "number", 96, "Its place in the trail: the first entry stands at 0."),
    Column("time", "Time", "time", 186, is_filterable=False),
    Column("actor", "Actor", width=320, is_faceted=True,
           help="Who did it; unauthenticated: nobody proved who that is; simulated: a persona."),
    Column("action", "Action", width=220, is_faceted=True),
    Column("subject", "Subject", width=320),
    Column("result", "Result", width=130, is_faceted=True,
           tones={"done": "good", "refused": "warn", "failed": "bad", "missing": "bad"}),
)  # fmt: skip
ASKS = Asks(
    sortable=[column.id for column in _COLUMNS],
    filterable=[column.id for column in _COLUMNS if column.is_filterable],
    facets=[column.id for column in _COLUMNS if column.is_faceted],
)


def columns(zone: tzinfo | None) -> tuple[Column, ...]:
    """Return the columns; the time's header names the zone that it is shown in."""
    return tuple(
        replace(column, label=f"Time ({zone})", help="When it was recorded; the slide-over has it "
                "in UTC, to the microsecond.") if column.id == "time" else column
        for column in _COLUMNS
    )  # fmt: skip


def audit_table(
    page: TablePage,
    query: Query,
    facets: Mapping[str, Sequence[tuple[str, int | None]]],
    zone: tzinfo | None,
    revision: str,
) -> None:
    """Draw the entries that answer ``query``; the address keeps what is asked next."""
    data_table(
        replace(page, rows=[_shown(row, zone) for row in page.rows]),
        query,
        key=KEY,
        label="Entries of the audit trail",
        columns=columns(zone),
        facets={
            name: [FacetValue(v, n, _short(v) if name == "action" else None) for v, n in values]
            for name, values in facets.items()
        },
        on_open=open_row,
        on_query=keep_query,
        revision=revision,
        noun="entry" if page.total == 1 else "entries",
        height=HEIGHT,
    )


def _shown(row: Row, zone: tzinfo | None) -> Row:
    told = dict(row.cells)
    if standing := told.pop("actor_is", None):
        told["actor"] = f"{told['actor']} · {standing}"
    return Row(
        row.id,
        told | {"time": _local(told.get("time"), zone), "action": _short(told.get("action"))},
    )


def _local(text: str | None, zone: tzinfo | None) -> str | None:
    """The time to the second; text that is no time is shown as it is kept."""
    try:
        return (
            f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S}" if text else text
        )
    except (ValueError, OverflowError):
        return text


def _short(action: str | None) -> str | None:
    return action.removeprefix(TYPE_PREFIX) if action else action

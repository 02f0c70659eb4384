"""What a person asks of a table too long to send (order, conditions, a window), and the answer.

A query comes from a browser or an address: it is parsed strictly, and everything in it is limited.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

WINDOW_ROWS = 400
WINDOW_ROWS_MAX = 1000
ROWS_MAX = 1_000_000_000
SORTS_MAX = 4
COLUMNS_MAX = 64
NAME_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 200
VALUES_MAX = 50
VALUE_LENGTH_MAX = 300
ID_LENGTH_MAX = 200
QUERY_LENGTH_MAX = 65_536  # of the JSON text, before it is looked at any further

Direction = Literal["asc", "desc"]
_Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
_Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
_Value = Annotated[str, Field(max_length=VALUE_LENGTH_MAX)]
_Values = Annotated[tuple[_Value, ...], Field(min_length=1, max_length=VALUES_MAX)]


class BadQuery(ValueError):
    """What came is no query for this table; the message says which part, fit to be shown."""


class Query(BaseModel):
    """An order, conditions that must all hold, and the window of rows that is looked at.

    ``sort``: columns with directions, the first counts most. ``filters``: text that a column's text
    contains. ``facets``: values of a column, any of them. ``offset`` and ``limit`` in rows.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    sort: Annotated[tuple[tuple[_Name, Direction], ...], Field(max_length=SORTS_MAX)] = ()
    filters: Annotated[Mapping[_Name, _Text], Field(max_length=COLUMNS_MAX)] = Field(
        default_factory=dict
    )
    facets: Annotated[Mapping[_Name, _Values], Field(max_length=COLUMNS_MAX)] = Field(
        default_factory=dict
    )
    offset: Annotated[int, Field(ge=0, le=ROWS_MAX)] = 0
    limit: Annotated[int, Field(ge=1, le=WINDOW_ROWS_MAX)] = WINDOW_ROWS


def parsed_query(
    asked: object,
    *,
    sortable: Collection[str],
    filterable: Collection[str],
    facets: Collection[str] = (),
) -> Query:
    """Return the query that JSON-like values from outside state, if this table can answer it.

    Raises BadQuery for anything else: an unknown column, too much of anything, a wrong type.
    """
    try:
        text = json.dumps(asked)
    except (TypeError, ValueError, RecursionError):
        raise BadQuery("the query is not JSON") from None
    if len(text) > QUERY_LENGTH_MAX:
        raise BadQuery(f"the query is longer than {QUERY_LENGTH_MAX} characters")
    try:
        query = Query.model_validate_json(text)
    except ValidationError as error:
        raise BadQuery(_first_fault(error)) from None
    sorted_by = [name for name, _ in query.sort]
    if len(set(sorted_by)) < len(sorted_by):
        raise BadQuery("a column is sorted by twice")
    for what, names, known in (
        ("sorted", sorted_by, sortable),
        ("filtered", query.filters, filterable),
        ("chosen from", query.facets, facets),
    ):
        if strangers := [name for name in names if name not in known]:
            raise BadQuery(f"this table cannot be {what} by the column {strangers[0]!r}")
    return query


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "query"
    return f"{place[:NAME_LENGTH_MAX]}: {fault['msg'][:TEXT_LENGTH_MAX]}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the id that opens it and its cells as text by column; None is shown as a dash."""

    id: str
    cells: Mapping[str, str | None]

    def __post_init__(self) -> None:
        if not 0 < len(self.id) <= ID_LENGTH_MAX:
            raise ValueError(f"a row's id has 1 to {ID_LENGTH_MAX} characters: {self.id[:20]!r}…")


@dataclass(frozen=True, slots=True)
class TablePage:
    """The window that answers a query: ``rows`` are those from ``offset`` on, of ``matching`` rows.

    ``total`` counts the rows without any condition. ``version`` names the state of the data: rows
    of two versions are never shown beside each other.
    """

    offset: int
    rows: Sequence[Row]
    matching: int
    total: int
    version: str

    def __post_init__(self) -> None:
        if len(self.rows) > WINDOW_ROWS_MAX:
            raise ValueError(f"a window holds at most {WINDOW_ROWS_MAX} rows: {len(self.rows)}")
        if self.offset < 0 or self.offset + len(self.rows) > max(self.matching, self.offset):
            raise ValueError(f"{len(self.rows)} rows from {self.offset} of {self.matching}")

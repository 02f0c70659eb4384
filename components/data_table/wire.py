"""What the table in the browser is sent, and what of its answers is believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.paging import (
    COLUMNS_MAX,
    ID_LENGTH_MAX,
    NAME_LENGTH_MAX,
    SORTS_MAX,
    TEXT_LENGTH_MAX,
    VALUE_LENGTH_MAX,
    VALUES_MAX,
    BadQuery,
    Query,
    TablePage,
    parsed_query,
)

CELL_LENGTH_MAX = 300  # characters on the wire; the exact text is for the slide-over
FACET_VALUES_MAX = 200
WIDTH_MIN, WIDTH_MAX = 60, 1200  # pixels

Kind = Literal["text", "number", "code", "time"]
Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text that can be sorted and filtered unless said otherwise.

    ``kind``: numbers stand right, code (hashes, ids) and time in the monospaced font. ``width`` in
    pixels. ``is_faceted`` gives it a menu of values. ``tones`` marks values by colour and sign.
    """

    id: str
    label: str
    kind: Kind = "text"
    width: int = 160
    help: str | None = None
    is_sortable: bool = True
    is_filterable: bool = True
    is_faceted: bool = False
    is_hidden: bool = False
    tones: Mapping[str, Tone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a column with the number of rows that hold it, shown under ``label``.

    Without a number where counting would take long.
    """

    value: str
    count: int | None
    label: str | None = None


class Layout(BaseModel):
    """How a person has arranged the columns: the hidden ones, their order, widths in pixels.

    Columns that it does not name keep their own place and width.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    hidden: Annotated[
        tuple[Annotated[str, Field(max_length=NAME_LENGTH_MAX)], ...],
        Field(max_length=COLUMNS_MAX),
    ] = ()
    order: Annotated[
        tuple[Annotated[str, Field(max_length=NAME_LENGTH_MAX)], ...],
        Field(max_length=COLUMNS_MAX),
    ] = ()
    widths: Annotated[
        Mapping[
            Annotated[str, Field(max_length=NAME_LENGTH_MAX)],
            Annotated[int, Field(ge=WIDTH_MIN, le=WIDTH_MAX)],
        ],
        Field(max_length=COLUMNS_MAX),
    ] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the table's state asks for; ``refusal`` says why something else was not believed."""

    query: Query | None = None
    refusal: str | None = None


def asked_of(state: object, columns: Sequence[Column], revision: str) -> Asked:
    """Return what the browser's state asks, unless it stems from another revision."""
    report = state.get("query") if isinstance(state, dict) else None
    if report is None:
        return Asked()
    if not isinstance(report, dict) or set(report) != {"revision", "query"}:
        return Asked(refusal="the table's state is not a query")
    if report["revision"] != revision:
        return Asked()
    try:
        query = parsed_query(
            report["query"],
            sortable={column.id for column in columns if column.is_sortable},
            filterable={column.id for column in columns if column.is_filterable},
            facets={column.id for column in columns if column.is_faceted},
        )
    except BadQuery as error:
        return Asked(refusal=str(error))
    return Asked(query)


def layout_of(state: object) -> Layout | None:
    """Return the arrangement that the browser reported; None without one that can be believed."""
    report = state.get("layout") if isinstance(state, dict) else None
    try:
        return Layout.model_validate(_tuples(report))
    except ValidationError:
        return None


def opened_of(state: object) -> str | None:
    """Return the id of the row that was just opened; it names a row only if the page finds one."""
    row_id = state.get("open") if isinstance(state, dict) else None
    return row_id if isinstance(row_id, str) and 0 < len(row_id) <= ID_LENGTH_MAX else None


def _tuples(report: object) -> object:
    """JSON has lists where strict types have tuples."""
    if not isinstance(report, dict):
        return report
    return {key: tuple(v) if isinstance(v, list) else v for key, v in report.items()}


def cut(text: str | None) -> str | None:
    if text is None or len(text) <= CELL_LENGTH_MAX:
        return text
    return text[: CELL_LENGTH_MAX - 1] + "…"


def columns_on_the_wire(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "id": column.id,
            "label": column.label,
            "kind": column.kind,
            "width": column.width,
            "help": column.help,
            "sortable": column.is_sortable,
            "filterable": column.is_filterable,
            "hidden": column.is_hidden,
            "tones": dict(column.tones),
        }
        for column in columns
    ]


def page_on_the_wire(page: TablePage, columns: Sequence[Column]) -> dict[str, Any]:
    """Rows as lists, the id first, then the cells in the columns' order, each cut to size."""
    names = [column.id for column in columns]
    return {
        "offset": page.offset,
        "matching": page.matching,
        "total": page.total,
        "version": page.version,
        "rows": [[row.id, *(cut(row.cells.get(name)) for name in names)] for row in page.rows],
    }


def facets_on_the_wire(facets: Mapping[str, Sequence[FacetValue]]) -> list[dict[str, Any]]:
    """The first values of each facet; a value too long to be asked for is counted as left out."""
    sent = []
    for name, values in facets.items():
        short = [v for v in values if len(v.value) <= VALUE_LENGTH_MAX][:FACET_VALUES_MAX]
        shown = [{"value": v.value, "count": v.count, "label": cut(v.label)} for v in short]
        sent.append({"column": name, "values": shown, "left_out": len(values) - len(short)})
    return sent


LIMITS = {
    "sorts": SORTS_MAX,
    "text": TEXT_LENGTH_MAX,
    "values": VALUES_MAX,
    "width": [WIDTH_MIN, WIDTH_MAX],
}

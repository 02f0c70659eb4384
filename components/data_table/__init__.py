"""A long table in the browser (TanStack Table and Virtual); Python owns its rows.

The browser holds windows of rows and asks for others: ``asked`` says which, the page answers with
a ``TablePage``, ``data_table`` shows it and calls back with what a person did. Source in ``src/``,
built by ``make frontend`` into ``components/static/data_table.js``.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from components.data_table.wire import (
    LIMITS,
    Column,
    FacetValue,
    Layout,
    asked_of,
    columns_on_the_wire,
    facets_on_the_wire,
    layout_of,
    opened_of,
    page_on_the_wire,
)
from engine.paging import Query, TablePage

__all__ = ["Column", "FacetValue", "Layout", "arranged", "asked", "data_table"]

log = logging.getLogger(__name__)

BUNDLE = Path(__file__).resolve().parent.parent / "static" / "data_table.js"
_VERSION = hashlib.sha256(BUNDLE.read_bytes()).hexdigest()[:16]
# Inline script is sent again with every change of the data: these lines fetch the bundle, once.
_SHIM = f"""export default async (component) => {{
  const url = new URL("app/static/data_table.js?v={_VERSION}", document.baseURI).href;
  return (await import(url)).default(component);
}};
"""
_mount = st.components.v2.component("necto_data_table", js=_SHIM)


def asked(key: str, columns: Sequence[Column], *, start: Query, revision: str = "") -> Query:
    """Return what the person asks of the table ``key`` now, or ``start`` before they asked.

    Give another ``revision`` to make the table follow a new ``start`` (a saved view, a link): what
    was asked before it no longer counts. What the browser may not ask is refused and logged.
    """
    found = asked_of(st.session_state.get(key), columns, revision)
    if found.refusal:
        log.warning("the table %s asked what it may not: %s", key, found.refusal)
    return found.query or start


def arranged(key: str) -> Layout | None:
    """Return how the person has arranged the columns of the table ``key``; None: as they came."""
    return layout_of(st.session_state.get(key))


def data_table(
    page: TablePage,
    query: Query,
    *,
    key: str,
    label: str,
    columns: Sequence[Column],
    on_open: Callable[[str], None],
    on_query: Callable[[Query], None] | None = None,
    on_layout: Callable[[Layout], None] | None = None,
    facets: Mapping[str, Sequence[FacetValue]] | None = None,
    layout: Layout | None = None,
    revision: str = "",
    noun: str = "rows",
    empty: str = "There is nothing here yet.",
    height: int = 560,
) -> None:
    """Draw the window of rows that answers ``query``, which ``asked`` returned for this run.

    ``on_open`` is called once with the id of a row that a person opens, ``on_query`` and
    ``on_layout`` when they ask or arrange something new, all before the next run. ``layout`` is
    followed when ``revision`` changes; without it the browser remembers its own per ``key``.
    ``label`` names the table to those who cannot see it, ``noun`` its rows, ``empty`` says what to
    do when there are none at all; ``height`` in pixels, of the rows with their header.
    """
    data = {
        "key": key,
        "label": label,
        "noun": noun,
        "empty": empty,
        "height": height,
        "columns": columns_on_the_wire(columns),
        "facets": facets_on_the_wire(facets or {}),
        "page": page_on_the_wire(page, columns),
        "query": query.model_dump(mode="json"),
        "refusal": asked_of(st.session_state.get(key), columns, revision).refusal,
        "layout": layout.model_dump(mode="json") if layout else None,
        "revision": revision,
        "limits": LIMITS,
    }
    _mount(key=key, data=data, **_callbacks(key, columns, revision, on_open, on_query, on_layout))


def _callbacks(
    key: str,
    columns: Sequence[Column],
    revision: str,
    on_open: Callable[[str], None],
    on_query: Callable[[Query], None] | None,
    on_layout: Callable[[Layout], None] | None,
) -> dict[str, Any]:
    """Return what Streamlit calls, by its names: each looks at the state and believes little."""

    def opened() -> None:
        if row_id := opened_of(st.session_state.get(key)):
            on_open(row_id)

    def queried() -> None:
        found = asked_of(st.session_state.get(key), columns, revision).query
        if on_query and found:
            on_query(found)

    def laid_out() -> None:
        found = layout_of(st.session_state.get(key))
        if on_layout and found:
            on_layout(found)

    return {"on_open_change": opened, "on_query_change": queried, "on_layout_change": laid_out}

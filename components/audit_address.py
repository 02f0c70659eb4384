"""What the Audit page shows, in its address: book, time, order, conditions, the open entry.

A person's own acts are written into the address; a link that is followed is read from it. A
browser may still send an address that was just replaced, so what this session wrote is no news.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import streamlit as st

from components.audit_time import ALL, Times, times_of
from engine.paging import BadQuery, Query, parsed_query

Shown = Literal["house", "sandbox"]
BOOKS: tuple[Shown, ...] = get_args(Shown)
HOUSE: Shown = "house"
BOOK_KEY = "audit_book"
_ENTRY = re.compile(r"[0-9]{1,15}")
_WRITTEN, _REVISION, _OPEN = "audit_written", "audit_revision", "audit_entry"
_ROW = "audit_row"
_WRITTEN_MAX = 30
_COLUMNS = ("place", "actor", "action", "subject", "result")
VIEW_KEYS = frozenset(
    ["book", "time", "from", "to", "sort"]
    + [f"{kind}.{name}" for kind in ("has", "is") for name in _COLUMNS]
)
"""What of the address a saved view keeps: everything but the entry that is open."""
_LIVE = "The live book needs sign-in and network keys, which this version does not have yet."

_Told = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asks:
    """The columns that a table can be sorted, filtered and chosen from by."""

    sortable: Collection[str]
    filterable: Collection[str]
    facets: Collection[str]


@dataclass(slots=True)
class Address:
    """What is asked for; ``faults`` says what of it cannot be shown and was left out.

    ``revision`` changes when a link was followed: what the person had asked before is over.
    """

    revision: str
    book: Shown = HOUSE
    times: Times = field(default_factory=Times)
    query: Query = field(default_factory=Query)
    entry: int | None = None
    faults: list[str] = field(default_factory=list)


def read(asks: Asks) -> Address:
    """Return what the address asks for; nothing in it is believed unchecked."""
    if BOOK_KEY not in st.session_state:  # somebody comes from another page, or anew
        for key in (_WRITTEN, _OPEN):
            st.session_state.pop(key, None)
    told = {name: st.query_params.get_all(name) for name in st.query_params}
    if _is_news(told):
        st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1
        st.session_state[_OPEN] = _first(told, "entry")
    found = Address(revision=str(st.session_state.get(_REVISION)))
    found.book = _book(_first(told, "book"), found.faults)
    days = _first(told, "from"), _first(told, "to")
    found.times = times_of(_first(told, "time"), *days, found.faults)
    found.query = _query(told, asks, found.faults)
    found.entry = _entry(st.session_state.get(_OPEN, ""), found.faults)
    return found


def keep_book(book: str) -> None:
    """Another book: its entries are others, so nothing else of the address holds."""
    st.session_state[_OPEN] = ""
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1
    _write({"book": [book]} if book != HOUSE else {}, ("",))


def keep_times(times: Times) -> None:
    told = {"time": times.preset, "from": times.first, "to": times.last}
    shown = {name: [str(value)] for name, value in told.items() if value and value != ALL}
    _write(shown, ("time", "from", "to"))


def keep_query(query: Query) -> None:
    """Write order and conditions; the window that is looked at stays out of the address."""
    told = {"sort": [f"{name}.{direction}" for name, direction in query.sort]}
    told |= {f"has.{name}": [text] for name, text in query.filters.items()}
    told |= {f"is.{name}": list(values) for name, values in query.facets.items()}
    _write(told, ("sort", "has.", "is."))


def opened() -> int | None:
    """Return the place of the entry that is open now."""
    return _entry(st.session_state.get(_OPEN, ""), [])


def open_entry(index: int | str) -> None:
    st.session_state[_OPEN] = str(index)
    _write({"entry": [str(index)]}, ("entry",))


def open_row(row_id: str) -> None:
    """Open the entry of a row of the table, which draws itself apart from the rest of the page."""
    open_entry(row_id)
    st.session_state[_ROW] = True


def row_was_opened() -> bool:
    """Say, once, that a row was opened since this was asked last."""
    return bool(st.session_state.pop(_ROW, False))


def close_entry() -> None:
    st.session_state[_OPEN] = ""
    _write({}, ("entry",))


def _write(told: _Told, instead_of: tuple[str, ...]) -> None:
    """Put into the address what now holds, instead of the names that begin so."""
    others = {
        name: st.query_params.get_all(name)
        for name in st.query_params
        if not name.startswith(instead_of)
    }
    now = others | {name: list(values) for name, values in told.items() if values}
    if now != {name: st.query_params.get_all(name) for name in st.query_params}:
        st.query_params.from_dict(now)
    _remember(now)


def _is_news(told: _Told) -> bool:
    return _signature(told) not in st.session_state.get(_WRITTEN, []) and _remember(told)


def _remember(told: _Told) -> bool:
    written = st.session_state.setdefault(_WRITTEN, [])
    written.append(_signature(told))
    del written[:-_WRITTEN_MAX]
    return True


def _signature(told: _Told) -> str:
    return repr(sorted((name, list(values)) for name, values in told.items()))


def _first(told: _Told, name: str) -> str:
    return next(iter(told.get(name, ())), "")


def _book(text: str, faults: list[str]) -> Shown:
    for name in BOOKS:
        if text in {"", name}:  # the first is shown unless another is asked for
            return name
    said = _LIVE if text == "live" else f"There is no book {text:.40}."
    faults.append(f"{said} The house book is shown.")
    return HOUSE


def _entry(text: str, faults: list[str]) -> int | None:
    if not text or _ENTRY.fullmatch(text):
        return int(text) if text else None
    faults.append(f"entry={text:.40} is no place in the trail.")
    return None


def _query(told: _Told, asks: Asks, faults: list[str]) -> Query:
    asked = {
        "sort": [list(text.rpartition(".")[::2]) for text in told.get("sort", ())],
        "filters": {n[4:]: _first(told, n) for n in told if n.startswith("has.")},
        "facets": {n[3:]: list(values) for n, values in told.items() if n.startswith("is.")},
    }
    try:
        return parsed_query(
            asked, sortable=asks.sortable, filterable=asks.filterable, facets=asks.facets
        )
    except BadQuery as fault:
        faults.append(f"The address asks what this table cannot answer ({fault}): left out.")
        return Query()

"""A page with one long table, for the tests and the benchmark alone: made rows behind polars.

``?show=two`` draws two tables, ``?show=hostile`` rows that try to act, ``?show=huge`` more rows
than a browser can lay out, ``?show=empty`` none, ``?show=moving`` rows that change at every run.
"""

from dataclasses import replace

import polars as pl
import streamlit as st

from components.data_table import FacetValue, Layout, arranged, asked, data_table
from engine.paging import Query, Row, TablePage
from tests.browser.made_rows import COLUMNS, HOSTILE, HUGE, ROWS, made


@st.cache_resource
def rows(seed: int) -> pl.DataFrame:
    return made(ROWS, seed)


def found(frame: pl.DataFrame, query: Query) -> pl.DataFrame:
    conditions = [
        pl.col(name).cast(pl.String).str.to_lowercase().str.contains(text.lower(), literal=True)
        for name, text in query.filters.items()
    ] + [pl.col(name).is_in(values) for name, values in query.facets.items()]
    kept = frame.filter(*conditions) if conditions else frame
    if not query.sort:
        return kept
    names = [name for name, _ in query.sort]
    descending = [direction == "desc" for _, direction in query.sort]
    return kept.sort(names, descending=descending, maintain_order=True)


def page_of(frame: pl.DataFrame, query: Query) -> TablePage:
    kept = found(frame, query)
    shown = kept.slice(query.offset, query.limit).with_columns(
        pl.col("usd").map_elements(lambda n: f"{n:,.2f}", return_dtype=pl.String),
        pl.col("index").cast(pl.String),
    )
    lines = [Row(row.pop("id"), row) for row in shown.iter_rows(named=True)]
    offset = min(query.offset, kept.height)
    return TablePage(offset, lines, kept.height, frame.height, str(frame.height))


def huge_page(query: Query) -> TablePage:
    ends = min(HUGE, query.offset + query.limit)
    lines = [Row(str(i), {"subject": f"row {i}"}) for i in range(query.offset, ends)]
    return TablePage(query.offset, lines, HUGE, HUGE, "1")


def moving_page(frame: pl.DataFrame, query: Query) -> TablePage:
    """As where looking at rows is itself recorded: no two runs have the same version."""
    return replace(page_of(frame, query), version=str(st.session_state["runs"]))


def hostile_page(query: Query) -> TablePage:
    lines = [
        Row(name, {"actor": name, "subject": text, "action": text, "usd": None})
        for name, text in HOSTILE.items()
    ]
    return TablePage(query.offset, lines[query.offset :], len(lines), len(lines), "1")


@st.cache_resource
def counted(seed: int) -> dict[str, list[FacetValue]]:
    frame = rows(seed)
    return {
        name: [FacetValue(*pair) for pair in frame[name].value_counts(sort=True).iter_rows()]
        for name in ("actor", "action", "result")
    }


def opened(row_id: str) -> None:
    st.session_state["opened"] = [*st.session_state.get("opened", []), row_id]


def view() -> None:
    st.session_state["revision"] = st.session_state.get("revision", 0) + 1
    st.session_state["start"] = Query(sort=(("usd", "desc"),), facets={"result": ("failed",)})
    st.session_state["layout"] = Layout(hidden=("time",), order=("usd",), widths={"usd": 300})


def draw(key: str, label: str, height: int = 560, seed: int = 1) -> None:
    revision = str(st.session_state.get("revision", 0))
    start = st.session_state.get("start", Query())
    query = asked(key, COLUMNS, start=start, revision=revision)
    show = st.query_params.get("show")
    frame = rows(seed)
    page, facets = {
        "huge": lambda: (huge_page(query), {}),
        "hostile": lambda: (
            hostile_page(query),
            {"action": [FacetValue(text, 1) for text in HOSTILE.values()]},
        ),
        "moving": lambda: (moving_page(frame, query), {}),
        "empty": lambda: (page_of(frame.clear(), query), {}),
    }.get(show or "", lambda: (page_of(frame, query), counted(seed)))()
    data_table(
        page, query, key=key, label=label, columns=COLUMNS, facets=facets, noun="entries",
        on_open=opened, revision=revision, height=height, layout=st.session_state.get("layout"),
        empty="Nothing is recorded yet: the first command makes the first entry.",
    )  # fmt: skip


@st.dialog("Entry", position="right")
def entry(row_id: str) -> None:
    st.text(f"This is {row_id}")


st.set_page_config(layout="wide", page_title="Table")
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
before = len(st.session_state.get("shown", []))
st.title("Who did what, and when")
if st.query_params.get("show") == "two":
    draw("first", "First", 240)
    draw("second", "Second", 240, seed=2)
else:
    draw("entries", "Entries")
    layout = arranged("entries")
    st.text(f"hidden: {', '.join(layout.hidden) if layout else 'as built'}")
left, right = st.columns(2)
left.button("Run again")
right.button("Saved view", on_click=view)
st.text(f"runs: {st.session_state['runs']}")
st.text(f"opened: {' '.join(st.session_state.get('opened', []))}")
if st.session_state.get("opened", [])[before:]:
    st.session_state["shown"] = list(st.session_state["opened"])
    entry(st.session_state["opened"][-1])

"""What the long table sends to the browser and what it believes of what comes back."""

import hashlib
import json
import logging
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import components.data_table as table
from components.data_table import Column, FacetValue, Layout, arranged, asked
from components.data_table.wire import (
    CELL_LENGTH_MAX,
    FACET_VALUES_MAX,
    Asked,
    asked_of,
    facets_on_the_wire,
    layout_of,
    opened_of,
    page_on_the_wire,
)
from engine.paging import Query, Row, TablePage

COLUMNS = (
    Column("actor", "Actor", is_faceted=True),
    Column("usd", "USD", kind="number", is_filterable=False),
)
PAGE = TablePage(3, [Row("e1", {"usd": "1.00", "actor": "ann", "other": "x"})], 4, 9, "v1")


def state(**query: Any) -> dict[str, object]:
    return {"query": {"revision": "r", "query": query}}


def test_a_query_is_believed_once_it_is_parsed_and_stems_from_this_revision():
    stated = state(sort=[["usd", "desc"]], facets={"actor": ["ann"]})

    assert asked_of(stated, COLUMNS, "r").query == Query(
        sort=(("usd", "desc"),), facets={"actor": ("ann",)}
    )
    assert asked_of(stated, COLUMNS, "another").query is None
    assert asked_of(None, COLUMNS, "r") == asked_of({}, COLUMNS, "r") == Asked()


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"query": "drop"}, "not a query"),
        ({"query": {"revision": "r"}}, "not a query"),
        (state(filters={"usd": "1"}), "column 'usd'"),
        (state(facets={"usd": ["1"]}), "column 'usd'"),
        (state(limit=10**9), "limit"),
    ],
)
def test_what_the_table_may_not_ask_is_refused_logged_and_answered_with_the_start(
    stated, reason, monkeypatch, caplog
):
    monkeypatch.setattr(st, "session_state", {"t": stated})
    start = Query(sort=(("usd", "asc"),))

    with caplog.at_level(logging.WARNING):
        assert asked("t", COLUMNS, start=start, revision="r") == start
    assert reason in caplog.text


@pytest.mark.parametrize(
    "layout",
    [
        None,
        [],
        {"hidden": "x"},
        {"widths": {"a": 1}},
        {"widths": {"a": 99.5}},
        {"order": [1]},
        {"x": 1},
    ],
)
def test_an_arrangement_that_cannot_be_is_none(layout):
    assert layout_of({"layout": layout}) is None


def test_an_arrangement_is_told_as_it_was_reported_and_asks_nothing(monkeypatch):
    reported = {"hidden": ["a"], "order": ["b", "a"], "widths": {"b": 120}}
    monkeypatch.setattr(st, "session_state", {"t": {"layout": reported}})

    assert asked("t", COLUMNS, start=Query(), revision="r") == Query()
    assert arranged("t") == Layout(hidden=("a",), order=("b", "a"), widths={"b": 120})
    assert arranged("another") is None


@pytest.mark.parametrize("sent", [None, "", 7, ["e1"], "x" * 201])
def test_only_text_that_can_be_an_id_opens(sent):
    assert opened_of({"open": sent}) is None
    assert opened_of("e1") is None
    assert opened_of({"open": "e1"}) == "e1"


def test_rows_travel_as_lists_in_the_columns_order_and_long_text_is_cut():
    long = TablePage(0, [Row("e", {"actor": "é" * 1_000_000, "usd": None})], 1, 1, "1")

    assert page_on_the_wire(PAGE, COLUMNS) == {
        "offset": 3, "matching": 4, "total": 9, "version": "v1", "rows": [["e1", "ann", "1.00"]],
    }  # fmt: skip
    [[_, actor, usd]] = page_on_the_wire(long, COLUMNS)["rows"]
    assert actor == "é" * (CELL_LENGTH_MAX - 1) + "…"
    assert usd is None


def test_a_facet_s_values_that_do_not_fit_are_counted():
    values = [FacetValue("x" * 301, 9), *(FacetValue(str(i), i) for i in range(250))]
    [sent] = facets_on_the_wire({"actor": values})

    assert len(sent["values"]) == FACET_VALUES_MAX
    assert sent["left_out"] == 51
    assert sent["values"][0] == {"value": "0", "count": 0, "label": None}


def page_script() -> None:
    import streamlit as st  # noqa: PLC0415 - AppTest runs the source of this function

    from components.data_table import Layout, data_table  # noqa: PLC0415
    from engine.paging import Query  # noqa: PLC0415
    from tests.components.test_data_table import COLUMNS, PAGE  # noqa: PLC0415

    told = st.session_state.setdefault("told", [])
    data_table(
        PAGE, Query(), key="t", label="Entries", columns=COLUMNS, revision="r",
        on_open=told.append, on_query=told.append, on_layout=told.append,
        layout=Layout(hidden=("usd",)), facets={"actor": []},
    )  # fmt: skip


def sent_by(app: AppTest) -> dict[str, Any]:
    proto = app.main[0].proto
    data: dict[str, Any] = json.loads(proto.json)
    return data


def test_a_page_draws_the_table_with_a_shim_that_fetches_this_very_bundle():
    app = AppTest.from_function(page_script, default_timeout=30).run()
    assert not app.exception
    sent, proto = sent_by(app), app.main[0].proto
    version = hashlib.sha256(table.BUNDLE.read_bytes()).hexdigest()[:16]

    assert f"app/static/data_table.js?v={version}" in proto.js_content
    assert len(proto.js_content) < 500
    assert sent["query"] == {"sort": [], "filters": {}, "facets": {}, "offset": 0, "limit": 400}
    assert sent["layout"] == {"hidden": ["usd"], "order": [], "widths": {}}
    assert sent["refusal"] is None
    assert [column["id"] for column in sent["columns"]] == ["actor", "usd"]


def test_callbacks_tell_what_was_done_and_nothing_that_is_not_believed(monkeypatch):
    told: list[object] = []
    held = {"t": state(limit=5) | {"open": "e1", "layout": {"hidden": ["usd"]}}}
    monkeypatch.setattr(st, "session_state", held)
    calls = table._callbacks("t", COLUMNS, "r", told.append, told.append, told.append)
    for call in calls.values():
        call()
    held["t"] = {"open": 7, "query": "?", "layout": "?"}
    for call in calls.values():
        call()
    for call in table._callbacks("t", COLUMNS, "r", told.append, None, None).values():
        call()

    assert told == ["e1", Query(limit=5), Layout(hidden=("usd",))]


def test_a_refusal_is_shown_by_the_table():
    app = AppTest.from_function(page_script, default_timeout=30)
    app.session_state["t"] = state(limit=0)

    assert "limit" in sent_by(app.run())["refusal"]

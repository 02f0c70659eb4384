"""The Export button: what leaves is made at the click and handed out, which may refuse it."""

import time

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components import refused_exports, session
from components.export import export_menu, handed_out
from data.faults import RecordsFull
from engine.exports import Export
from tests.components.test_settings import ROOT, words
from tests.data.test_preferences import told
from tests.support import OBSERVED, house_of

ROWS = pl.DataFrame({"name": ["=one", "two"]})


@pytest.fixture
def state(monkeypatch):
    """What a visitor's session and address hold, outside a script run."""
    kept: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", kept)
    monkeypatch.setattr(st, "query_params", _Address(network=["Akash", "Lium"], count=["1"]))
    return kept


class _Address(dict):
    def get_all(self, name):
        return self[name]


def offered(monkeypatch, hand_out) -> dict[str, object]:
    """What the menu's buttons give when they are clicked, by their labels."""
    buttons: dict[str, object] = {}
    draw = lambda label, data, *_, **__: buttons.__setitem__(label, data)  # noqa: E731
    monkeypatch.setattr(st, "download_button", draw)
    export_menu(st.container(), ROWS, ROWS.columns, "rows", OBSERVED, hand_out)
    return buttons


def test_each_format_is_handed_out_with_its_bytes_when_it_is_asked_for(monkeypatch):
    left: list[Export] = []

    def hand_out(export):
        left.append(export)
        return export.content

    buttons = offered(monkeypatch, hand_out)
    assert left == []
    given = {label: made() for label, made in buttons.items()}

    assert [(one.file, one.format, one.rows) for one in left] == [
        ("rows.csv", "csv", 2), ("rows.xlsx", "xlsx", 2), ("rows.parquet", "parquet", 2),
    ]  # fmt: skip
    assert given["CSV"] == b"name\r\n'=one\r\ntwo\r\n"
    assert [one.content for one in left] == list(given.values())


def test_an_export_from_a_page_is_entered_with_the_address_before_it_leaves(home, state):
    hand_out = session.exporter("market")
    assert handed_out(lambda: "x\r\n", "rows.csv", 0, hand_out)() == b"x\r\n"
    (entry,) = told(house_of(home))
    result = entry["data"]["result"]

    assert (result["place"], result["asked"]) == ("market", "network=Akash&network=Lium&count=1")
    assert entry["data"]["actor"]["id"].startswith("local:")


def test_an_export_that_cannot_be_entered_does_not_leave_and_is_told(home, state, monkeypatch):
    def refuses(*_arguments):
        raise RecordsFull("the disk of the records is full")

    hand_out = session.exporter("market")
    with monkeypatch.context() as broken:
        broken.setattr("components.session.enter_export", refuses)
        with pytest.raises(RecordsFull):
            hand_out(Export("rows.csv", 1, b"x"))
    (refused,) = state[refused_exports._KEY]

    assert refused.words == "rows.csv was not exported: the disk of the records is full"
    assert told(house_of(home)) == []
    hand_out(Export("rows.csv", 1, b"x"))
    assert state[refused_exports._KEY] == []


@pytest.mark.parametrize(("seconds", "is_told"), [(0.0, True), (61.0, False)])
def test_why_an_export_did_not_leave_is_shown_for_a_minute(home, seconds, is_told):
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60)
    at = time.monotonic() - seconds
    visitor.session_state[refused_exports._KEY] = [
        refused_exports.Refused("rows.csv was not exported", at)
    ]
    visitor.run()

    assert ("rows.csv was not exported" in words(visitor)) == is_told

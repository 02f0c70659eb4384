"""Rows as text for a terminal."""

import json

from hypothesis import given
from hypothesis import strategies as st

from engine.terminal import CELL_CHARACTERS_MAX, json_text, line_text, table_text

ROWS = [{"network": "akash", "offers": 38, "more": 1}, {"network": "io.net", "offers": None}]


def test_columns_are_aligned_and_unknown_is_empty():
    assert table_text(ROWS, ("network", "offers")) == (
        "network  offers\nakash    38\nio.net\n"
    )  # fmt: skip


def test_no_rows_are_said():
    assert table_text([], ("network", "offers")) == "network  offers\nnothing found\n"


def test_a_cell_is_one_line_and_not_too_long():
    said = table_text([{"message": "two\nlines \t" + "x" * 100}], ("message",)).splitlines()

    assert len(said) == 2
    assert said[1].startswith("two lines xxx")
    assert len(said[1]) == CELL_CHARACTERS_MAX


def test_json_is_read_back_and_keeps_other_alphabets():
    text = json_text([{"card": "Vertrag Ålder", "rows": None}])

    assert json.loads(text) == [{"card": "Vertrag Ålder", "rows": None}]
    assert "Ålder" in text
    assert text.endswith("\n")


@given(st.text())
def test_no_text_steers_a_terminal(text):
    assert line_text(text).isprintable()
    written = json_text({"a": text})
    assert json.loads(written) == {"a": text}
    assert not set("\x1b\x9b\u202e\u2066\u200f") & set(written)
    assert "\x1b" not in table_text([{"a": text}], ["a"])


def test_what_is_not_printable_is_shown_as_its_code():
    assert line_text("a\x1b[2Kb\n\u202ec") == "a\\x1b[2Kb \\u202ec"


def test_a_column_that_is_wanted_whole_is_not_cut():
    said = table_text([{"a": "x" * 100, "b": "y" * 100}], ("a", "b"), whole=["a"])
    assert ("x" * 100 in said, "y" * 45 in said) == (True, False)

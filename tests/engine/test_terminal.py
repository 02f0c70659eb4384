"""Rows as text for a terminal."""

import json

from engine.terminal import CELL_CHARACTERS_MAX, json_text, table_text

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


def test_a_column_that_is_wanted_whole_is_not_cut():
    said = table_text([{"a": "x" * 100, "b": "y" * 100}], ("a", "b"), whole=["a"])
    assert ("x" * 100 in said, "y" * 45 in said) == (True, False)

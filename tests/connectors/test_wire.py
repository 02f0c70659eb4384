"""The border: what becomes a row, what a reject, and what is refused as a whole."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from connectors.base import Answer, Reject, Unreadable
from connectors.wire import ROW_CHARACTERS_MAX, json_of, page_of, rows_of, text_of

URL = "https://prices.example/v1/gpus?page=2&note=private"


class Page(BaseModel):
    rows: list[int]


def of(body: bytes) -> Any:
    return json_of(Answer(URL, body))


def row_of(value: object) -> Any:
    """The value as a source sends it in a row."""
    return of(json.dumps(value).encode())


@pytest.mark.parametrize("text", ["0.1", "98.320000000000001", "4262.041502000000000000", "1e-7"])
def test_a_number_is_exactly_what_was_written(text):
    found = of(f'{{"price": {text}}}'.encode())["price"]
    assert isinstance(found, Decimal)
    assert str(found) == str(Decimal(text))


@pytest.mark.parametrize(
    ("body", "instead"),
    [
        (b"<html>", "a web page"),
        (b"  <!doctype html>", "a web page"),
        (b"", "0 bytes"),
        (b"{", "1 bytes"),
        (b'{"a": 1} trailing', "17 bytes"),
        (b"\xff\xfe\xfa", "3 bytes"),
        (b'{"a": "\xc3\x28"}', "11 bytes"),
        (b"\x1f\x8b\x08\x00", "4 bytes"),
    ],
)
def test_what_is_not_json_is_named_without_the_question(body, instead):
    with pytest.raises(Unreadable) as caught:
        of(body)
    expected = f"https://prices.example/v1/gpus did not answer with JSON but {instead}"
    assert str(caught.value) == expected


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_bottomless_nesting_is_unreadable(body):
    with pytest.raises(Unreadable, match="did not answer with JSON"):
        of(body)


@pytest.mark.parametrize(
    "number", ["9" * 5000, "1e999999999999999999999", "-1e-9999999999999999999"]
)
def test_a_number_that_no_computer_holds_is_unreadable(number):
    with pytest.raises(Unreadable, match="did not answer with JSON"):
        of(f'[{{"price": {number}}}, {{"price": 2.5}}]'.encode())


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_left_to_the_row(word):
    found = of(f"[{word}, 2.5]".encode())
    assert not found[0].is_finite()
    assert found[1] == Decimal("2.5")


def test_a_byte_order_mark_is_no_part_of_json():
    assert of(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{}", "rows: Field required"),
        (b'{"rows": {}}', "rows: Input should be a valid list"),
        (b'{"rows": [1, "x"]}', "rows.1: Input should be a valid integer"),
        (b"[]", "Input should be a valid dictionary"),
        (b"null", "Input should be a valid dictionary"),
    ],
)
def test_a_page_of_another_form_names_its_first_fault(body, fault):
    with pytest.raises(Unreadable) as caught:
        page_of(Answer(URL, body), Page)
    assert f"https://prices.example/v1/gpus is not in the documented form: {fault}" in str(
        caught.value
    )
    assert "private" not in str(caught.value)


def test_a_page_in_the_documented_form_is_read():
    assert page_of(Answer(URL, b'{"rows": [1, 2], "new": true}'), Page).rows == [1, 2]


def _read(row: Any) -> Iterator[int]:
    yield Page.model_validate(row).rows[0]
    for number in row["rows"]:
        if number == 0:
            raise ZeroDivisionError("nothing to divide by")
        if number < 0:
            raise ValueError(f"{number} is below zero")
    yield sum(row["rows"])


def test_a_row_is_read_whole_or_refused_whole():
    rejects: list[Reject] = []
    rows = [{"rows": [1, 2]}, {"rows": [5, -1]}, {"rows": [7, 0]}, {"rows": ["x"]}, {"rows": [4]}]
    assert list(rows_of(rows, _read, rejects)) == [1, 3, 4, 4]
    assert [(r.code, r.reason) for r in rejects[:2]] == [
        ("impossible", "-1 is below zero"),
        ("impossible", "nothing to divide by"),
    ]
    assert rejects[2].code == "unreadable"
    assert rejects[2].reason.startswith("rows.0: Input should be a valid integer")
    assert [json.loads(r.row) for r in rejects] == rows[1:4]


def test_a_row_is_kept_as_received_in_its_order():
    row = of('{"b": "Zürich", "a": [1, null, true], "price": 98.320}'.encode())
    text = text_of(row)
    assert json.loads(text) == {"b": "Zürich", "a": [1, None, True], "price": 98.32}
    assert text.index('"b": "Zürich"') < text.index('"a"') < text.index('"price": 98.320')


@pytest.mark.parametrize("number", ["0.1", "4262.041502000000000000", "1E-7", "-0.0"])
def test_a_number_in_a_row_is_kept_as_written(number):
    assert text_of(of(f'{{"price": {number}}}'.encode())) == f'{{\n "price": {number}\n}}'


def test_a_long_row_is_cut_and_says_so():
    fits = "x" * (ROW_CHARACTERS_MAX - 2)
    assert text_of(fits) == f'"{fits}"'
    cut = text_of(fits + "x")
    assert cut == f'"{fits}x … (cut)'
    assert len(text_of("x" * 1_000_000)) < ROW_CHARACTERS_MAX + 10


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\0", "🂡", "\u2028"])
def test_the_text_of_a_row_can_always_be_stored(text):
    shown = text_of(row_of({"name": text, text: 1}))
    assert shown.encode("utf-8")


@pytest.mark.parametrize("depth", [100, 400, 900, 5000])
def test_a_row_that_can_be_read_has_a_text(depth):
    try:
        row = of(b"[" * depth + b"]" * depth)
    except Unreadable:
        assert depth > 800
    else:
        assert text_of(row).startswith("[")

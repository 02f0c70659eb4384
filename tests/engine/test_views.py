"""Saved views: kept exactly, opened as nothing but the filters that a page knows."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.views import (
    NAME_MAX,
    QUERY_MAX,
    BadView,
    SavedView,
    parameters_of,
    query_of,
    saved_view,
)

KEYS = {"gpu", "price", "free"}
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


def view(**changes):
    fields = {"page": "market", "name": "Mine", "query": "gpu=B200", "owner": "ann"}
    return saved_view(**(fields | {"is_shared": False} | changes))


def test_a_name_is_one_line_without_blanks_around_it():
    assert view(name="  my\n view ").name == "my view"
    assert view(name="Straße").called == view(name="STRASSE").called


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "  "}, "name: "),
        ({"name": "x" * (NAME_MAX + 1)}, "name: "),
        ({"name": "a\u202eb"}, "name: write a name of printable characters"),
        ({"query": "x" * (QUERY_MAX + 1)}, "query: "),
        ({"page": "../etc"}, "page: "),
    ],
)
def test_a_view_that_cannot_be_kept_is_refused_with_the_part(changes, fault):
    with pytest.raises(BadView) as refused:
        view(**changes)
    assert str(refused.value).startswith(fault)


def test_a_view_comes_back_from_the_records_as_it_was():
    assert SavedView.model_validate(view(is_shared=True).body) == view(is_shared=True)


def test_what_a_page_keeps_of_its_address_comes_back():
    shown = [("gpu", "B200"), ("gpu", "A100 & more"), ("price", "1.5"), ("offer", "akash:1")]
    query = query_of(shown, KEYS)

    assert parameters_of(query, KEYS) == {"gpu": ["B200", "A100 & more"], "price": ["1.5"]}


@pytest.mark.parametrize(
    "query",
    [
        "", "&&&", "=", "gpu", "gpu=", "offer=akash%3A1", "gpu=%00", "gpu=%E2%80%AE", "gpu=a%0Ab",
        "gpu=" + "x" * 301, "&".join(f"gpu={n}" for n in range(300)), "%FF%FE=x",
    ],
)  # fmt: skip
def test_a_broken_or_hostile_query_sets_nothing(query):
    assert parameters_of(query, KEYS) == {}


@given(TEXT)
def test_no_text_makes_opening_fail_or_sets_what_the_page_does_not_know(query):
    found = parameters_of(query, KEYS)

    assert set(found) <= KEYS
    assert all(value.isprintable() for values in found.values() for value in values)


@given(st.lists(st.tuples(st.sampled_from(["gpu", "price", "x"]), TEXT), max_size=8))
def test_a_query_holds_what_was_shown_of_the_known_keys_and_no_more(pairs):
    kept = parse_qsl(query_of(pairs, KEYS), keep_blank_values=True)

    assert kept == [(key, value) for key, value in pairs if key in KEYS]

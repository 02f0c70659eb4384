"""A sealed field opens with its own key only, and only as it was sealed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import Secret, canonical
from engine.sealed import Sealed, Unreadable, revealed, sealed

KEY, OTHER = Secret(b"k" * 32), Secret(b"o" * 32)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def box(text="jo@example.com"):
    return sealed("jo", text, KEY, b"n" * 12, b"s" * 16)


@given(TEXT)
def test_what_was_sealed_is_revealed_exactly(text):
    assert revealed(box(text), KEY) == text


@pytest.mark.parametrize(
    "changed",
    [
        {"person": "ann"},
        {"commitment": "sha256:" + "0" * 64},
        {"box": "AAAA"},
        {"box": "not base64!"},
    ],
)
def test_a_changed_field_is_unreadable(changed):
    with pytest.raises(Unreadable):
        revealed(replace(box(), **changed), KEY)


def test_another_key_opens_nothing():
    with pytest.raises(Unreadable):
        revealed(box(), OTHER)


def test_a_sealed_field_is_told_from_other_values():
    field = box()
    assert Sealed.read(field.json()) == field
    assert b"jo@example.com" not in canonical(field.json())
    for other in (None, "x", {}, {"sealed": 1}, {"sealed": {"person": "jo"}},
                  {"sealed": {"person": 1, "commitment": "", "box": ""}}):  # fmt: skip
        assert Sealed.read(other) is None


def test_keys_and_nonces_have_their_length():
    with pytest.raises(ValueError, match="32 bytes"):
        sealed("jo", "x", Secret(b"short"), b"n" * 12, b"s" * 16)

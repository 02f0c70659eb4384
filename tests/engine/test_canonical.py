"""One value, one text: what is signed and compared can be written in one way only."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical import DEPTH_MAX, INT_MAX, Secret, canonical, digest, plain

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


class Side(StrEnum):
    DEBIT = "debit"


class Scale(Enum):
    CENT = Decimal("0.01")


@settings(deadline=None)
@given(values)
def test_the_text_reads_back_as_the_value_and_is_written_the_same_again(value):
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


@settings(deadline=None)
@given(values)
def test_every_text_is_the_one_of_the_standard(value):
    assert canonical(value) == rfc8785.dumps(value)
    assert canonical(plain({"inner": value})) == rfc8785.dumps({"inner": value})


@settings(deadline=None)
@given(st.dictionaries(st.text("a\ud7ff\ue000\uffff\U00010000", max_size=2), st.none(), max_size=9))
def test_names_are_sorted_by_utf_16_as_the_standard_asks(members):
    assert canonical(members) == rfc8785.dumps(members)


@settings(deadline=None)
@given(st.dictionaries(text, st.integers(0, 9), max_size=6), st.randoms())
def test_the_order_in_which_members_were_given_does_not_show(members, random):
    shuffled = list(members.items())
    random.shuffle(shuffled)
    assert canonical(dict(shuffled)) == canonical(members)


def test_the_example_of_the_standard_comes_out_as_printed_there():
    names = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Dalet", "1": "One"}
    names |= {"\U0001f600": "Smile", "\u0080": "Control", "\u00f6": "O"}
    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(names))) == order
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (0.5, "the value: 0.5 is a float"),
        ({"result": {"legs": [{"amount": 0.1}]}}, r"result.legs\[0\].amount: 0.1 is a float"),
        ({"a": [1, float("nan")]}, r"a\[1\]: nan is a float"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "at: .* is a datetime"),
        ({"key": Secret("k")}, r"key: Secret\(hidden\) is a Secret, which JSON does not have"),
        ({1: "one"}, "the value: the name 1 of a member is not text"),
        ({"a": {None: 1}}, "a: the name None of a member is not text"),
        (b"bytes", "is a bytes"),
    ],
)
def test_what_json_has_not_is_refused_and_its_place_named(value, place):
    with pytest.raises(TypeError, match=place):
        canonical(value)


@pytest.mark.parametrize("number", [INT_MAX + 1, -INT_MAX - 1, 10**400])
def test_a_whole_number_that_a_float_would_change_is_refused(number):
    assert canonical([INT_MAX, -INT_MAX]) == f"[{INT_MAX},{-INT_MAX}]".encode()
    with pytest.raises(ValueError, match=r"a\[0\]: a whole number beyond"):
        canonical({"a": [number]})


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["\ud800x"]])
def test_half_a_surrogate_pair_is_refused(value):
    with pytest.raises(ValueError, match="half a surrogate pair is no text"):
        canonical(value)


@pytest.mark.parametrize("write", [canonical, plain])
def test_nesting_is_bounded(write):
    nested: list[object] = []
    for _ in range(DEPTH_MAX - 1):
        nested = [nested]
    assert write(nested)
    with pytest.raises(ValueError, match=f"more than {DEPTH_MAX} lists or objects"):
        write([[nested]])
    nested.append(nested)
    with pytest.raises(ValueError, match="more than"):
        write(nested)


def test_numbers_and_moments_become_text_in_utc():
    cet = timezone(timedelta(hours=1))
    value = {
        "price": Decimal("1.50"),
        "tiny": Decimal("1E-18"),
        "when": datetime(2026, 11, 24, 20, 0, tzinfo=cet),
        "first": datetime(1, 1, 1, tzinfo=UTC),
        "day": date(2026, 11, 24),
        "side": Side.DEBIT,
        "scale": Scale.CENT,
        "many": (1, True, None, "x"),
        "inner": MappingProxyType({"a": [Decimal(3)]}),
    }
    assert plain(value) == {
        "price": "1.50",
        "tiny": "0.000000000000000001",
        "when": "2026-11-24T19:00:00.000000Z",
        "first": "0001-01-01T00:00:00.000000Z",
        "day": "2026-11-24",
        "side": "debit",
        "scale": "0.01",
        "many": [1, True, None, "x"],
        "inner": {"a": ["3"]},
    }


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        datetime(2026, 1, 1),  # noqa: DTZ001 - it is what is refused
        b"x",
        bytearray(b"x"),
        {1, 2},
        object(),
        Secret("s"),
        {2: "two"},
    ],
)
def test_what_has_no_single_text_is_not_made_plain(value):
    with pytest.raises(TypeError, match=r"a\[1\]"):
        plain({"a": [0, value]})


def test_a_decimal_that_is_no_amount_is_not_made_plain():
    with pytest.raises(ValueError, match="is not a finite number"):
        plain(Decimal("NaN"))


@settings(deadline=None)
@given(values)
def test_what_is_plain_already_stays_as_it_is(value):
    assert plain(value) == value


def test_a_digest_names_its_algorithm():
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(b"abc") == f"sha256:{known}"


def test_a_secret_is_used_and_never_shown():
    secret = Secret("hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>9}", repr([secret])]
    assert secret.reveal() == "hunter2"
    assert not any("hunter2" in one for one in shown)
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, list])
def test_a_secret_leaves_by_no_other_way(leak):
    with pytest.raises(TypeError):
        leak(Secret("hunter2"))


def test_a_secret_inside_a_record_keeps_the_record_from_being_dumped():
    @dataclass(frozen=True)
    class Key:
        value: Secret[bytes]

    with pytest.raises(TypeError, match="a secret is not copied"):
        asdict(Key(Secret(b"k")))

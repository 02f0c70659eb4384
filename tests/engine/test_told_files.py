"""Reading YAML and JSON: exact, bounded, with lines, and whatever the bytes are."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.told_events import Unreadable
from engine.told_faults import FAULTS_MAX, BadFile, Fault, in_order, path_text, shown
from engine.told_files import BYTES_MAX, CHARACTERS_MAX, DEPTH_MAX, VALUES_MAX, decoded, told
from engine.told_yaml import yaml_events

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


def said(text: str, name: str = "a.yaml") -> str:
    with pytest.raises(BadFile) as refused:
        told(text, name)
    return str(refused.value)


def ended(act) -> Exception | None:
    """How reading ended: any other error than ours passes through."""
    try:
        act()
    except (BadFile, Unreadable) as fault:
        return fault
    return None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"),
        ("true", True), ("FALSE", False), ("~", None), ("", None), ("null", None),
        ("012", 12), ("0o17", 15), ("0x1F", 31), ("-7", -7), ("1_000", "1_000"), ("0b1", "0b1"),
        ("2.50", Decimal("2.50")), (".5", Decimal("0.5")), ("1e3", Decimal(1000)),
        ("0.123456789012345678", Decimal("0.123456789012345678")),
        ("12:30:45", "12:30:45"), ("2026-11-24", "2026-11-24"), ("'8'", "8"), ('"true"', "true"),
    ],
)  # fmt: skip
def test_a_word_means_what_yaml_1_2_says_and_nothing_of_1_1(written, value):
    (read,) = told(f"- {written}\n", "a.yaml").value

    assert read == value
    assert type(read) is type(value)


def test_every_value_has_its_line_also_where_an_alias_repeats_it():
    read = told("# c\na: &x\n  b: [1,\n   2]\nc: *x\n", "a.yaml")

    assert read.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert (read.line(("a",)), read.line(("a", "b", 1)), read.line(("c",))) == (2, 4, 5)
    assert read.line(("c", "b", 0)) == 3
    assert read.line(("a", "z")) == 2
    assert (read.at(("a", "b", 1)), read.at(("a", "b", 9)), read.at(("z", 1))) == (2, None, None)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_name_that_stands_twice_is_told_wherever_it_does(name):
    text = '{"a": 1,\n "b": [{"c": 1,\n "c": {"d": 2}}],\n "a": 2}'
    first, second = told(text, name).faults

    assert (first.line, first.path) == (3, "b[0].c")
    assert (second.line, second.path) == (4, "a")
    assert "line 1 has it too" in second.message


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document"),
        ("%YAML 1.1\n---\na: NO\n", "line 2: only YAML 1.2 is read"),
        ("a: 1\nb: [1,\n", "line 3: "),
        ("a:\n\t- b\n", "line 2: "),
        ("a: b: c\n", "check the indentation"),
        ("a: 1\nb: \x01\n", "line 2: a character that text does not have"),
        ('a: "\\UFFFFFFFF"\n', "is no character"),
        ("c: *y\n", "'*y' repeats what is not marked above it"),
        ("a: &x [*x]\n", "repeats what it stands in"),
        ("? [a]\n: 1\n", "cannot be a name"),
        ("a: &x 1\n*x : 1\n", "cannot be a name"),
        ("!x a: 1\n", "the tag '!x' is not read"),
        (BOMB, "unfold to too much"),
        ("a: &x 1\nb: [" + "*x," * 101 + "]", "more than 100 aliases"),
        ("[" * (DEPTH_MAX + 1), f"more than {DEPTH_MAX} levels"),
        ("- " * 30_000, f"more than {DEPTH_MAX} levels"),
        ("- x\n" * VALUES_MAX, f"more than {VALUES_MAX} values"),
        ("x" * (CHARACTERS_MAX + 1), f"more than {CHARACTERS_MAX} characters"),
    ],
)
def test_what_cannot_be_read_or_is_too_much_is_said_with_its_line(text, fault):
    assert fault in said(text)


def test_depth_grows_by_aliases_too():
    levels = "".join(f"l{n}: &l{n} {{a: {f'*l{n - 1}' if n else 1}}}\n" for n in range(30))
    assert "unfold to too much" in said(levels)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty"),
        ('{"a": 1,}', "a name in double quotes"),
        ("{a: 1}", "a name in double quotes"),
        ('{"a" 1}', "a colon"),
        ('{"a": 01}', "a value"),
        ('{"a": NaN}', "a value"),
        ('{"a": 1', "a comma or }"),
        ("[1\n,2\n", "line 3: JSON needs a comma or ]"),
        ('{"a": "x\ny"}', "cannot stand here"),
        ('{"a": "\\q"}', "escapes"),
        ('["a"] "b"', "nothing more"),
        ("[" * 50_000, "levels"),
        ('{"a": ', "not the end of the file"),
    ],
)
def test_a_json_file_is_json(text, fault):
    assert fault in said(text, "a.json")


def test_what_looks_like_json_and_is_not_is_yaml():
    assert told("{a: 1, b: [2,],}", "a.yaml").value == {"a": 1, "b": [2]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: .inf", ".inf is not a finite number"),
        ("a: .NaN", "not a finite number"),
        ("a: 1e999999999", "too many digits"),
        ("a: " + "9" * 5000, "too many digits"),
        ("a: !!python/object:os.system x", "is not read"),
        ("a: !x {b: 1}", "the tag '!x' is not read"),
        ("a: !x [1]", "the tag '!x' is not read"),
        ('a: "\\ud83d"', "halves of characters"),
        ('{"a": "\\ud83d"}', "no character"),
        ('{"a": 1e400}', "too many digits"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_the_rest_is_read(text, fault):
    read = told(text, "a.yaml")

    assert fault in read.faults[0].message
    assert (read.faults[0].path, read.faults[0].line) == ("a", 1)
    assert read.lost == {("a",)}


words = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(values)
@example({"": {"\u2028": ["\x7f", "😀", "\\", '"']}})
def test_json_reads_back_as_it_was_written(value):
    for text in (json.dumps(value), json.dumps(value, indent="\t", ensure_ascii=False)):
        assert told(text, "a.json").value == value


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**9)))
def test_numbers_are_exact(number):
    text = format(number, "f")[:60]
    assert told(f"a: {text}", "a.yaml").value == {"a": Decimal(text)}
    assert told(f'{{"a": {text}}}', "a.json").value == {"a": Decimal(text)}


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="{}[]:,-?&*!|>'\"%@`#~ \n\ta1.", max_size=60))
def test_no_text_does_more_than_be_refused(text):
    for name in ("a.yaml", "a.json"):
        assert isinstance(ended(lambda name=name: told(text, name)), BadFile | None)
    assert isinstance(ended(lambda: list(yaml_events(text))), Unreadable | None)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_are_utf_8_text_or_refused_with_the_line(content):
    fault = ended(lambda: decoded(content, "a"))
    if fault is None:
        assert decoded(content, "a").encode() == content.removeprefix(b"\xef\xbb\xbf")
    else:
        assert "UTF-8" in str(fault)


def test_a_file_that_is_too_long_is_not_decoded():
    with pytest.raises(BadFile, match="more than"):
        decoded(b"x" * (BYTES_MAX + 1), "a")


@pytest.mark.parametrize(
    "text", [BOMB, "[" * 99_000, "a: " + "{" * 99_000, "? x\n" * 9_000, "a: |\n" + " x\n" * 33_000]
)
def test_hostile_text_costs_no_more_than_seconds(text):
    start = time.process_time()
    ended(lambda: told(text, "a.yaml"))
    assert time.process_time() - start < 10


def test_faults_are_in_order_once_and_not_without_end():
    many = [Fault(line, "", "x") for line in range(FAULTS_MAX + 5, 0, -1)] * 2
    ordered = in_order(many)

    assert [fault.line for fault in ordered[:2]] == [1, 2]
    assert len(ordered) == FAULTS_MAX + 1
    assert "5 more faults" in ordered[-1].message
    assert str(Fault(None, "", "all of it")) == "all of it"
    assert str(Fault(3, "a", "odd", is_warning=True)) == "warning: line 3, a: odd"


def test_what_a_file_says_cannot_move_a_terminal():
    assert "\x1b" not in shown("\x1b[2J") + path_text(("a", 0, "\x1b[2J"))
    assert len(shown("x" * 1000)) <= 41

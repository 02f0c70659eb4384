"""Whatever somebody types is kept exactly, or refused with words; on both engines alike."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.documents import one, put
from data.records import Records
from data.verify import Report, check_entries, check_tree
from engine.canonical import canonical
from engine.commands import Command
from engine.people import local_actor

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
HOSTILE = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;",
    "NUL": "before\x00after",
    "control": "".join(map(chr, range(32))) + "\x7f\x80\x9f\x1b[31m",
    "right to left": "\u202eevil\u202c \u200f\u061c \u2067x\u2069 \u05d0",
    "formula": "=cmd|'/C calc'!A0",
    "a megabyte": "€" * 350_000,
    "joined": "e\u0301 vs \u00e9, \ufeff, \u2028, \ufffd, \uffff, \U0001f469\u200d\U0001f4bb",
    "SQL": "'; DROP TABLE entries; -- %s :name ? \\ $1 $$",
    "blank": "",
    "JSON": '{"a": [1, "\\u0000"]}',
}


@pytest.fixture
def book(records_url):
    records = Records.open(records_url, "house", HERE)
    yield records
    records.close()


def kept(book, key, said):
    """Write a text everywhere where a person's text may stand, and return what was read back."""
    ann, asked_with = local_actor("ann"), {"said": said, "names": {said: 1}}

    def act(unit):
        put(unit, "note", key, {"said": said})
        unit.was({"said": said})
        return {"said": said}

    outcome = book.perform(Command.of(key, "note.kept", ann, "settings/note", asked_with), act)
    with book.reading() as view:
        asked = "SELECT body FROM entries ORDER BY leaf_index DESC LIMIT 1"
        data = json.loads(view.exec_driver_sql(asked).scalar())["data"]
        document = one(view, "note", key)
    told = (outcome.result, document.body, data["input"]["body"], data["previous"], data["result"])
    return {*(each["said"] for each in told), *data["input"]["body"]["names"]}


def problems(book):
    report = Report()
    with book.reading() as view:
        check_tree(view, report)
        check_entries(view, HERE, "house", report)
    return report.problems


def test_hostile_text_is_kept_exactly(book):
    for name, said in HOSTILE.items():
        assert kept(book, name, said) == {said}, name
    assert problems(book) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text())
def test_any_text_is_kept_exactly(book, said):
    key = f"k-{len(said)}-{hash(said)}"
    assert kept(book, key, said) == {said}


@pytest.mark.parametrize("said", ["half \ud800", "\udfff"])
def test_half_a_surrogate_pair_is_refused_with_words(book, said):
    with pytest.raises(ValueError, match="half a surrogate pair is no text"):
        kept(book, "k1", said)
    with pytest.raises(ValueError, match="printable characters"):
        Command.of(said, "settings.changed", local_actor("ann"), "x", {})
    assert problems(book) == []


@pytest.mark.parametrize("place", ["kind", "id"])
def test_a_column_takes_no_nul_and_no_half_pair_on_either_engine(book, place):
    for said, words in (("a\0b", "NUL character"), ("a\ud800", "half a surrogate pair")):
        asked = Command.of("k1", "settings.changed", local_actor("ann"), "x", {})
        name = {"kind": "note", "id": "n1"} | {place: said}
        with pytest.raises(ValueError, match=words):
            book.perform(asked, lambda unit, n=name: put(unit, n["kind"], n["id"], {}))
    assert problems(book) == []


def test_an_actor_whose_name_has_a_nul_is_refused(book):
    actor = local_actor("a\0b")
    asked = Command.of("k1", "settings.changed", actor, "x", {})
    with pytest.raises(ValueError, match=r"entries\.actor: text with a NUL"):
        book.perform(asked, lambda _: None)


@pytest.mark.parametrize("name", [n for n in HOSTILE if n not in ("NUL", "a megabyte")])
def test_a_hostile_name_of_a_document_is_found_again(book, name):
    said = HOSTILE[name].replace("\0", "")
    asked = Command.of("k1", "settings.changed", local_actor("ann"), "x", {})
    book.perform(asked, lambda unit: put(unit, "note", said, {}) and None)
    with book.reading() as view:
        assert one(view, "note", said).id == said
    assert problems(book) == []


def test_a_body_is_stored_as_its_canonical_bytes(book):
    said = HOSTILE["NUL"]
    kept(book, "k1", said)
    with book.reading() as view:
        body = view.exec_driver_sql("SELECT body FROM documents").scalar()
    assert body.encode() == canonical({"said": said})

"""An entry of the trail: one envelope, one text, every fact row vouched for."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical import canonical, digest
from engine.commands import Command
from engine.people import Actor
from engine.trail import (
    ENTRY_BYTES_MAX,
    ActorTold,
    BadEntry,
    Effect,
    Entry,
    FileRef,
    effect_key,
    entry_bytes,
    parse,
    row_digest,
    source_of,
)

RECORDED = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
SIMULATED = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
PERSONA = Actor("persona:bea", frozenset({"buyer"}), authenticated=False, kind="persona",
                simulated=True)  # fmt: skip
SOME, OTHER = digest(b"some"), digest(b"other")
ENTRY = Entry(
    index=7,
    command=Command("key-1", "order.approved", PERSONA, "order/17", {"limit": "12.50"}, "policy 3",
                    SIMULATED),
    time=RECORDED,
    result={"order": "17"},
    outcome="done",
    previous={"state": "asked"},
    effects=(Effect("postings", "9", SOME), Effect("documents", "b/1", OTHER)),
    files=(FileRef("offer.pdf", SOME, 12),),
)  # fmt: skip
LEAF = entry_bytes(ENTRY, "i-1", "sandbox")


def changed(**members):
    """The leaf with members of the envelope, or of its data, set to something else."""
    event = json.loads(LEAF)
    for name, value in members.items():
        (event if name in event else event["data"])[name] = value
    return json.dumps(event, separators=(",", ":"), sort_keys=True).encode()


def test_an_entry_is_a_cloud_event_with_everything_an_auditor_asks_for():
    assert json.loads(LEAF) == {
        "specversion": "1.0",
        "id": "7",
        "source": "urn:necto:i-1:sandbox",
        "type": "necto.order.approved",
        "time": "2026-11-24T19:00:00.000000Z",
        "subject": "order/17",
        "datacontenttype": "application/json",
        "dataschema": "urn:necto:schema:entry:1",
        "data": {
            "actor": {
                "id": "persona:bea",
                "kind": "persona",
                "authenticated": False,
                "simulated": True,
            },
            "input": {"digest": digest(b'{"limit":"12.50"}'), "body": {"limit": "12.50"}},
            "policy": "policy 3",
            "previous": {"state": "asked"},
            "result": {"order": "17"},
            "outcome": "done",
            "request": "key-1",
            "at": "2026-08-01T09:30:00.000000Z",
            "effects": [
                {"table": "documents", "key": "b/1", "digest": OTHER},
                {"table": "postings", "key": "9", "digest": SOME},
            ],
            "files": [{"name": "offer.pdf", "digest": SOME, "size": 12}],
        },
    }


def test_an_entry_reads_back_as_it_was_written():
    event = parse(LEAF)
    assert canonical(event.model_dump()) == LEAF
    assert event.data.actor.id == "persona:bea"
    assert event.data.at != event.time


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.integers(0, 99), unique=True, max_size=5),
)
def test_hostile_text_is_kept_exactly_and_effects_are_sorted(text, keys):
    effects = [Effect("t", str(key), digest(text.encode())) for key in keys]
    entry = replace(ENTRY, result={"note": text, text: None}, previous=text, effects=effects)
    event = parse(entry_bytes(entry, "i-1", "live"))
    assert event.data.result == {"note": text, text: None}
    assert [effect.key for effect in event.data.effects] == sorted(map(str, keys))


parts = st.lists(st.text(st.sampled_from("a/%2F5"), max_size=5), min_size=1, max_size=3)


@given(parts, parts)
def test_two_facts_have_one_key_only_if_they_are_one(one, other):
    assert (effect_key(one) == effect_key(other)) == (one == other)


def test_a_key_is_its_values_as_they_are_unless_they_hold_a_slash():
    assert effect_key(["settings", "zone", 3]) == "settings/zone/3"
    assert effect_key(["a/b", "100%"]) == "a%2Fb/100%25"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"specversion": "0.3"}, "specversion: Input should be '1.0'"),
        ({"dataschema": "urn:other"}, "dataschema"),
        ({"id": "07"}, "id: String should match"),
        ({"source": "urn:other:i:house"}, "source: String should match"),
        ({"type": "other.thing"}, "type: String should match"),
        ({"time": "2026-11-24T19:00:00Z"}, "time: Value error, not a moment in UTC"),
        ({"time": "2026-11-24T20:00:00.000000+01:00"}, "time: Value error, not a moment"),
        ({"time": "2026-11-24T19:00:00.000000"}, "time: Value error, not a moment"),
        ({"time": "2026-13-24T19:00:00.000000Z"}, "time: .*month must be in"),
        ({"at": "yesterday"}, "data.at: .*Invalid isoformat"),
        ({"outcome": "maybe"}, "data.outcome"),
        ({"request": 5}, "data.request: Input should be a valid string"),
        ({"input": {"digest": "md5:00", "body": None}}, "data.input.digest"),
        ({"files": [{"name": "x", "digest": SOME, "size": -1}]}, "data.files.0.size"),
        ({"effects": [{"table": "t", "key": "1", "digest": SOME}] * 2}, "each once"),
        ({"data": {}}, "data.actor: Field required"),
        ({"result": 0.5}, "data.result: 0.5 is a float"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_with_the_reason(members, reason):
    with pytest.raises(BadEntry, match=reason):
        parse(changed(**members))


@pytest.mark.parametrize(
    "leaf",
    [
        LEAF + b"\n",
        b" " + LEAF,
        LEAF.replace(b'"specversion":"1.0"', b'"specversion":"1.0","specversion":"1.0"'),
        LEAF.replace(b"order/17", b"order\\/17"),
    ],
)
def test_only_one_text_stands_for_an_entry(leaf):
    with pytest.raises(BadEntry, match="not in its canonical form"):
        parse(leaf)


@pytest.mark.parametrize("leaf", [b"", b"nothing", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_bytes_that_are_no_entry_are_refused_in_words(leaf):
    with pytest.raises(BadEntry) as refusal:
        parse(leaf)
    assert 0 < len(str(refusal.value)) < 300


def test_effects_out_of_order_are_refused():
    effects = json.loads(LEAF)["data"]["effects"]
    with pytest.raises(BadEntry, match="not sorted by table and key"):
        parse(changed(effects=effects[::-1]))


def test_what_is_too_large_for_an_entry_belongs_in_a_file():
    with pytest.raises(BadEntry, match="keep what is large as a file"):
        entry_bytes(replace(ENTRY, result="x" * ENTRY_BYTES_MAX), "i-1", "live")


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a+b", "a/b", "-a", "ä", "x" * 101])
def test_a_name_that_would_blur_a_source_is_refused(name):
    assert source_of("0a1b-2c", "sandbox.2") == "urn:necto:0a1b-2c:sandbox.2"
    for names in ((name, "house"), ("i-1", name)):
        with pytest.raises(ValueError, match="does not name an installation or a book"):
            source_of(*names)


def test_a_row_has_one_digest_whatever_database_gives_it():
    row = {"id": 1, "name": "ü", "hash": b"\x00\xff", "note": None}
    expected = '{"row":{"hash":"00ff","id":"1","name":"ü","note":null},"table":"legs"}'
    assert row_digest("legs", row) == digest(expected.encode())
    assert row_digest("legs", dict(reversed(row.items()))) == digest(expected.encode())
    assert row_digest("holds", row) != row_digest("legs", row)


def test_a_whole_number_beyond_a_float_is_still_exact_in_a_row():
    assert row_digest("legs", {"amount": 2**62}) != row_digest("legs", {"amount": 2**62 + 1})


@pytest.mark.parametrize("value", [0.5, True, datetime(2026, 1, 1, tzinfo=UTC), [1]])
def test_a_row_holds_text_whole_numbers_and_bytes_only(value):
    with pytest.raises(TypeError, match="a fact keeps text, whole numbers and bytes, not"):
        row_digest("legs", {"amount": value})


@pytest.mark.parametrize(
    ("kind", "authenticated", "simulated", "expected"),
    [
        ("person", True, False, ""),
        ("person", False, False, "unauthenticated"),
        ("persona", False, True, "persona, simulated"),
        ("job", True, False, "job"),
    ],
)
def test_an_actor_who_proved_nothing_is_marked(kind, authenticated, simulated, expected):
    told = ActorTold(id="x", kind=kind, authenticated=authenticated, simulated=simulated)
    assert told.standing == expected


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(PLAIN, PLAIN, PLAIN, HOSTILE, HOSTILE)
def test_whatever_an_entry_holds_its_bytes_are_canonical(body, result, previous, text, key):
    command = replace(ENTRY.command, body=body, policy=text)
    written = entry_bytes(
        replace(
            ENTRY,
            command=command,
            result=result,
            previous=previous,
            effects=(Effect("documents", key, SOME),),
            files=(FileRef(text, SOME, 3),),
        ),
        "i-1",
        "sandbox",
    )
    told = json.loads(written)
    assert canonical(told) == written
    assert told["data"]["input"]["body"] == body
    assert (told["data"]["result"], told["data"]["previous"]) == (result, previous)


def test_half_a_surrogate_pair_in_a_key_of_a_fact_is_refused():
    with pytest.raises(ValueError, match="surrogate"):
        entry_bytes(replace(ENTRY, effects=(Effect("documents", "\ud800", SOME),)), "i-1", "house")

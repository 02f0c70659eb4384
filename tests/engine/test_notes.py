"""Signed notes: what a known key signed is believed, and nothing else."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical import Secret
from engine.notes import (
    COSIGNATURE,
    NOTE_MAX,
    BadNote,
    Checkpoint,
    Signer,
    Verifier,
    added,
    body,
    cosigned,
    opened,
    origin_of,
    rotated,
    rotation,
    sign,
    verified,
)

ORIGIN = origin_of("0a1b", "house")
POINT = Checkpoint(ORIGIN, 7, hashlib.sha256(b"root").digest())


def signer(name: str = ORIGIN, seed: int = 1) -> Signer:
    return Signer(name, Secret(bytes([seed]) * 32))


LOG, WITNESS = signer(), signer("witness.example/w1", 9)
NOTE = sign(body(POINT), LOG)

# The examples of other implementations: their text, their keys.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONnc"
    "AlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


@pytest.mark.parametrize(("key", "note"), [(GO_KEY, GO_NOTE), (C2SP_KEY, C2SP_NOTE)])
def test_notes_of_others_are_read_and_a_changed_one_is_not(key, note):
    verifier = Verifier.read(key)
    assert verifier.text == key
    assert verified(note, [verifier]).is_signed_by(verifier)
    with pytest.raises(BadNote, match="does not fit the note's text"):
        verified(note.replace("is", "was", 1), [verifier])


def test_a_checkpoint_is_three_lines_an_empty_one_and_a_signature():
    root = base64.b64encode(POINT.root).decode()
    lines = NOTE.split("\n")
    assert lines[:4] == ["necto/0a1b/house", "7", root, ""]
    assert lines[4].startswith("— necto/0a1b/house ")
    assert lines[5:] == [""]
    raw = base64.b64decode(lines[4].rpartition(" ")[2])
    key = LOG.verifier.public_key
    assert raw[:4] == hashlib.sha256(b"necto/0a1b/house\n\x01" + key).digest()[:4]
    assert len(raw) == 4 + 64


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_opened_with_the_key_as_it_is_given_to_others(size, root):
    point = Checkpoint(ORIGIN, size, root)
    assert opened(sign(body(point), LOG), [Verifier.read(LOG.verifier.text)]) == point


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_note_with_any_character_changed_is_not_opened(data):
    place = data.draw(st.integers(0, len(NOTE) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != NOTE[place]))
    for forged in (
        NOTE[:place] + other + NOTE[place + 1 :],
        NOTE[:place] + NOTE[place + 1 :],
        NOTE[:place],
    ):
        with pytest.raises(BadNote):
            opened(forged, [LOG.verifier])


def test_a_note_of_another_key_is_not_believed():
    with pytest.raises(BadNote, match="not signed by a key that we know"):
        opened(NOTE, [signer(seed=2).verifier])
    with pytest.raises(BadNote, match="not signed by a key that we know"):
        opened(NOTE, [])


def test_signatures_of_unknown_keys_are_passed_over():
    both = added(NOTE, sign(body(POINT), signer("other", 5)).rpartition("\n\n")[2])
    assert opened(both, [LOG.verifier]) == POINT
    assert len(verified(both, [LOG.verifier]).signatures) == 1


def test_a_known_key_that_signed_something_else_spoils_the_note():
    stranger = signer("other", 5)
    line = sign(body(Checkpoint(ORIGIN, 8, POINT.root)), stranger).rpartition("\n\n")[2]
    both = added(NOTE, line)
    with pytest.raises(BadNote, match="the signature of other does not fit"):
        opened(both, [LOG.verifier, stranger.verifier])


def test_another_log_cannot_speak_for_this_one():
    other = signer("necto/0a1b/live", 3)
    with pytest.raises(BadNote, match=f"checkpoint of {ORIGIN} is not signed by its own key"):
        opened(sign(body(POINT), other), [other.verifier, LOG.verifier])


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n7\n",
        f"7\n{ORIGIN}\n{base64.b64encode(POINT.root).decode()}\n",
        f"{ORIGIN}\n07\n{base64.b64encode(POINT.root).decode()}\n",
        f"{ORIGIN}\n-7\n{base64.b64encode(POINT.root).decode()}\n",
        f"{ORIGIN}\n{2**63}\n{base64.b64encode(POINT.root).decode()}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(POINT.root[:31]).decode()}\n",
        f"{ORIGIN}\n7\nnot base64\n",
        f"{ORIGIN}\n7\n{base64.b64encode(POINT.root).decode()}\nextension\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote, match=r"not a checkpoint|root is not 32 bytes|not base64"):
        opened(sign(text, LOG), [LOG.verifier])


LINE = NOTE.rpartition("\n\n")[2]


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n\n", "\n"),  # no empty line
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        body(POINT),
        body(POINT) + "\n",
        "\n" + LINE,
        "\n\n" + LINE,
        LINE + "\n" + body(POINT),  # signatures first
        NOTE.replace(ORIGIN + " ", "two words "),
        NOTE.replace(ORIGIN + " ", "a+b "),
        body(POINT) + f"\n— {ORIGIN} AAAA\n",
        body(POINT) + f"\n— {ORIGIN} AAAAAA=\n",
        NOTE[:-2] + "\n",  # base64 cut
        NOTE + LINE * 100,
        "x" * NOTE_MAX + NOTE,
        "\ud800" + NOTE,
        "\x00" + NOTE,
        "",
    ],
)
def test_what_is_not_written_as_a_note_is_refused(note):
    with pytest.raises(BadNote):
        opened(note, [LOG.verifier])
    with pytest.raises(BadNote):
        added(note, LINE)


def test_a_text_may_have_empty_lines_and_the_last_one_parts_it_from_the_signatures():
    text = "a\n\nb\n"
    line = sign("a\n", LOG).rpartition("\n\n")[2]
    with pytest.raises(BadNote, match="does not fit"):
        verified(f"{text}\n{line}", [LOG.verifier])
    signature = base64.b64encode(LOG.verifier.id + LOG.signature(text.encode())).decode()
    assert verified(f"{text}\n— {ORIGIN} {signature}\n", [LOG.verifier]).text == text


def test_base64_that_could_be_written_otherwise_is_refused():
    assert NOTE.endswith("=\n")
    spare = "BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/A"
    order = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = NOTE[-3] if NOTE[-3] != "=" else NOTE[-4]
    forged = NOTE.replace(last + "=", spare[order.index(last)] + "=")
    with pytest.raises(BadNote, match="not written in the one way"):
        opened(forged, [LOG.verifier])


@pytest.mark.parametrize("text", ["", "a", "a\n\nb\n", "\na\n", "a\x00\n", "a\r\n", "\ud800\n"])
def test_no_text_is_signed_that_could_be_read_in_two_ways(text):
    with pytest.raises(BadNote, match="a note's text is lines"):
        sign(text, LOG)


@pytest.mark.parametrize(
    "point",
    [
        Checkpoint("", 1, POINT.root),
        Checkpoint("two words", 1, POINT.root),
        Checkpoint("two\nlines", 1, POINT.root),
        Checkpoint(ORIGIN, -1, POINT.root),
        Checkpoint(ORIGIN, 2**63, POINT.root),
        Checkpoint(ORIGIN, 1, b"short"),
    ],
)
def test_no_checkpoint_is_written_that_could_not_be_read(point):
    with pytest.raises(BadNote):
        body(point)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+12345678",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "Peter"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY + "\n",
        " " + GO_KEY,
        "a b" + GO_KEY,
        GO_KEY[:-4],
        "n+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "n+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
        "n+00000000+====",
    ],
)
def test_a_key_that_is_not_written_as_one_is_refused(text):
    with pytest.raises(BadNote):
        Verifier.read(text)


def test_a_witness_says_when_it_saw_the_checkpoint():
    note = cosigned(NOTE, WITNESS, 1_795_000_000)
    key = Verifier.read(WITNESS.witness.text)
    found = verified(note, [LOG.verifier, key])
    assert key.kind == COSIGNATURE
    assert [signature.at for signature in found.signatures] == [None, 1_795_000_000]
    assert opened(note, [LOG.verifier, key]) == POINT
    raw = base64.b64decode(note.splitlines()[-1].rpartition(" ")[2])
    message = f"cosignature/v1\ntime 1795000000\n{body(POINT)}".encode()
    assert raw == key.id + (1_795_000_000).to_bytes(8) + WITNESS.signature(message)


def test_a_witness_alone_does_not_make_a_checkpoint():
    bare = body(POINT) + "\n" + cosigned(NOTE, WITNESS, 5).splitlines(keepends=True)[-1]
    with pytest.raises(BadNote, match="is not signed by its own key"):
        opened(bare, [LOG.verifier, WITNESS.witness])
    same = signer(ORIGIN, 9)  # nor does a witness that took the log's name
    bare = body(POINT) + "\n" + cosigned(NOTE, same, 5).splitlines(keepends=True)[-1]
    with pytest.raises(BadNote, match="is not signed by its own key"):
        opened(bare, [same.witness])


def test_a_witness_that_gave_another_time_is_not_believed():
    line = cosigned(NOTE, WITNESS, 5).splitlines()[-1]
    raw = bytearray(base64.b64decode(line.rpartition(" ")[2]))
    raw[11] ^= 1
    forged = added(NOTE, f"— {WITNESS.name} {base64.b64encode(raw).decode()}\n")
    with pytest.raises(BadNote, match="the signature of witness"):
        verified(forged, [LOG.verifier, WITNESS.witness])
    short = added(NOTE, f"— {WITNESS.name} {base64.b64encode(raw[:9]).decode()}\n")
    with pytest.raises(BadNote, match="the signature of witness"):
        verified(short, [LOG.verifier, WITNESS.witness])


def test_the_same_signature_is_added_once():
    once = cosigned(NOTE, WITNESS, 5)
    assert cosigned(once, WITNESS, 5) == once
    assert added(NOTE, LINE) == NOTE
    assert cosigned(once, WITNESS, 6).count("— ") == 3


def test_an_old_key_names_the_one_that_follows_it():
    new = signer(seed=2)
    note = rotation(LOG, new)
    assert rotated(note, LOG.verifier) == new.verifier
    assert note.splitlines()[:4] == [
        "necto/key-rotation", ORIGIN, LOG.verifier.text, new.verifier.text
    ]  # fmt: skip
    assert opened(sign(body(POINT), new), [LOG.verifier, rotated(note, LOG.verifier)]) == POINT


def test_nobody_else_names_a_successor():
    new, thief = signer(seed=2), signer(seed=3)
    text = f"necto/key-rotation\n{ORIGIN}\n{LOG.verifier.text}\n{thief.verifier.text}\n"
    for note in (
        sign(text, thief),
        sign(text, LOG),  # a key that nobody is shown to hold
        rotation(new, thief),
        sign(text.replace("necto/key-rotation", "something else"), LOG),
        sign(text.replace(thief.verifier.text, "no key"), LOG),
        NOTE,
    ):
        with pytest.raises(BadNote):
            rotated(note, LOG.verifier)


def test_a_key_hands_over_to_another_key_of_its_own_name():
    for new in (LOG, signer("necto/0a1b/live", 2)):
        with pytest.raises(BadNote, match="followed by another key of the same name"):
            rotation(LOG, new)
    other = signer("necto/0a1b/live", 2)
    text = f"necto/key-rotation\n{ORIGIN}\n{LOG.verifier.text}\n{other.verifier.text}\n"
    both = added(sign(text, LOG), sign(text, other).rpartition("\n\n")[2])
    with pytest.raises(BadNote, match="of the same name"):
        rotated(both, LOG.verifier)


def test_a_private_key_is_never_shown():
    assert "hidden" in repr(LOG)
    assert (b"\x01" * 32).hex() not in repr(LOG) + str(LOG.verifier)

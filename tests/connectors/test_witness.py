"""Cosignatures from a witness that checks every proof, and what its refusals mean."""

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.http import HttpClient
from connectors.notify.base import PersonNeeded, TryLater
from connectors.witness import cosigned
from tests.connectors.asked import BRISK, Asked, said
from tests.connectors.witness_server import ORIGIN, Log, Witness, is_consistent, root
from tests.loopback import answered

URL = "https://witness.example/w/"
LEAVES = [b"%d" % n for n in range(40)]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def log(size, **how):
    return Log(LEAVES[:size], **how)


def asking(answer, ours, *, old=0, proof=None):
    with HttpClient(BRISK, transport=httpx.MockTransport(answer)) as http:
        return cosigned(http, URL, ours.note(), proof or ours.proof, old=old)


def refusal(answer, ours=None, error=PersonNeeded, **how):
    with pytest.raises(error) as caught:
        asking(answer, ours or log(5), **how)
    return str(caught.value)


def conflict(text, media_type="text/x.tlog.size"):
    return httpx.Response(409, headers={"content-type": media_type}, content=text)


def test_the_witness_of_these_tests_checks_proofs():
    for new in range(1, 18):
        for old in range(1, new + 1):
            hashes = log(new).proof(old)
            sizes = (old, root(LEAVES[:old]), new, root(LEAVES[:new]))
            assert is_consistent(*sizes, hashes)
            assert not is_consistent(*sizes, [*hashes, bytes(32)])
            assert not is_consistent(old, bytes(32), *sizes[2:], hashes)
            assert not is_consistent(*sizes, [bytes(32), *hashes[1:]])


def test_a_witness_signs_one_checkpoint_after_another():
    witness, old = Witness(), 0
    with answered(witness.answer) as url, HttpClient(BRISK) as http:
        for size in (1, 5, 5, 6, 8, 13, 40):
            ours = log(size)
            lines = cosigned(http, f"{url}/w", ours.note(), ours.proof, old=old)
            assert lines == witness.cosignature(ours.note().partition("\n\n")[0] + "\n")
            old = size
    assert witness.asked == [0, 1, 5, 5, 6, 8, 13]
    assert (witness.size, witness.root) == (40, root(LEAVES))


@pytest.mark.parametrize(("theirs", "thought"), [(7, 0), (7, 3), (7, 9), (13, 0), (0, 5)])
def test_a_witness_that_is_elsewhere_is_asked_once_more_from_there(theirs, thought):
    witness = Witness(theirs, root(LEAVES[:theirs]) if theirs else b"")
    assert asking(witness.answer, log(13), old=thought).startswith("— witness.example/w1 ")
    assert witness.asked == [thought, theirs]


def test_a_witness_that_has_seen_more_than_we_have_is_an_alarm():
    witness = Witness(13, root(LEAVES[:13]))
    words = refusal(witness.answer, log(5))
    assert "has signed 13 entries of this log, which has 5 here" in words
    assert witness.asked == [0]


@pytest.mark.parametrize("thought", [0, 5])
def test_another_history_of_the_same_length_is_an_alarm(thought):
    other = Log([*LEAVES[:4], b"changed"])
    witness = Witness(5, root(LEAVES[:5]))
    assert "another history of the same 5 entries" in refusal(witness.answer, other, old=thought)
    assert witness.root == root(LEAVES[:5])


def test_a_changed_beginning_is_an_alarm():
    other = Log([b"changed", *LEAVES[1:13]])
    words = refusal(Witness(5, root(LEAVES[:5])).answer, other, old=5)
    assert "422" in words
    assert "the records may have been changed; run necto audit verify" in words


def test_says_which_key_or_log_the_witness_does_not_know():
    stranger = log(5, key=Ed25519PrivateKey.from_private_bytes(b"s" * 32))
    assert "403 Forbidden (it knows this log by another key" in refusal(Witness().answer, stranger)
    assert "404 Not Found (it does not know this log" in refusal(lambda _: said(404))
    assert "400 Bad Request (it finds the request malformed" in refusal(lambda _: said(400))


def test_two_that_ask_at_once_are_tried_later():
    sizes = iter([b"1\n", b"3\n"])
    words = refusal(lambda _: conflict(next(sizes)), error=TryLater)
    assert words == "https://witness.example was asked by somebody else at the same time"


@pytest.mark.parametrize(
    "answer",
    [
        conflict(b""),
        conflict(b"two\n"),
        conflict(b"02\n"),
        conflict(b"-1\n"),
        conflict(b"2\n\n"),
        conflict("٢\n".encode()),
        conflict(b"9" * 19),
        conflict(b"2\n", "text/plain"),
        conflict(b"0\n"),
    ],
)
def test_a_conflict_that_names_no_other_size_is_not_followed(answer):
    asked = Asked(answer)
    with pytest.raises(PersonNeeded, match="without saying which size it signed last"):
        cosigned(asked.http, URL, log(5).note(), log(5).proof)
    assert len(asked.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "— witness.example/w1 AAAA",
        "- witness.example/w1 AAAA\n",
        "— witness example AAAA\n",
        "— witness.example/w1 AAAA\n\n",
        "— witness.example/w1 AAAA\nold 5\n",
        "— witness+example AAAA\n",
        "— witness\u2028example AAAA\n",
        "<html>",
    ],
)
def test_what_is_no_signature_line_is_not_taken_for_one(text):
    assert "no signature lines: is it a witness?" in refusal(
        lambda _: httpx.Response(200, text=text)
    )


def test_bytes_that_are_no_text_are_no_signature_lines():
    assert "no signature lines" in refusal(
        lambda _: httpx.Response(200, content=b"\xe2\x80\x94 \xff")
    )


def test_another_success_than_200_is_none():
    assert "204 No Content" in refusal(lambda _: httpx.Response(204))


def test_says_when_to_ask_again():
    asked = Asked(said(429, retry_after="60"))
    with pytest.raises(TryLater, match="429 Too Many") as caught:
        cosigned(asked.http, URL, log(5).note(), log(5).proof)
    assert caught.value.retry_after_seconds == 60.0


@pytest.mark.parametrize("note", ["", "a\n5", "a\n05\nroot\n", "a\nb\nc\n", "a\n-1\nc\n"])
def test_only_a_checkpoint_is_sent(note):
    asked = Asked(said(200))
    with pytest.raises(ValueError, match="its size in the second line"):
        cosigned(asked.http, URL, note, log(5).proof)
    assert asked.requests == []


@pytest.mark.parametrize("hashes", [[b"short"], [bytes(32)] * 64])
def test_only_a_proof_of_the_protocols_size_is_sent(hashes):
    with pytest.raises(ValueError, match="at most 63 hashes of 32 bytes"):
        asking(Witness().answer, log(5), old=3, proof=lambda _: hashes)


def test_no_proof_is_asked_for_where_none_is_sent():
    def never(_):
        raise AssertionError

    for witness, old in ((Witness(), 0), (Witness(5, root(LEAVES[:5])), 5)):
        assert ORIGIN not in asking(witness.answer, log(5), old=old, proof=never)

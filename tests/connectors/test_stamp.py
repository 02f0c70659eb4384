"""Time stamps from an authority that OpenSSL plays, and every answer that is none."""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from connectors.http import HttpClient
from connectors.notify.base import PersonNeeded, TryLater
from connectors.stamp import stamped
from tests.connectors.asked import BRISK, Asked, said
from tests.connectors.certificates import Authority
from tests.connectors.time_authority import TimeAuthority
from tests.loopback import answered

URL = "http://tsa.example/tsr"
NOTE = "necto/1/house\n5\nAAAA\n\n— necto/1/house BBBB\n".encode()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    return TimeAuthority.new(tmp_path_factory.mktemp("tsa"))


def asking(answer, *, roots=(), note=NOTE):
    with HttpClient(BRISK, transport=httpx.MockTransport(answer)) as http:
        return stamped(http, URL, note, roots)


def refusal(answer, error=PersonNeeded, roots=()):
    with pytest.raises(error) as caught:
        asking(answer, roots=roots)
    return str(caught.value)


def body(content):
    return lambda _: httpx.Response(200, content=content)


def test_a_stamp_is_one_that_openssl_believes_too(tsa):
    with answered(tsa.answer) as url, HttpClient(BRISK) as http:
        stamp = stamped(http, url, NOTE, [tsa.authority.root])
    assert stamp.is_verified
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert stamp.at.utcoffset() == timedelta(0)
    assert tsa.verified(stamp.token, NOTE)
    assert not tsa.verified(stamp.token, NOTE + b"\n")


def test_only_the_hash_leaves_this_machine(tsa):
    asked = []
    asking(lambda request: asked.append(request) or tsa.answer(request))
    assert hashlib.sha256(NOTE).digest() in asked[0].content
    assert b"necto" not in asked[0].content
    assert asked[0].headers["accept"] == "application/timestamp-reply"


def test_without_roots_a_stamp_says_that_nobody_checked_its_signature(tsa):
    assert not asking(tsa.answer).is_verified


def test_a_time_with_fractions_of_a_second_is_read(tmp_path):
    exact = TimeAuthority.new(tmp_path, precision=3)
    assert abs(asking(exact.answer).at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_stamp_under_another_root_is_not_to_be_trusted(tsa):
    another = Authority.new("A root for time stamps")
    words = refusal(tsa.answer, roots=[another.root])
    assert words.startswith("http://tsa.example gave a time stamp that is not to be trusted")


def test_a_changed_signature_is_found(tsa):
    def changed(request):
        reply = bytearray(tsa.reply(request.content))
        reply[-3] ^= 1
        return httpx.Response(200, content=bytes(reply))

    assert "not to be trusted" in refusal(changed, roots=[tsa.authority.root])


def test_a_stamp_of_something_else_is_refused(tsa):
    other = body(tsa.reply(tsa.query(b"another note", "-sha256", "-cert")))
    assert "stamped something else than the checkpoint" in refusal(other)


def test_a_stamp_by_another_hash_is_refused(tmp_path):
    lenient = TimeAuthority.new(tmp_path, digests="sha256, sha384")
    other = body(lenient.reply(lenient.query(NOTE, "-sha384", "-cert")))
    assert "stamped something else" in refusal(other)


@pytest.mark.parametrize("options", [["-cert"], ["-cert", "-no_nonce"]])
def test_an_old_stamp_is_refused_though_it_is_for_this_note(tsa, options):
    old = body(tsa.reply(tsa.query(NOTE, "-sha256", *options)))
    assert "answered another request than ours" in refusal(old, roots=[tsa.authority.root])


def test_a_refusal_is_said_in_the_authoritys_words(tmp_path):
    strict = TimeAuthority.new(tmp_path, digests="sha512")
    words = refusal(strict.answer)
    assert words.startswith("http://tsa.example gave no time stamp: rejection: ")
    assert "not supported" in words


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (1, PersonNeeded, "granted with mods"),
        (2, PersonNeeded, "rejection"),
        (3, TryLater, "waiting"),
        (5, PersonNeeded, "revocation notification"),
        (9, PersonNeeded, "no time stamp that can be read"),
        (0, PersonNeeded, "no time stamp that can be read"),
    ],
)
def test_every_status_is_said(status, error, words):
    assert words in refusal(body(bytes([0x30, 5, 0x30, 3, 2, 1, status])), error)


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"0\x00", b"<html>", bytes(999)])
def test_garbage_is_no_stamp(garbage):
    assert "sent no time stamp that can be read" in refusal(body(garbage))


@settings(deadline=None, max_examples=60)
@given(where=st.integers(0, 9_999), bit=st.integers(0, 7), is_cut=st.booleans())
def test_a_damaged_stamp_is_refused_in_words_or_still_says_the_same(tsa, where, bit, is_cut):
    true = []

    def damaged(request):
        reply = bytearray(tsa.reply(request.content))
        true.append(decode_timestamp_response(bytes(reply)).tst_info.gen_time)
        place = where % len(reply)
        reply[place] ^= 1 << bit
        return httpx.Response(200, content=bytes(reply[:place] if is_cut else reply))

    try:
        stamp = asking(damaged, roots=[tsa.authority.root])
    except PersonNeeded:
        return
    assert (stamp.at, is_cut) == (true[0], False)


def test_a_service_that_refuses_is_said():
    assert "404 Not Found" in refusal(lambda _: said(404))
    asked = Asked(said(503, retry_after="60"))
    with pytest.raises(TryLater, match="503 Service Unavailable") as caught:
        stamped(asked.http, URL, NOTE)
    assert caught.value.retry_after_seconds == 60.0

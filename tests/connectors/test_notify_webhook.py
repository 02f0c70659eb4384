"""Signed webhooks to a receiver that checks them, and every answer that is no receipt."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from connectors.http import HttpClient
from connectors.notify.base import Attachment, Gone, Message, PersonNeeded, Receipt, TryLater
from connectors.notify.webhook import Webhook
from engine.webhooks import BadSignature, verify
from tests.connectors.asked import BRISK, Asked, said
from tests.loopback import answered

KEY = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())
NEW_KEY = SecretStr("whsec_" + base64.b64encode(b"n" * 32).decode())
NOW = datetime(2026, 11, 24, 19, tzinfo=UTC)
URL = "https://hooks.example/services/T0000001/s3cret%2Fpart?token=hidden1"
NOTE = "necto/1/house\n5\nAAAA\n\n— necto/1/house BBBB\n".encode()
FILES = (Attachment("5.note", "text/plain", NOTE),)
MESSAGE = Message("Checkpoint 5 – ü", "a\r\nb\u202e", FILES, "house/5", "checkpoint")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def hook(asked, url=URL, keys=(KEY,)):
    return Webhook(asked.http, url, keys, now=lambda: NOW)


def refusal(error, *replies):
    with pytest.raises(error) as caught:
        hook(Asked(*replies)).send(MESSAGE)
    return caught.value


def test_a_receiver_can_check_the_bytes_it_got_and_finds_everything_in_them():
    got = []

    def receive(request: httpx.Request) -> httpx.Response:
        got.append((verify([KEY], request.headers, request.content, NOW), request.content))
        return httpx.Response(204)

    with answered(receive) as url, HttpClient(BRISK) as http:
        receipt = Webhook(http, f"{url}/in", [KEY], now=lambda: NOW).send(MESSAGE)
    [(message_id, body)] = got
    assert receipt == Receipt("webhook", url, message_id)
    file = {
        "name": "5.note",
        "media_type": "text/plain",
        "sha256": hashlib.sha256(NOTE).hexdigest(),
        "base64": base64.b64encode(NOTE).decode(),
    }
    said_about = {"key": "house/5", "subject": MESSAGE.subject, "text": MESSAGE.text}
    data = said_about | {"attachments": [file]}
    assert json.loads(body) == {"type": "necto.checkpoint", "data": data}


def test_a_repeat_has_the_same_id_and_body_and_the_time_of_its_attempt():
    asked, at = Asked(said(503), httpx.Response(200)), [NOW, NOW + timedelta(minutes=9)]
    channel = Webhook(asked.http, URL, [KEY], now=lambda: at[len(asked.requests)])
    with pytest.raises(TryLater):
        channel.send(MESSAGE)
    channel.send(MESSAGE)
    first, second = asked.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.content == second.content
    assert verify([KEY], second.headers, second.content, at[1])
    with pytest.raises(BadSignature, match="five minutes"):
        verify([KEY], first.headers, first.content, at[1])


def test_signs_with_both_keys_while_one_replaces_the_other():
    asked = Asked(httpx.Response(200))
    hook(asked, keys=(NEW_KEY, KEY)).send(MESSAGE)
    sent = asked.requests[0]
    assert [verify([key], sent.headers, sent.content, NOW) for key in (KEY, NEW_KEY)]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_a_busy_receiver_is_tried_later_when_it_says(status):
    error = refusal(TryLater, said(status, retry_after="120"))
    assert error.retry_after_seconds == 120.0
    assert str(error).startswith(f"https://hooks.example answered {status}")


def test_a_receiver_that_is_gone_is_left_alone():
    assert "410 Gone: it wants no more messages" in str(refusal(Gone, said(410)))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "400 Bad Request"),
        (401, "compare it with NECTO_CHECKPOINT_WEBHOOK_KEY"),
        (404, "nothing listens at that path"),
        (413, "no message of this size"),
        (301, "a redirect is not followed"),
        (308, "a redirect is not followed"),
        (304, "a redirect is not followed"),
    ],
)
def test_any_other_answer_needs_a_person(status, words):
    asked = Asked(said(status, location="https://hooks.example/other"))
    with pytest.raises(PersonNeeded, match=words):
        hook(asked).send(MESSAGE)
    assert len(asked.requests) == 1


def test_quotes_the_receivers_reason_unless_it_repeats_the_address_or_the_signature():
    assert str(refusal(PersonNeeded, httpx.Response(400, text="no\nroom"))).endswith(": no room")
    for part in ("T0000001", "s3cret/part", "s3cret%2Fpart", "hidden1"):
        error = refusal(PersonNeeded, httpx.Response(400, text=f"no route {part}"))
        assert str(error) == "https://hooks.example answered 400 Bad Request"

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, text=f"bad {request.headers['webhook-signature']}")

    with HttpClient(BRISK, transport=httpx.MockTransport(echo)) as http:
        with pytest.raises(PersonNeeded) as caught:
            Webhook(http, URL, [KEY]).send(MESSAGE)
        assert str(caught.value).endswith("400 Bad Request: bad hidden")


def test_neither_key_nor_address_is_shown_anywhere():
    asked = Asked(httpx.ConnectError("refused"))
    with pytest.raises(TryLater) as caught:
        hook(asked).send(MESSAGE)
    shown = f"{caught.value!r} {hook(asked)!r} {hook(Asked(said(200))).send(MESSAGE)!r}"
    assert not [part for part in ("T0000001", "s3cret", "hidden1", "a2tr") if part in shown]


@pytest.mark.parametrize(
    ("url", "keys", "words"),
    [
        ("http://hooks.example/s3cret", [KEY], "https"),
        ("https://hooks.example/s3cret", [], "a key to sign"),
        ("https://hooks.example/s3cret", [KEY, SecretStr("s3cret")], "24 to 64 random bytes"),
    ],
)
def test_what_could_not_be_sent_safely_is_refused_at_once(url, keys, words):
    with pytest.raises(ValueError, match=words) as caught:
        hook(Asked(said(200)), url, keys)
    assert "s3cret" not in str(caught.value)

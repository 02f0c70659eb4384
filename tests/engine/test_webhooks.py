"""Signed webhooks: the specification's own example, and everything that must not be believed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from engine.webhooks import BadKey, BadSignature, key_bytes, signed_headers, verify

# The example of the specification's reference libraries (standard-webhooks, webhook_test.go).
KEY = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OLD_KEY = SecretStr("whsec_" + base64.b64encode(bytes(range(24))).decode())
ID, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1_614_265_330, UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": SIGNATURE}


def test_signs_as_the_specifications_own_libraries_do():
    assert signed_headers([KEY], ID, AT, BODY) == HEADERS


def test_gives_the_id_of_a_webhook_that_is_true():
    assert verify([KEY], HEADERS, BODY, AT) == ID
    assert verify([KEY], {name.upper(): value for name, value in HEADERS.items()}, BODY, AT) == ID


@pytest.mark.parametrize("keys", [[KEY], [OLD_KEY], [OLD_KEY, KEY]])
def test_a_key_can_be_replaced_while_both_are_in_use(keys):
    assert verify(keys, signed_headers([KEY, OLD_KEY], ID, AT, BODY), BODY, AT) == ID


def test_one_true_signature_among_others_is_enough():
    several = f"v1a,AAAA v1,{'A' * 43}= {SIGNATURE} v2,é"
    assert verify([KEY], HEADERS | {"webhook-signature": several}, BODY, AT) == ID


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"webhook-id": "msg_other"}, "no signature"),
        ({"webhook-id": ""}, "no id"),
        ({"webhook-id": "msg_p5jX.1"}, "no id"),
        ({"webhook-timestamp": "1614265331"}, "no signature"),
        ({"webhook-timestamp": ""}, "no time"),
        ({"webhook-timestamp": "١٦١٤"}, "no time"),
        ({"webhook-timestamp": "-1"}, "no time"),
        ({"webhook-signature": ""}, "no signature"),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, "no signature"),
        ({"webhook-signature": SIGNATURE[:-1]}, "no signature"),
        ({"webhook-signature": f"{SIGNATURE} " * 99}, "more signatures"),
    ],
)
def test_says_why_a_webhook_is_not_to_be_believed(change, words):
    with pytest.raises(BadSignature, match=words):
        verify([KEY], HEADERS | change, BODY, AT)


@pytest.mark.parametrize("name", HEADERS)
def test_believes_nothing_without_one_of_the_headers(name):
    with pytest.raises(BadSignature):
        verify([KEY], {other: HEADERS[other] for other in HEADERS if other != name}, BODY, AT)


@pytest.mark.parametrize("keys", [[], [OLD_KEY]])
def test_believes_nobody_elses_key(keys):
    with pytest.raises(BadSignature, match="no signature"):
        verify(keys, HEADERS, BODY, AT)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_believes_a_webhook_for_five_minutes_either_way(seconds):
    nearly = AT + timedelta(seconds=seconds - seconds // 301)
    assert verify([KEY], HEADERS, BODY, nearly) == ID
    with pytest.raises(BadSignature, match="five minutes"):
        verify([KEY], HEADERS, BODY, AT + timedelta(seconds=seconds))


@given(st.binary(max_size=64), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_found(body, where, change):
    headers = signed_headers([KEY], ID, AT, body)
    assert verify([KEY], headers, body, AT) == ID
    changed = bytearray(body or b"\0")
    changed[where % len(changed)] ^= change
    with pytest.raises(BadSignature):
        verify([KEY], headers, bytes(changed), AT)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "s3cret!", "A" * 200, "é" * 32])
def test_a_key_that_cannot_sign_is_refused_without_being_shown(text):
    with pytest.raises(BadKey, match="24 to 64 random bytes") as caught:
        key_bytes(SecretStr(text))
    assert not text or text not in str(caught.value).replace("whsec_ and", "")


def test_a_key_may_be_given_without_its_prefix():
    assert key_bytes(SecretStr("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")) == key_bytes(KEY)


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\n", "x" * 257])
def test_an_id_that_would_blur_what_is_signed_is_refused(message_id):
    with pytest.raises(ValueError, match="full stop"):
        signed_headers([KEY], message_id, AT, BODY)

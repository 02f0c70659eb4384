"""Signed webhooks as Standard Webhooks 1.0.0 has them: what is signed, and whether it is true.

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-11-24.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

TOLERANCE_SECONDS = 300
_KEY_BYTES_MIN, _KEY_BYTES_MAX = 24, 64
_KEY_PREFIX = "whsec_"
_SIGNATURES_CHARACTERS_MAX = 4096
_ID = re.compile(r"[!-\-/-~]{1,256}")
"""Without a full stop, which parts id, time and body: "1.2" and "3" would sign as "1" and "2.3"."""
_SECONDS = re.compile(r"[0-9]{1,12}")


class BadKey(ValueError):
    """A key that cannot sign: the message says what one looks like, never the key."""


class BadSignature(ValueError):
    """A webhook that is not to be believed: the message says why."""


def key_bytes(key: SecretStr) -> bytes:
    """Return a key's 24 to 64 bytes, given in base64 after ``whsec_`` or alone; raises BadKey."""
    text = key.get_secret_value().removeprefix(_KEY_PREFIX)
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not _KEY_BYTES_MIN <= len(found) <= _KEY_BYTES_MAX:
        raise BadKey(
            f"a webhook key is {_KEY_PREFIX} and the base64 of "
            f"{_KEY_BYTES_MIN} to {_KEY_BYTES_MAX} random bytes"
        )
    return found


def signed_headers(
    keys: Sequence[SecretStr], message_id: str, at: datetime, body: bytes
) -> dict[str, str]:
    """Return the headers that let a receiver check ``body``, signed with each key given.

    ``message_id`` stays the same however often a message is sent; ``at`` is this attempt's time.
    """
    if not _ID.fullmatch(message_id):
        raise ValueError("a message's id has 1 to 256 plain characters, no blank and no full stop")
    seconds = str(int(at.timestamp()))
    signatures = [_signature(key, message_id, seconds, body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }


def verify(
    keys: Sequence[SecretStr], headers: Mapping[str, str], body: bytes, now: datetime
) -> str:
    """Return the id of a webhook that was signed with one of our keys within five minutes of now.

    ``body`` is exactly what was received; the id is what a receiver remembers, to act once only.
    Comparing takes the same time whatever is wrong. Raises BadSignature.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id = found.get("webhook-id", "")
    seconds = found.get("webhook-timestamp", "")
    offered = found.get("webhook-signature", "")
    if not _ID.fullmatch(message_id) or not _SECONDS.fullmatch(seconds):
        raise BadSignature("the webhook has no id or no time that can be read")
    if len(offered) > _SIGNATURES_CHARACTERS_MAX:
        raise BadSignature("the webhook has more signatures than anyone needs")
    if abs(now.timestamp() - int(seconds)) > TOLERANCE_SECONDS:
        raise BadSignature("the webhook's time is more than five minutes from ours")
    ours = [_signature(key, message_id, seconds, body).encode() for key in keys]
    theirs = [one.encode() for one in offered.split(" ")]
    if not any([hmac.compare_digest(one, other) for one in ours for other in theirs]):  # noqa: C419 - every pair is compared, so that time tells nothing
        raise BadSignature("no signature of the webhook is by a key of ours")
    return message_id


def _signature(key: SecretStr, message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    code = hmac.new(key_bytes(key), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(code).decode()

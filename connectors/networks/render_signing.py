"""Signatures of the Dispersed API: four headers over the exact request, new for every attempt.

    X-Signature = HMAC-SHA256(secret, publicKey|timeMs|nonce|METHOD|path|query|sha256(body))

The rule is the operator's (otoyinc.mintlify.app, Authenticate requests), and five independent
clients sign alike; it was never confirmed by the server here. How far a clock may be wrong is not
documented: keep it in sync.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import SecretStr

from connectors.base import Denied, Headers, Request
from connectors.keys import needed

KEY_FORM = "pk_…:sk_…"
_PAIR = re.compile(r"(pk_[^:]+):(sk_.+)")
_SECRET = re.compile(r"[ps]k_\S*")

Milliseconds = Callable[[], int]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The two halves of one key; the secret one is neither sent nor shown."""

    public: str
    secret: bytes = field(repr=False)


def key_pair(key: SecretStr | None) -> KeyPair:
    """Return the pair that one setting holds, ``pk_…:sk_…``; raises Denied, never showing it."""
    found = _PAIR.fullmatch(needed("render", key, KEY_FORM))
    if found is None:
        raise Denied(f"NECTO_RENDER_KEY is not of the form {KEY_FORM}: public half, colon, secret")
    return KeyPair(found[1], found[2].encode())


def without_keys(text: str) -> str:
    """Return a message without anything that looks like half of a key, whole or cut off."""
    return _SECRET.sub("hidden", text)


def signed_headers(pair: KeyPair, request: Request, time_ms: int, nonce: str) -> dict[str, str]:
    """Return the headers of one request; ``nonce``: 32 hex characters, used once."""
    body = hashlib.sha256(request.body).hexdigest()
    parts = (pair.public, time_ms, nonce, request.method, request.path, request.query, body)
    text = "|".join(map(str, parts))
    return {
        "X-API-Key": pair.public,
        "X-Time": str(time_ms),
        "X-Nonce": nonce,
        "X-Signature": hmac.new(pair.secret, text.encode(), hashlib.sha256).hexdigest(),
    }


def signing(
    pair: KeyPair,
    now_ms: Milliseconds = lambda: time.time_ns() // 1_000_000,
    nonce: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Headers:
    """Return what signs each attempt anew; the clock and the nonce are arguments for tests."""
    return lambda request: signed_headers(pair, request, now_ms(), nonce())


def query_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a query in the one spelling that is signed and sent: sorted, RFC 3986 encoded.

    Sorted by key, then value, before encoding; the documented keys sort the same after it.
    """
    return "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(pairs))


def canonical_json(value: object) -> bytes:
    """Return a body in the one spelling that is signed and sent: keys sorted at every depth.

    Raises ValueError for anything but ASCII, on which the documentation and working clients
    disagree, and for numbers that JSON does not have.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    if not text.isascii():
        raise ValueError("a body for Render holds characters outside ASCII, which may be refused")
    return text.encode()

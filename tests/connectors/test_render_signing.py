"""Render's signatures: three worked vectors, and that what is sent is what was signed.

The vectors were computed from the documented rule; no server has confirmed them.
"""

import hashlib
import json
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Denied, Request
from connectors.networks.render_signing import (
    canonical_json,
    key_pair,
    query_text,
    signed_headers,
    signing,
    without_keys,
)
from tests.connectors.samples import client

PAIR = key_pair(SecretStr("pk_test:sk_test"))
TIME_MS = 1767225600000
NONCE = "000102030405060708090a0b0c0d0e0f"
OFFERS = "/v1/compute/offers"
CANCEL = canonical_json({"reason": "procurement budget reached"})
FILTERS = {
    "limit": "50",
    "filter[gpu_name]": "NVIDIA RTX 4090",
    "filter[allowed_region_codes]": "eu-central-1,us-west-2",
}
VECTORS = {
    "eeafb73b6904a12c1db23cf9eb20587a6e58e89dca335129a5845074b19a0937": Request(
        "GET", OFFERS, "limit=10&page=1", b""
    ),
    "c072c2322a0b0425fbad1ae81a531838398b4af15eac3c26ba32ce5f1446c06d": Request(
        "GET", OFFERS, query_text(FILTERS.items()), b""
    ),
    "72da9d082bb78b8fe904f919249fe5c9aed5f0180020a8da02795955cfc066bc": Request(
        "PUT", "/v1/jobs/00000000-0000-4000-8000-000000000002/cancel", "", CANCEL
    ),
}
BY_RULE = settings(derandomize=True, deadline=None, database=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(("signature", "request_"), VECTORS.items(), ids=range(3))
def test_a_worked_request_has_its_signature(signature, request_):
    assert signed_headers(PAIR, request_, TIME_MS, NONCE) == {
        "X-API-Key": "pk_test",
        "X-Time": "1767225600000",
        "X-Nonce": NONCE,
        "X-Signature": signature,
    }


def test_the_signature_on_file_is_ours(shared):
    vector = json.loads((shared / "networks/render/signing_vector.json").read_text())
    request = Request(vector["method"], vector["pathname"], vector["query_string"], b"")
    pair = key_pair(SecretStr(f"{vector['public_key']}:{vector['secret_key']}"))
    headers = signed_headers(pair, request, int(vector["timestamp_ms"]), vector["nonce"])

    assert headers["X-Signature"] == vector["expected_signature"]
    assert hashlib.sha256(request.body).hexdigest() == vector["body_sha256"]


def test_a_query_is_sorted_and_encoded_as_rfc_3986_says():
    assert query_text(FILTERS.items()) == (
        "filter%5Ballowed_region_codes%5D=eu-central-1%2Cus-west-2"
        "&filter%5Bgpu_name%5D=NVIDIA%20RTX%204090&limit=50"
    )
    assert query_text([("b", "2"), ("a", "~-._"), ("b", "+1")]) == "a=~-._&b=%2B1&b=2"
    assert query_text([]) == ""


@BY_RULE
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_what_is_signed_is_what_is_sent(pairs):
    sent: list[str] = []
    signed: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path.decode("ascii"))
        return httpx.Response(200)

    query = query_text(pairs)
    client(answer).get(
        f"https://made.up.example{OFFERS}?{query}",
        headers=lambda r: signed.append(f"{r.path}?{r.query}") or {},
    )
    assert sent == signed == [f"{OFFERS}?{query}"]
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(pairs)


def test_every_attempt_has_its_own_nonce_and_time():
    times = iter([1000, 2000])
    sent: list[httpx.Headers] = []

    def busy_once(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers)
        return httpx.Response(503 if len(sent) == 1 else 200)

    sign = signing(PAIR, now_ms=lambda: next(times))
    client(busy_once).get(f"https://made.up.example{OFFERS}", headers=sign)
    assert [headers["X-Time"] for headers in sent] == ["1000", "2000"]
    assert len({headers["X-Nonce"] for headers in sent}) == 2
    assert len({headers["X-Signature"] for headers in sent}) == 2
    assert all(len(bytes.fromhex(headers["X-Nonce"])) == 16 for headers in sent)


@pytest.mark.parametrize("change", [{"method": "POST"}, {"path": "/v1/jobs"}, {"query": "page=2"}])
def test_a_signature_holds_for_one_request_only(change):
    fields = {"method": "GET", "path": OFFERS, "query": "page=1", "body": b""}
    signatures = {
        signed_headers(PAIR, Request(**(fields | part)), TIME_MS, NONCE)["X-Signature"]
        for part in ({}, change, {"body": b"{}"})
    }
    assert len(signatures) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(max_codepoint=127)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=3)
    ),
    max_leaves=6,
)


def turned(value: object) -> object:
    """The same value with the keys of every object in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(part) for part in value] if isinstance(value, list) else value


@BY_RULE
@given(value=JSON)
def test_a_body_has_one_spelling(value):
    assert canonical_json(value) == canonical_json(turned(value))
    assert json.loads(canonical_json(value)) == value


def test_a_body_is_compact_and_sorted_at_every_depth():
    body = {
        "b": [{"d": None, "c": True}],
        "a": {"z": 1, "y": "ö".encode("ascii", "replace").decode()},
    }
    assert canonical_json(body) == b'{"a":{"y":"?","z":1},"b":[{"c":true,"d":null}]}'
    assert hashlib.sha256(CANCEL).hexdigest() == (
        "f4dfeda86b11694406759af2ce6d2d4eab7c8239ed0a256826743b84e8e80661"
    )


@pytest.mark.parametrize("value", ["Zürich", {"ö": 1}, float("nan"), "\ud800"], ids=ascii)
def test_a_body_that_could_be_spelt_in_two_ways_is_refused(value):
    with pytest.raises(ValueError, match=r"ASCII|JSON"):
        canonical_json({"title": value})


@pytest.mark.parametrize("key", ["pk_only", "sk_test:pk_test", "pk_test sk_test", "pk_:sk_", ":"])
def test_half_a_key_is_refused_without_showing_it(key):
    with pytest.raises(Denied, match="NECTO_RENDER_KEY") as refused:
        key_pair(SecretStr(key))
    assert key == ":" or key not in str(refused.value)


def test_the_secret_half_is_never_shown():
    assert "sk_test" not in repr(PAIR)
    assert without_keys('no key "pk_a1:sk_b2", sk_cut') == 'no key "hidden hidden'

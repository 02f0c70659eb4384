"""Akash: what is sent, and what these tests answer, against the Console's published description.

Its known faults are mended here: a deployment's number is ``^d+$`` there (a lost backslash), and
a number that may be null is written in OpenAPI's way.
"""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.connectors.akash_console import NOW, ORDER, Book, wanted
from tests.connectors.test_akash import validator
from tests.connectors.test_akash_order import JOB, SECRETS, ran


@pytest.fixture
def operations(shared) -> dict[tuple[str, str], Any]:
    text = (shared / "networks/akash/console-api.openapi.json").read_text("utf-8")
    text = text.replace('"^d+$"', r'"^\\d+$"')
    text = re.sub(r'"minimum": 0,\s*"exclusiveMinimum": true', '"exclusiveMinimum": 0', text)
    paths = json.loads(text)["paths"]
    return {(m.upper(), path): op for path, ops in paths.items() for m, op in ops.items()}


def operation(operations, request) -> tuple[str, Any]:
    for (method, path), found in operations.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if method == request.method and re.fullmatch(pattern, request.url.path):
            return path, found
    raise AssertionError(f"{request.method} {request.url.path} is not published")


def faults(value: Any, part: Any) -> list[str]:
    schema = validator(part["content"]["application/json"]["schema"])
    return [fault.message for fault in Draft202012Validator(schema).iter_errors(value)]


@pytest.fixture(scope="module")
def asked() -> Book:
    """An order's whole life, and everything else that is ever asked."""
    book = ran(wanted(requirement=JOB))
    purchaser = book.purchaser()
    book.add(lease="active")
    purchaser.everything()
    purchaser.observe(["1790598358093", "99"])
    purchaser.billed(NOW, NOW)
    purchaser.bid_reasons(wanted())
    book.purchaser(gateway_url="http://127.0.0.1:1")._console.token(["logs", "events"])
    return book


def test_every_request_is_published_with_its_body_and_parameters(operations, asked):
    for request in asked.requests:
        path, found = operation(operations, request)
        if request.content:
            body = json.loads(request.content)
            if path == "/v1/create-jwt-token":
                body["data"]["leases"] = {}  # described as a map to null
            assert faults(body, found["requestBody"]) == [], path
        known = {one["name"] for one in found.get("parameters", ()) if one["in"] == "query"}
        assert set(request.url.params) <= known, path


def test_the_answers_in_these_tests_are_as_published(operations, asked):
    shown: set[str] = set()
    asked.faults.clear()
    for request in [r for r in asked.requests if r.method == "GET"]:
        answer = asked.answer(request)
        path, found = operation(operations, request)
        if answer.status_code != 200 or path in LOOSE:
            continue
        shown.add(path)
        assert faults(answer.json(), found["responses"]["200"]) == [], path
    alone = "/v1/deployments/{dseq}"
    assert shown == {"/v1/bids", "/v1/deployments", alone, "/v1/blockchain-status"}


LOOSE = {
    "/v1/usage/history", "/v1/blocks", "/v1/user/me", "/v1/wallets",
    "/akash/deployment/{version}/deployments/list",
}  # fmt: skip
"""Answered with the fields that are read only."""


def test_the_token_asked_for_is_one_that_gateways_take(shared, asked):
    schema = json.loads((shared / "networks/akash/chain-sdk/jwt-schema.json").read_text("utf-8"))
    (sent,) = asked.sent("POST", "/v1/create-jwt-token")
    leases = {"$ref": "#/definitions/leases", "definitions": schema["definitions"]}
    found = Draft202012Validator(leases).iter_errors(sent["data"]["leases"])
    assert [fault.message for fault in found] == []


def test_the_sdl_sent_is_as_published(shared):
    yaml = YAML(typ="safe", pure=True)
    schema = yaml.load((shared / "networks/akash/sdl-input.schema.yaml").read_text("utf-8"))
    book = Book()
    order = wanted(requirement=JOB)
    purchaser = book.purchaser()
    purchaser.act(order, purchaser.look(order, None, NOW).step, SECRETS)
    sdl = yaml.load(book.sent("POST", "/v1/deployments")[0]["data"]["sdl"])
    assert ORDER in sdl["profiles"]["placement"]
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(sdl)] == []

"""Every answer of the sandbox has the form that the Console publishes, whose faults are named.

The document's known faults are patched here, in memory; they are listed in docs/sandbox-akash.md.
"""

import json
import re

import pytest
from jsonschema import Draft4Validator

from tests.connectors.sandbox.worlds import sdl


def patched(document):
    """The published document without its known faults, as JSON Schema."""
    text = json.dumps(document)
    text = text.replace('"^d+$"', r'"^\\d+$"')  # a backslash was lost
    return _nullable(json.loads(text))


def _nullable(node):
    """OpenAPI 3.0's ``nullable`` in JSON Schema's words."""
    if isinstance(node, list):
        return [_nullable(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _nullable(value) for key, value in node.items()}
    if found.pop("nullable", False) is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


@pytest.fixture
def document(shared):
    path = shared / "networks" / "akash" / "console-api.openapi.json"
    return patched(json.loads(path.read_text(encoding="utf-8")))


def faults_of(document, method, path, status, body):
    """Where an answer is not what the document says."""
    known = next(
        found
        for found in document["paths"]
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", found), path)
        and method.lower() in document["paths"][found]
        and ("{" not in found or not _is_named(document, method, path))
    )
    response = document["paths"][known][method.lower()]["responses"][str(status)]
    schema = response["content"]["application/json"]["schema"]
    return [f"{e.json_path}: {e.message}" for e in Draft4Validator(schema).iter_errors(body)]


def _is_named(document, method, path):
    return path in document["paths"] and method.lower() in document["paths"][path]


SCREENING = {
    "requirements": {"signedBy": {"allOf": [], "anyOf": []}, "attributes": []},
    "resources": [{
        "resource": {
            "id": 1, "cpu": {"units": {"val": "8000"}}, "memory": {"quantity": {"val": "1000000"}},
            "gpu": {"units": {"val": "1"},
                    "attributes": [{"key": "vendor/nvidia/model/h100", "value": "true"}]},
            "storage": [{"name": "default", "quantity": {"val": "1000000"}}], "endpoints": [],
        },
        "count": 1, "price": {"denom": "uact", "amount": "10000"},
    }],
    "timezone": "UTC",
}  # fmt: skip
OWNER, USER, DSEQ = "{owner}", "{user}", "{dseq}"
READS = [
    ("/v1/blockchain-status", {}), ("/v1/user/me", {}), ("/v1/wallets", {"userId": USER}),
    ("/v1/balances", {"address": OWNER}), ("/v1/deployments", {}), ("/v1/deployments/{dseq}", {}),
    ("/v1/bids", {"dseq": DSEQ}), ("/v1/bids/{dseq}", {}), ("/v2/deployment-settings/{dseq}", {}),
    ("/v1/usage/history", {"address": OWNER}), ("/v1/usage/history/stats", {"address": OWNER}),
    ("/v1/leases-duration/{owner}", {}), ("/v1/deployment/{owner}/{dseq}", {}),
    ("/v1/addresses/{owner}/deployments/0/10", {"status": "active"}), ("/v1/weekly-cost", {}),
    ("/akash/deployment/v1beta4/deployments/list", {}),
    ("/akash/deployment/v1beta4/deployments/info", {"id.owner": OWNER, "id.dseq": DSEQ}),
    ("/akash/market/v1beta5/leases/list", {}), ("/v1/providers", {}),
    ("/v1/providers/akash1cheap", {}), ("/v1/auditors", {}), ("/v1/gpu-prices", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "query"), READS, ids=[path for path, _ in READS])
def test_an_answer_has_the_published_form(world, document, path, query):
    dseq = world.leased()
    world.ask("POST", "/v2/deployment-settings", {"data": {"dseq": dseq}})
    world.pass_blocks(20_000 // 600)
    names = {"owner": world.net.account.owner, "user": world.net.account.user_id, "dseq": dseq}
    asked = {key: value.format(**names) for key, value in query.items()}
    answer = world.ask("GET", path.format(**names), **asked)

    body = json.loads(answer.encoded())
    assert answer.status == 200
    assert faults_of(document, "GET", path.format(**names), 200, body) == []


def test_what_a_write_answers_has_the_published_form(world, document):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    lease = {"dseq": dseq, "gseq": 1, "oseq": 1, "provider": "akash1cheap"}
    scope = {"ttl": 60, "leases": {"access": "full"}}
    writes = [
        ("POST", "/v1/deployments", {"data": {"sdl": sdl(), "deposit": 1}}),
        ("POST", "/v1/leases", {"manifest": manifest, "leases": [lease]}),
        ("POST", "/v1/deposit-deployment", {"data": {"dseq": dseq, "deposit": 1}}),
        ("PUT", f"/v1/deployments/{dseq}", {"data": {"sdl": sdl()}}),
        ("POST", "/v2/deployment-settings", {"data": {"dseq": dseq, "autoTopUpEnabled": True}}),
        ("PATCH", f"/v2/deployment-settings/{dseq}", {"data": {"autoTopUpEnabled": False}}),
        ("POST", "/v1/create-jwt-token", {"data": scope}),
        ("POST", "/v1/bid-screening", SCREENING),
        ("DELETE", f"/v1/deployments/{dseq}", None),
    ]
    for method, path, body in writes:
        answer = world.ask(method, path, body)
        found = json.loads(answer.encoded())
        assert answer.status in {200, 201}, path
        assert (path, faults_of(document, method, path, answer.status, found)) == (path, [])


def test_the_published_document_still_has_the_faults_that_are_patched(shared):
    path = shared / "networks" / "akash" / "console-api.openapi.json"
    assert '"^d+$"' in path.read_text(encoding="utf-8")


def test_the_published_orders_are_taken_or_refused_as_published(world, shared):
    given = shared / "networks" / "akash" / "chain-sdk" / "testdata" / "sdl" / "input"
    for folder, status in (("v2.0", 201), ("v2.1", 201), ("invalid", 400)):
        for path in sorted((given / folder).rglob("*.yaml")):
            body = {"data": {"sdl": path.read_text(encoding="utf-8")}}
            assert (path.name, world.ask("POST", "/v1/deployments", body).status) == (
                path.name,
                status,
            )

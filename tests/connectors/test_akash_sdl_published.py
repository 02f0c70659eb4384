"""Our own SDL types against Akash's: its JSON Schema, its fixtures, its chain's group specs."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from ruamel.yaml import YAML

from connectors.networks.akash.screening import PATH
from connectors.networks.akash.sdl_order import group_resources, reclamation_seconds
from connectors.networks.akash.sdl_read import checked_sdl, read_sdl
from connectors.networks.akash.sdl_text import sdl_text
from connectors.networks.akash.sdl_write import sdl_of
from engine.told_faults import BadFile
from tests.connectors.sdls import SOUND, wanted
from tests.connectors.test_akash import undocumented
from tests.connectors.test_akash_screening import schema_of
from tests.connectors.test_akash_sdl_write import orders

OURS = {
    "v2.0/multiple-services": "services.db.env[0]",
    "v2.0/persistent-storage": "services.database.env[0]",
    "v2.1/credentials": "services.'private-app'.credentials.password",
}
"""Fixtures that are sound but hold a password in clear, which Akash takes and we do not."""
SEMANTIC = {"endpoint-not-used", "v2.1-tee-cpu-gpu-no-gpu"}
"""Fixtures that are wrong although the published schema takes them."""


@pytest.fixture
def akash(shared) -> Path:
    return shared / "networks/akash"


@pytest.fixture
def published(akash):
    return jsonschema.Draft7Validator(yaml_12((akash / "sdl-input.schema.yaml").read_text("utf-8")))


def yaml_12(text: str):
    return YAML(typ="safe", pure=True).load(text)


def sdl_paths(text: str) -> list[str]:
    try:
        checked_sdl(text, "deploy.yaml")
    except BadFile as bad:
        return [fault.path for fault in bad.faults]
    return []


def test_what_akash_takes_we_take_except_for_passwords_in_clear(akash, published):
    folder = akash / "chain-sdk/testdata/sdl/input"
    found = sorted([*folder.glob("v2.0/*/input.yaml"), *folder.glob("v2.1/*/input.yaml")])

    assert len(found) == 15
    for file in found:
        text = file.read_text("utf-8")
        assert published.is_valid(yaml_12(text)), file
        own = OURS.get(str(file.parent.relative_to(folder)))
        assert sdl_paths(text) == ([own] if own else []), file


def test_what_akash_refuses_we_refuse_by_its_schema_or_by_what_it_means(akash, published):
    folder = akash / "chain-sdk/testdata/sdl/input"
    found = [*folder.glob("invalid/*.yaml"), *folder.glob("schema-only-invalid/*.yaml")]

    assert len(found) == 27
    for file in found:
        text = file.read_text("utf-8")
        assert published.is_valid(yaml_12(text)) is (file.stem in SEMANTIC), file
        assert sdl_paths(text), file


def test_users_sdls_are_read_or_told_with_a_remedy(akash):
    refused = {}
    for file in sorted((akash / "awesome-akash").glob("*.y*ml")):
        refused |= {file.stem: paths} if (paths := sdl_paths(file.read_text("utf-8"))) else {}

    assert refused == {
        "gpustack-worker_deploy": [
            "services.'gpustack-worker'.env[0]", "profiles.placement.akash.attributes",
        ],
        "vllm_vllm_no_ui_deployment": [
            "services.vllm.env[0]", "services.vllm.env[1]",
            "profiles.compute.vllm.resources.storage[1].attributes.persistent",
        ],
    }  # fmt: skip


def test_groups_ask_for_what_the_chain_s_own_parser_makes_of_them(akash):
    folder = akash / "chain-sdk/testdata/sdl"
    for file in sorted(folder.glob("output-fixtures/*/*/group-specs.json")):
        case = "/".join(file.parts[-3:-1])
        if case not in OURS:
            sdl = read_sdl((folder / "input" / case / "input.yaml").read_text("utf-8"), case)
            ours = [as_chain(group) for group in group_resources(sdl)]
            assert ours == json.loads(file.read_text("utf-8")), case


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders)
def test_every_sdl_of_a_job_passes_akash_s_schema(published, order):
    published.validate(yaml_12(sdl_text(sdl_of(order))))


def test_our_own_examples_pass_akash_s_schema(published):
    published.validate(yaml_12(SOUND))
    published.validate(yaml_12(sdl_text(read_sdl(SOUND, "s.yaml"))))
    published.validate(yaml_12(sdl_text(sdl_of(wanted()))))


def test_a_group_can_be_sent_to_bid_screening(shared):
    text = (shared / "networks/akash/console-api.openapi.json").read_text("utf-8")
    schema = schema_of(json.loads(text)["paths"][PATH]["post"]["requestBody"])
    for sdl in (read_sdl(SOUND, "s.yaml"), sdl_of(wanted())):
        (group,) = group_resources(sdl)
        body = {name: group[name] for name in ("requirements", "resources")}
        body |= {"timezone": "UTC", "reclamationWindow": reclamation_seconds(sdl)}

        assert [f.message for f in jsonschema.Draft202012Validator(schema).iter_errors(body)] == []
        assert undocumented(body, schema) == set()


def as_chain(group: dict) -> dict:
    """A group as the chain's JSON writes it: other names, null for nothing, no kind for HTTP."""
    asked = group["requirements"]
    signed = {"all_of": asked["signedBy"]["allOf"], "any_of": asked["signedBy"]["anyOf"]}
    return {
        "name": group["name"],
        "requirements": {
            "signed_by": {name: who or None for name, who in signed.items()},
            "attributes": asked["attributes"] or None,
        },
        "resources": [
            {
                "resource": one["resource"] | {
                    "memory": {"size": one["resource"]["memory"]["quantity"]},
                    "storage": [
                        {("size" if name == "quantity" else name): told for name, told in v.items()}
                        for v in one["resource"]["storage"]
                    ],
                    "endpoints": [
                        {name: told for name, told in end.items() if name != "kind" or told}
                        for end in one["resource"]["endpoints"]
                    ],
                },
                "count": one["count"],
                "price": one["price"] | {"amount": f"{one['price']['amount']}.{'0' * 18}"},
            }
            for one in group["resources"]
        ],
    }  # fmt: skip

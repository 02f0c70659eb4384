"""What the network reads of an SDL, and why it refuses one: each reason, not the first."""

import json

import pytest

from connectors.sandbox.errors import Refused
from connectors.sandbox.sdl import AUDITOR, asked_of
from tests.connectors.sandbox.worlds import sdl

YAML = """
version: "2.1"
services:
  web:
    image: app:1
    env: ["A=1"]
    expose: [{port: 80, to: [{global: true}]}, {port: 53, proto: udp, to: [{global: true, ip: me}]}]
    params: {tee: cpu, storage: {data: {mount: /data}}}
  job:
    image: job:1
profiles:
  compute:
    web:
      resources:
        cpu: {units: 500m}
        memory: {size: 512Mi}
        storage:
          - {size: 1Gi}
          - {name: data, size: 10Gi, attributes: {class: beta3, persistent: true}}
    job: {resources: {cpu: {units: 0.25}, memory: {size: 1Gi}, storage: {size: 1G}}}
  placement:
    one:
      signedBy: {anyOf: [akash1other]}
      pricing: {web: {denom: uakt, amount: 12.5}, job: {denom: uact, amount: 1}}
    two: {pricing: {job: {denom: uact, amount: 1}}}
deployment:
  web: {one: {profile: web, count: 2}}
  job: {one: {profile: job, count: 1}, two: {profile: job, count: 3}}
endpoints: {me: {kind: ip}}
"""


def changed(change):
    tree = json.loads(sdl())
    change(tree)
    return json.dumps(tree)


def test_groups_are_the_placements_with_their_services_units_and_caps():
    one, two = asked_of(YAML).groups
    units = {len(one["resources"]), len(two["resources"])}
    job, web = one["resources"]

    assert (one["name"], two["name"], units) == ("one", "two", {1, 2})
    assert job["resource"]["cpu"]["units"]["val"] == "250"
    assert job["resource"]["storage"][0]["quantity"]["val"] == "1000000000"
    assert (web["count"], web["price"]["amount"]) == (2, f"12.5{0:017d}")
    assert web["resource"]["storage"][1]["attributes"][0] == {"key": "class", "value": "beta3"}


def test_auditor_tee_and_endpoints_are_in_the_group():
    one = asked_of(YAML).groups[0]
    wanted = one["requirements"]
    assert wanted["signed_by"]["any_of"] == ["akash1other", AUDITOR]
    assert wanted["attributes"] == [{"key": "tee/type", "value": "cpu"}]
    kinds = [end["kind"] for end in one["resources"][1]["resource"]["endpoints"]]
    assert kinds == ["SHARED_HTTP", "RANDOM_PORT", "LEASED_IP"]


def test_the_manifest_alone_carries_env_and_ports():
    asked = asked_of(YAML)
    web = json.loads(asked.manifest)[0]["services"][1]
    assert (web["name"], web["env"], web["count"]) == ("web", ["A=1"], 2)
    assert [(e["port"], e["proto"]) for e in web["expose"]] == [(80, "TCP"), (53, "UDP")]
    assert "A=1" not in json.dumps([asked.groups, asked.services])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["deployment"].update(gone=t["deployment"]["app"]), "service is not declared"),
        (lambda t: t["profiles"].update(placement={}), "placement is not declared"),
        (lambda t: t["profiles"].update(compute={}), "profile app is not declared"),
        (lambda t: t["profiles"]["placement"]["sbx-1"].update(pricing={}), "no price for app"),
        (lambda t: t.update(endpoints={"ip": {"kind": "ip"}}), "is not used"),
        (lambda t: t["services"]["app"]["expose"][0]["to"][0].update(ip="x"), "is not declared"),
        (lambda t: t["services"]["app"].update(params={"tee": "gpu"}), "params.tee"),
        (lambda t: t.update(version=2.0), "version"),
        (lambda t: t.update(strange=1), "strange"),
        (lambda t: t["profiles"]["compute"]["app"]["resources"]["cpu"].update(units="x"), "cpu"),
        (lambda t: t["profiles"]["compute"]["app"]["resources"]["cpu"].update(units=True), "cpu"),
        (lambda t: t["profiles"]["compute"]["app"]["resources"]["memory"].update(size="1Q"), "1Q"),
        (lambda t: t["profiles"]["compute"]["app"]["resources"]["gpu"].update(units=0), "gpu"),
    ],
)  # fmt: skip
def test_an_order_that_contradicts_itself_is_refused_with_the_place(change, said):
    with pytest.raises(Refused, match="Invalid SDL") as refused:
        asked_of(changed(change))
    assert said in refused.value.message


def test_every_fault_is_told_at_once():
    def change(tree):
        tree["version"] = "3.0"
        tree["services"]["app"]["image"] = ""

    with pytest.raises(Refused) as refused:
        asked_of(changed(change))
    assert "version" in refused.value.message
    assert "image" in refused.value.message


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "{", "x" * 600_000, "a: &a [*a, *a]"])
def test_what_is_no_sdl_is_refused(text):
    with pytest.raises(Refused, match="Invalid SDL"):
        asked_of(text)


def test_tee_with_a_gpu_and_a_volume_without_a_mount_are_checked():
    tee = YAML.replace("tee: cpu,", "tee: cpu-gpu,").replace("{data: {mount", "{other: {mount")
    with pytest.raises(Refused) as refused:
        asked_of(tee)
    assert "cpu-gpu needs a gpu" in refused.value.message
    assert "volume data is persistent without a mount" in refused.value.message

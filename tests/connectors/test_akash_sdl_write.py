"""A job as an SDL, and a user's SDL as an order: the same text, within the ceiling, no secret."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.networks.akash.facts import FACTS, usd_per_hour
from connectors.networks.akash.sdl_order import (
    NotOrderable,
    ask_of,
    group_resources,
    reclamation_seconds,
    with_order,
)
from connectors.networks.akash.sdl_read import checked_sdl, read_sdl
from connectors.networks.akash.sdl_secrets import secret_names
from connectors.networks.akash.sdl_text import resolved, sdl_text
from connectors.networks.akash.sdl_write import price_cap, sdl_of
from engine.requirement import Attribute, EnvVar, Gpus, Port, Requirement
from engine.told_yaml import yaml_events
from tests.connectors.sdls import SOUND, wanted

GOLDEN = Path(__file__).with_name("sdl.golden.yaml")
texts = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
jobs = st.builds(
    Requirement,
    gpus=st.just(Gpus(count=1, models=frozenset({"H100"}))),
    image=st.just("ghcr.io/example/a:1") | texts.filter(lambda text: not text.isspace()),
    command=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    env=st.lists(
        st.builds(EnvVar, name=st.sampled_from(["A", "off", "Y"]), value=texts)
        | st.builds(EnvVar, name=st.just("HF_TOKEN"), secret=st.just("TEAM_HF")),
        max_size=3, unique_by=lambda one: one.name,
    ).map(tuple),
    ports=st.just((Port(port=8080),)),
    countries=st.frozensets(st.sampled_from(["NL", "EEA"]), max_size=2),
    datacenter_only=st.booleans(),
    attributes=st.just(()) | st.tuples(
        st.builds(
            Attribute, key=st.sampled_from(["on", "a/b.c-1"]), value=texts,
            signed_by=st.sampled_from([None, "*"]),
        )
    ),
)  # fmt: skip
orders = st.builds(
    wanted, jobs,
    gpu_name=st.sampled_from(["h100 80Gi SXM5", "rtx4090", "a100 80Gi PCIe"]),
    gpu_count=st.integers(1, 24),
    vcpu=st.decimals("0.01", 384, places=4),
    memory_gib=st.decimals("0.001", 2048, places=4),
    storage_gib=st.decimals("0.005", 32768, places=4),
    usd_per_hour_max=st.decimals("0.0006", 9999, places=6),
)  # fmt: skip


def priced(sdl):
    return next(iter(sdl.profiles.placement.values())).pricing


def amounts(sdl) -> Decimal:
    """What all units cost an hour at most, in USD."""
    pricing = priced(sdl)
    placed = [one for each in sdl.deployment.values() for one in each.values()]
    return usd_per_hour(sum(one.count * pricing[one.profile].amount for one in placed))


def test_the_sdl_of_a_job_is_the_reviewed_text():
    assert sdl_text(sdl_of(wanted())) == GOLDEN.read_text(encoding="utf-8")


@settings(deadline=None)
@given(orders)
def test_what_is_written_reads_back_the_same_without_a_fault_and_within_the_ceiling(order):
    sdl = sdl_of(order)
    text = sdl_text(sdl)

    assert read_sdl(text, "sdl.yaml") == sdl
    assert sdl_text(read_sdl(text, "sdl.yaml")) == text
    assert 0 < amounts(sdl) <= order.usd_per_hour_max
    assert list(sdl.profiles.placement) == [order.order_id]


def test_a_user_s_sdl_survives_being_written():
    sdl = read_sdl(SOUND, "s.yaml")
    assert read_sdl(sdl_text(sdl), "s.yaml") == sdl


def test_a_machine_is_never_smaller_than_it_was_bought():
    odd = wanted(
        vcpu=Decimal("0.0101"), memory_gib=Decimal("1.0001"), storage_gib=Decimal("0.0051")
    )
    found = ask_of(sdl_of(odd))

    assert (found.vcpu, found.gpu_count, found.gpu_names) == (
        Decimal("0.011"), 2, ("h100 80Gi SXM",),
    )  # fmt: skip
    assert (found.memory_gib * 1024, found.storage_gib * 1024) == (1025, 6)


@settings(deadline=None)
@given(st.decimals("0.0001", 99_999, places=6), st.integers(1, 50))
def test_the_price_of_all_units_together_keeps_the_ceiling(ceiling, units):
    if ceiling * FACTS.micro < units * FACTS.blocks_an_hour:
        with pytest.raises(ValueError, match="less than the least price"):
            price_cap(ceiling, units)
    else:
        assert usd_per_hour(Decimal(price_cap(ceiling, units) * units)) <= ceiling


@settings(deadline=None)
@given(st.decimals("0.1", 100, places=4))
def test_a_user_s_prices_are_lowered_to_the_ceiling_and_never_raised(ceiling):
    sdl = read_sdl(SOUND, "s.yaml")
    order = with_order(sdl, "ord-1", ceiling)
    before, after = (priced(one) for one in (sdl, order))

    assert list(order.profiles.placement) == ["ord-1"]
    assert {*order.deployment["web"], *order.deployment["db"]} == {"ord-1"}
    assert amounts(order) <= ceiling
    assert all(0 < after[name].amount <= before[name].amount for name in before)
    assert checked_sdl(sdl_text(order), "s.yaml") == (order, ())


@pytest.mark.parametrize(("change", "words"), [
    (("amount: 5000", "amount: 0"), "nobody bids"),
    (('amount: "100.5"', "amount: 0.001"), "would be nothing"),
    (("  placement:\n", "  placement:\n    other: {pricing: {}}\n"), "one placement"),
])  # fmt: skip
def test_an_sdl_that_cannot_be_one_order_is_refused_in_words(change, words):
    sdl = read_sdl(SOUND.replace(*change), "s.yaml")
    with pytest.raises(NotOrderable, match=words):
        with_order(sdl, "ord-1", Decimal("1.00"))


def test_prices_in_the_token_become_prices_in_dollars():
    sdl = read_sdl(SOUND.replace("uact, amount: 5000", "uakt, amount: 5000"), "s.yaml")
    order = with_order(sdl, "ord-1", Decimal(100))

    assert {price.denom for price in order.profiles.placement["ord-1"].pricing.values()} == {"uact"}


def test_an_sdl_says_what_it_asks_for_in_all():
    sdl = read_sdl(SOUND, "s.yaml")
    found = ask_of(sdl)

    assert (found.units, found.vcpu, found.memory_gib, found.storage_gib, found.gpu_count) == (
        3, Decimal("3.5"), 5, 41, 4,
    )  # fmt: skip
    assert found.gpu_names == ("h100 80Gi SXM",)
    assert reclamation_seconds(sdl) == 86_400


def test_a_group_is_asked_for_as_bid_screening_takes_it():
    (group,) = group_resources(read_sdl(SOUND, "s.yaml"))
    db, web = group["resources"]

    assert group["requirements"] == {
        "signedBy": {"allOf": [], "anyOf": ["akash1auditor"]},
        "attributes": [
            {"key": "feat-persistent-storage", "value": "true"},
            {"key": "location-type", "value": "datacenter"},
        ],
    }
    assert (db["resource"]["id"], db["count"], db["price"]["amount"]) == (1, 1, "100")
    assert db["resource"]["storage"][1]["attributes"][0] == {"key": "class", "value": "beta3"}
    assert web["resource"]["cpu"] == {
        "units": {"val": "1500"}, "attributes": [{"key": "arch", "value": "amd64"}],
    }  # fmt: skip
    assert web["resource"]["gpu"]["attributes"][0]["key"] == (
        "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"
    )
    assert [one["kind"] for one in web["resource"]["endpoints"]] == [0, 1, 2]


def test_services_of_one_profile_are_units_of_it():
    shared = SOUND.replace("{profile: db, count: 1}", "{profile: web, count: 3}")
    text = shared.replace("    params: {storage: {data: {mount: /var/lib/data}}}\n", "")
    (group,) = group_resources(read_sdl(text, "s.yaml"))

    assert [(one["resource"]["id"], one["count"]) for one in group["resources"]] == [(1, 5)]


def test_a_secret_stands_in_what_is_sent_and_nowhere_else():
    sdl = sdl_of(wanted())
    nasty = 'a"b\nprofiles: {}\t${secret:X} é\x85'
    sent = resolved(sdl, {"TEAM_HF": SecretStr(nasty)})

    assert secret_names(sdl) == ("TEAM_HF",)
    assert "HF_TOKEN=${secret:TEAM_HF}" in sdl_text(sdl)
    assert f"HF_TOKEN={nasty}" in [event.text for event in yaml_events(sent)]
    assert sent.count("\n") == sdl_text(sdl).count("\n")
    with pytest.raises(ValueError, match="not given: TEAM_HF"):
        resolved(sdl, {})


def test_a_registry_s_password_is_a_secret_too():
    image, key = (
        "    image: nginx:1.27\n",
        "{host: r.example, username: u, password: '${secret:REG}'}",
    )
    text = SOUND.replace(image, f"{image}    credentials: {key}\n")
    sdl = read_sdl(text, "s.yaml")
    given_all = {"REG": SecretStr("s3cret"), "WEB_TOKEN": SecretStr("t")}

    assert secret_names(sdl) == ("REG", "WEB_TOKEN")
    assert "password: s3cret" in resolved(sdl, given_all)

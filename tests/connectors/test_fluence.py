"""Fluence: three lists of plans in two shapes, their units and their currency."""

import json
from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Answer, Unreadable
from connectors.networks.fluence_wire import gib
from data.shipped import catalogue
from tests.connectors.samples import NOW, SAMPLES

SAMPLE = SAMPLES["fluence"]
PLAN = json.loads(SAMPLE.texts()["containers.json"])[0]
OPTION = {
    "id": "00000000-0000-4000-8000-00000000ee01",
    "location": "kristiansand-norway-2",
    "provider": "made-up-provider",
    "vcpu": {"count": 112},
    "memory": {"count": 720, "units": "Gi"},
    "storage": {"count": 2, "units": "Ti"},
    "deployment_type": "VM",
    "pricing": {"hour": 8.56, "upfront_hours": 3, "currency": "USDC"},
    "os_options": ["Ubuntu Server 22.04"],
}
GROUP = {
    "gpu_model": {"vendor": "nvidia", "model": "a100", "vram": "80Gi", "interface": "pcie"},
    "minimum_price": 8.56,
    "availability_by_number": [{"gpu_count": 8, "minimum_price": 8.56, "options": [OPTION]}],
}
BY_RULE = settings(derandomize=True, deadline=None, database=None)


def parsed(containers=(), vms=(), baremetal=()):
    bodies = (list(containers), {"data": list(vms)}, {"data": list(baremetal)})
    answers = [Answer("https://made.up.example", json.dumps(body).encode()) for body in bodies]
    return SAMPLE.made().parse(answers, NOW, catalogue())


def plan(**changes):
    changed = deepcopy(PLAN)
    for field, value in changes.items():
        changed["plan"][field] = changed["plan"][field] | value
    return changed


def test_a_container_plan_is_a_fixed_machine():
    (offer,) = parsed([PLAN]).offers

    assert (offer.gpu_model, offer.gpu_count, offer.usd_per_hour) == (
        "H200-SXM",
        1,
        Decimal("3.01"),
    )
    assert (offer.vcpu, offer.memory_gib, offer.storage_gib) == (16, 128, 120)
    assert (offer.country_code, offer.country_evidence) == ("US", "stated by the network")
    assert (offer.available, offer.available_count) == (True, None)
    assert offer.note == (
        "Priced in USDC, counted as USD. 3 hours are taken at the start, unused ones are returned."
    )


def test_an_option_is_priced_for_all_its_gpus():
    (offer,) = parsed(vms=[GROUP]).offers

    assert (offer.gpu_model, offer.gpu_count, offer.usd_per_gpu_hour) == (
        "A100-80-PCIe",
        8,
        Decimal("1.07"),
    )
    assert (offer.vcpu, offer.memory_gib, offer.storage_gib) == (112, 720, 2048)
    assert (offer.provider_id, offer.tier) == ("made-up-provider", "vm")


def test_one_plan_sold_in_two_ways_is_two_offers():
    offers = parsed(vms=[GROUP], baremetal=[GROUP]).offers
    assert {offer.tier for offer in offers} == {"vm", "baremetal"}
    assert len({offer.offer_id for offer in offers}) == 2


def test_the_name_of_a_data_centre_proves_no_country():
    (offer,) = parsed(vms=[GROUP]).offers
    assert (offer.region, offer.country_code) == ("kristiansand-norway-2", None)


def test_a_plan_for_several_countries_stands_in_none_of_them():
    (offer,) = parsed([PLAN | {"attributes": {"location": ["NO", "FI"]}}]).offers
    assert (offer.region, offer.country_code) == ("NO, FI", None)


@pytest.mark.parametrize("attributes", [{}, {"location": []}], ids=str)
def test_a_plan_without_a_place_is_still_an_offer(attributes):
    (offer,) = parsed([PLAN | {"attributes": attributes}]).offers
    assert (offer.region, offer.country_code) == (None, None)


def test_one_bad_option_costs_only_itself():
    bad = OPTION | {"pricing": OPTION["pricing"] | {"hour": 0}}
    counts = [{"gpu_count": 8, "options": [bad, OPTION, None]}, {"gpu_count": "many"}]
    reading = parsed(vms=[GROUP | {"availability_by_number": counts}, {"gpu_model": {}}])
    assert len(reading.offers) == 1
    assert sorted(r.code for r in reading.rejects) == ["impossible", *["unreadable"] * 3]


@pytest.mark.parametrize("currency", ["FLT", "EUR", "usdc", ""])
def test_a_price_in_another_currency_is_refused(currency):
    reading = parsed([plan(pricing={"currency": currency})])
    assert (reading.offers, len(reading.rejects)) == ([], 1)
    assert reading.rejects[0].reason == f"the price is in {currency!r}, not in USDC or USD"


def test_lists_of_another_form_are_unreadable():
    answers = [Answer("u", body) for body in (b"{}", b'{"data": []}', b'{"data": []}')]
    with pytest.raises(Unreadable, match="not a list"):
        SAMPLE.made().parse(answers, NOW, catalogue())


@BY_RULE
@given(count=st.integers(min_value=0, max_value=10**6))
def test_a_binary_unit_is_converted_exactly(count):
    assert gib(count, "Gi") == gib(count, "GiB") == count
    assert gib(count, "Ti") == gib(count * 1024, "Gi")
    assert gib(count * 1024, "Mi") == gib(count, "Gi")


@BY_RULE
@given(count=st.integers(min_value=0, max_value=10**6))
def test_gigabytes_stay_the_number_that_was_published(count):
    (offer,) = parsed([plan(supply={"memory": {"count": count, "units": "GB"}})]).offers
    assert offer.memory_gib == count
    assert (offer.note or "").endswith("Memory as published, in GB.")
    assert gib(count, "T") == gib(count * 1000, "G")


@BY_RULE
@given(units=st.text(max_size=4).filter(lambda u: u.removesuffix("B")[:1] not in set("MGT")))
def test_an_unknown_unit_is_refused_rather_than_guessed(units):
    reading = parsed([plan(supply={"memory": {"count": 64, "units": units}})])
    assert reading.offers == []
    assert "has no known unit" in reading.rejects[0].reason


@pytest.mark.parametrize(
    ("vram", "memory"), [("141Gi", 141), ("0.5Ti", 512), (None, None), ("lots", None), ("80", None)]
)
def test_gpu_memory_is_read_or_unknown(vram, memory):
    (offer,) = parsed([plan(gpu_model={"vram": vram})]).offers
    assert offer.gpu_memory_gib == memory

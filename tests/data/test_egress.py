"""The recorded egress prices: every list is whole, and says where and when it is from."""

import json
from datetime import date
from decimal import Decimal

import pytest

from data.egress import egress_comparison, egress_rates

RATES = {(rate.provider, rate.direction): rate for rate in egress_rates()}


def test_each_cloud_has_a_list_for_the_internet_and_between_regions():
    clouds = {"aws", "azure", "gcp", "oci"}
    assert set(RATES) == {(c, d) for c in clouds for d in ("internet", "inter_region")}
    assert len(RATES) == len(egress_rates())


@pytest.mark.parametrize("rate", RATES.values(), ids=lambda r: f"{r.provider} {r.direction}")
def test_every_list_says_where_and_when_it_is_from(rate):
    assert rate.observed_on >= date(2026, 5, 6)
    assert rate.source
    assert rate.source_url.startswith("https://")


@pytest.mark.parametrize(
    ("cloud", "gb", "usd"),
    [
        ("aws", 100, "0"),
        ("aws", 10_100, "900"),
        ("azure", 10_100, "870"),
        ("gcp", 1_000, "120"),
        ("gcp", 10_000, "1110"),
        ("oci", 10_000, "0"),
        ("oci", 11_000, "8.5"),
    ],
)
def test_a_month_costs_what_the_list_says(cloud, gb, usd):
    assert RATES[cloud, "internet"].cost(Decimal(gb)).amount == Decimal(usd)


def test_between_regions_nothing_is_free():
    assert {r.free_gb_per_month for r in egress_rates() if r.direction == "inter_region"} == {0}


def test_the_comparison_holds_every_cloud_once():
    table = egress_comparison(Decimal(50_000))
    assert table["provider"].to_list() == ["oci", "azure", "aws", "gcp"]
    assert table["usd"].to_list() == sorted(table["usd"])
    assert egress_comparison(Decimal(50_000), "inter_region").height == 4


def test_the_lists_are_the_recorded_ones(shared):
    path = shared / "networks/baselines/egress_prices_2026-05-06.json"
    recorded = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    for cloud in ("aws", "azure", "gcp", "oci"):
        there = recorded[cloud]
        here, between = RATES[cloud, "internet"], RATES[cloud, "inter_region"]
        assert here.free_gb_per_month == there["free_tier_gb"]
        assert [(t.up_to_gb, t.usd_per_gb) for t in here.tiers] == [
            (t["up_to_gb"], t["price_per_gb_usd"]) for t in there["tiers"]
        ]
        assert [t.usd_per_gb for t in between.tiers] == [there["inter_region_per_gb_usd"]]

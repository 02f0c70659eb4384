"""The Dashboard's figures: the cheapest that can be had, and savings that hold."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.shipped import HYPERSCALERS, recorded_offers
from engine.market import Offer, offers_frame
from engine.overview import (
    Headline,
    headline,
    large_savings,
    models_offered,
    network_savings,
    savings_by_offer,
    sellers,
)
from tests.support import baseline, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AKASH_BID = "whole_group_bid_incl_cpu_ram_disk"


def sold(offer_id: str, price: str, **changes: Any) -> Offer:
    return offer(offer_id=offer_id, usd_per_hour=Decimal(price), **changes)


def shown(*offers: Offer, baselines: tuple[Offer, ...] = ()) -> Headline:
    return headline(offers_frame(offers), offers_frame(baselines), "H100-SXM", NOW)


def counted(*offers: Offer, price: str = "10") -> tuple[int, int]:
    listed = offers_frame([baseline(usd_per_hour=Decimal(price))])
    return large_savings(offers_frame(offers), listed, NOW)


def test_the_headline_is_the_cheapest_that_is_not_known_to_be_taken():
    taken = sold("a", "1", available=False)
    unknown = sold("b", "2", available=None)
    found = shown(taken, unknown, sold("c", "3"))
    assert found.offer
    assert found.offer["offer_id"] == "b"
    assert found.offers == 3


def test_a_network_with_nothing_free_does_not_hide_a_dearer_network():
    found = shown(sold("a", "1", available=False), sold("b", "2", network="lium"))
    assert found.offer
    assert found.offer["offer_id"] == "b"


def test_without_anything_to_be_had_there_is_no_headline_offer():
    found = shown(sold("a", "1", available=False), baselines=(baseline(),))
    assert (found.offer, found.comparisons, found.offers) == (None, (), 1)
    assert (shown().offer, shown().offers) == (None, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"term": "spot"},
        {"gpu_model": "H100-PCIe"},
        {"rankable": False},
        {"price_basis": "host_reward_before_network_fee"},
        {"price_basis": "customer_price"},
        {"price_basis": "as_published_per_gpu"},
        {"price_basis": "list"},
    ],
)
def test_what_is_not_a_firm_price_of_this_model_on_demand_is_never_the_headline(
    change: dict[str, Any],
):
    found = shown(sold("a", "1", **change), sold("b", "2"))
    assert found.offer
    assert found.offer["offer_id"] == "b"


def test_the_headline_is_compared_with_every_hyperscaler_that_sells_the_model():
    listed = tuple(baseline(offer_id=n, network=n) for n in ("aws", "gcp"))
    found = shown(sold("a", "1.72"), sold("b", "1.73", network="lium"), baselines=listed)
    assert [c.baseline for c in found.comparisons] == ["aws", "gcp"]
    first = found.comparisons[0]
    assert (first.instance, first.region) == ("p5.4xlarge", "us-east-1")
    assert (first.usd_per_gpu_hour, first.confidence) == (Decimal("6.88"), "B")
    assert first.differences == ()


def test_without_a_firm_price_the_headline_makes_no_claim():
    reward = sold("a", "1", price_basis="host_reward_before_network_fee")
    found = shown(reward, baselines=(baseline(),))
    assert (found.offer, found.comparisons) == (None, ())


def test_the_least_saving_counts_missing_cpu_and_ram():
    listed = (baseline(usd_per_hour=Decimal(5)),)
    (bid,) = shown(
        sold("a", "2", price_basis=AKASH_BID, vcpu=8.0, memory_gib=32.0), baselines=listed
    ).comparisons
    assert bid.saving == pytest.approx(0.6)
    assert bid.least == bid.saving_adjusted == pytest.approx(1 - 2.46085317 / 5)
    (whole,) = shown(sold("a", "2"), baselines=listed).comparisons
    assert (whole.saving_adjusted, whole.least) == (None, whole.saving)


@pytest.mark.parametrize(
    ("sold_as", "listed", "is_upper_bound"),
    [
        ({"price_basis": AKASH_BID, "vcpu": 1.0}, {}, False),
        ({"price_basis": AKASH_BID, "vcpu": 1.0}, {"memory_gib": None}, True),
        ({"vcpu": None}, {}, True),
        ({}, {}, False),
    ],
)
def test_a_saving_is_an_upper_bound_where_the_difference_in_shape_has_no_price(
    sold_as: dict[str, Any],
    listed: dict[str, Any],
    is_upper_bound: bool,  # noqa: FBT001
):
    (found,) = shown(sold("a", "2", **sold_as), baselines=(baseline(**listed),)).comparisons
    assert found.is_upper_bound == is_upper_bound


@pytest.mark.parametrize(("price", "large"), [("3", 1), ("3.000000001", 0), ("1", 1), ("12", 0)])
def test_seventy_percent_counts_as_a_large_saving_and_less_does_not(price: str, large: int):
    assert counted(sold("a", price)) == (large, 1)


def test_a_large_saving_counts_only_if_it_holds_after_adding_cpu_and_ram():
    small = {"price_basis": AKASH_BID, "vcpu": 8.0, "memory_gib": 32.0}
    assert counted(sold("a", "2.9", **small)) == (0, 1)
    assert counted(sold("a", "2.5", **small)) == (1, 1)
    assert counted(sold("a", "2.9", price_basis=AKASH_BID)) == (1, 1)


@pytest.mark.parametrize("change", [{"vcpu": None}, {"memory_gib": None}, {"vcpu": 1.0}])
def test_a_saving_that_cannot_be_proven_is_compared_but_not_counted_as_large(
    change: dict[str, Any],
):
    assert counted(sold("a", "1", **change)) == (0, 1)


def test_a_modelled_price_is_in_neither_number():
    assert counted(sold("a", "1", price_basis="customer_price")) == (0, 0)
    assert counted(sold("a", "1", rankable=False)) == (0, 0)


def test_only_the_cheapest_offer_of_a_network_is_counted():
    assert counted(sold("a", "1"), sold("b", "2"), sold("c", "9", network="lium")) == (1, 2)
    assert counted() == (0, 0)


def test_each_offer_shows_its_saving_per_hyperscaler_and_its_lowest_label():
    near = baseline(usd_per_hour=Decimal(5))
    far = baseline(offer_id="gcp", network="gcp", usd_per_hour=Decimal(10), country_code="DE")
    frame = savings_by_offer(offers_frame([sold("a", "2.5")]), offers_frame([near, far]), NOW)
    (row,) = frame.to_dicts()
    assert (row["aws_saving"], row["gcp_saving"], row["azure_saving"]) == (0.5, 0.75, None)
    assert row["confidence"] == "C"


def test_a_saving_shown_is_the_one_after_adding_cpu_and_ram():
    bid = sold("a", "2", price_basis=AKASH_BID, vcpu=8.0, memory_gib=32.0)
    listed = offers_frame([baseline(usd_per_hour=Decimal(5))])
    shown_saving = savings_by_offer(offers_frame([bid]), listed, NOW)["aws_saving"][0]
    assert shown_saving == pytest.approx(1 - 2.46085317 / 5)


def test_a_saving_can_be_recomputed_from_what_is_shown_beside_it():
    bid = sold("a", "2", price_basis=AKASH_BID, vcpu=8.0, memory_gib=32.0, country_code="DE")
    (row,) = savings_by_offer(offers_frame([bid]), offers_frame([baseline()]), NOW).to_dicts()
    listed, extra = float(row["aws_usd_per_gpu_hour"]), row["aws_adjustment_usd_per_gpu_hour"]
    assert (listed, row["aws_machine"], row["aws_region"]) == (6.88, "p5.4xlarge", "us-east-1")
    assert row["aws_saving"] == pytest.approx(1 - (2 + extra) / listed, rel=1e-12)
    assert row["aws_saving_as_quoted"] == pytest.approx(1 - 2 / listed, rel=1e-12)
    assert row["aws_differences"].split() == ["shape", "region"]


def test_a_saving_is_not_known_where_nobody_states_the_shape():
    ours = offers_frame([sold("a", "2.5", vcpu=None)])
    frame = savings_by_offer(ours, offers_frame([baseline(usd_per_hour=Decimal(5))]), NOW)
    (row,) = frame.to_dicts()
    assert (row["aws_saving"], row["aws_saving_as_quoted"]) == (None, 0.5)
    assert row["aws_differences"] == "shape"


def test_an_offer_that_nobody_else_sells_shows_no_saving_and_no_label():
    frame = savings_by_offer(
        offers_frame([sold("a", "2", gpu_model="L4")]), offers_frame([baseline()]), NOW
    )
    (row,) = frame.select("aws_saving", "azure_saving", "gcp_saving", "confidence").to_dicts()
    assert set(row.values()) == {None}


rows = st.fixed_dictionaries(
    {
        "network": st.sampled_from(["aws", "azure", "gcp"]),
        "gpu_model": st.sampled_from([None, "H100-SXM", "L4"]),
        "form_factor": st.sampled_from([None, "SXM"]),
        "gpu_count": st.sampled_from([1, 8]),
        "vcpu": st.sampled_from([None, 1.0, 99.0]),
        "term": st.sampled_from(["on_demand", "spot"]),
        "price_basis": st.sampled_from(["instance", AKASH_BID, "list"]),
    }
)


@settings(max_examples=50, deadline=None)
@given(st.lists(rows, max_size=6), st.lists(rows, max_size=8))
def test_every_offer_is_shown_in_exactly_one_row(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]]
):
    networks = offers_frame(
        [offer(offer_id=f"o{n}", **(r | {"network": "akash"})) for n, r in enumerate(ours)]
    )
    baselines = offers_frame([baseline(offer_id=f"b{n}", **r) for n, r in enumerate(theirs)])
    frame = savings_by_offer(networks, baselines, NOW)
    assert sorted(frame["offer_id"]) == networks["offer_id"].to_list()


def test_every_shipped_offer_is_shown_in_exactly_one_row():
    recorded = recorded_offers()
    listed = [o for name in HYPERSCALERS for o in recorded.pop(name)]
    networks = offers_frame([o for offers in recorded.values() for o in offers])
    frame = savings_by_offer(networks, offers_frame(listed), NOW)
    assert sorted(frame["offer_id"]) == networks["offer_id"].to_list()
    assert frame["aws_saving"].count() > 0


def test_sellers_are_networks_and_hyperscalers_cheapest_first():
    offers = [sold("a", "3"), sold("b", "2"), sold("c", "2.5", network="lium")]
    listed = [baseline(), baseline(offer_id="aws:dear", usd_per_hour=Decimal(9))]
    other = [sold("d", "1", term="spot"), sold("e", "1", gpu_model="L4")]
    found = sellers(offers_frame(offers + other), offers_frame(listed), "H100-SXM")
    assert found["offer_id"].to_list() == ["b", "c", "aws:p5.4xlarge:us-east-1:on_demand"]


def test_a_price_before_fees_is_kept_among_sellers_with_its_basis():
    reward = sold("a", "1", price_basis="host_reward_before_network_fee")
    found = sellers(offers_frame([reward]), offers_frame([]), "H100-SXM")
    assert found["price_basis"].to_list() == ["host_reward_before_network_fee"]


def test_the_models_with_the_dearest_offer_come_first():
    prices = {"L4": ["0.3", "0.1"], "B200": ["5"], "H100-SXM": ["2", "9"]}
    offers = [
        sold(f"{model}{n}", price, gpu_model=model)
        for model, each in prices.items()
        for n, price in enumerate(each)
    ]
    assert models_offered(offers_frame(offers)) == ["H100-SXM", "B200", "L4"]


def test_models_are_listed_once_and_only_if_they_can_be_procured():
    change = [{}, {"network": "lium"}, {"gpu_model": "L4"}, {"gpu_model": None}]
    offers = [offer(offer_id=str(n), **c) for n, c in enumerate(change)]
    example = offer(offer_id="x", gpu_model="T4", rankable=False)
    assert sorted(models_offered(offers_frame([*offers, example]))) == ["H100-SXM", "L4"]


def test_each_network_shows_its_cheapest_free_offer_with_its_savings():
    ours = [
        sold("a", "3"),
        sold("b", "2", available=False),
        sold("c", "2.5", network="lium"),
        sold("d", "1", term="spot"),
    ]
    listed = offers_frame([baseline(usd_per_hour=Decimal(5))])
    frame = network_savings(offers_frame(ours), listed, "H100-SXM", NOW)
    assert frame["network"].to_list() == ["lium", "akash"]
    assert frame["aws_saving"].to_list() == pytest.approx([0.5, 0.4])

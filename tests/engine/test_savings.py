"""Savings: like for like, every difference named, never against the dearest price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.shipped import HYPERSCALERS, recorded_offers
from engine.market import Offer, offers_frame
from engine.savings import DIFFERENCES, best_baselines, cheapest_per_network, compared
from tests.support import baseline, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AKASH_BID = "whole_group_bid_incl_cpu_ram_disk"
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def pairs(offers: list[Offer], baselines: list[Offer]) -> list[dict[str, Any]]:
    return compared(offers_frame(offers), offers_frame(baselines), NOW).to_dicts()


def pair(sold: Offer, *baselines: Offer) -> dict[str, Any]:
    (row,) = pairs([sold], list(baselines))
    return row


def eight(**changes: Any) -> Offer:
    """A baseline of eight GPUs with the same share of CPU and RAM each."""
    fields = {"offer_id": "aws:p5.48xlarge", "provider_name": "p5.48xlarge", "gpu_count": 8}
    return baseline(**(fields | {"vcpu": 128.0, "memory_gib": 2048.0} | changes))


def test_the_same_machine_at_fresh_prices_is_b():
    row = pair(offer(usd_per_hour=Decimal("1.72")), baseline(usd_per_hour=Decimal("6.88")))
    assert (row["confidence"], row["differences"]) == ("B", [])
    assert row["saving"] == pytest.approx(0.75, abs=1e-12)


def test_a_comparison_names_the_price_it_was_made_against():
    row = pair(offer(), baseline())
    assert row["baseline"] == "aws"
    assert row["baseline_instance"] == "p5.4xlarge"
    assert row["baseline_region"] == "us-east-1"
    assert row["baseline_usd_per_gpu_hour"] == Decimal("6.88")
    assert row["baseline_observed_on"].isoformat() == "2026-11-23"


def test_what_is_dearer_saves_less_than_nothing():
    row = pair(offer(usd_per_hour=Decimal("8.60")), baseline(usd_per_hour=Decimal("6.88")))
    assert row["saving"] == pytest.approx(-0.25, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gpu_count": 2, "vcpu": 32.0, "memory_gib": 512.0}, "count"),
        ({"vcpu": 15.9}, "shape"),
        ({"memory_gib": 255.9}, "shape"),
        ({"vcpu": None}, "shape"),
        ({"memory_gib": None}, "shape"),
        ({"country_code": "DE"}, "region"),
        ({"country_code": None}, "region"),
        ({"observed_at": NOW - 31 * DAY}, "age"),
        ({"price_basis": "gpu_only"}, "basis"),
    ],
)
def test_one_difference_is_named_and_lowers_the_label_to_c(change: dict[str, Any], code: str):
    row = pair(offer(**change), baseline())
    assert (row["confidence"], row["differences"]) == ("C", [code])


@pytest.mark.parametrize(
    ("change", "codes"),
    [({"rankable": False}, ["modelled"]), ({"price_basis": AKASH_BID, "rankable": False}, None)]
    + [
        ({"price_basis": basis}, ["basis", "modelled"])
        for basis in (
            "host_reward_before_network_fee",
            "customer_price",
            "as_published_per_gpu",
            "list",
        )
    ],
)
def test_an_example_or_a_price_before_fees_is_d(change: dict[str, Any], codes: list[str] | None):
    row = pair(offer(**change), baseline())
    assert (row["confidence"], row["differences"]) == ("D", codes or ["modelled"])


@pytest.mark.parametrize("part", ["vcpu", "memory_gib", "country_code"])
def test_what_the_baseline_does_not_state_is_a_difference_too(part: str):
    assert pair(offer(), baseline(**{part: None}))["confidence"] == "C"


def test_a_whole_group_bid_for_the_same_shape_is_b():
    row = pair(offer(price_basis=AKASH_BID), baseline())
    assert (row["confidence"], row["differences"]) == ("B", [])


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"observed_at": NOW - 30 * DAY}, "B"),
        ({"observed_at": NOW - 30 * DAY - MOMENT}, "C"),
        ({"price_as_of": NOW - 30 * DAY}, "B"),
        ({"price_as_of": NOW - 30 * DAY - MOMENT}, "C"),
        ({"price_as_of": NOW, "observed_at": NOW - 40 * DAY}, "B"),
    ],
)
def test_a_price_older_than_30_days_caps_the_label_at_c(change: dict[str, Any], label: str):
    assert pair(offer(**change), baseline())["confidence"] == label


@pytest.mark.parametrize(("days", "label"), [(0, "B"), (30, "B"), (31, "C"), (400, "C")])
def test_a_baseline_older_than_30_days_caps_the_label_at_c(days: int, label: str):
    row = pair(offer(), baseline(observed_at=NOW - days * DAY))
    assert row["confidence"] == label
    assert row["differences"] == (["age"] if label == "C" else [])


def test_a_baseline_of_the_same_count_is_preferred_to_a_cheaper_one():
    row = pair(offer(), baseline(), eight(usd_per_hour=Decimal(8)))
    assert (row["baseline_instance"], row["differences"]) == ("p5.4xlarge", [])


def test_without_the_same_count_the_cheapest_per_gpu_is_taken_and_the_count_named():
    two = offer(gpu_count=2, vcpu=32.0, memory_gib=512.0, usd_per_hour=Decimal(5))
    row = pair(two, baseline(), eight(usd_per_hour=Decimal(40)))
    assert row["baseline_instance"] == "p5.48xlarge"
    assert row["differences"] == ["count"]
    assert row["saving"] == pytest.approx(0.5, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 99)), min_size=1, max_size=6))
def test_a_saving_never_rests_on_a_dearer_baseline(rows: list[tuple[int, int]]):
    listed = [
        baseline(offer_id=f"aws:{n}", gpu_count=c, usd_per_hour=Decimal(p * c))
        for n, (c, p) in enumerate(rows)
    ]
    like_for_like = [p for c, p in rows if c == 1] or [p for _, p in rows]
    assert pair(offer(), *listed)["baseline_usd_per_gpu_hour"] == min(like_for_like)


@pytest.mark.parametrize(
    "change", [{"price_basis": "gpu_only"}, {"rankable": False}, {"gpu_model": None}]
)
def test_a_price_that_is_no_whole_instance_is_never_a_baseline(change: dict[str, Any]):
    cheaper = baseline(offer_id="aws:a", usd_per_hour=Decimal(3), **change)
    assert pairs([offer()], [cheaper]) == []
    assert pair(offer(), baseline(), cheaper)["baseline_usd_per_gpu_hour"] == Decimal("6.88")


def test_of_equal_baselines_the_smallest_machine_then_the_newest_price_is_taken():
    small_old = baseline(offer_id="c", observed_at=NOW - 9 * DAY)
    small_new = baseline(offer_id="b", observed_at=NOW - 8 * DAY)
    twin = baseline(offer_id="d", observed_at=NOW - 8 * DAY)
    large = eight(offer_id="a", usd_per_hour=Decimal("55.04"), observed_at=NOW)
    listed = offers_frame([small_old, small_new, twin, large])
    best = best_baselines(listed, ("network", "gpu_model"))
    assert best["offer_id"].to_list() == ["b"]


def test_spot_is_compared_with_spot_only():
    spot = baseline(offer_id="aws:spot", term="spot", usd_per_hour=Decimal(3))
    on_demand = offer(usd_per_hour=Decimal("1.5"))
    assert pair(on_demand, baseline(), spot)["baseline_usd_per_gpu_hour"] == Decimal("6.88")
    assert pairs([on_demand], [spot]) == []
    assert pair(offer(term="spot", usd_per_hour=Decimal("1.5")), baseline(), spot)["saving"] == 0.5


@pytest.mark.parametrize("change", [{"gpu_model": "H100-PCIe"}, {"gpu_model": None}])
def test_another_model_is_never_compared(change: dict[str, Any]):
    assert pairs([offer(**change)], [baseline()]) == []


def test_a_model_without_form_factor_is_never_compared():
    unclear = {"gpu_model": "H100", "form_factor": None}
    assert pairs([offer(**unclear)], [baseline(**unclear)]) == []


def test_a_baseline_is_never_offered_as_a_saving():
    assert pairs([baseline(network="azure")], [baseline()]) == []


def test_each_hyperscaler_is_compared_once_and_the_cheapest_offer_comes_first():
    listed = [baseline(offer_id=n, network=n) for n in ("gcp", "aws", "azure")]
    dear, cheap = offer(offer_id="a", usd_per_hour=Decimal(3)), offer(offer_id="b")
    rows = [(r["offer_id"], r["baseline"]) for r in pairs([dear, cheap], listed)]
    assert rows == [(o, b) for o in ("b", "a") for b in ("aws", "azure", "gcp")]


def test_missing_cpu_and_ram_are_added_at_the_networks_own_rates():
    bid = offer(price_basis=AKASH_BID, vcpu=8.0, memory_gib=32.0, usd_per_hour=Decimal(2))
    row = pair(bid, baseline(usd_per_hour=Decimal(5)))
    month_hours = 730.488  # 438292.8 blocks a month, 600 an hour
    extra = (8 * 4.50 + 224 * 1.073741824 * 1.25) / month_hours
    assert extra == pytest.approx(0.46085317, abs=1e-8)
    assert row["adjustment_usd_per_gpu_hour"] == pytest.approx(extra, rel=1e-12)
    assert row["saving"] == pytest.approx(0.6, abs=1e-12)
    assert row["saving_adjusted"] == pytest.approx(1 - (2 + extra) / 5, rel=1e-12)


def test_cpu_and_ram_are_compared_per_gpu():
    bid = offer(price_basis=AKASH_BID, vcpu=8.0, memory_gib=256.0, usd_per_hour=Decimal(2))
    row = pair(bid, eight(usd_per_hour=Decimal(40)))
    assert row["adjustment_usd_per_gpu_hour"] == pytest.approx(8 * 4.5 / 730.488, rel=1e-12)


def test_a_bid_for_two_gpus_is_compared_by_its_share_too():
    fields = {"price_basis": AKASH_BID, "vcpu": 16.0, "memory_gib": 512.0, "gpu_count": 2}
    row = pair(offer(**fields), baseline())
    assert row["adjustment_usd_per_gpu_hour"] == pytest.approx(8 * 4.5 / 730.488, rel=1e-12)


def test_more_cpu_than_the_baseline_pays_for_no_missing_ram():
    bid = offer(price_basis=AKASH_BID, vcpu=64.0, memory_gib=255.0)
    row = pair(bid, baseline())
    expected = 1.073741824 * 1.25 / 730.488
    assert row["adjustment_usd_per_gpu_hour"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("part", ["vcpu", "memory_gib"])
def test_without_the_baselines_shape_there_is_no_adjusted_figure(part: str):
    row = pair(offer(price_basis=AKASH_BID, vcpu=1.0), baseline(**{part: None}))
    assert (row["adjustment_usd_per_gpu_hour"], row["saving_adjusted"]) == (None, None)
    assert row["saving"] == pytest.approx(1 - 2.5 / 6.88, abs=1e-12)


def test_a_fixed_machine_is_not_adjusted():
    assert pair(offer(vcpu=1.0, memory_gib=1.0), baseline())["saving_adjusted"] is None


def test_of_a_network_the_cheapest_that_is_not_known_to_be_taken_is_chosen():
    taken = offer(offer_id="a", available=False, usd_per_hour=Decimal(1))
    unknown = offer(offer_id="b", available=None, usd_per_hour=Decimal(3))
    free = offer(offer_id="c", available=True, usd_per_hour=Decimal(4))
    assert cheapest_per_network(offers_frame([taken, unknown, free]))["offer_id"].to_list() == ["b"]
    assert cheapest_per_network(offers_frame([taken])).is_empty()


def test_examples_baselines_and_unnamed_gpus_are_never_a_networks_cheapest():
    left_out = [{"rankable": False}, {"is_baseline": True}, {"gpu_model": None}]
    offers = [offer(offer_id=str(n), **change) for n, change in enumerate(left_out)]
    assert cheapest_per_network(offers_frame(offers)).is_empty()


def test_each_network_model_and_term_has_its_own_cheapest():
    kinds = [{}, {"network": "lium"}, {"gpu_model": "L4"}, {"term": "spot"}]
    offers = [offer(offer_id=str(n), **kind) for n, kind in enumerate(kinds)]
    offers += [offer(offer_id=f"x{n}", usd_per_hour=Decimal(3), **k) for n, k in enumerate(kinds)]
    assert set(cheapest_per_network(offers_frame(offers))["offer_id"]) == set("0123")


def test_the_recorded_h100_saves_70_percent_quoted_and_62_adjusted():
    recorded = recorded_offers()
    listed = offers_frame([o for name in HYPERSCALERS for o in recorded[name]])
    sold = cheapest_per_network(offers_frame(recorded["akash"])).filter(gpu_model="H100-SXM")
    row = compared(sold, listed, NOW).row(by_predicate=pl.col("baseline") == "aws", named=True)
    assert row["usd_per_gpu_hour"] == Decimal("2.0393607528")
    assert round(row["saving"] * 100, 2) == 70.36
    assert round(row["saving_adjusted"] * 100, 1) == 62.1
    assert (row["confidence"], row["differences"]) == ("C", ["shape", "region", "age"])


changes = st.fixed_dictionaries(
    {
        "gpu_count": st.sampled_from([1, 8]),
        "vcpu": st.sampled_from([None, 1.0, 99.0]),
        "country_code": st.sampled_from([None, "US", "DE"]),
        "price_basis": st.sampled_from(["instance", AKASH_BID, "list", "gpu_only"]),
        "term": st.sampled_from(["on_demand", "spot"]),
        "rankable": st.booleans(),
        "available": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=80, deadline=None)
@given(st.lists(changes, max_size=6), st.lists(changes, max_size=6))
def test_the_label_follows_from_the_named_differences(
    sold: list[dict[str, Any]], listed: list[dict[str, Any]]
):
    offers = [offer(offer_id=f"o{n}", **c) for n, c in enumerate(sold)]
    rows = pairs(offers, [baseline(offer_id=f"b{n}", **c) for n, c in enumerate(listed)])
    assert len({(r["offer_id"], r["baseline"]) for r in rows}) == len(rows)
    for row in rows:
        codes = row["differences"]
        assert set(codes) <= set(DIFFERENCES)
        assert row["confidence"] == ("D" if "modelled" in codes else "C" if codes else "B")


@pytest.mark.parametrize(("date", "days"), [("price_as_of", 400), ("observed_at", 30.05)])
def test_a_baseline_is_aged_by_its_own_dates_and_by_the_hour(date: str, days: float):
    row = pair(offer(), baseline(**{date: NOW - timedelta(days=days)}))
    assert row["differences"] == ["age"]


YEAR = {"valid_from": NOW.date() - 300 * DAY, "valid_until": NOW.date() + 65 * DAY}
AGREED = {"source_kind": "contract", "price_as_of": NOW - 300 * DAY} | YEAR


def contract(**changes: Any) -> Offer:
    """The customer's own rate at a hyperscaler, agreed 300 days ago and valid today."""
    return baseline(**({"offer_id": "aws:contract", "usd_per_hour": Decimal(5)} | AGREED | changes))


@pytest.mark.parametrize("price", [Decimal(5), Decimal(9)])
def test_the_customer_s_own_rate_is_the_baseline_be_it_cheaper_or_dearer(price):
    row = pair(offer(), baseline(), contract(usd_per_hour=price))

    assert (row["baseline_source_kind"], row["baseline_usd_per_gpu_hour"]) == ("contract", price)


def test_the_customer_s_own_rate_counts_per_gpu_also_for_another_count():
    row = pair(offer(), baseline(), contract(gpu_count=8, usd_per_hour=Decimal(40)))

    assert (row["baseline_source_kind"], "count" in row["differences"]) == ("contract", True)


@pytest.mark.parametrize(
    "change",
    [{"network": "gcp"}, {"gpu_model": "H200-SXM"}, {"term": "spot"}, {"price_basis": "gpu_only"}],
)
def test_a_rate_for_something_else_leaves_the_list_price(change):
    rows = pairs([offer()], [baseline(), contract(**change)])

    assert [r["baseline_source_kind"] for r in rows if r["baseline"] == "aws"] == ["live"]


def test_a_contract_price_is_not_old_while_it_is_valid():
    both = pair(offer(**AGREED), contract())
    assert (both["confidence"], both["differences"]) == ("B", [])


@pytest.mark.parametrize(
    "days", [{"valid_until": NOW.date() - DAY}, {"valid_from": NOW.date() + DAY}]
)
@pytest.mark.parametrize("side", ["offer", "baseline"])
def test_a_contract_price_outside_its_days_is_old(side, days):
    rest = {"price_as_of": NOW}
    sold = offer(**(AGREED | rest | days)) if side == "offer" else offer()
    base = contract(**(rest | days)) if side == "baseline" else baseline()

    assert pair(sold, base)["differences"] == ["age"]


def test_a_contract_price_without_days_ages_as_any_other():
    assert pair(offer(), contract(valid_from=None, valid_until=None))["differences"] == ["age"]

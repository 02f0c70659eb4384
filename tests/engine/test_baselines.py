"""Baselines side by side: the cheapest whole machine of each provider and term, never a maximum."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.shipped import recorded_offers
from engine.baselines import PRICE_COLUMNS, TERMS, baseline_prices
from engine.market import Offer, Term, offers_frame
from tests.support import baseline, offer


def listed(network: str, term: Term, usd: str, **changes: Any) -> Offer:
    place = changes.get("region", "us-east-1")
    name = f"{network}:{changes.get('provider_name', 'm')}:{place}:{term}"
    more: dict[str, Any] = {"offer_id": name, "network": network, "term": term}
    return baseline(**(more | {"usd_per_hour": Decimal(usd)} | changes))


def rows(*offers: Offer, model: str = "H100-SXM", **how: Any) -> list[dict[str, Any]]:
    return baseline_prices(offers_frame(offers), model, **how).to_dicts()


def test_each_provider_and_term_has_its_own_row_in_a_fixed_order():
    found = rows(
        listed("azure", "spot", "5"),
        listed("azure", "reserved_3y", "4"),
        listed("aws", "reserved_1y", "5"),
        listed("azure", "on_demand", "12"),
        listed("aws", "on_demand", "6.88"),
        listed("azure", "reserved_1y", "8"),
    )
    assert [(r["network"], r["term"]) for r in found] == [
        ("aws", "on_demand"),
        ("aws", "reserved_1y"),
        ("azure", "on_demand"),
        ("azure", "reserved_1y"),
        ("azure", "reserved_3y"),
        ("azure", "spot"),
    ]


def test_the_row_is_the_cheapest_per_gpu_hour_with_machine_place_source_and_date():
    found = rows(
        listed("aws", "on_demand", "7", region="eu-west-1"),
        listed("aws", "on_demand", "55.04", provider_name="p5.48xlarge", gpu_count=8, vcpu=192.0),
    )
    assert len(found) == 1
    assert (found[0]["usd_per_gpu_hour"], found[0]["usd_per_hour"]) == (
        Decimal("6.88"),
        Decimal("55.04"),
    )
    assert (found[0]["machine"], found[0]["gpu_count"], found[0]["region"]) == (
        "p5.48xlarge",
        8,
        "us-east-1",
    )
    assert (found[0]["source"], found[0]["source_kind"]) == ("a test", "live")
    assert found[0]["observed_on"].isoformat() == "2026-11-23"


def test_machines_of_another_size_are_left_out_when_the_size_is_asked_for():
    one = listed("aws", "on_demand", "7")
    eight = listed("aws", "on_demand", "55.04", provider_name="p5.48xlarge", gpu_count=8)
    assert [r["usd_per_gpu_hour"] for r in rows(one, eight, gpu_count=1)] == [Decimal(7)]
    assert rows(one, gpu_count=8) == []


@pytest.mark.parametrize(
    "change",
    [
        {"price_basis": "gpu_only"},
        {"price_basis": "as_published_per_gpu"},
        {"gpu_model": "H100-PCIe"},
        {"gpu_model": "H100"},
        {"gpu_model": None},
        {"is_baseline": False},
        {"rankable": False},
        {"term": "contract"},
    ],
    ids=str,
)
def test_what_is_not_a_like_for_like_list_price_is_no_baseline(change):
    cheap = baseline(**({"offer_id": "aws:x", "usd_per_hour": Decimal(1)} | change))
    assert [r["usd_per_gpu_hour"] for r in rows(baseline(), cheap)] == [Decimal("6.88")]


def test_a_term_without_a_price_has_no_row_and_no_offers_make_an_empty_table():
    assert [r["term"] for r in rows(listed("gcp", "spot", "1.28"))] == ["spot"]
    empty = baseline_prices(offers_frame([offer()]), "H100-SXM")
    assert (empty.height, empty.columns) == (0, list(PRICE_COLUMNS))


@given(prices=st.lists(st.integers(1, 99_999), min_size=1, max_size=8), term=st.sampled_from(TERMS))
@settings(derandomize=True, deadline=None, database=None)
def test_a_dearer_machine_never_changes_the_figure(prices, term):
    offers = [
        listed("aws", term, str(Decimal(cents).scaleb(-2)), region=f"r{place}")
        for place, cents in enumerate(prices)
    ]
    dearer = listed("aws", term, "1000", region="far")
    (alone,), (beside,) = rows(*offers), rows(*offers, dearer)
    assert alone == beside
    assert alone["usd_per_gpu_hour"] == Decimal(min(prices)).scaleb(-2)


def test_the_recorded_prices_of_an_h100_are_the_lowest_rows_of_the_table():
    frame = offers_frame([o for offers in recorded_offers().values() for o in offers])
    table = {
        (r["network"], r["term"]): round(r["usd_per_gpu_hour"], 2)
        for r in baseline_prices(frame, "H100-SXM").to_dicts()
    }
    assert table["aws", "on_demand"] == Decimal("6.88")
    assert table["azure", "on_demand"] == Decimal("12.29")
    assert table["gcp", "on_demand"] == Decimal("11.06")
    assert table["gcp", "spot"] == Decimal("1.28")

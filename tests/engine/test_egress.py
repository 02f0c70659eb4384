"""Egress: free part first, then tiers by cumulative month, exactly."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.egress import GB_MAX, EgressRate, EgressTier, egress_comparison, egress_cost
from engine.money import Money

law = settings(derandomize=True, deadline=None, database=None)
amounts = st.decimals(0, 10**7, places=6, allow_nan=False, allow_infinity=False)


def tiers(*steps: tuple[object, object]) -> tuple[EgressTier, ...]:
    """Tiers from (border, USD per GB) pairs; the last one has no upper border."""
    borders = [Decimal(str(border)) for border, _ in steps]
    ends = [*borders[1:], None]
    return tuple(
        EgressTier(from_gb=low, up_to_gb=high, usd_per_gb=Decimal(str(usd)))
        for low, high, (_, usd) in zip(borders, ends, steps, strict=True)
    )


AWS = tiers((0, "0.09"), (10_000, "0.085"), (50_000, "0.07"), (150_000, "0.05"))


def rate(**changes: Any) -> EgressRate:
    fields: dict[str, Any] = {
        "provider": "aws",
        "service": "Data Transfer Out",
        "region": "us-east-1",
        "direction": "internet",
        "free_gb_per_month": Decimal(100),
        "tiers": AWS,
        "observed_on": date(2026, 5, 6),
        "source": "a test",
        "source_url": "https://example.org/egress",
    }
    return EgressRate(**(fields | changes))


@pytest.mark.parametrize(
    ("gb", "usd"),
    [
        ("0", "0"),
        ("1", "0.09"),
        ("0.5", "0.045"),
        ("10000", "900"),
        ("10001", "900.085"),
        ("50000", "4300"),
        ("150000", "11300"),
        ("150001", "11300.05"),
        ("0.000000000000000001", "0.00000000000000000009"),
    ],
)
def test_each_gigabyte_costs_the_rate_of_its_tier(gb, usd):
    assert egress_cost(AWS, Decimal(gb)) == Money(Decimal(usd))


@pytest.mark.parametrize(("gb", "usd"), [(0, 0), (99, 0), (100, 0), (101, "0.09"), (10_100, 900)])
def test_the_free_part_of_a_month_is_used_first(gb, usd):
    assert rate().cost(Decimal(gb)) == Money(Decimal(usd))


@given(low=amounts, more=amounts)
@law
def test_more_data_never_costs_less_nor_more_than_at_the_dearest_rate(low, more):
    rise = rate().cost(low + more).amount - rate().cost(low).amount
    assert 0 <= rise <= more * Decimal("0.09")


@given(gb=amounts)
@law
def test_a_month_is_the_sum_of_its_parts_split_at_the_borders(gb):
    borders = [
        b for b in (Decimal(0), Decimal(10_000), Decimal(50_000), Decimal(150_000)) if b < gb
    ]
    spans = [high - low for low, high in pairwise([*borders, gb])]
    rates = [tier.usd_per_gb for tier in AWS]
    parts = sum((s * r for s, r in zip(spans, rates, strict=False)), Decimal(0))
    assert egress_cost(AWS, gb).amount == parts


@given(border=st.sampled_from([10_000, 50_000, 150_000]), step=st.decimals(0, 1, places=6))
@law
def test_a_border_is_crossed_without_a_jump(border, step):
    below, above = Decimal(border) - step, Decimal(border) + step
    jump = egress_cost(AWS, above).amount - egress_cost(AWS, below).amount
    assert 0 <= jump <= 2 * step * Decimal("0.09")


@given(gb=amounts, cut=st.integers(1, 10**6))
@law
def test_one_rate_cut_into_two_tiers_costs_the_same(gb, cut):
    whole, halves = tiers((0, "0.0085")), tiers((0, "0.0085"), (cut, "0.0085"))
    assert egress_cost(whole, gb) == egress_cost(halves, gb) == Money(gb * Decimal("0.0085"))


@pytest.mark.parametrize("gb", ["-1", "-0.001", "NaN", "Infinity", str(GB_MAX + 1)])
def test_an_impossible_amount_is_refused(gb):
    with pytest.raises(ValueError, match="no amount of data"):
        rate().cost(Decimal(gb))


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        AWS[:-1],
        AWS[1:],
        (AWS[0], AWS[2], AWS[3]),
        (AWS[0], *AWS),
    ],
    ids=["none", "no end", "no start", "a gap", "twice"],
)
def test_a_list_that_leaves_an_amount_without_one_price_is_refused(wrong):
    with pytest.raises(ValueError, match=r"aws us-east-1 internet: the tiers do not"):
        rate(tiers=wrong)


@pytest.mark.parametrize(("start", "end", "usd"), [(5, 5, 1), (5, 4, 1), (-1, 5, 1), (0, 5, -1)])
def test_a_tier_without_width_or_with_a_negative_price_is_refused(start, end, usd):
    with pytest.raises(ValueError, match=r"no width|below zero"):
        EgressTier(from_gb=Decimal(start), up_to_gb=Decimal(end), usd_per_gb=Decimal(usd))


def test_a_negative_free_part_is_refused():
    with pytest.raises(ValueError, match="-1 free GB"):
        rate(free_gb_per_month=Decimal(-1))


def test_the_comparison_is_cheapest_first_with_source_and_date():
    oci = rate(provider="oci", tiers=tiers((0, "0.0085")), free_gb_per_month=Decimal(10_000))
    near = rate(direction="inter_region", tiers=tiers((0, "0.02")))
    table = egress_comparison([rate(), oci, near], Decimal(20_100))
    assert table["provider"].to_list() == ["oci", "aws"]
    assert table["usd"].to_list() == [Decimal("85.85"), Decimal(1750)]
    assert table["usd_per_gb"].to_list()[1] == Decimal("0.087064676616915423")
    assert table["observed_on"].unique().to_list() == [date(2026, 5, 6)]
    assert table["source"].unique().to_list() == ["a test"]
    between = egress_comparison([rate(), near], Decimal(200), "inter_region")
    assert between["usd"].to_list() == [Decimal(2)]


def test_no_data_costs_nothing_and_has_no_price_per_gigabyte():
    row = egress_comparison([rate()], Decimal(0)).row(0, named=True)
    assert (row["usd"], row["usd_per_gb"]) == (Decimal(0), None)
    assert egress_comparison([], Decimal(1)).height == 0

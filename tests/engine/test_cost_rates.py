"""Rates of a kind of offer: units of time, months of egress, figures of one's own."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.billing import costs
from engine.billing import NOTHING, Band, Billing, Costs, Figure, flat
from engine.cost_rates import CostKey, Rater, billed_seconds, egress_regions, monthly
from engine.requirement import Requirement

law = settings(derandomize=True, deadline=None, database=None)
AWS = next(r for r in costs().egress if (r.provider, r.direction) == ("aws", "internet"))
hours = st.decimals("0.001", 100_000, places=6, allow_nan=False)
gigabytes = st.decimals(0, 10**7, places=3, allow_nan=False)


def job(**asked: Any) -> Requirement:
    return Requirement.model_validate({"gpus": {"models": ["H100"], "count": 1}, **asked})


def told(**values: str) -> Costs:
    """Costs of a network "x" with these figures (item = "low usual high") and nothing else."""
    figures = {}
    for item, text in values.items():
        low, usual, high = map(Decimal, text.split())
        figures["x", "any", item] = Figure(
            item=item, value=usual, low=low, high=high, evidence="assumed", note=item
        )
    return Costs(billing=Billing(figures))


@pytest.mark.parametrize(
    ("seconds", "unit", "least", "billed"),
    [
        ("1", "6", "0", "6"),
        ("6", "6", "0", "6"),
        ("6.000000001", "6", "0", "12"),
        ("3601", "3600", "0", "7200"),
        ("10", "1", "60", "60"),
        ("61.5", "0", "60", "61.5"),
    ],
)
def test_time_is_billed_in_whole_units_and_at_least_the_minimum(seconds, unit, least, billed):
    assert billed_seconds(Decimal(seconds), Decimal(unit), Decimal(least)) == Decimal(billed)


def test_units_that_do_not_nest_still_give_a_band_in_order():
    ours = told(granularity_seconds="7 7 10", minimum_seconds="0 0 0")
    found = Rater(job(duration_hours=Decimal(11) / 3600 // Decimal("1e-9") * Decimal("1e-9")), ours)
    band = found.rates(CostKey("x", "on_demand")).hours
    assert band.low <= band.usual <= band.high


@law
@given(gb=gigabytes, months=st.integers(1, 100))
def test_many_months_cost_what_each_of_them_costs(gb, months):
    assert monthly(AWS, gb * months, Decimal(720) * months) == months * AWS.cost(gb).amount


@law
@given(gb=gigabytes, hours=hours)
def test_data_never_costs_more_than_at_the_first_rate(gb, hours):
    assert 0 <= monthly(AWS, gb, hours) <= gb * Decimal("0.09")
    assert monthly(AWS, AWS.free_gb_per_month, hours) == 0


def test_a_networks_own_egress_and_ingress_rates_count_per_gb():
    ours = told(egress_usd_per_gb="0.01 0.02 0.03", ingress_usd_per_gb="0 0.001 0.001")
    asked = {"egress_gb": 7200, "ingress_gb": 720}
    whole = Rater(job(duration_hours=10, **asked), ours).rates(CostKey("x", "on_demand"))
    hourly = Rater(job(**asked), ours).rates(CostKey("x", "on_demand"))
    assert whole.egress == Band(Decimal(72), Decimal(144), Decimal(216))
    assert whole.ingress.usual == Decimal("0.72")
    assert (hourly.egress.usual, hourly.ingress.usual) == (Decimal("0.2"), Decimal("0.001"))


def test_without_any_recorded_list_unknown_egress_has_no_upper_end():
    rates = Rater(job(egress_gb=5), Costs(billing=Billing({}))).rates(CostKey("x", "spot"))
    assert rates.egress == NOTHING
    assert rates.lost_hours == NOTHING


def test_a_region_with_its_own_list_takes_it():
    assert ("aws", "us-east-1") in egress_regions(costs())
    assert ("aws", "eu-west-1") not in egress_regions(costs())
    rater = Rater(job(duration_hours=1, egress_gb=200), costs())
    keys = [CostKey("aws", "on_demand", egress_region=r) for r in ("us-east-1", None)]
    assert [rater.rates(key).egress for key in keys] == [flat(Decimal(9))] * 2


def test_what_is_not_asked_for_has_no_rate():
    rates = Rater(job(duration_hours=1), costs()).rates(CostKey("akash", "on_demand"))
    assert (rates.storage, rates.vcpu, rates.memory, rates.egress) == (NOTHING,) * 4

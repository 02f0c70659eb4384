"""How far a limit has to give way, rounded so that the offer still passes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.market import Offer
from engine.policy import Policy, Rules
from engine.requirement import Gpus, Requirement
from tests.engine.test_relaxations import decided, found, site
from tests.route_worlds import NOW
from tests.support import offer

JOB: dict[str, Any] = {"gpus": Gpus(count=1, models=frozenset({"H100"}))}


def usd(text: str, offer_id: str, **changes: Any) -> Offer:
    return offer(offer_id=offer_id, usd_per_hour=Decimal(text), **changes)


def values(policy: Policy | None, *listed: Offer, **asked: Any) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    decision = decided(Requirement(**(JOB | asked)), *listed, policy=policy)
    for code, value in found(decision):
        told.setdefault(code, []).extend([value] if value else [])
    return told


def test_only_the_strictest_value_of_each_saving_is_told():
    listed = [usd("9", "a", vcpu=64.0), usd("3", "b", vcpu=8.0), usd("2", "c", vcpu=4.0)]
    others = [usd("3", "d", vcpu=16.0), usd("8", "e", vcpu=2.0)]
    assert values(None, *listed, *others, vcpu_min=64.0) == {"vcpu": ["4", "16"]}


@pytest.mark.parametrize("price", ["3.00001", "3.000000000000000001"])
def test_a_price_is_rounded_up_so_that_it_admits_the_offer(price):
    assert values(None, usd(price, "a"), usd_per_hour_max=Decimal(3)) == {"price": ["3.0001"]}


def test_a_chosen_shape_is_priced_as_it_is_asked():
    listed = [usd("3", "a", gpu_count=1, gpu_count_max=8)]
    gpus = Gpus(count=2, models=frozenset({"H100"}))
    assert values(None, *listed, gpus=gpus, usd_per_hour_max=Decimal(5)) == {"price": ["6"]}


def test_the_cost_of_the_whole_job_is_told_in_cents():
    asked = {"duration_hours": Decimal(10), "usd_total_max": Decimal(20)}
    assert values(None, usd("2.0001", "a"), **asked) == {"total": ["20.01"]}


def test_the_price_of_a_gpu_hour_is_told_exactly():
    policy = Policy(name="p", usd_per_gpu_hour_max=Decimal(1))
    assert values(policy, usd("2.5", "a")) == {"gpu_price": ["2.5"]}


def test_an_older_price_is_told_in_whole_hours():
    policy = Policy(name="p", price_age_hours_max=24)
    old = usd("2", "a", observed_at=NOW - timedelta(hours=30, minutes=1))
    assert values(policy, old, usd("3", "b", observed_at=NOW)) == {"age": ["31"]}
    assert found(decided(Requirement(**JOB), old, policy=policy))["age", "31"].label == (
        "prices up to 31 hours old instead of 24 hours"
    )


def test_what_is_not_known_is_no_value_of_a_limit():
    listed = [usd("9", "a", storage_gib=500.0), usd("2", "b", storage_gib=None)]
    told = values(None, *listed, usd("1", "c", storage_gib=100.0), storage_gib_min=500.0)
    assert told == {"storage": ["100"], "storage_unknown": []}


def test_a_limit_on_uptime_of_two_kinds_of_days_has_no_single_lower_value():
    policy = Policy(name="p", rules=Rules(uptime_min=0.9, uptime_days=7))
    by = [site("p1", uptime_30d=0.5, uptime_7d=0.5, uptime_1d=1.0)]
    told = found(decided(Requirement(**JOB, uptime_min=0.99), usd("2", "a"), policy=policy, by=by))
    assert [value for _, value in told] == [None, "1d"]
    assert told["uptime", "1d"].label == "uptime over 1 day instead of 7 days and 30 days"

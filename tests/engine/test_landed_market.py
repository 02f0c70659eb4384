"""The fast cost of a whole market agrees with the exact one, offer by offer."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.billing import costs
from data.shipped import recorded_offers
from engine.landed import Landed, Pricer
from engine.landed_market import LANDED_COLUMNS, keyed, landed_frame, with_landed
from engine.market import Offer, offers_frame
from engine.requirement import Requirement
from tests.support import offer

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)
NETWORKS = ("akash", "nosana", "lium", "ionet", "fluence", "render", "aethir", "aws", "gcp", "new")
BASES = ("instance", "host_reward_before_network_fee", "gpu_only", "customer_price")
prices = st.decimals("0.01", "900", places=9, allow_nan=False)
fees = st.decimals(0, 1, places=4, allow_nan=False)
gigabytes = st.decimals(0, 10**9, places=3, allow_nan=False)
sizes = st.none() | st.floats(0.001, 10_000, allow_nan=False)


@st.composite
def sold(draw: st.DrawFn) -> Offer:
    count = draw(st.integers(1, 16))
    return offer(
        offer_id=draw(st.uuids(version=4)).hex,
        network=draw(st.sampled_from(NETWORKS)),
        term=draw(st.sampled_from(["on_demand", "spot", "reserved_1y", "contract"])),
        price_basis=draw(st.sampled_from(BASES)),
        source_kind=draw(st.sampled_from(["live", "contract"])),
        region=draw(st.sampled_from([None, "us-east-1", "eu-west-1"])),
        gpu_count=count,
        gpu_count_max=draw(st.none() | st.integers(1, 64)),
        usd_per_hour=draw(prices) * count,
        vcpu=draw(sizes),
        memory_gib=draw(sizes),
        storage_gib=draw(sizes),
    )


@st.composite
def jobs(draw: st.DrawFn) -> Requirement:
    hours = st.decimals("0.001", 100_000, places=9, allow_nan=False)
    asked: dict[str, Any] = {
        "gpus": {"models": ["H100"], "count": draw(st.integers(1, 64))},
        "duration_hours": draw(st.none() | hours),
        "egress_gb": draw(gigabytes),
        "ingress_gb": draw(gigabytes),
        "interruptible": True,
        "checkpoint_minutes": draw(sizes),
        "vcpu_min": draw(sizes),
        "memory_gib_min": draw(sizes),
        "storage_gib_min": draw(sizes),
    }
    return Requirement.model_validate(asked)


def exactly(cost: Landed) -> tuple[Decimal | bool | None, ...]:
    return (
        cost.quoted_usd_per_hour,
        cost.total_usd,
        cost.landed_usd_per_hour,
        cost.landed_low_usd_per_hour,
        cost.landed_high_usd_per_hour,
        cost.is_estimate,
    )


def near(value: object) -> object:
    return pytest.approx(float(value), rel=1e-9) if isinstance(value, Decimal) else value


@law
@given(job=jobs(), offers=st.lists(sold(), min_size=1, max_size=6), fee=fees, conversion=fees)
def test_fast_and_exact_agree(job, offers, fee, conversion):
    ours = costs(fee, {"akash": conversion})
    pricer = Pricer(job, ours)
    table = with_landed(job, offers_frame(offers), ours)
    for row in table.iter_rows(named=True):
        expected = exactly(pricer.landed(row))
        assert [row[name] for name in LANDED_COLUMNS] == [near(value) for value in expected]


@law
@given(job=jobs(), one=sold())
def test_terms_add_up_and_lie_within_their_bands(job, one):
    cost = Pricer(job, costs()).landed(asdict(one))
    assert all(0 <= t.low_usd <= t.usd <= t.high_usd for t in cost.terms)
    total = sum(t.usd for t in cost.terms)
    assert cost.total_usd in (None, total)
    assert cost.low_usd <= total <= cost.high_usd
    assert cost.landed_low_usd_per_hour <= cost.landed_usd_per_hour


def market() -> pl.DataFrame:
    return pl.concat([offers_frame(offers) for offers in recorded_offers().values()])


def test_every_recorded_offer_has_a_cost():
    job = Requirement.model_validate({"gpus": {"models": ["H100"], "count": 1}})
    table = with_landed(job, market(), costs())
    assert table.columns == [*market().columns, *LANDED_COLUMNS]
    assert table["landed_usd_per_hour"].min() > 0
    assert table["landed_usd"].null_count() == table.height
    assert table["offer_id"].to_list() == market()["offer_id"].to_list()


def test_a_part_of_a_keyed_market_costs_the_same():
    job = Requirement.model_validate(
        {"gpus": {"models": ["H100"], "count": 4}, "duration_hours": 5, "storage_gib_min": 900}
    )
    whole = keyed(market(), costs())
    part = whole.frame.reverse().filter(pl.col("network") != "aws")
    there = landed_frame(job, part, whole.keys, costs())
    here = with_landed(job, market().reverse().filter(pl.col("network") != "aws"), costs())
    assert there.equals(here.select(LANDED_COLUMNS), null_equal=True)


def test_bands_can_be_left_out():
    job = Requirement.model_validate(
        {"gpus": {"models": ["H100"], "count": 4}, "duration_hours": 5}
    )
    whole = keyed(market(), costs())
    quick = landed_frame(job, whole.frame, whole.keys, costs(), bands=False)
    full = landed_frame(job, whole.frame, whole.keys, costs())
    assert quick.equals(full.select(quick.columns), null_equal=True)
    assert set(full.columns) - set(quick.columns) == {
        "landed_low_usd_per_hour",
        "landed_high_usd_per_hour",
    }


def test_an_empty_market_costs_nothing_and_keeps_its_columns():
    job = Requirement.model_validate({"gpus": {"models": ["H100"], "count": 1}, "vcpu_min": 1})
    table = with_landed(job, market().clear(), costs())
    assert (table.height, set(LANDED_COLUMNS) - set(table.columns)) == (0, set())

"""Google's SKUs: which part one prices, for which term, and what is refused or left out."""

from decimal import Decimal

import pytest

from connectors.baselines.google_skus import GPUS
from data.shipped import catalogue
from tests.connectors.google_rows import offers, parts, priced, prices, reading, sku


@pytest.mark.parametrize(
    ("suffix", "usage", "prefix", "attached", "term"),
    [
        ("", "OnDemand", "", "", "on_demand"),
        ("", "Preemptible", "Spot Preemptible ", " attached to Spot Preemptible VMs", "spot"),
        ("", "OnDemand", "Spot Preemptible ", " attached to Spot Preemptible VMs", "spot"),
        ("", "Preemptible", "", "", "spot"),
        (" for 1 Year", "Commit1Yr", "Commitment v1: ", "", "reserved_1y"),
        (" for 3 Years", "Commit3Yr", "Commitment v1: ", "", "reserved_3y"),
        (" for 3 Year", "Commit3Yr", "Commitment v1: ", "", "reserved_3y"),
    ],
)
def test_each_way_to_buy_is_a_term_of_its_own(suffix, usage, prefix, attached, term):
    committed = "Commit" in usage
    core, ram = (
        f"{prefix}G2 {word if committed else long} {'' if committed else 'running '}in Iowa{suffix}"
        for word, long in (("Cpu", "Instance Core"), ("Ram", "Instance Ram"))
    )
    gpu = f"{prefix if committed else ''}Nvidia L4 GPU{attached} running in Iowa{suffix}"
    rows = (
        sku(core, "0.02", usage=usage),
        sku(ram, "0.003", usage=usage, unit="GiBy.h"),
        sku(gpu, "0.5", usage=usage, group="GPU"),
    )
    found = offers(*rows)
    assert set(found) == {f"gcp:g2-standard-{n}:us-central1:{term}" for n in (4, 8, 96)}
    assert found[f"gcp:g2-standard-4:us-central1:{term}"].usd_per_hour == Decimal("0.628")
    assert {o.term for o in found.values()} == {term}


@pytest.mark.parametrize(
    ("description", "usage"),
    [
        ("Nvidia L4 GPU running in Iowa", "Commit1Yr"),
        ("Nvidia L4 GPU running in Iowa", "Barter"),
        ("Commitment v1: Nvidia L4 GPU running in Iowa for 1 Year", "OnDemand"),
        ("Commitment v1: Nvidia L4 GPU running in Iowa for 1 Year", "Commit3Yr"),
        ("Nvidia L4 GPU attached to Spot Preemptible VMs running in Iowa", "Commit3Yr"),
    ],
)
def test_a_usage_type_that_contradicts_the_description_is_refused(description, usage):
    found = reading(sku(description, usage=usage), *parts())
    assert len(found.offers) == 2
    assert "contradicts" in found.rejects[0].reason


def test_the_commitment_that_names_no_series_is_that_of_n1():
    rows = (
        sku("Commitment v1: Cpu in Americas for 1 Year", "0.02", usage="Commit1Yr"),
        sku("Commitment v1: Ram in Americas for 1 Year", "0.003", usage="Commit1Yr"),
        sku("Commitment v1: Nvidia Tesla T4 GPU running in Iowa for 1 Year", usage="Commit1Yr"),
    )
    assert prices(*rows) == {"gcp:n1-standard-4+t4:us-central1:reserved_1y": Decimal("1.125")}


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_time_line_the_newest_price_that_has_begun_counts(turned):
    line = [
        ("2025-01-01T00:00:00Z", "5"),
        ("2026-11-01T00:00:00Z", "4"),
        ("2027-01-01T00:00:00Z", "3"),
    ]
    row = priced(*(reversed(line) if turned else line))
    assert list(prices(row).values()) == [Decimal(4)]


TIER = {"unitPrice": {"currencyCode": "USD", "units": "1"}}
PAID = {"currencyCode": "USD", "units": "1"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (priced(("2027-01-01T00:00:00Z", "3")), "no price that has begun"),
        (priced(), "no price that has begun"),
        (priced(("2026-01-01T00:00:00Z", "3"), tieredRates=[TIER, TIER]), "2 tiers"),
        (priced(("2026-01-01T00:00:00Z", "3"), tieredRates=[]), "0 tiers"),
        (
            priced(("2026-01-01T00:00:00Z", "3"), tieredRates=[TIER | {"startUsageAmount": 5}]),
            "only one rate from zero",
        ),
        (priced(("2026-01-01T00:00:00Z", "3"), usageUnit="mo"), "not per hour"),
        (priced(("2026-01-01T00:00:00Z", "3"), usageUnit="GiBy.h"), "not per hour"),
        (
            priced(
                ("2026-01-01T00:00:00Z", "3"),
                tieredRates=[{"unitPrice": PAID | {"currencyCode": "EUR"}}],
            ),
            "in EUR, not USD",
        ),
        (
            priced(
                ("2026-01-01T00:00:00Z", "3"), tieredRates=[{"unitPrice": PAID | {"nanos": 10**9}}]
            ),
            "more nanos",
        ),
        (sku("Nvidia H300 GPU running in Iowa", group="GPU"), "which GPU this is"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_part_whose_price_cannot_be_told_is_refused_with_its_reason(row, reason):
    found = reading(row)
    assert list(found.offers) == []
    assert [reason in r.reason for r in found.rejects] == [True]


@pytest.mark.parametrize(
    "description",
    [
        "Reserved Nvidia Tesla A100 GPU in Americas",
        "DWS Calendar Mode Nvidia H100 80GB GPU in Americas",
        "Nvidia Tesla T4 GPU attached to Sole Tenancy VMs running in Americas",
        "Nvidia Tesla K80 GPU running in Americas",
        "Nvidia H100 80GB Mega GPU running in Americas",
    ],
)
def test_other_ways_to_buy_and_gpus_without_a_machine_are_left_out_in_silence(description):
    found = reading(sku(description, "0", group="GPU"), sku("N2 Instance Core running in Iowa"))
    assert (list(found.offers), list(found.rejects)) == ([], [])


def test_each_gpu_of_the_table_is_one_that_the_catalogue_knows():
    assert all(catalogue().model(name) for name in GPUS.values())

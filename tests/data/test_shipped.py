"""The figures that ship: all of them load, exactly, each with its source and date."""

import csv
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from data.shipped import (
    FOLDER,
    HISTORY_CREDIT,
    HYPERSCALERS,
    catalogue,
    digest,
    price_history,
    recorded_offers,
    recorded_providers,
)
from engine.market import Offer, distinct, offers_frame, providers_frame


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def offers() -> list[Offer]:
    return [o for offers in recorded_offers().values() for o in offers]


def test_every_recorded_price_loads(offers: list[Offer]):
    per_network = {"akash": 38, "nosana": 8, "lium": 4, "render": 4}
    per_hyperscaler = {"aws": 250, "azure": 155, "gcp": 171}
    assert Counter(o.network for o in offers) == per_network | per_hyperscaler
    assert len(offers) == 630
    assert offers_frame(offers).height == 630


def test_every_recorded_price_has_a_source_and_a_date(offers: list[Offer]):
    assert {o.source_kind for o in offers} == {"recorded"}
    assert all(len(o.source) > 10 for o in offers)
    assert all(o.source_url and o.source_url.startswith("https://") for o in offers)
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    assert all(first < o.observed_at < last for o in offers)
    assert all(o.price_as_of is None or first < o.price_as_of <= o.observed_at for o in offers)


def test_every_recorded_price_has_an_id_of_its_own(offers: list[Offer]):
    assert len({o.offer_id for o in offers}) == 630
    assert distinct(offers)[1] == []


def test_every_recorded_gpu_is_a_known_model(offers: list[Offer]):
    known = {model.name for model in catalogue().models}
    assert {o.gpu_model for o in offers} <= known


@pytest.mark.parametrize("name", HYPERSCALERS)
def test_a_hyperscalers_price_is_exactly_what_the_file_says(name: str):
    listed = [row for row in rows("hyperscaler_prices.csv") if row["provider"] == name]
    loaded = recorded_offers()[name]
    assert [f"{o.usd_per_hour:f}" for o in loaded] == [row["usd_per_hour"] for row in listed]
    assert [o.provider_name for o in loaded] == [row["instance_type"] for row in listed]
    assert all(o.is_baseline for o in loaded)


def test_only_hyperscalers_are_baselines(offers: list[Offer]):
    assert {o.network for o in offers if o.is_baseline} == set(HYPERSCALERS)
    assert {o.network for o in offers if not o.is_baseline}.isdisjoint(HYPERSCALERS)


def test_an_akash_price_is_exact_to_the_fraction_of_a_block():
    first = recorded_offers()["akash"][0]
    assert first.native_price == "3059.461421 uact per block"
    assert first.usd_per_hour == Decimal("1.8356768526")  # x 600 blocks / 1,000,000


def test_exact_akash_prices_agree_with_the_rounded_ones_in_the_file():
    listed = [row for row in rows("offers.csv") if row["network"] == "akash"]
    loaded = recorded_offers()["akash"]
    six_places = [o.usd_per_gpu_hour.quantize(Decimal("1E-6")) for o in loaded]
    off = [abs(p - Decimal(r["usd_per_gpu_hour"])) for p, r in zip(six_places, listed, strict=True)]
    assert max(off) <= Decimal("1E-6")


def test_a_worked_example_is_never_ranked(offers: list[Offer]):
    examples = [o for o in offers if not o.rankable]
    assert [(o.network, o.gpu_model, o.usd_per_hour) for o in examples] == [
        ("render", "H200", Decimal("2.00"))
    ]


def test_a_machine_sold_whole_costs_all_of_its_gpus():
    whole = [o for o in recorded_offers()["lium"] if o.gpu_count == 8]
    prices = {o.gpu_model: (o.usd_per_hour, o.usd_per_gpu_hour, o.gpu_count_max) for o in whole}
    assert prices == {
        "RTX 5090": (Decimal("4.0"), Decimal("0.5"), None),
        "A100-80-SXM": (Decimal("9.84"), Decimal("1.23"), None),
    }


def test_an_akash_bid_is_for_one_gpu_with_the_order_it_was_made_for():
    smallest, usual = recorded_offers()["akash"][:2]
    assert (smallest.vcpu, smallest.memory_gib, smallest.storage_gib) == (0.1, 0.25, 0.25)
    assert (usual.vcpu, usual.memory_gib) == (8.0, 32.0)
    assert (usual.gpu_count, usual.gpu_count_max, usual.available_count) == (1, 14, 14)
    assert usual.price_basis == "whole_group_bid_incl_cpu_ram_disk"


def test_nothing_free_is_taken_and_nothing_said_is_unknown():
    first = recorded_offers()["akash"][0]
    assert (first.available, first.available_count) == (False, 0)
    reward = recorded_offers()["nosana"][0]
    assert (reward.available, reward.available_count, reward.gpu_count_max) == (None, None, None)
    single = recorded_offers()["lium"][2]
    assert (single.available, single.available_count) == (True, 1)


def test_what_is_empty_in_a_file_is_unknown_and_never_empty_text(offers: list[Offer]):
    rows = [*offers, *recorded_providers()["akash"]]
    assert {f.name for row in rows for f in fields(row) if getattr(row, f.name) == ""} == set()


def test_a_source_says_how_it_is_known_and_where_it_stands(offers: list[Offer]):
    assert [o.source for o in offers if o.source.startswith("; ") or o.source.endswith("; ")] == []
    by_network = {o.network: o.source for o in reversed(offers)}
    assert by_network["nosana"].endswith("; https://nosana.com/pricing.md")
    assert "Rehgud/GWDC2026@d1666ff1" in by_network["akash"]


def test_a_model_without_form_factor_gives_its_offers_none(offers: list[Offer]):
    unclear = {m.name for m in catalogue().models if not m.form_factor_known}
    assert unclear == {"H100", "H200", "A100-80"}
    assert {o.form_factor for o in offers if o.gpu_model in unclear} == {None}
    assert {o.form_factor for o in offers if o.gpu_model == "H100-SXM"} == {"SXM"}


def test_a_node_that_is_sold_by_the_gpu_offers_as_many_as_are_free():
    flexible = recorded_offers()["lium"][1]
    assert (flexible.gpu_count, flexible.gpu_count_max, flexible.available_count) == (1, 5, 5)


def test_a_range_of_prices_is_told_in_the_note():
    dynamic = recorded_offers()["render"][0]
    assert dynamic.usd_per_hour == Decimal("0.45")
    assert dynamic.note
    assert dynamic.note.startswith("0.45 to 0.69 USD; ")


def test_a_gpu_without_its_machine_is_no_instance_type(offers: list[Offer]):
    alone = [o for o in offers if o.price_basis == "gpu_only"]
    assert len(alone) == 8
    assert {o.provider_name for o in alone} == {"(GPU SKU)"}
    assert ("gcp", "(GPU SKU)") not in catalogue().instances


def test_an_instance_type_is_known_by_its_machine():
    found = catalogue().instances["aws", "p5.4xlarge"]
    assert (found.gpu_model, found.gpu_count) == ("H100-SXM", 1)
    assert (found.vcpu, found.memory_gib) == (Decimal(16), Decimal(256))


def test_a_baseline_stands_in_the_country_of_its_region(offers: list[Offer]):
    places = {(o.network, o.region): o.country_code for o in offers if o.is_baseline}
    assert places["aws", "eu-central-1"] == "DE"
    assert places["aws", "us-east-1"] == "US"
    assert places["gcp", None] is None


def test_every_shipped_provider_is_known_once_and_unknown_is_not_zero():
    providers = recorded_providers()["akash"]
    assert len({p.provider_id for p in providers}) == len(providers) == 33
    assert providers_frame(providers).height == 33
    unstated = providers[0]
    assert (unstated.uptime_7d, unstated.is_audited, unstated.country_code) == (None, None, None)
    assert all(p.source and p.source_url and p.source_kind == "recorded" for p in providers)


def test_the_history_leaves_out_the_rows_that_carry_a_note():
    listed = rows("price_history.csv")
    history = price_history()
    assert (len(listed), sum(bool(row["note"]) for row in listed)) == (4088, 405)
    assert history.height == 4088 - 405
    assert history.null_count().sum_horizontal().to_list() == [0]
    assert "gpu_only" not in history["price_basis"].to_list()


def test_the_history_is_49_days_of_exact_prices():
    history = price_history()
    assert history["day"].n_unique() == 49
    assert history.schema["min_usd_per_gpu_hour"] == pl.Decimal(38, 18)
    first = rows("price_history.csv")[0]
    assert (first["gpu_model"], first["min_usd_per_gpu_hour"]) == ("B200", "6.69")
    assert history["min_usd_per_gpu_hour"][0] == Decimal("6.69")
    assert (history["min_usd_per_gpu_hour"] <= history["median_usd_per_gpu_hour"]).all()


def test_the_history_is_marked_as_collected_by_others_and_credits_them():
    assert set(price_history()["collected_by"]) == {"third party"}
    assert "CC BY 4.0" in HISTORY_CREDIT
    assert "https://gpurentalprices.com" in HISTORY_CREDIT


def test_the_fingerprint_is_a_sha256_and_stays_the_same():
    first = digest()
    digest.cache_clear()
    assert digest() == first
    assert len(bytes.fromhex(first)) == 32

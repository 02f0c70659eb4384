"""The grid: exactly the same model, the cheapest that can be had, and never a false best."""

from decimal import Decimal

import polars as pl
import pytest

from engine.grid import like_for_like, networks_of
from engine.market import Offer, offers_frame
from tests.support import baseline, offer

FEE = {"network": "nosana", "price_basis": "host_reward_before_network_fee"}


def grid(now, *offers: Offer, term: str = "on_demand") -> list[dict[str, object]]:
    frame = offers_frame([*offers, baseline()])
    networks, baselines = frame.filter(~pl.col("is_baseline")), frame.filter("is_baseline")
    return like_for_like(networks, baselines, networks_of(frame), term, now).to_dicts()


def test_a_cell_is_the_cheapest_price_of_that_network_and_model(now):
    (row,) = grid(
        now,
        offer(offer_id="dear", usd_per_hour=Decimal(3)),
        offer(offer_id="cheap", usd_per_hour=Decimal(2)),
        offer(offer_id="other", network="lium", usd_per_hour=Decimal("2.5")),
    )

    assert (row["akash_usd_per_gpu_hour"], row["akash_offer_id"]) == (Decimal(2), "cheap")
    assert row["lium_usd_per_gpu_hour"] == Decimal("2.5")
    assert row["aws_usd_per_gpu_hour"] == Decimal("6.88")
    assert row["azure_usd_per_gpu_hour"] is None
    assert (row["best_network"], row["best_offer_id"], row["sellers"]) == ("akash", "cheap", 3)


def test_the_saving_is_the_best_network_s_with_its_label(now):
    (row,) = grid(now, offer(usd_per_hour=Decimal("1.72")))

    assert row["aws_saving"] == pytest.approx(0.75)
    assert (row["aws_confidence"], row["confidence"]) == ("B", "B")
    assert row["azure_saving"] is None


def test_a_price_that_is_not_firm_is_shown_and_never_the_best(now):
    (row,) = grid(now, offer(), offer(offer_id="reward", usd_per_hour=Decimal("0.1"), **FEE))

    assert row["nosana_usd_per_gpu_hour"] == Decimal("0.1")
    assert row["nosana_price_basis"] == FEE["price_basis"]
    assert row["best_network"] == "akash"


def test_a_model_without_a_firm_price_has_no_best_and_no_saving(now):
    (row,) = grid(now, offer(offer_id="reward", **FEE))

    assert row["best_network"] is row["aws_saving"] is row["confidence"] is None


def test_what_is_taken_or_only_an_example_is_in_no_cell(now):
    assert grid(now, offer(available=False), offer(offer_id="x", rankable=False)) == []


def test_another_form_factor_is_another_row_and_an_unknown_one_is_never_compared(now):
    rows = grid(
        now,
        offer(),
        offer(offer_id="pcie", gpu_model="H100-PCIe", form_factor="PCIe"),
        offer(offer_id="bare", gpu_model="H100", form_factor=None),
    )

    saved = {row["gpu_model"]: row["aws_saving"] is not None for row in rows}
    assert saved == {"H100-SXM": True, "H100-PCIe": False, "H100": False}
    assert rows[0]["gpu_model"] == "H100-SXM"  # most sellers first


def test_a_term_is_compared_with_itself_only(now):
    spot = offer(offer_id="spot", term="spot", usd_per_hour=Decimal(1))

    assert [row["akash_offer_id"] for row in grid(now, offer(), spot)] == [offer().offer_id]
    (row,) = grid(now, offer(), spot, term="spot")
    assert (row["akash_offer_id"], row["aws_usd_per_gpu_hour"]) == ("spot", None)


def test_what_only_a_hyperscaler_sells_is_no_row(now):
    assert grid(now) == []


def test_the_cheaper_of_two_models_with_as_many_sellers_comes_later(now):
    rows = grid(
        now,
        offer(offer_id="a", gpu_model="L4", usd_per_hour=Decimal(1)),
        offer(offer_id="b", gpu_model="T4", usd_per_hour=Decimal(2)),
    )

    assert [row["gpu_model"] for row in rows] == ["T4", "L4"]

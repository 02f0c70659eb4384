"""A frame of offers is used whole or refused with every fault: nothing is dropped in silence."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import OFFER_SCHEMA, PRICE
from engine.money import divided
from engine.offer_frames import BadOffers, sound_offers
from tests.route_worlds import NOW, frame_of
from tests.support import offer

ROW: dict[str, Any] = {
    "offer_id": "a", "network": "akash", "gpu_model": "H100-SXM", "gpu_count": 3,
    "usd_per_hour": "1",
}  # fmt: skip


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([ROW | row for row in rows])


def faults(*rows: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(BadOffers) as refused:
        sound_offers(frame(*rows), NOW)
    return refused.value.faults


def test_the_least_columns_are_enough_and_the_rest_is_unknown():
    sound = sound_offers(frame({}), NOW)
    row = sound.row(0, named=True)

    assert dict(sound.schema) == dict(OFFER_SCHEMA)
    assert row["usd_per_gpu_hour"] == Decimal("0.333333333333333333")
    assert (row["term"], row["is_baseline"], row["rankable"]) == ("on_demand", False, True)
    assert row["observed_at"] == NOW.replace(tzinfo=None)
    assert row["country_code"] is None
    assert row["available"] is None


def test_a_frame_of_the_market_stays_as_it_is_by_id():
    market = frame_of([offer(offer_id="b"), offer(offer_id="a", gpu_count=3)])
    assert sound_offers(market.reverse(), NOW).equals(market)
    assert sound_offers(market.clear(), NOW).height == 0


def test_moments_with_a_time_zone_are_brought_to_utc():
    with_zone = frame({"observed_at": datetime(2026, 11, 24, 13, tzinfo=UTC)}).with_columns(
        pl.col("observed_at").dt.convert_time_zone("Europe/Berlin")
    )
    assert sound_offers(with_zone, NOW)["observed_at"].to_list() == [datetime(2026, 11, 24, 13)]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"usd_per_hour": "0"}, "a price is above zero"),
        ({"usd_per_hour": "-1"}, "a price is above zero"),
        ({"usd_per_hour": "3000.01"}, "a price above 1000 USD per GPU-hour is a mistake in units"),
        ({"usd_per_hour": None}, "without usd_per_hour"),
        ({"gpu_count": 0}, "an offer has at least one GPU"),
        ({"gpu_count": None}, "without gpu_count"),
        ({"network": ""}, "without network"),
        ({"vcpu": float("nan")}, "vcpu cannot be right"),
        ({"memory_gib": -1.0}, "memory_gib cannot be right"),
        ({"storage_gib": float("inf")}, "storage_gib cannot be right"),
        ({"gpu_count_max": -1}, "gpu_count_max cannot be right"),
        ({"currency": "EUR"}, "prices must be in USD: convert them first"),
        ({"currency": None}, "prices must be in USD: convert them first"),
    ],
)
def test_what_cannot_be_right_is_named(row, fault):
    assert faults(row) == (f"a: {fault}",)


def test_every_fault_is_told_at_once():
    twice = [{"offer_id": "x"}] * 7
    assert faults({"offer_id": None}, {"usd_per_hour": "0"}, *twice) == (
        "row 1: without offer_id",
        "x and 2 more: this offer_id occurs twice",
        "a: a price is above zero",
    )


def test_missing_columns_and_wrong_cells_are_named():
    with pytest.raises(BadOffers, match="columns missing: network, gpu_model, usd_per_hour"):
        sound_offers(pl.DataFrame({"offer_id": ["a"], "gpu_count": [1]}), NOW)
    assert faults({"usd_per_hour": "dear", "vcpu": "many"}) == (
        f"usd_per_hour: String cells that are not {PRICE}",
        "vcpu: String cells that are not Float64",
    )


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.decimals("0.000000000000000001", "1000", places=18), st.integers(1, 1024)),
        min_size=1,
        max_size=50,
    )
)
def test_a_price_per_gpu_is_divided_as_an_offer_divides_it(pairs):
    offers = pl.DataFrame(
        {
            "offer_id": [str(n) for n in range(len(pairs))],
            "network": "mesh",
            "gpu_model": "H100",
            "gpu_count": [count for _, count in pairs],
            "usd_per_hour": pl.Series([price for price, _ in pairs], dtype=PRICE),
        }
    )
    whole = sound_offers(offers, NOW).select("offer_id", "usd_per_gpu_hour")

    assert dict(whole.iter_rows()) == {
        str(n): divided(price, count) for n, (price, count) in enumerate(pairs)
    }


def test_a_price_per_gpu_that_is_told_stays():
    told = frame({"usd_per_hour": "6", "usd_per_gpu_hour": None},
                 {"offer_id": "b", "usd_per_gpu_hour": "3"})  # fmt: skip
    assert sound_offers(told, NOW)["usd_per_gpu_hour"].to_list() == [2, 3]

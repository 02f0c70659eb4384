"""What daily prices say over time."""

import itertools
import math
import statistics
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.series import (
    BAND_SCHEMA,
    availability,
    bands_of_day,
    facts,
    index_price,
    last_change,
    volatility,
)

FIRST = date(2026, 11, 1)
SEEN = {
    name: BAND_SCHEMA[name]
    for name in (
        *("run_day", "network", "is_baseline", "gpu_model", "term", "source_kind"),
        *("runs", "runs_free"),
    )
}


def band(day: int, price: str | None = "2", **changes: object) -> dict[str, object]:
    amount = Decimal(price) if price else None
    row: dict[str, object] = dict.fromkeys(BAND_SCHEMA) | {
        "run_day": FIRST + timedelta(days=day),
        "day": FIRST + timedelta(days=day),
        "network": "akash",
        "is_baseline": False,
        "gpu_model": "H100-SXM",
        "term": "on_demand",
        "source_kind": "live",
        "min_usd_per_gpu_hour": amount,
        "median_usd_per_gpu_hour": amount,
        "max_usd_per_gpu_hour": amount,
        "offers": 1,
        "runs": 10,
        "runs_free": 5,
        "price_basis": "instance",
    }
    return row | changes


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(BAND_SCHEMA))


def daily(*prices: str, **changes: object) -> pl.DataFrame:
    """One offer per price, on one day."""
    rows = [
        band(0, None) | {
            "offer_id": f"o{number}", "rankable": True, "readings_free": 1,
            "min_usd_per_gpu_hour": Decimal(price), "source_url": f"https://example.org/{number}",
        } | changes
        for number, price in enumerate(prices)
    ]  # fmt: skip
    extra = {"offer_id": pl.String(), "rankable": pl.Boolean(), "readings_free": pl.Int64()}
    return pl.DataFrame(rows, schema=dict(BAND_SCHEMA) | extra)


def seen(runs: int, runs_free: int | None, **changes: object) -> pl.DataFrame:
    row = band(0, runs=runs, runs_free=runs_free) | changes
    return pl.DataFrame([{name: row[name] for name in SEEN}], schema=SEEN)


NOTHING_SEEN = pl.DataFrame(schema=SEEN)
PARTS = [f"{part}_usd_per_gpu_hour" for part in ("min", "p25", "median", "p75", "max")]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 10**20), min_size=1, max_size=30))
def test_quantiles_are_prices_somebody_asked_by_nearest_rank(amounts):
    texts = [f"{amount // 10**18}.{amount % 10**18:018}" for amount in amounts]
    ordered = sorted(map(Decimal, texts))
    expected = [ordered[max(math.ceil(len(ordered) * quarter / 4), 1) - 1] for quarter in range(5)]

    (row,) = bands_of_day(daily(*texts), NOTHING_SEEN).select(PARTS).rows()

    assert list(row) == expected


def test_the_cheapest_offer_gives_the_basis_and_the_source():
    row = bands_of_day(daily("3", "2", "4"), seen(96, 90)).to_dicts()[0]

    assert (row["source_url"], row["offers"]) == ("https://example.org/1", 3)
    assert (row["runs"], row["runs_free"]) == (96, 90)


@pytest.mark.parametrize(
    "changes",
    [{"rankable": False}, {"price_basis": "gpu_only"}, {"readings_free": 0}, {"gpu_model": None}],
)
def test_what_cannot_be_had_makes_no_band(changes):
    assert bands_of_day(daily("2", **changes), NOTHING_SEEN).height == 0


def test_a_modelled_price_counts_only_where_there_is_no_firm_one():
    firm, modelled = daily("3"), daily("2", price_basis="list", offer_id="other")

    both = bands_of_day(pl.concat([firm, modelled]), NOTHING_SEEN)
    alone = bands_of_day(modelled, NOTHING_SEEN)

    assert both["min_usd_per_gpu_hour"].to_list() == [Decimal(3)]
    assert alone["price_basis"].to_list() == ["list"]


def test_a_model_that_was_taken_all_day_has_no_price_and_was_never_free():
    row = bands_of_day(daily("2", readings_free=0), seen(96, 0)).to_dicts()[0]

    assert (row["min_usd_per_gpu_hour"], row["offers"], row["runs_free"]) == (None, 0, 0)
    assert row["day"] == FIRST


def test_availability_counts_the_newest_whole_days_only():
    rows = [band(day, runs=10, runs_free=free) for day, free in enumerate((10, 0, 4, 5))]

    (row,) = availability(frame(*rows), runs_last=15).to_dicts()

    assert (row["runs"], row["runs_free"], row["availability"]) == (20, 9, 0.45)


def test_a_day_without_the_model_counts_as_not_free():
    other = [band(day, gpu_model="A100", runs=10, runs_free=10) for day in range(2)]

    rows = availability(frame(*other, band(0, runs=10, runs_free=10))).to_dicts()

    assert [row["availability"] for row in rows] == [1.0, 0.5]


def test_availability_that_nobody_states_is_unknown():
    (row,) = availability(frame(band(0, runs=10, runs_free=None))).to_dicts()

    assert (row["runs"], row["runs_free"], row["availability"]) == (10, None, None)


def test_volatility_is_the_deviation_of_daily_log_changes():
    prices = ["2", "2.2", "2.1", "2.1", "2.5", "2.4"]
    logs = [math.log(float(price)) for price in prices]
    changes = [after - before for before, after in itertools.pairwise(logs)]

    (row,) = volatility(frame(*(band(day, price) for day, price in enumerate(prices)))).to_dicts()

    assert row["volatility"] == pytest.approx(statistics.stdev(changes))


@pytest.mark.parametrize("days", [[0, 1, 2, 3], [0, 2, 4, 6, 8, 10], [0, 1, 40]])
def test_too_little_data_gives_no_volatility(days):
    rows = [band(day, str(2 + day)) for day in days]

    assert volatility(frame(*rows))["volatility"].to_list() == [None]


def test_the_last_change_is_the_day_the_lowest_price_became_what_it_is():
    rows = [band(day, price) for day, price in enumerate(("2", "3", "2", "2", "2"))]

    assert last_change(frame(*rows))["unchanged_since"].to_list() == [FIRST + timedelta(days=2)]
    assert last_change(frame(*rows[2:]))["unchanged_since"].to_list() == [FIRST + timedelta(days=2)]


def test_live_and_shipped_figures_are_never_one_series():
    shipped = band(0, "9", source_kind="recorded", runs=1, runs_free=None)

    (row,) = facts(frame(shipped, band(3, "2"), band(4, "2"))).to_dicts()
    (alone,) = facts(frame(shipped)).to_dicts()

    assert (row["days_seen"], row["first_seen"]) == (2, FIRST + timedelta(days=3))
    assert row["unchanged_since"] == FIRST + timedelta(days=3)
    assert (alone["source_kind"], alone["availability"], alone["volatility"]) == (
        "recorded", None, None,
    )  # fmt: skip


def test_facts_are_those_of_the_last_day_with_a_price():
    (row,) = facts(frame(band(0, "2"), band(1, "3"), band(2, None, runs_free=0))).to_dicts()

    assert (row["last_day"], row["median_usd_per_gpu_hour"]) == (
        FIRST + timedelta(days=1), Decimal(3),
    )  # fmt: skip
    assert row["availability"] == pytest.approx(10 / 30)


def test_no_bands_give_no_facts_and_no_index():
    assert facts(frame()).height == index_price(frame()).height == 0


@pytest.mark.parametrize(
    ("medians", "index"),
    [(["2"], "2"), (["2", "3"], "2.5"), (["9", "2", "3"], "3"), (["1", "2", "4", "100"], "3")],
)
def test_the_index_is_the_median_over_networks(medians, index):
    rows = [band(0, price, network=f"n{number}") for number, price in enumerate(medians)]

    (row,) = index_price(frame(*rows)).to_dicts()

    assert row["index_usd_per_gpu_hour"] == Decimal(index)
    assert (row["networks"], row["is_single_network"]) == (len(medians), len(medians) == 1)
    assert row["highest_usd_per_gpu_hour"] == max(map(Decimal, medians))


@pytest.mark.parametrize(
    "changes",
    [
        {"is_baseline": True},
        {"price_basis": "host_reward_before_network_fee"},
        {"term": "spot"},
        {"source_kind": "contract"},
        {"source_kind": "recorded"},
    ],
)
def test_the_index_never_mixes_in_what_is_no_market_price(changes):
    rows = [band(0, "2"), band(0, "1", network="other", **changes)]

    (row,) = index_price(frame(*rows)).to_dicts()

    assert (row["index_usd_per_gpu_hour"], row["names"]) == (Decimal(2), ["akash"])


def test_the_index_is_exact_to_the_18th_decimal():
    rows = [
        band(0, "2.000000000000000001", network="a"),
        band(0, "2.000000000000000002", network="b"),
    ]

    (row,) = index_price(frame(*rows)).to_dicts()

    assert row["index_usd_per_gpu_hour"] == Decimal("2.000000000000000002")

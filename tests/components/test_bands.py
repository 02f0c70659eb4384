"""Bands and availability as people see them: what is live, what is shipped, what is not known."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from components.bands import availability_text, band_figure, facts_rows
from components.charts import series_color
from engine.market import PRICE

PARTS = ("min", "p25", "median", "p75", "max")


def band(day: int, network: str = "akash", **changes: Any) -> dict[str, Any]:
    prices = {f"{part}_usd_per_gpu_hour": Decimal(n + 1) for n, part in enumerate(PARTS)}
    fields: dict[str, Any] = {
        "day": date(2026, 11, day), "network": network, "gpu_model": "H100-SXM",
        "term": "on_demand", "offers": 4, "runs": 10, "runs_free": 7, "price_basis": "instance",
        "source_kind": "live", "source_url": "https://example.org",
    }  # fmt: skip
    return prices | fields | changes


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    prices = dict.fromkeys((name for name in rows[0] if name.endswith("hour")), PRICE)
    return pl.DataFrame(rows, schema_overrides=prices, infer_schema_length=None)


def fact(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "network": "akash", "gpu_model": "H100-SXM", "term": "on_demand", "runs": 40,
        "runs_free": 37, "availability": 0.925, "volatility": 0.0312,
        "unchanged_since": date(2026, 11, 2), "days_seen": 12,
        "min_usd_per_gpu_hour": Decimal("1.5"), "median_usd_per_gpu_hour": Decimal(2),
        "max_usd_per_gpu_hour": Decimal(3),
    }  # fmt: skip
    return fields | changes


def test_each_network_has_a_median_line_in_a_band_of_its_colour():
    figure = band_figure(frame(band(1), band(2), band(1, "lium")))
    low, high, median = figure.data[:3]

    assert len(figure.data) == 6
    assert (list(low.y), list(median.y), list(high.y)) == ([2.0, 2.0], [3.0, 3.0], [4.0, 4.0])
    assert high.fill == "tonexty"
    assert (median.name, median.line.color) == ("Akash", series_color("akash"))
    assert figure.data[5].line.color == series_color("lium") != median.line.color
    assert list(median.customdata[0]) == [1.0, 5.0, 4, "free in 7 of 10 readings"]


def test_shipped_figures_are_never_joined_to_live_ones_and_look_different():
    figure = band_figure(frame(band(1, source_kind="recorded"), band(2)))
    live, recorded = (line for line in figure.data if line.name)

    assert (live.name, recorded.name) == ("Akash", "Akash, recorded")
    assert live.line.dash != recorded.line.dash
    assert live.marker.symbol != recorded.marker.symbol
    assert len(live.x) == len(recorded.x) == 1


def test_a_price_that_is_not_firm_carries_its_warning_in_the_legend():
    basis = "host_reward_before_network_fee"
    figure = band_figure(frame(band(1, "nosana", price_basis=basis, runs_free=None)))

    assert figure.data[2].name == "Nosana, before fee"
    assert figure.data[2].customdata[0][3] == "availability not known"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "37 of 40 readings, 92 %"),
        ({"runs": 4, "runs_free": 4, "availability": 1.0}, "too little data (4 readings)"),
        ({"runs_free": None, "availability": None}, None),
        ({"runs": 5, "runs_free": 0, "availability": 0.0}, "0 of 5 readings, 0 %"),
    ],
)
def test_availability_is_said_only_where_it_is_known(changes, text):
    assert availability_text(fact(**changes)) == text


def test_the_table_has_the_cheapest_network_first_and_leaves_the_unknown_empty():
    unknown = dict.fromkeys(("volatility", "unchanged_since", "availability"))
    rows = facts_rows(
        frame(fact(), fact(network="lium", median_usd_per_gpu_hour=Decimal(1), **unknown))
    ).to_dicts()

    assert [row["Network"] for row in rows] == ["Lium", "Akash"]
    assert rows[0]["Volatility"] is rows[0]["Unchanged since"] is rows[0]["Free"] is None
    assert (rows[1]["Volatility"], rows[1]["Median USD"]) == ("± 3.12 %", 2.0)


def test_a_hyperscaler_is_grey():
    assert series_color("aws") == series_color("gcp") != series_color("akash")

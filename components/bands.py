"""Availability and price bands per network: charts and a table from frames of daily figures.

``bands`` frames: day, network, gpu_model, term, min_/p25_/median_/p75_/max_usd_per_gpu_hour,
offers, runs, runs_free, price_basis, source_kind, source_url; one row per day, network and term.
``facts`` frames: network, gpu_model, term, runs, runs_free, availability (0..1), volatility (a
fraction), unchanged_since, days_seen, min_/median_/max_usd_per_gpu_hour; one row per network.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.charts import series_color, show_figure
from components.text import SHORT_WARNINGS, TERM_NAMES, number, percent
from components.text import network_name as named

READINGS_MIN = 5
"""With fewer readings a share of them says nothing."""

RANGES = {"30 d": 30, "90 d": 90, "365 d": 365}
_PRICES = {"min": "Lowest USD", "median": "Median USD", "max": "Highest USD"}
_DAY_MILLISECONDS, _FEW_DAYS = 86_400_000, 8
_SHADE = 0.16  # opacity
_DASHES = {"live": "solid", "contract": "dashdot"}  # anything else is recorded
_RECORDED_DASH = "dot"


def history_choice(place: DeltaGenerator, models: Sequence[str]) -> tuple[str, int]:
    """Return the GPU model and how many days back the person wants to see."""
    left, right = place.columns([1, 1.3], vertical_alignment="bottom")
    gpu = left.selectbox(
        "GPU model", models, key="model", bind="query-params", label_visibility="collapsed"
    )
    chosen = right.radio(
        "Days back", list(RANGES), list(RANGES).index("90 d"), horizontal=True, key="range",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    return gpu, RANGES[chosen]


def bands_section(bands: pl.DataFrame, facts: pl.DataFrame, term: str) -> None:
    """One GPU model on one term: the chart, the table, and how to read them."""
    if bands.is_empty():
        st.info(
            f"No daily readings on the term {TERM_NAMES.get(term, term)} in these days: choose a "
            "longer range or another term. Prices of rate cards have no daily readings.",
            icon=":material/hourglass_empty:",
        )
        return
    band_chart(bands, key="market_bands")
    st.caption(
        f"Prices {TERM_NAMES.get(term, term)} (the Term filter chooses another). Line: median of a "
        "network's offers that day; shade: the middle half of them, 25th to 75th percentile. "
        "Solid: read live; dotted with hollow marks: figures that ship with Necto."
    )
    facts_table(facts)


def band_chart(bands: pl.DataFrame, *, key: str, height: int = 330) -> None:
    figure = band_figure(bands)
    first, last = bands["day"].min(), bands["day"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    day = timedelta(days=1)  # a day beside either end: one point alone has no scale
    tick = _DAY_MILLISECONDS if (last - first).days < _FEW_DAYS else None  # no day named twice
    axis = {"range": [first - day, last + day], "tickformat": "%b %d", "dtick": tick}
    figure.update_layout(height=height, xaxis=axis)
    show_figure(figure, "Median price per GPU-hour by day and network, with its band", key=key)


def band_figure(bands: pl.DataFrame) -> go.Figure:
    """Median line per network in its colour, shaded from the 25th to the 75th percentile.

    Live readings are a solid line with filled marks, shipped figures a dotted one with hollow
    marks: they are never joined.
    """
    figure = go.Figure()
    lines = bands.sort("network", "source_kind", "day").partition_by(
        "network", "source_kind", maintain_order=True
    )
    for rows in lines:
        figure.add_traces([*_shade(rows), _median(rows)])
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="closest",
        legend={"orientation": "h", "y": -0.2},
        yaxis={"title": "USD per GPU-hour", "rangemode": "tozero"},
    )
    return figure


def facts_rows(facts: pl.DataFrame) -> pl.DataFrame:
    """Return the facts as the table shows them, the cheapest network first."""
    rows = facts.sort("median_usd_per_gpu_hour", "network", nulls_last=True).to_dicts()
    prices = {
        title: [_float(row[f"{part}_usd_per_gpu_hour"]) for row in rows]
        for part, title in _PRICES.items()
    }
    return pl.DataFrame(
        {
            "Network": [named(row["network"]) for row in rows],
            "Free": [availability_text(row) for row in rows],
            "Volatility": [_volatility(row) for row in rows],
            "Unchanged since": [row["unchanged_since"] for row in rows],
        }
        | prices
        | {"Days seen": [row["days_seen"] for row in rows]},
        schema_overrides={"Unchanged since": pl.Date} | dict.fromkeys(prices, pl.Float64),
    )


def facts_table(facts: pl.DataFrame) -> None:
    """How often each network was free, how far its price moves and since when it stands."""
    price = st.column_config.NumberColumn(format="$%.3f", width=100)
    st.dataframe(
        facts_rows(facts),
        hide_index=True,
        placeholder="–",
        alt="Availability, volatility and price per network",
        column_config=dict.fromkeys(_PRICES.values(), price)
        | {
            "Free": st.column_config.TextColumn(
                width=200,
                help="Readings in which at least one offer was free; – where the network does not "
                f"say. A share needs {READINGS_MIN} readings.",
            ),
            "Volatility": st.column_config.TextColumn(
                width=110,
                help="How much the median price moves from one day to the next: standard deviation "
                "of the daily changes over 30 days of live readings; – with too few of them.",
            ),
            "Unchanged since": st.column_config.DateColumn(
                format="YYYY-MM-DD", width=130, help="The lowest price; at least since that day."
            ),
        },
    )


def availability_text(row: dict[str, Any]) -> str | None:
    """Free in 37 of 40 readings; too little data; None where the network does not say."""
    if row["availability"] is None:
        return None
    if row["runs"] < READINGS_MIN:
        return f"too little data ({row['runs']} readings)"
    return f"{row['runs_free']} of {row['runs']} readings, {percent(row['availability'])}"


def _volatility(row: dict[str, Any]) -> str | None:
    found = row["volatility"]
    return None if found is None else f"± {number(found * 100)} %"


def _shade(rows: pl.DataFrame) -> list[go.Scatter]:
    """The band as two lines without ink and the area between them."""
    color = series_color(rows["network"][0])
    days: list[date] = rows["day"].to_list()
    shared = {
        "x": days,
        "mode": "lines",
        "line": {"width": 0, "shape": "hv"},
        "showlegend": False,
        "hoverinfo": "skip",
        "legendgroup": _group(rows),
    }
    low = go.Scatter(y=_column(rows, "p25"), **shared)
    high = go.Scatter(y=_column(rows, "p75"), fill="tonexty", fillcolor=_faded(color), **shared)
    return [low, high]


def _median(rows: pl.DataFrame) -> go.Scatter:
    name, kind = rows["network"][0], rows["source_kind"][0]
    title = named(name) + ("" if kind == "live" else f", {kind}")
    title += SHORT_WARNINGS.get(rows["price_basis"][-1], "")
    live = kind == "live"
    return go.Scatter(
        x=rows["day"].to_list(),
        y=_column(rows, "median"),
        name=title,
        legendgroup=_group(rows),
        mode="lines+markers",
        line={
            "color": series_color(name),
            "width": 2.5,
            "shape": "hv",
            "dash": _DASHES.get(kind, _RECORDED_DASH),
        },
        marker={"size": 7, "symbol": "circle" if live else "circle-open"},
        customdata=list(
            zip(
                _column(rows, "min"), _column(rows, "max"), rows["offers"], _free(rows), strict=True
            )
        ),
        hovertemplate=f"{title} %{{x|%Y-%m-%d}}: median $%{{y:.3f}}<br>"
        "from $%{customdata[0]:.3f} to $%{customdata[1]:.3f}, %{customdata[2]} offers"
        "<br>%{customdata[3]}<extra></extra>",
    )


def _free(rows: pl.DataFrame) -> list[str]:
    readings = rows.select("runs", "runs_free").iter_rows()
    return [
        "availability not known" if free is None else f"free in {free} of {runs} readings"
        for runs, free in readings
    ]


def _group(rows: pl.DataFrame) -> str:
    return f"{rows['network'][0]} {rows['source_kind'][0]}"


def _column(rows: pl.DataFrame, part: str) -> list[float | None]:
    return rows[f"{part}_usd_per_gpu_hour"].cast(pl.Float64).to_list()


def _faded(color: str) -> str:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {_SHADE})"


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)

"""What a network says of itself: how many GPUs, how busy, how its payment mechanism does."""

from collections.abc import Mapping
from datetime import datetime

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from components.charts import series_color, show_figure
from components.text import ago, literal, network_name, number, percent
from engine.signals import SIGNAL_NAMES

_HEALTHY = "healthy"
_GPUS_DRAWN_MAX = 6


def signal_cards(signals: Mapping[str, pl.DataFrame], now: datetime) -> None:
    """The newest figure about each network as a whole, in a row of cards."""
    shown = [
        (name, row)
        for name, frame in signals.items()
        for row in frame.filter(pl.col("subject").is_null()).to_dicts()
        if row["signal"] not in ("gpus_leased", "nodes")
    ]
    if not shown:
        st.info(
            "No network has said anything about itself yet: the worker reads it with the prices.",
            icon=":material/hourglass_empty:",
        )
        return
    for column, (name, row) in zip(st.columns(len(shown)), shown, strict=True):
        what = SIGNAL_NAMES.get(row["signal"], row["signal"])
        column.metric(
            f"{network_name(name)}: {what}",
            _value(row),
            border=True,
            height="stretch",
            delta=f"{row['at']:%Y-%m-%d}, read {ago(row['observed_at'], now)}",
            delta_color="off",
            delta_arrow="off",
            help=f"{literal(row['note'] or '')} Source: {literal(row['source'])}".strip(),
        )


def risk_notes(signals: Mapping[str, pl.DataFrame]) -> None:
    """A payment mechanism that is not healthy is a risk to whoever prepaid: said first."""
    for name, frame in signals.items():
        for row in frame.filter(signal="risk_status").to_dicts():
            if row["text"] != _HEALTHY:
                st.warning(
                    f"{network_name(name)}'s payment mechanism says "
                    f"{literal(row['text'])} since {row['at']:%Y-%m-%d}: prepaid credit may not be "
                    "renewed. Do not top up before a person has looked.",
                    icon=":material/warning:",
                )


def utilisation_chart(signals: pl.DataFrame, *, key: str, height: int = 300) -> None:
    """How much of each GPU was leased, day by day: the busiest kinds, and the whole network."""
    days = signals.filter(pl.col("signal") == "utilisation").sort("at")
    size = signals.filter(pl.col("signal") == "gpus_total", pl.col("subject").is_not_null())
    largest = size.group_by("subject").agg(pl.col("value").last()).sort("value", descending=True)
    drawn = [None, *largest["subject"].head(_GPUS_DRAWN_MAX)]
    figure = go.Figure()
    for subject in drawn:
        rows = days.filter(pl.col("subject").eq_missing(pl.lit(subject)))
        title = subject or "whole network"
        figure.add_trace(
            go.Scatter(
                x=rows["at"].to_list(),
                y=(rows["value"] * 100).to_list(),
                name=title,
                mode="lines+markers",
                marker={"size": 5},
                line={"color": series_color(title), "width": 3 if subject is None else 1.5},
                hovertemplate=f"{title} %{{x|%Y-%m-%d}}: %{{y:.0f}} %<extra></extra>",
            )
        )
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        height=height,
        yaxis={"title": "GPUs leased, %", "range": [0, 100]},
        xaxis={"tickformat": "%b %d"},
        hovermode="closest",
    )
    show_figure(figure, "GPUs leased of those on the network, by day", key=key)


def gpus_table(newest: pl.DataFrame) -> None:
    """GPUs on the network and leased, per kind, now."""
    kinds = newest.filter(pl.col("subject").is_not_null())
    wide = kinds.pivot("signal", index="subject", values="value", aggregate_function="last")
    named = {"subject": "GPU", "gpus_total": "In all", "gpus_leased": "Leased",
             "providers": "Providers"}  # fmt: skip
    kept = {name: title for name, title in named.items() if name in wide.columns}
    rows = wide.select(pl.col(name).alias(title) for name, title in kept.items())
    if "In all" in rows.columns:
        rows = rows.sort("In all", descending=True, nulls_last=True)
    st.dataframe(rows, hide_index=True, placeholder="–", height="content", alt="GPUs by kind")


def _value(row: dict[str, object]) -> str:
    value = row["value"]
    if not isinstance(value, float):
        return str(row["text"])
    if row["signal"] in ("utilisation", "collateral_ratio"):
        return percent(value)
    return f"${number(value)}" if row["signal"] == "revenue_usd_day" else number(value)

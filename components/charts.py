"""Charts: values in, figure out."""

from datetime import date

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from components.text import BASIS_WARNINGS, SHORT_WARNINGS, network_name, usd_per_hour

THIRD_PARTY = "third party"
_OURS = "#3b82f6"
_HYPERSCALER = "#94a3b8"
_QUIET = "#64748b"
_HYPERSCALERS = ("aws", "azure", "gcp")
_NETWORKS = ("akash", "render", "aethir", "nosana", "lium")
_DASHES = {"aws": "solid", "azure": "dash", "gcp": "dot"}
_NETWORK_COLORS = ("#3b82f6", "#22d3ee", "#a78bfa", "#34d399", "#fbbf24")
_TALL = 200  # pixels
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def sellers_bar(sellers: pl.DataFrame, height: int) -> None:
    """The cheapest price per seller as bars; a network is blue, a hyperscaler grey and named."""
    rows = sellers.reverse().to_dicts()
    prices = [float(row["usd_per_gpu_hour"]) for row in rows]
    figure = go.Figure(
        go.Bar(
            x=prices,
            y=[_seller(row) for row in rows],
            orientation="h",
            marker_color=[_bar_color(row) for row in rows],
            text=[f"${price:,.3f}" for price in prices],
            textposition="outside",
            cliponaxis=False,
            hovertext=[_origin(row) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.update_layout(
        margin=_MARGIN | {"r": 56},
        height=height,
        xaxis={"title": "USD per GPU-hour", "rangemode": "tozero"},
        bargap=0.35,
    )
    show_figure(figure, "Cheapest price per GPU-hour by seller", key="sellers_bar")


def history_lines(history: pl.DataFrame, *, key: str, height: int = 420) -> None:
    """Lowest price per day and seller: networks in colour, hyperscalers grey, others thin."""
    figure = go.Figure()
    lines = history.group_by("network", "collected_by")
    for (name, collector), rows in sorted(lines, key=lambda line: _line_order(*map(str, line[0]))):
        figure.add_trace(_line(str(name), str(collector), rows.sort("day")))
    figure.update_layout(
        margin=_MARGIN,
        height=height,
        hovermode="closest",
        legend={"orientation": "v"},
        yaxis={"title": _price_title(height), "rangemode": "tozero"},
    )
    show_figure(figure, "Lowest price per GPU-hour by day and seller", key=key)


def _price_title(height: int) -> str:
    """A low chart has no room for the whole title beside it: what is too long is cut."""
    return "USD per GPU-hour" if height >= _TALL else "USD/GPU-h"


def index_line(index: pl.DataFrame) -> None:
    """The newest index price in words; one network alone makes no index, and says so."""
    if index.is_empty():
        st.caption("Index price: none yet; it is made of live readings of two networks or more.")
        return
    row = index.row(-1, named=True)
    names = ", ".join(network_name(name) for name in row["names"])
    price = usd_per_hour(row["index_usd_per_gpu_hour"]).replace("$", "\\$")
    what = "Median of one network, no index" if row["is_single_network"] else "Index price"
    st.caption(
        f"{what}: {price} per GPU-hour on {row['day']}, {names}.",
        help="The median over networks of each network's median firm on-demand price of the day, "
        "live readings only; no hyperscalers, examples or rate cards (docs/index-price.md).",
    )


def credit(history: pl.DataFrame, text: str) -> None:
    """The credit line that a third party's series asks for, where one is drawn."""
    if THIRD_PARTY in history["collected_by"]:
        st.markdown(f":small[{text}]")


def offer_line(history: pl.DataFrame) -> None:
    """Every price seen of one offer."""
    figure = go.Figure(
        go.Scatter(
            x=history["observed_at"].to_list(),
            y=history["usd_per_gpu_hour"].cast(pl.Float64).to_list(),
            mode="lines+markers",
            line={"color": _OURS, "shape": "hv"},
            customdata=history.select("source_kind", "available_count").rows(),
            hovertemplate="%{x|%Y-%m-%d %H:%M} UTC: $%{y:.4f} (%{customdata[0]}, "
            "%{customdata[1]} free)<extra></extra>",
        )
    )
    figure.update_layout(
        margin=_MARGIN, height=220, yaxis={"title": "USD per GPU-hour", "rangemode": "tozero"}
    )
    show_figure(figure, "Price of this offer over time", key="offer_line")


def _line(name: str, collector: str, rows: pl.DataFrame) -> go.Scatter:
    days: list[date] = rows["day"].to_list()
    big = name in _HYPERSCALERS
    ours = not big and collector != THIRD_PARTY
    color = series_color(name) if ours or big else _QUIET
    named = ours or big  # other sellers have one series only
    title = network_name(name) + (f", {collector}" if named and collector != "Necto" else "")
    title += SHORT_WARNINGS.get(rows["price_basis"][-1], "")
    return go.Scatter(
        x=days,
        y=rows["min_usd_per_gpu_hour"].cast(pl.Float64).to_list(),
        name=title,
        mode="lines" if collector == THIRD_PARTY else "lines+markers",
        line={
            "color": color,
            "width": 3 if ours else 2 if big else 1.5,
            "dash": _DASHES.get(name),
            "shape": "hv",
        },
        marker={"size": 8},
        customdata=[[basis.replace("_", " ")] for basis in rows["price_basis"]],
        hovertemplate=f"{title} %{{x|%Y-%m-%d}}: $%{{y:.3f}}<br>%{{customdata[0]}}<extra></extra>",
    )


def series_color(name: str) -> str:
    """The same colour for a network every time; one that is not in the list gets some of them.

    A hyperscaler is grey.
    """
    if name in _HYPERSCALERS:
        return _HYPERSCALER
    place = _NETWORKS.index(name) if name in _NETWORKS else sum(map(ord, name))
    return _NETWORK_COLORS[place % len(_NETWORK_COLORS)]


def _line_order(name: str, collector: str) -> tuple[int, str, str]:
    """Networks first, then hyperscalers, then what third parties collected of others."""
    group = 1 if name in _HYPERSCALERS else 2 if collector == THIRD_PARTY else 0
    return group, name, collector


def _seller(row: dict[str, object]) -> str:
    machine = f" {row['provider_name']}" if row["is_baseline"] else ""
    if row["source_kind"] == "contract":
        machine += ", your contract"
    warning = BASIS_WARNINGS.get(str(row["price_basis"]))
    return f"{network_name(str(row['network']))}{machine}" + (f"<br>({warning})" if warning else "")


def _bar_color(row: dict[str, object]) -> str:
    if row["is_baseline"]:
        return _HYPERSCALER
    return _QUIET if row["price_basis"] in BASIS_WARNINGS else _OURS


def _origin(row: dict[str, object]) -> str:
    seen = f"{row['observed_at']:%Y-%m-%d}"
    return f"{row['provider_name'] or row['network']}<br>{row['source_kind']} {seen}<br>" + str(
        row["price_basis"]
    ).replace("_", " ")


def show_figure(figure: go.Figure, alt: str, *, key: str) -> None:
    figure.update_layout(dragmode=False, font={"family": "Inter, sans-serif"})
    st.plotly_chart(figure, alt=alt, key=key, config={"displayModeBar": False})

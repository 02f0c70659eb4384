"""Networks: how each source does, how busy the networks are, and what the clouds really cost."""

from dataclasses import asdict
from decimal import Decimal

import polars as pl
import streamlit as st

from components import clouds, freshness, network_signals, session
from components.session import lake, market, now, require
from components.text import network_name
from data.egress import egress_comparison
from data.octanebench import octanebench_tiers
from data.offers import rejects
from data.signals import signals
from engine.baselines import baseline_prices
from engine.signals import newest_signals

require("viewer")

REFRESH_SECONDS = 15
SOURCES, BUSY, CLOUDS = "Sources", "How busy", "Clouds side by side"
DEFAULT_GPU = "H100-SXM"
GB_USUAL, GB_MAX = 1_000, 10_000_000


@st.fragment(run_every=REFRESH_SECONDS)
def show_sources() -> None:
    found = session.sources()
    freshness.networks_table(found, now())
    freshness.set_aside_list(lake().aside())
    for state in (source.state for source in found):
        if state and state.good and state.good.reject_counts:
            freshness.rejected_rows(state.network, rejects(lake(), state.good))


def show_busy() -> None:
    said = {name: found for name in lake().networks() if (found := signals(lake(), name)).height}
    newest = {name: newest_signals(found) for name, found in said.items()}
    network_signals.risk_notes(newest)
    network_signals.signal_cards(newest, now())
    for name, found in said.items():
        if "utilisation" in found["signal"]:
            left, right = st.columns([2.2, 1])
            with left.container(border=True, height="stretch"):
                st.subheader(f"{network_name(name)}: GPUs leased, day by day")
                network_signals.utilisation_chart(found, key=f"utilisation_{name}")
            with right.container(border=True, height="stretch"):
                st.subheader("Now, by kind")
                network_signals.gpus_table(newest[name])


def show_clouds() -> None:
    models = sorted(market().baselines["gpu_model"].drop_nulls().unique())
    usual = models.index(DEFAULT_GPU) if DEFAULT_GPU in models else 0
    gpu = st.selectbox("GPU model", models, usual, key="model", bind="query-params", width=320)
    clouds.baseline_table(baseline_prices(market().baselines, gpu or ""))
    st.subheader("Moving data out")
    volume = st.number_input(
        "GB a month to the internet", 0, GB_MAX, GB_USUAL, key="gb", bind="query-params", width=320
    )
    clouds.egress_table(egress_comparison(Decimal(volume)))
    with st.expander("OctaneRender: what a credit buys"):
        clouds.octanebench_table(pl.DataFrame([asdict(tier) for tier in octanebench_tiers()]))


st.title("How the networks are doing")
view = st.radio(
    "View", [SOURCES, BUSY, CLOUDS], horizontal=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
{SOURCES: show_sources, BUSY: show_busy, CLOUDS: show_clouds}[view]()

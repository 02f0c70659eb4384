"""Networks: how each source does, how busy the networks are, and what the clouds really cost."""

from dataclasses import asdict
from decimal import Decimal

import polars as pl
import streamlit as st

from components import bidders, clouds, freshness, network_signals, session
from components.export import export_menu
from components.session import lake, market, now, require, settings
from components.text import network_name
from connectors.networks.akash import AUDITORS
from data import asks
from data.egress import egress_comparison
from data.octanebench import octanebench_tiers
from data.offers import providers, rejects
from data.signals import signals
from engine.baselines import baseline_prices
from engine.screening import ScreeningAsk
from engine.signals import newest_signals

require("viewer")

REFRESH_SECONDS = 15
ASK_SECONDS = 2
SOURCES, BUSY, BIDDERS, CLOUDS = "Sources", "How busy", "Who can bid", "Clouds side by side"
DEFAULT_GPU = "H100-SXM"
GB_USUAL, GB_MAX = 1_000, 10_000_000


@st.fragment(run_every=REFRESH_SECONDS)
def show_sources() -> None:
    found = session.sources()
    freshness.networks_table(found, now())
    freshness.set_aside_list(session.set_aside())
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


def leave(wanted: ScreeningAsk) -> None:
    try:
        st.session_state["asked"] = asks.ask(settings().home, wanted, now())
    except (asks.TooManyAsks, OSError) as error:
        st.error(f"Not asked: {error}")


@st.fragment(run_every=ASK_SECONDS)
def show_answer() -> None:
    if asked := st.session_state.get("asked"):
        home = settings().home
        listed = providers(lake(), "akash").select("provider_id", "name").rows()
        bidders.answer_shown(
            asks.answer(home, asked), now(), is_waiting=asks.is_waiting(home, asked),
            names={owner: name for owner, name in listed if name},
        )  # fmt: skip


def show_bidders() -> None:
    names = market().networks.filter(network="akash")["gpu_name"].unique().sort().to_list()
    if not names:
        st.info("No offer of Akash is known yet: its GPU names come with them.")
        return
    st.caption("Free GPUs are not bids: Akash itself says which providers could take an order now.")
    gpu = st.selectbox("GPU, as Akash names it", names, key="gpu", bind="query-params", width=320)
    bidders.ask_form(gpu or "", tuple(AUDITORS), leave)
    show_answer()


def hand_out(rows: pl.DataFrame, name: str) -> None:
    if rows.height:
        place, exporter = st.container(width=160), session.exporter("networks")
        export_menu(place, rows, rows.columns, name, now(), exporter)


def show_clouds() -> None:
    models = sorted(market().baselines["gpu_model"].drop_nulls().unique())
    usual = models.index(DEFAULT_GPU) if DEFAULT_GPU in models else 0
    gpu = st.selectbox("GPU model", models, usual, key="model", bind="query-params", width=320)
    prices = baseline_prices(market().baselines, gpu or "")
    clouds.baseline_table(prices)
    hand_out(prices, f"necto-clouds-{gpu}")
    st.subheader("Moving data out")
    volume = st.number_input(
        "GB a month to the internet", 0, GB_MAX, GB_USUAL, key="gb", bind="query-params", width=320
    )
    costs = egress_comparison(Decimal(volume))
    clouds.egress_table(costs)
    hand_out(costs, f"necto-egress-{volume}-gb")
    with st.expander("OctaneRender: what a credit buys"):
        clouds.octanebench_table(pl.DataFrame([asdict(tier) for tier in octanebench_tiers()]))


st.title("How the networks are doing")
view = st.radio(
    "View", [SOURCES, BUSY, BIDDERS, CLOUDS], horizontal=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
{SOURCES: show_sources, BUSY: show_busy, BIDDERS: show_bidders, CLOUDS: show_clouds}[view]()

"""Dashboard: what a GPU costs on each network, what it saves, and how fresh that is."""

import streamlit as st

from components import cards, charts, freshness, offer_table, session
from components.session import (
    lake,
    market,
    now,
    require,
    settings,
    worker_is_alive,
)
from data import worker
from data.history import model_history
from data.offers import rejects
from data.shipped import HISTORY_CREDIT
from engine.overview import (
    headline,
    large_savings,
    models_offered,
    network_savings,
    sellers,
)

require("viewer")

REFRESH_SECONDS = 15
CHART_HEIGHT, BAR_HEIGHT = 250, 190  # pixels
DEFAULT_GPU = "H100-SXM"


@st.fragment(run_every=REFRESH_SECONDS)
def figures(gpu_model: str) -> None:
    newest = market()
    if st.session_state.setdefault("market_key", newest.key) != newest.key:
        st.session_state["market_key"] = newest.key
        st.rerun()  # new figures: the charts below show them too
    found = headline(newest.networks, newest.baselines, gpu_model, now())
    cards.headline_cards(found, large_savings(newest.networks, newest.baselines, now()))
    cards.label_line(found)
    freshness.attention(session.sources(), lake().aside(), worker_alive=worker_is_alive())


@st.fragment(run_every=REFRESH_SECONDS)
def sources() -> None:
    found = session.sources()
    freshness.networks_table(found, now())
    freshness.set_aside_list(lake().aside())
    for state in (source.state for source in found):
        if state and state.good and state.good.reject_counts:
            freshness.rejected_rows(state.network, rejects(lake(), state.good))


title, choice, action = st.columns([5, 2, 1.2], vertical_alignment="bottom")
title.title("What a GPU costs, and where")
models = models_offered(market().networks)
if not models:
    freshness.wait_for_offers(lambda: bool(models_offered(market().networks)))
usual = (*session.preferences().models_of_interest, DEFAULT_GPU)
asked = st.query_params.get("model", usual[0])  # a link's GPU stays, also when nobody sells it
models = list(dict.fromkeys((*usual[:-1], *models, asked, DEFAULT_GPU)))
gpu = choice.selectbox(
    "GPU model", models, models.index(usual[0]), key="model", bind="query-params"
)
if action.button("Refresh now", icon=":material/refresh:", type="primary", width="stretch"):
    try:
        worker.request_refresh(settings().home, now())
        st.toast("Asked the worker to read every source now. Figures renew by themselves.")
    except OSError as error:
        st.error(f"The request could not be written ({error.strerror}): see the server's disk.")

figures(gpu)
left, right = st.columns([6, 7])
with left.container(border=True, height="stretch"):
    st.subheader(f"{gpu}: cheapest on demand, by seller")
    charts.sellers_bar(sellers(market().networks, market().baselines, gpu), BAR_HEIGHT)
    offer_table.network_table(network_savings(market().networks, market().baselines, gpu, now()))
with right.container(border=True, height="stretch"):
    st.subheader(f"{gpu}: lowest price by day")
    history = model_history(lake(), gpu)
    charts.history_lines(history, key="dashboard_history", height=CHART_HEIGHT)
    charts.credit(history, HISTORY_CREDIT)
with st.container(border=True):
    st.subheader("Sources")
    sources()

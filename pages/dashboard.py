"""Dashboard: what a GPU costs on each network, what it saves, and how fresh that is."""

import streamlit as st

from components import alerts, cards, charts, desks, freshness, job_board, offer_table, session
from components.order_desks import has_orders, orders_needing, orders_now
from components.session import actor, house, lake, market, now, require, settings, worker_is_alive
from components.text import literal
from connectors.registry import PAUSES
from data import worker
from data.alerts import acknowledge
from data.history import model_history, model_index
from data.shipped import HISTORY_CREDIT, catalogue
from engine.alert_states import Alert
from engine.overview import headline, large_savings, models_offered, network_savings, sellers

require("viewer")

REFRESH_SECONDS = 15
CHART_HEIGHT, BAR_HEIGHT = 134, 120  # pixels
DEFAULT_GPU, FAULT = "H100-SXM", "alert_fault"


def ask_for_figures() -> None:
    with session.told("The request could not be written, see the server's disk"):
        worker.request_refresh(settings().home, now())
        if worker_is_alive():
            st.toast("Asked: the worker reads every source as soon as it may. Figures renew here.")
        else:
            st.toast("The worker is not running: start it with python -m connectors work.")


def seen(alert: Alert) -> None:
    with session.kept_fault(FAULT, "Not acknowledged"):
        acknowledge(house(), actor(), alert.id)


@st.fragment(run_every=REFRESH_SECONDS)
def needs_you() -> None:
    session.show_fault(FAULT)
    with session.told("The alerts cannot be read"):
        found, rules = desks.alerts_now(PAUSES)
        jobs = orders_needing()
        job_board.order_needs(jobs, now())
        alerts.needs_you(
            found, rules, catalogue(), now(), seen,
            worker_alive=worker_is_alive(), in_doubt=bool(jobs or session.records_in_doubt()),
        )  # fmt: skip


@st.fragment(run_every=REFRESH_SECONDS)
def active_jobs(gpu_model: str) -> None:
    with session.told("The orders cannot be read"):
        job_board.job_board(*orders_now(), now())
    cards.headline_line(headline(market().networks, market().baselines, gpu_model, now()))


@st.fragment(run_every=REFRESH_SECONDS)
def figures(gpu_model: str) -> None:
    newest = market()
    if st.session_state.setdefault("market_key", newest.key) != newest.key:
        st.session_state["market_key"] = newest.key
        st.rerun()  # new figures: the charts below show them too
    found = headline(newest.networks, newest.baselines, gpu_model, now())
    cards.headline_line(found)
    cards.headline_cards(found, large_savings(newest.networks, newest.baselines, now()))
    cards.label_line(found)


@st.fragment(run_every=REFRESH_SECONDS)
def sources() -> None:
    found = session.sources()
    freshness.source_badges(found, now())
    freshness.attention(found, session.set_aside(), now(), worker_alive=worker_is_alive())


top = st.container()
with top:
    title, choice, action = st.columns([5, 2, 1.2], vertical_alignment="bottom")
    title.title("What a GPU costs, and where")
    freshness.books_in_doubt(session.doubts())
models = models_offered(market().networks)
if not models:
    freshness.wait_for_offers(lambda: bool(models_offered(market().networks)))
usual = (*session.preferences().models_of_interest, DEFAULT_GPU)
asked = st.query_params.get("model", usual[0])  # a link's GPU stays, also when nobody sells it
gpu = st.session_state.get("model", asked)
needs_you()
running, prices = job_board.places(is_any=has_orders())
if running:
    with running:
        active_jobs(gpu)
with prices:
    figures(gpu)  # before the choice of a GPU: the answer is text and is drawn first
models = list(dict.fromkeys((*usual[:-1], *models, asked, DEFAULT_GPU)))
choice.selectbox(
    "GPU model", models, models.index(usual[0]), key="model", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
action.button(
    "Refresh now", icon=":material/refresh:", on_click=ask_for_figures, type="primary",
    width="stretch",
)  # fmt: skip
left, right = prices.columns([6, 7])
with left.container(border=True, height="stretch"):
    st.subheader(f"{literal(gpu)}: cheapest on demand, by seller")
    charts.sellers_bar(sellers(market().networks, market().baselines, gpu), BAR_HEIGHT)
    offer_table.network_lines(network_savings(market().networks, market().baselines, gpu, now()))
with right.container(border=True, height="stretch"):
    st.subheader(f"{literal(gpu)}: lowest price by day")
    history = model_history(lake(), gpu)
    charts.history_lines(history, key="dashboard_history", height=CHART_HEIGHT)
    charts.index_line(model_index(lake(), gpu, now()))
    charts.credit(history, HISTORY_CREDIT)
sources()

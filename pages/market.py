"""Market: who sells what I need, where, at what price, since when, and how sure that is."""

import polars as pl
import streamlit as st

from components import charts, freshness, offer_table
from components.filters import clear_filters, market_filters
from components.offer_drawer import offer_drawer
from components.session import lake, market, now, require
from data.history import model_history, offer_history
from data.offers import providers, raw_row
from data.shipped import HISTORY_CREDIT, catalogue
from engine.export import OFFER_COLUMNS, csv_text, records
from engine.overview import BASELINE_NAMES, SAVING_PARTS, Comparison, savings_by_offer
from engine.savings import compared
from engine.search import Search, matching, unstated

require("viewer")

SAVINGS = tuple(f"{name}_{part}" for name in BASELINE_NAMES for part in SAVING_PARTS)
EXPORTED = (*OFFER_COLUMNS, *SAVINGS)
OFFERS, HISTORY = "Offers", "Price history"


def open_offer(offer_id: str) -> None:
    st.session_state["opened"] = offer_id
    st.query_params["offer"] = offer_id


def close_offer() -> None:
    st.session_state.pop("opened", None)
    st.query_params.pop("offer", None)


def show(offer: dict[str, object]) -> None:
    """Open the slide-over for an offer of the newest market."""
    offer_id, network = str(offer["offer_id"]), str(offer["network"])
    pairs = compared(newest.offers.filter(offer_id=offer_id), newest.baselines, now()).to_dicts()
    known = providers(lake(), network).filter(provider_id=offer["provider_id"] or "")
    offer_drawer(
        offer,
        catalogue(),
        [Comparison.of(row) for row in pairs],
        offer_history(lake(), offer_id, network),
        known.to_dicts()[0] if known.height else None,
        raw_row(lake(), network, offer_id),
        now(),
        close_offer,
    )


def download_button(rows: pl.DataFrame, columns: tuple[str, ...], name: str) -> None:
    st.download_button(
        "CSV",
        lambda: csv_text(records(rows, columns), columns),
        name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        help="Exactly what is shown, with exact prices and source columns.",
    )


newest = market()
st.title("Who sells what, where, at what price")
if newest.offers.is_empty():
    freshness.wait_for_offers(lambda: not market().offers.is_empty())
linked = st.session_state.get("opened") or st.query_params.get("offer")
chosen = newest.offers.filter(offer_id=linked).to_dicts() if linked else []
if linked and not chosen:
    st.warning("The linked offer is no longer on the market.", icon=":material/link_off:")
    close_offer()
side, main = st.columns([1, 4.3])
with side:
    both = st.toggle("Also AWS, Azure, Google", key="hyperscalers", bind="query-params")
    listed = matching(newest.offers if both else newest.networks, Search(), now())
    search = market_filters(listed, catalogue())
    st.button("Clear filters", on_click=clear_filters, width="stretch")
offers = savings_by_offer(matching(listed, search, now()), newest.baselines, now())
with main:
    view, opener, download = st.columns([2, 4, 1.2], vertical_alignment="bottom")
    shown = view.radio(
        "View", [OFFERS, HISTORY], horizontal=True, key="view", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    count = f"{offers.height} of {listed.height} offers"
    missing = ", ".join(f"{name} ({number})" for name, number in unstated(listed, search).items())
    left_out = f" Left out because they do not state it: {missing}." if missing else ""
    if offers.is_empty():
        st.info(f"{count} meet all filters: remove one.{left_out}")
    elif shown == OFFERS:
        with opener:
            offer_table.offer_opener(offers, open_offer)
        with download:
            download_button(offers, EXPORTED, "necto-offers.csv")
        st.caption(f"{count}, cheapest per GPU-hour first. Tick a line for its source.{left_out}")
        offer_table.offer_table(offers, now(), open_offer)
    else:
        models = offers["gpu_model"].drop_nulls().unique(maintain_order=True).to_list()
        gpu = opener.selectbox(
            "GPU model", models, key="model", bind="query-params", label_visibility="collapsed"
        )
        history = model_history(lake(), gpu)
        with download:
            download_button(history, tuple(history.columns), f"necto-prices-{gpu}.csv")
        charts.history_lines(history, key="market_history")
        charts.credit(history, HISTORY_CREDIT)

if chosen:
    show(chosen[0])

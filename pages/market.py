"""Market: who sells what I need, where, at what price, since when, and how sure that is."""

import streamlit as st

from components import charts, offer_table
from components.filters import market_filters
from components.offer_drawer import offer_drawer
from components.session import lake, market, now, require
from data.history import model_history, offer_history
from data.offers import providers, raw_row
from data.shipped import HISTORY_CREDIT, catalogue
from engine.export import OFFER_COLUMNS, csv_text, records
from engine.overview import BASELINE_NAMES, Comparison, savings_by_offer
from engine.savings import compared
from engine.search import Search, matching

require("viewer")

SAVING_COLUMNS = tuple(f"saving_{name}" for name in BASELINE_NAMES)
EXPORTED = (*OFFER_COLUMNS, *SAVING_COLUMNS, "confidence")
OFFERS, HISTORY = "Offers", "Price history"


def open_offer(offer_id: str) -> None:
    st.session_state["opened"] = offer_id
    st.query_params["offer"] = offer_id


def close_offer() -> None:
    st.session_state.pop("opened", None)
    st.query_params.pop("offer", None)


def show(offer_id: str) -> None:
    """Open the slide-over for an offer of the newest market."""
    found = newest.offers.filter(offer_id=offer_id)
    if found.is_empty():
        st.warning("The linked offer is no longer on the market.", icon=":material/link_off:")
        return
    offer = found.to_dicts()[0]
    pairs = compared(found, newest.baselines, now()).to_dicts()
    known = providers(lake(), offer["network"]).filter(provider_id=offer["provider_id"] or "")
    offer_drawer(
        offer,
        catalogue(),
        [Comparison.of(row) for row in pairs],
        offer_history(lake(), offer_id, offer["network"]),
        known.to_dicts()[0] if known.height else None,
        raw_row(lake(), offer["network"], offer_id),
        now(),
        close_offer,
    )


newest = market()
st.title("Who sells what, where, at what price")
side, main = st.columns([1, 4.3])
with side:
    search = market_filters(newest.offers, catalogue())
listed = newest.offers if search.networks & BASELINE_NAMES.keys() else newest.networks
found = matching(listed, search, now())
with main:
    view, opener, download = st.columns([2, 4, 1.2], vertical_alignment="bottom")
    shown = view.radio(
        "View",
        [OFFERS, HISTORY],
        horizontal=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    offers = savings_by_offer(found, newest.baselines, now())
    with opener:
        offer_table.offer_opener(offers, open_offer)
    download.download_button(
        "CSV",
        lambda: csv_text(records(offers, EXPORTED), EXPORTED),
        "necto-offers.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        help="Exactly the offers shown, with exact prices and source columns.",
    )
    if found.is_empty():
        st.info("No offer meets all filters. Remove one, for example the country or the price.")
    elif shown == OFFERS:
        st.caption(
            f"{found.height} of {matching(listed, Search(), now()).height} offers, cheapest per "
            "GPU-hour first. Choose a line to see its source. To list AWS, Azure or Google too, "
            "add them under Network."
        )
        offer_table.offer_table(offers, now(), open_offer)
        st.caption("An offer that does not state a value is left out by a filter on it.")
    else:
        models = found["gpu_model"].drop_nulls().unique(maintain_order=True).to_list()
        gpu = st.selectbox("GPU model", models, key="history_gpu")
        charts.history_lines(model_history(lake(), gpu), key="market_history")
        st.markdown(f":small[{HISTORY_CREDIT}]")

linked = st.session_state.get("opened") or st.query_params.get("offer")
if linked:
    show(linked)

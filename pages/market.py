"""Market: who sells what I need, where, at what price, since when, and how sure that is."""

from dataclasses import replace

import streamlit as st

from components import charts, freshness, market_notes, offer_table, opened, price_grid, session
from components.alert_dialog import alert_me
from components.alert_forms import Choices
from components.bands import bands_section, history_choice
from components.desks import keep_rule, savings_of, shelf
from components.export import export_menu
from components.filters import VIEW_KEYS, clear_filters, market_filters
from components.offer_drawer import offer_drawer
from components.route_link import route_button
from components.saved_views import saved_views
from components.session import lake, market, now, require
from components.side_by_side import side_by_side_dialog
from data.history import bands, market_facts, model_history, offer_history
from data.offers import providers, raw_row
from data.shipped import HISTORY_CREDIT, catalogue
from engine.export import OFFER_COLUMNS
from engine.grid import like_for_like, networks_of
from engine.overview import OFFER_SAVINGS
from engine.provider_search import EXPORTED_SIGNALS, with_signals
from engine.search import matching, unstated
from engine.side_by_side import side_by_side

require("viewer")

EXPORTED = (*OFFER_COLUMNS, *EXPORTED_SIGNALS, *OFFER_SAVINGS)
VIEWS = OFFERS, GRID, PRICES = "Offers", "Like for like", "Price history"


def show(offer: dict[str, object]) -> None:
    """Open the slide-over for an offer of the newest market."""
    offer_id, network = str(offer["offer_id"]), str(offer["network"])
    savings = savings_of(newest, offer_id)
    known = providers(lake(), network).filter(provider_id=offer["provider_id"] or "")
    offer_drawer(
        offer, catalogue(), savings, offer_history(lake(), offer_id, network),
        known.to_dicts()[0] if known.height else None, raw_row(lake(), network, offer_id), now(),
        offers if offers.height > 1 else listed, opened.compare_with, opened.close_offers,
    )  # fmt: skip


def show_beside(one: dict[str, object], other: dict[str, object]) -> None:
    savings = [savings_of(newest, str(offer["offer_id"])) for offer in (one, other)]
    lines = side_by_side(one, other, *savings)
    side_by_side_dialog(one, other, lines, now(), opened.stop_comparing, opened.close_offers)


def show_offers() -> None:
    market_notes.offers_line(offers.height, listed.height, missing)
    with tool:
        offer_table.offer_opener(offers, opened.open_offer)
    export_menu(export, offers, EXPORTED, "necto-offers", now(), hand_out)
    offer_table.offer_table(offers, now(), opened.open_offer)


def show_grid() -> None:
    term = price_grid.term_choice(tool, newest.networks["term"].unique().to_list())
    on_term = matching(listed, replace(search, terms=frozenset({term})), now())
    sellers = networks_of(newest.offers)
    grid = like_for_like(on_term, newest.baselines, sellers, term, now())
    export_menu(export, grid, grid.columns, f"necto-like-for-like-{term}", now(), hand_out)
    price_grid.price_grid(grid, sellers, market_notes.narrowing(OFFERS, term))
    price_grid.grid_notes(grid, sellers)


def show_prices() -> None:
    models = offers["gpu_model"].drop_nulls().unique(maintain_order=True).to_list()
    gpu, days = history_choice(tool, models)
    term = min(search.terms, default="on_demand")
    priced = bands(lake(), gpu, now(), days).filter(term=term)
    facts = market_facts(lake(), now(), days).filter(gpu_model=gpu, term=term)
    export_menu(export, priced, priced.columns, f"necto-prices-{gpu}", now(), hand_out)
    bands_section(priced, facts, term)
    with st.expander("Lowest price by day, with what others collected"):
        history = model_history(lake(), gpu, days=days, now=now())
        charts.history_lines(history, key="market_history")
        charts.credit(history, HISTORY_CREDIT)


newest = market()
title, to_route, alert, saved = st.columns([5, 1, 1.1, 1.1], vertical_alignment="bottom")
title.title("Who sells what, where, at what price")
if newest.offers.is_empty():
    freshness.wait_for_offers(lambda: not market().offers.is_empty())
wanted = [newest.offers.filter(offer_id=name) for name in opened.opened() if name]
facts = session.listing(newest, hyperscalers=False).providers
linked = [with_signals(rows, facts).to_dicts() for rows in wanted]
if not all(linked):
    market_notes.gone_line()
    opened.close_offers()
market_notes.trouble_line(session.sources(), now())
side, main = st.columns([1, 4.6])
with side:
    both = st.toggle("Also AWS, Azure, Google", key="hyperscalers", bind="query-params")
    sold = session.listing(newest, hyperscalers=both)
    listed = sold.offers
    search = market_filters(sold.options, catalogue())
    hand_out = session.exporter("market")  # with the filters as they are now
    st.button("Clear filters", on_click=clear_filters, width="stretch")
with saved:
    saved_views(shelf("market"), VIEW_KEYS)
route_button(to_route, search, catalogue())
alert_me(alert, Choices(search, listed, sold.providers, catalogue()), keep_rule)
offers = matching(listed, search, now())
missing = unstated(listed, search)
with main:
    view, tool, export = st.columns([3.2, 3.6, 1.1], vertical_alignment="bottom")
    shown = market_notes.view_choice(view, VIEWS)
    if offers.is_empty():
        market_notes.nothing_line(listed.height, missing)
    else:
        {OFFERS: show_offers, GRID: show_grid, PRICES: show_prices}[shown]()
if linked and all(linked):
    (show if len(linked) == 1 else show_beside)(*(rows[0] for rows in linked))

"""Settings: which sources Necto reads and on which terms, your rate cards, your preferences."""

import zoneinfo
from collections.abc import Callable

import streamlit as st

from components import alert_desk, connections, rate_cards, session
from components.session import actor, lake, now, preferences, require, settings
from components.text import network_name
from connectors.registry import SOURCES
from data import preferences as store
from data import rate_cards as cards
from data import worker
from data.card_files import card_csv, read_card, template_csv, template_xlsx
from data.market import Busy
from data.preferences import Preferences
from data.shipped import catalogue
from data.terms import terms
from engine.rate_cards import CardRefused

require("viewer")

REFRESH_SECONDS, FAULT = 5, "settings_fault"
CONNECTIONS, CARDS, ALERTS, PREFERENCES = "Connections", "Rate cards", "Alerts", "Preferences"
TEMPLATES = (
    ("necto-rate-card.csv", template_csv, "text/csv"),
    ("necto-rate-card.xlsx", template_xlsx, "application/octet-stream"),
)


def keep(how: Callable[[Preferences], Preferences], said: str) -> None:
    """Change what is kept and say so; a choice or a disk that refuses is told."""
    try:
        store.change(settings().home, how)
        st.toast(said)
    except (ValueError, OSError) as error:
        st.session_state[FAULT] = f"Not kept: {error}"


def switch(name: str, is_on: bool) -> None:  # noqa: FBT001 - a toggle's value
    by, at = actor().name, now()
    said = f"{network_name(name)} is {'on.' if is_on else 'off; its last figures stay and age.'}"
    keep(lambda kept: kept.switched(name, on=is_on, by=by, at=at), said)


def test(name: str) -> None:
    try:
        worker.request_test(settings().home, name, now())
        st.toast(f"Asked the worker to read {network_name(name)} as soon as it may: see here.")
    except OSError as error:
        st.session_state[FAULT] = f"The request could not be written ({error.strerror})."


def import_card(filename: str, content: bytes, name: str | None) -> None:
    sellers = [kind.name for kind in SOURCES]
    try:
        card = read_card(filename, content, catalogue(), now(), name=name, sellers=sellers)
        done = cards.import_card(lake(), card, by=actor().name, now=now())
        rate_cards.imported(done.new, done.known, done.gaps, card.warnings)
    except CardRefused as refused:
        rate_cards.refused(refused.faults)
    except (Busy, ValueError, OSError) as error:
        st.error(f"Nothing was imported: {error}")


def withdraw(seller: str, name: str, reason: str) -> None:
    try:
        cards.withdraw(lake(), seller, name, reason=reason, by=actor().name, now=now())
    except (Busy, LookupError, ValueError, OSError) as error:
        st.error(f"Not withdrawn: {error}")
    else:
        st.rerun()


@st.fragment(run_every=REFRESH_SECONDS)
def show_connections() -> None:
    session.show_fault(FAULT)
    found = session.connections()
    if not found:
        st.info("The worker has not said yet how it is connected: it does when it starts.")
    elif not session.worker_is_alive():
        st.warning("The worker is not running: this is what it said last.")
    states = {state.network: state for state in session.network_states()}
    connections.connection_rows(found, states, now(), switch, test)


st.title("What Necto reads, and how")
section = st.radio(
    "Section", [CONNECTIONS, CARDS, ALERTS, PREFERENCES], horizontal=True, key="section",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
if section == CONNECTIONS:
    with st.container(border=True):
        show_connections()
    connections.not_built([one for one in terms().values() if not one.is_built])
elif section == CARDS:
    with st.container(border=True):
        rate_cards.import_form(TEMPLATES, import_card)
    known = [
        rate_cards.Line(one.record, one.state, one.withdrawal.reason if one.withdrawal else None)
        for one in cards.cards(lake(), now())
    ]
    rate_cards.cards_table(known)
    if known:
        rate_cards.card_tools(
            known, lambda record: cards.original(lake(), record),
            lambda record: card_csv(cards.whole_rows(lake(), record)), withdraw,
        )  # fmt: skip
elif section == ALERTS:
    alert_desk.alert_desk(session.alert_desk(), now())
else:
    chosen = connections.preferences_form(
        sorted(zoneinfo.available_timezones()), preferences().time_zone,
        sorted(model.name for model in catalogue().models),
        preferences().models_of_interest, store.MODELS_MAX,
    )  # fmt: skip
    if chosen:
        keep(lambda kept: kept.model_copy(update=chosen), "Kept.")
        session.show_fault(FAULT)

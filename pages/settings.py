"""Settings: which sources Necto reads and on which terms, your rate cards, your preferences."""

import zoneinfo

import streamlit as st

from components import alert_desk, changes, connections, desks, freshness, rate_cards, session
from components.people_desk import people_desk
from components.session import actor, house, lake, now, preferences, require, settings
from components.text import network_name
from connectors.registry import PAUSES, SOURCES
from data import card_register, worker
from data import preferences as store
from data import rate_cards as cards
from data.card_files import card_csv, read_card, template_csv, template_xlsx
from data.card_originals import original
from data.shipped import catalogue
from data.terms import terms
from engine.rate_cards import CardRefused

require("viewer")

REFRESH_SECONDS, CHANGES_MAX, FAULT = 5, 20, "settings_fault"
CONNECTIONS, CARDS, ALERTS, PEOPLE = "Connections", "Rate cards", "Alerts", "People"
PREFERENCES = "Preferences"
TEMPLATES = (
    ("necto-rate-card.csv", template_csv, "text/csv"),
    ("necto-rate-card.xlsx", template_xlsx, "application/octet-stream"),
)


def switch(name: str, is_on: bool) -> None:  # noqa: FBT001 - a toggle's value
    with session.kept_fault(FAULT, "Not kept"):
        store.switch(house(), actor(), name, on=is_on)
        held = "on." if is_on else "off; its last figures stay and age."
        st.toast(f"{network_name(name)} is {held}")


def test(name: str) -> None:
    with session.kept_fault(FAULT, "The request could not be written"):
        worker.request_test(settings().home, name, now())
        st.toast(f"Asked the worker to read {network_name(name)} as soon as it may: see here.")


def import_card(filename: str, content: bytes, name: str | None) -> None:
    sellers = [kind.name for kind in SOURCES]
    try:
        card = read_card(filename, content, catalogue(), now(), name=name, sellers=sellers)
    except CardRefused as refused:
        rate_cards.refused(refused.faults, session.exporter("settings"))
        return
    with session.told("Nothing was imported"):
        done = card_register.import_card(house(), lake(), card, actor(), now())
        rate_cards.imported(done.new, done.known, done.gaps, card.warnings)


def withdraw(seller: str, name: str, reason: str) -> None:
    with session.told("Not withdrawn"):
        card_register.withdraw(house(), lake(), seller, name, reason, actor(), now())
        st.rerun()


def show_changes() -> None:
    with session.told("The last changes cannot be read"):
        changes.recent_changes(store.recent_changes(house(), CHANGES_MAX), now().tzinfo)


@st.fragment(run_every=REFRESH_SECONDS)
def show_connections() -> None:
    session.show_fault(FAULT)
    found = session.connections()
    if not found:
        st.info("The worker has not said yet how it is connected: it does when it starts.")
    elif not session.worker_is_alive():
        st.warning("The worker is not running: this is what it said last.")
    states = {state.network: state for state in session.network_states()}
    connections.connection_rows(found, states, preferences().marks, now(), switch, test)
    show_changes()


st.title("What Necto reads, and how")
section = st.radio(
    "Section", [CONNECTIONS, CARDS, ALERTS, PEOPLE, PREFERENCES], horizontal=True, key="section",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
if section == CONNECTIONS:
    with st.container(border=True):
        show_connections()
    connections.not_built([one for one in terms().values() if not one.is_built])
elif section == CARDS:
    with st.container(border=True):
        rate_cards.import_form(TEMPLATES, import_card)
    known = cards.cards(lake(), now())
    rate_cards.cards_table(known)
    with session.told("What was registered cannot be checked"):
        freshness.set_aside_list(card_register.unsound(house(), lake()))
    if known:
        rate_cards.card_tools(
            known, lambda record: original(lake(), record),
            lambda record: card_csv(cards.whole_rows(lake(), record)), withdraw,
            session.exporter("settings"),
        )  # fmt: skip
elif section == ALERTS:
    alert_desk.alert_desk(desks.alert_desk(PAUSES), now())
elif section == PEOPLE:
    people_desk(desks.people_desk())
else:
    chosen = connections.preferences_form(
        sorted(zoneinfo.available_timezones()),
        sorted(model.name for model in catalogue().models),
        connections.Choices(preferences().time_zone, preferences().models_of_interest),
        preferences().marks, store.MODELS_MAX, now().tzinfo,
    )  # fmt: skip
    if chosen:
        with session.kept_fault(FAULT, "Not kept"):
            store.keep(house(), actor(), **chosen._asdict())
            st.toast("Kept.")
            st.rerun()  # with the new time zone, and with who changed it
    session.show_fault(FAULT)
    show_changes()

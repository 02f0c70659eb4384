"""Settings: which sources Necto reads and on which terms, your rate cards, your preferences."""

import zoneinfo
from collections.abc import Callable

import streamlit as st

from components import connections, session
from components.session import (
    actor,
    network_states,
    now,
    preferences,
    require,
    settings,
    worker_is_alive,
)
from data import preferences as store
from data import worker
from data.preferences import Preferences
from data.shipped import catalogue
from data.terms import terms

require("viewer")

REFRESH_SECONDS = 5
FAULT = "settings_fault"
CONNECTIONS, CARDS, PREFERENCES = "Connections", "Rate cards", "Preferences"


def keep(how: Callable[[Preferences], Preferences], said: str) -> None:
    """Change what is kept and say so; a choice or a disk that refuses is told."""
    try:
        store.change(settings().home, how)
        st.toast(said)
    except (ValueError, OSError) as error:
        st.session_state[FAULT] = f"Not kept: {error}"


def switch(name: str, is_on: bool) -> None:  # noqa: FBT001 - a toggle's value
    at = now()
    keep(
        lambda kept: kept.switched(name, on=is_on, by=actor().name, at=at),
        f"{name} is switched {'on' if is_on else 'off'}.",
    )


def test(name: str) -> None:
    try:
        worker.request_test(settings().home, name, now())
        st.toast(f"Asked the worker to read {name} now: its answer appears here.")
    except OSError as error:
        st.session_state[FAULT] = f"The request could not be written ({error.strerror})."


def faults() -> None:
    """Show what a click could not do; a callback itself may not draw in a fragment."""
    if fault := st.session_state.pop(FAULT, None):
        st.error(fault)


@st.fragment(run_every=REFRESH_SECONDS)
def sources() -> None:
    faults()
    found = session.connections()
    if not found:
        st.info("The worker has not said yet how it is connected: it does when it starts.")
        return
    if not worker_is_alive():
        st.warning("The worker is not running: this is what it said last.")
    states = {state.network: state for state in network_states()}
    connections.connection_rows(found, states, now(), switch, test)


st.title("What Necto reads, and how")
section = st.segmented_control(
    "Section", [CONNECTIONS, CARDS, PREFERENCES], default=CONNECTIONS, required=True,
    key="section", bind="query-params", label_visibility="collapsed",
)  # fmt: skip
if section == CONNECTIONS:
    with st.container(border=True):
        sources()
    connections.not_built([one for one in terms().values() if not one.is_built])
elif section == PREFERENCES:
    with st.form("preferences", width=640):
        zone = st.selectbox(
            "Reporting time zone", sorted(zoneinfo.available_timezones()),
            sorted(zoneinfo.available_timezones()).index(preferences().time_zone),
            help="Times on the screen; everything is kept in UTC.",
        )  # fmt: skip
        models = st.multiselect(
            "GPU models of interest", sorted(m.name for m in catalogue().models),
            list(preferences().models_of_interest), max_selections=store.MODELS_MAX,
            help="Shown first; the first one is the Dashboard's.",
        )  # fmt: skip
        if st.form_submit_button("Keep", type="primary"):
            chosen = {"time_zone": zone, "models_of_interest": tuple(models)}
            keep(lambda kept: kept.model_copy(update=chosen), "Kept.")
            faults()

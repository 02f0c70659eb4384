"""Every source with its switch, its key, what it said last and what its terms allow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st

from components.freshness import last_reading
from components.text import literal, network_name
from engine.connections import Connection, Terms
from engine.runs import STALE_AFTER, NetworkState

_WIDTHS = (0.6, 1.3, 1.4, 6.4, 0.9, 1.1)
_STATES = {
    "live": (":material/sensors:", "green"),
    "stale": (":material/history:", "yellow"),
    "failing": (":material/error:", "red"),
    "not read yet": (":material/hourglass_top:", "gray"),
    "switched off": (":material/toggle_off:", "gray"),
    "key missing": (":material/key_off:", "yellow"),
    "key unusable": (":material/error:", "red"),
    "off until its terms are reviewed": (":material/gavel:", "gray"),
}
_SHORT = {"off until its terms are reviewed": "off: terms"}

Switch = Callable[[str, bool], None]
Test = Callable[[str], None]


def connection_rows(
    connections: Sequence[Connection],
    states: Mapping[str, NetworkState],
    now: datetime,
    on_switch: Switch,
    on_test: Test,
) -> None:
    """One line per source; a switch or a test is returned as intent, by the source's name."""
    with st.container(gap=None, key="connection_heads"):
        heads = ("On", "Source", "State", "Last answer", "", "")
        for column, head in zip(st.columns(_WIDTHS), heads, strict=True):
            column.caption(head or "\u00a0")
    for connection in connections:
        _row(connection, states.get(connection.name), now, on_switch, on_test)


def not_built(terms: Sequence[Terms]) -> None:
    """Sources that Necto does not read, each with the reason."""
    with st.expander("Not built, and why", icon=":material/block:"):
        for one in terms:
            st.markdown(f"**{literal(one.title)}**: {literal(one.note)}")


def _row(
    connection: Connection,
    state: NetworkState | None,
    now: datetime,
    on_switch: Switch,
    on_test: Test,
) -> None:
    name, title = connection.name, network_name(connection.name)
    row = st.columns(_WIDTHS, vertical_alignment="center")
    key = f"on_{name}"
    st.session_state[key] = connection.is_on  # what is kept counts, not what a tab remembers
    row[0].toggle(
        f"Read {title}",
        key=key,
        on_change=lambda: on_switch(name, st.session_state[key]),
        disabled=connection.is_locked,
        label_visibility="collapsed",
        help=_why_locked(connection),
    )
    row[1].markdown(f"**{literal(title)}**")
    word = _word(connection, state, now)
    icon, color = _STATES[word]
    row[2].badge(
        _SHORT.get(word, word),
        icon=icon,
        color=color,  # type: ignore[arg-type]
        help=f"Key: {connection.key_state}. {connection.key_note}".strip(),
    )
    row[3].markdown(f":small[{literal(_answer(connection, state, now))}]")
    row[4].button(
        "Test",
        key=f"test_{name}",
        on_click=on_test,
        args=(name,),
        disabled=not connection.reads,
        help=f"Read {title} soon" if connection.reads else f"{title}: {connection.state}",
        width="stretch",
    )
    with row[5].popover("Terms", width="stretch", key=f"terms_{name}"):
        _terms(connection.terms)


def _word(connection: Connection, state: NetworkState | None, now: datetime) -> str:
    """Why it is not read, or how its readings go: live, stale, failing, not read yet."""
    if not connection.reads:
        return connection.state
    if state is None or state.last is None or state.last.source_kind != "live":
        return "not read yet"
    if state.failing:
        return "failing"
    return "stale" if now - state.last.started_at > STALE_AFTER else "live"


def _answer(connection: Connection, state: NetworkState | None, now: datetime) -> str:
    """What the source said last, or what must be done before it can be asked."""
    if connection.is_locked:
        return connection.state
    said = last_reading(state, now) if state else "not asked yet"
    if connection.is_on and connection.key_state in ("missing", "unusable"):
        return f"{connection.key_note}, then restart the worker. {said}"
    return said


def _why_locked(connection: Connection) -> str | None:
    if not connection.is_locked:
        return None
    return (
        "Its terms have not been reviewed. Switching it on needs an administrator and the audit "
        "trail, which come with a later version."
    )


def _terms(terms: Terms) -> None:
    st.markdown(f"**{literal(terms.title)}**")
    st.markdown(literal(terms.note))
    reviewed = f"Reviewed on {terms.reviewed_on} by {terms.reviewer}." if terms.reviewed_on else ""
    st.caption(reviewed or "No review is recorded.")
    if terms.url:
        st.caption(literal(terms.url))


def preferences_form(
    zones: Sequence[str], zone: str, models: Sequence[str], chosen: Sequence[str], most: int
) -> dict[str, object] | None:
    """Return what the person wants kept, once, when they say so."""
    with st.form("preferences", width=640):
        time_zone = st.selectbox(
            "Reporting time zone",
            zones,
            list(zones).index(zone) if zone in zones else 0,
            help="Times on the screen; charts say UTC, and everything is kept in UTC.",
        )
        wanted = st.multiselect(
            "GPU models of interest",
            models,
            [name for name in chosen if name in models],
            max_selections=most,
            help="Shown first; the first one is the Dashboard's.",
        )
        if st.form_submit_button("Keep", type="primary"):
            return {"time_zone": time_zone, "models_of_interest": tuple(wanted)}
    return None

"""Every source with its switch, its key, what it said last and what its terms allow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

import streamlit as st

from components.changes import mark_text
from components.freshness import last_reading
from components.text import literal, network_name
from engine.connections import Connection, Terms
from engine.runs import STALE_AFTER, NetworkState
from engine.settings_changes import GPUS_OF_INTEREST, TIME_ZONE, Mark, switch_of

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
    marks: Mapping[str, Mark],
    now: datetime,
    on_switch: Switch,
    on_test: Test,
) -> None:
    """One line per source; a switch or a test is returned as intent, by the source's name.

    ``marks``: who changed a setting last, by its name.
    """
    with st.container(gap=None, key="connection_heads"):
        heads = ("On", "Source", "State", "Last answer", "", "")
        for column, head in zip(st.columns(_WIDTHS), heads, strict=True):
            column.caption(head or "\u00a0")
    for connection in connections:
        mark = marks.get(switch_of(connection.name))
        _row(connection, states.get(connection.name), mark, now, on_switch, on_test)


def not_built(terms: Sequence[Terms]) -> None:
    """Sources that Necto does not read, each with the reason."""
    with st.expander("Not built, and why", icon=":material/block:"):
        for one in terms:
            st.markdown(f"**{literal(one.title)}**: {literal(one.note)}")


def _row(
    connection: Connection,
    state: NetworkState | None,
    mark: Mark | None,
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
    said = [_answer(connection, state, now), _switched_by(connection, mark, now)]
    row[3].markdown(f":small[{literal('. '.join(filter(None, said)))}]")
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


def _switched_by(connection: Connection, mark: Mark | None, now: datetime) -> str:
    """Who switched it last, and when; nothing when nobody ever did."""
    text = mark_text(mark, now.tzinfo)
    return text.replace("changed", f"Switched {'on' if connection.is_on else 'off'}", 1)


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


class Choices(NamedTuple):
    """What a person may keep: a time zone's name, and GPU models by name."""

    time_zone: str
    models_of_interest: tuple[str, ...]


def preferences_form(
    zones: Sequence[str],
    models: Sequence[str],
    held: Choices,
    marks: Mapping[str, Mark],
    most: int,
    zone: tzinfo | None,
) -> Choices | None:
    """Return what the person wants kept, once, when they say so.

    ``held``: what is kept now; ``marks``: who changed it last; ``zone``: for the times of that.
    """
    with st.form("preferences", width=640):
        time_zone = st.selectbox(
            "Reporting time zone",
            zones,
            list(zones).index(held.time_zone) if held.time_zone in zones else 0,
            help="Times on the screen; charts say UTC, and everything is kept in UTC.",
        )
        st.caption(literal(mark_text(marks.get(TIME_ZONE), zone) or "as it ships"))
        wanted = st.multiselect(
            "GPU models of interest",
            models,
            [name for name in held.models_of_interest if name in models],
            max_selections=most,
            help="Shown first; the first one is the Dashboard's.",
        )
        st.caption(literal(mark_text(marks.get(GPUS_OF_INTEREST), zone) or "as it ships"))
        if st.form_submit_button("Keep", type="primary"):
            return Choices(time_zone, tuple(wanted))
    return None

"""Alert me: a rule made from what the Market shows, or changed; said in words before it is kept."""

import uuid
from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.alert_forms import Choices, fields_of, missing
from components.alerts import KIND_WORDS
from components.text import literal
from engine.alert_rules import BadRule, Kind, Rule, rule_from

_MADE = "alert_rule_made"
_TITLES: Mapping[Kind, str] = {
    "price_below": "A price",
    "availability_returns": "Free again",
    "network_silent": "Silence",
    "signature_lost": "A signature",
}

Make = Callable[[Rule, str], bool]
"""Keeps a rule under an idempotency key; False when it was refused, which the page has said."""


def alert_me(place: DeltaGenerator, choices: Choices, on_make: Make) -> None:
    """Draw the button that opens the dialog; that a rule was made is said when it has closed."""
    if words := st.session_state.pop(_MADE, None):
        st.toast(f"{words}. Settings lists the rule, the Dashboard shows its alerts.")
    if place.button("Alert me", icon=":material/add_alert:", width="stretch"):
        alert_dialog(choices, on_make)


def alert_dialog(choices: Choices, on_make: Make) -> None:
    """Open the dialog, filled in from the filters; closes when the rule is kept."""
    click = str(uuid.uuid4())

    @st.dialog("Alert me", width="medium", icon=":material/add_alert:")
    def dialog() -> None:
        kind = st.segmented_control(
            "About", list(_TITLES), default="price_below", format_func=_TITLES.__getitem__,
            key="alert_kind", required=True, label_visibility="collapsed",
        )  # fmt: skip
        rule = _asked(kind or "price_below", choices)
        st.caption(
            "The worker judges it after each reading. It shows on the Dashboard once an episode, "
            "until it is over: prices and machines, after two quiet readings."
        )
        pressed = st.button(
            "Make the rule", type="primary", icon=KIND_WORDS[kind or "price_below"][1],
            disabled=rule is None, key="alert_make",
        )  # fmt: skip
        if pressed and rule and on_make(rule, click):
            st.session_state[_MADE] = literal(rule.words)
            st.rerun()

    dialog()


def change_dialog(choices: Choices, on_change: Make) -> None:
    """Open the dialog with the fields of ``choices.rule``; closes when the change is kept."""
    click, was = str(uuid.uuid4()), choices.rule
    assert was

    @st.dialog("Change the rule", width="medium", icon=KIND_WORDS[was.kind][1])
    def dialog() -> None:
        rule = _asked(was.kind, choices)
        st.caption(
            "An alert that is open for the rule ends with the change: the worker judges at once "
            "what the rule asks now. The audit trail keeps what it asked before."
        )
        is_new = rule is not None and rule != was
        pressed = st.button(
            "Change the rule", type="primary", disabled=not is_new, key=choices.key("change")
        )
        if pressed and rule and on_change(rule, click):
            st.rerun()

    dialog()


def _asked(kind: Kind, choices: Choices) -> Rule | None:
    """Draw the fields, and under them the rule in words, or what is left to say."""
    fields = fields_of(kind, choices)
    try:
        rule = rule_from({"kind": kind} | fields)
    except BadRule as bad:
        st.info(missing(fields) or f"Not yet: {literal(bad)}")
        return None
    st.markdown(f"**{literal(rule.words)}.**")
    return rule

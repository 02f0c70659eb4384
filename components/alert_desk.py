"""The alert rules on the Settings page: what each says, is so now and led to; changed from here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl
import streamlit as st

from components.alert_dialog import change_dialog
from components.alert_forms import Choices
from components.alerts import KIND_WORDS
from components.text import literal, moment
from engine.alert_rules import KeptRule, Rule
from engine.alert_states import Alert, Verdict
from engine.export import inert

_ROW = (0.6, 4.5, 1.5, 4, 1, 1)
_HEADS = ("On", "Rule", "Now", "What was found", "", "")
_FAULT, _DONE, _OPENED = "alert_desk_fault", "alert_desk_done", "alert_desk_opened"
_Color = Literal["red", "orange", "green", "gray"]
_STATES: Mapping[str, tuple[str, _Color]] = {
    "firing": (":material/notifications_active:", "orange"),
    "quiet": (":material/notifications:", "green"),
    "cannot be judged": (":material/help:", "gray"),
    "off": (":material/notifications_off:", "gray"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBoard:
    """The rules, what is so for each that is on, and the last alerts, the newest first."""

    rules: Sequence[KeptRule]
    verdicts: Mapping[str, Verdict]
    history: Sequence[Alert]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDesk:
    """Reads the board, and what can be done with a rule.

    Every act raises one of ``faults``, in words, when it may not or cannot be done. ``change`` has
    the click's idempotency key; ``choices``: what a rule could ask instead, by the market now.
    """

    board: Callable[[], AlertBoard]
    choices: Callable[[KeptRule, str], Choices]
    change: Callable[[KeptRule, Rule, str], object]
    switch: Callable[[KeptRule, bool], object]
    remove: Callable[[KeptRule], object]
    faults: tuple[type[Exception], ...]


@st.fragment
def alert_desk(desk: AlertDesk, now: datetime) -> None:
    """Every rule with its switch and what is so for it, then the last alerts."""
    if fault := st.session_state.pop(_FAULT, None):
        st.error(fault)
    if done := st.session_state.pop(_DONE, None):
        st.toast(done)
    try:
        board = desk.board()
    except desk.faults as fault:
        st.error(f"The alert rules cannot be read: {fault}")
        return
    if board.rules:
        with st.container(border=True, gap="small", key="alert_rules"):
            for column, head in zip(st.columns(_ROW), _HEADS, strict=True):
                column.caption(head or "\u00a0")
            for kept in board.rules:
                _rule_line(kept, board.verdicts.get(kept.id), now, desk)
    else:
        st.info(
            "No alert rule yet. On the Market, **Alert me** makes one from the filters: a price, a "
            "machine that is free again, a network that is silent, a signature that is lost.",
            icon=":material/add_alert:",
        )
    _history(board.history, now)


def _act(desk: AlertDesk, how: Callable[[], object]) -> None:
    """Do what a click asks; a callback may not draw, so what stops it is told in the next run."""
    try:
        how()
    except desk.faults as fault:
        st.session_state[_FAULT] = f"Not done: {fault}"


def _open(kept: KeptRule, desk: AlertDesk) -> None:
    """Open the dialog with what the rule asks now, not with what was typed in one before it."""
    opened = st.session_state[_OPENED] = st.session_state.get(_OPENED, 0) + 1

    def keep(rule: Rule, click: str) -> bool:
        try:
            desk.change(kept, rule, click)
        except desk.faults as fault:
            st.error(f"Not changed: {literal(fault)}")
            return False
        st.session_state[_DONE] = f"Changed: {literal(rule.words)}."
        return True

    try:
        change_dialog(desk.choices(kept, f"_{opened}"), keep)
    except desk.faults as fault:
        st.error(f"What the market holds cannot be read: {fault}")


def _rule_line(kept: KeptRule, verdict: Verdict | None, now: datetime, desk: AlertDesk) -> None:
    row = st.columns(_ROW, vertical_alignment="center")
    key, words = f"rule_{kept.id}", kept.rule.words
    st.session_state[key] = kept.is_on  # what is kept counts, not what a tab remembers
    row[0].toggle(
        f"Judge: {literal(words)}", key=key, label_visibility="collapsed",
        on_change=lambda: _act(desk, lambda: desk.switch(kept, st.session_state[key])),
    )  # fmt: skip
    row[1].markdown(literal(words))
    state = verdict.state if verdict else "off"
    icon, color = _STATES[state]
    row[2].badge(state, icon=icon, color=color)
    said = verdict.sentence if verdict else "Switched off: it is not judged."
    by = f"{kept.by}, {moment(kept.at, now.tzinfo)}"
    row[3].markdown(f":small[{literal(said)}]")
    if row[4].button(
        "Change", key=f"change_{kept.id}", width="stretch", help="Let this rule ask something else."
    ):
        _open(kept, desk)
    row[5].button(
        "Remove", key=f"remove_{kept.id}", on_click=lambda: _act(desk, lambda: desk.remove(kept)),
        width="stretch",
        help=f"Remove this rule, last changed by {literal(by)}.",
    )  # fmt: skip


def _history(alerts: Sequence[Alert], now: datetime) -> None:
    with st.expander("Alerts so far", icon=":material/history:", expanded=bool(alerts)):
        if not alerts:
            st.caption("No alert has been opened yet.")
            return
        rows = [
            {
                "Alert": KIND_WORDS[alert.rule.kind][0],
                "State": alert.state,
                "Opened": moment(alert.opened_at, now.tzinfo),
                "What": inert(alert.sentence),
                "Seen by": inert(alert.acknowledged_by or ""),
                "Closed": moment(alert.closed_at, now.tzinfo) if alert.closed_at else "",
                "Why closed": inert(alert.closed_because or ""),
            }
            for alert in alerts
        ]
        st.dataframe(
            pl.DataFrame(rows),
            hide_index=True,
            placeholder="–",
            alt="Alerts so far, the newest first",
            column_config={"What": st.column_config.TextColumn(width=480)},
        )

"""Where an order begins: a decision that was kept a moment ago, or a requirement file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import streamlit as st

from components.job_address import FROM
from components.text import ago, literal
from engine.told_faults import BadFile
from engine.told_files import decoded

_WISHED, _FAULT, _TEXT, _FILE = (
    f"job_begin_{name}" for name in ("wished", "fault", "text", "upload")
)
_NAME = "pasted text"


class Kept(Protocol):
    """A kept decision in short: see ``data.decisions.KeptDecision``."""

    @property
    def digest(self) -> str: ...
    @property
    def job(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def landed_usd_per_hour(self) -> str | None: ...


def begin_button(*, may: bool, is_wanted: bool = True) -> None:
    """Draw the page's primary act, where there is no other."""
    if not is_wanted:
        return

    def wish() -> None:
        st.session_state[_WISHED] = True

    st.button(
        "Order a job", type="primary", icon=":material/add_shopping_cart:", key="job_begin",
        on_click=wish, disabled=not may, width="stretch",
        help="From a kept decision or a requirement file; everything is shown before you confirm."
        if may else "Ordering takes the role buyer: act as somebody who has it.",
    )  # fmt: skip


def begin_dialog(
    kept: Callable[[], Sequence[Kept]],
    now: datetime,
    order_from: Callable[..., None],
    routed: Callable[[str, str], str | None],
) -> None:
    """Open the dialog if it was asked for.

    ``kept``: the decisions that can be ordered; ``order_from`` puts one into the address,
    ``routed`` with a file's text and name, or says why not.
    """
    if _WISHED not in st.session_state:
        return

    @st.dialog("What is to be ordered?", width="large", on_dismiss=_dismissed)
    def dialog() -> None:
        _kept_decisions(kept(), now, order_from)
        st.markdown("**Or a requirement file**")
        uploaded = st.file_uploader(
            "YAML or JSON; docs/requirement.md explains every field", type=["yaml", "yml", "json"],
            key=_FILE, max_upload_size=1,
        )  # fmt: skip
        st.text_area(
            "or paste", key=_TEXT, height=160,
            placeholder="gpus: {models: [H100], count: 1}\nimage: example/trainer:1\n",
        )  # fmt: skip
        if st.button("Route it, then order", key="job_begin_route", type="primary"):
            st.session_state[_FAULT] = _take(routed, uploaded)
            if st.session_state[_FAULT] is None:
                _dismissed()
                st.rerun()
        if fault := st.session_state.get(_FAULT):
            st.error(fault, icon=":material/error:")

    dialog()


def _kept_decisions(kept: Sequence[Kept], now: datetime, order_from: Callable[..., None]) -> None:
    st.markdown("**A decision that was kept in the last 30 minutes**")
    if not kept:
        st.caption("There is none: route the job first and save the decision, or bring a file.")
    for one in kept:
        words, button = st.columns([4, 1], vertical_alignment="center")
        price = f" · ${one.landed_usd_per_hour}/h" if one.landed_usd_per_hour else ""
        words.markdown(f"{literal(one.job)} :gray[{literal(ago(one.at, now) + price)}]")
        if button.button("Order this", key=f"begin_{one.digest}", width="stretch"):
            _dismissed()
            order_from(**{FROM: one.digest})
            st.rerun()


def _take(routed: Callable[[str, str], str | None], uploaded: Any) -> str | None:  # noqa: ANN401 - Streamlit's uploaded file
    name = uploaded.name if uploaded else _NAME
    try:
        text = decoded(uploaded.getvalue(), name) if uploaded else st.session_state[_TEXT]
        fault = routed(text, name)
    except BadFile as bad:
        return "\n".join(f"- {literal(one)}" for one in bad.faults)
    return None if fault is None else literal(fault)


def _dismissed() -> None:
    for key in (_WISHED, _FAULT):
        st.session_state.pop(key, None)

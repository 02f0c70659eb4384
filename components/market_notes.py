"""What the Market says about what it shows: which view, how many, what was left out and why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.text import NETWORK_NAMES, TERM_NAMES, network_name, span
from engine.overview import BASELINE_NAMES
from engine.sources import SourceStatus


def view_choice(place: DeltaGenerator, views: Sequence[str]) -> str:
    """Return the view the person is in; the address keeps it."""
    return place.radio(
        "View", views, horizontal=True, key="view", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip


def gone_line() -> None:
    st.warning("The linked offer is no longer on the market.", icon=":material/link_off:")


def trouble_line(sources: Sequence[SourceStatus], now: datetime) -> None:
    """Sources that give nothing new, by fault or by choice, with what their figures are of."""
    told = [
        f"{network_name(one.name)} {one.word}, figures of "
        f"{span(one.state.oldest_at, one.state.observed_at, now.tzinfo)}"
        for one in sources
        if one.state and one.state.offers and (one.is_trouble or one.word == "off")
    ]
    if told:
        st.caption(f":material/warning: {'; '.join(told)}. Why: see Networks.")


def offers_line(shown: int, listed: int, missing: Mapping[str, int]) -> None:
    st.caption(
        f"{shown} of {listed} offers, cheapest per GPU-hour first. Tick a line for its source and "
        f"to compare it.{_left_out(missing)}"
    )


def nothing_line(listed: int, missing: Mapping[str, int]) -> None:
    st.info(f"0 of {listed} offers meet all filters: remove one.{_left_out(missing)}")


def narrowing(view: str, term: str) -> Callable[[str, str | None], None]:
    """Return a callback that shows a GPU model's offers on this term, of one seller if it is named.

    It sets the filters, so the address and a reload keep it.
    """

    def narrow(gpu_model: str, seller: str | None) -> None:
        st.session_state.update({"view": view, "family": [], "gpu": [gpu_model]})
        st.session_state["term"] = [TERM_NAMES.get(term, term)]
        st.session_state["network"] = [NETWORK_NAMES.get(seller, seller)] if seller else []
        if seller in BASELINE_NAMES:
            st.session_state["hyperscalers"] = True

    return narrow


def _left_out(missing: Mapping[str, int]) -> str:
    listed = ", ".join(f"{name} ({number})" for name, number in missing.items())
    return f" Left out because they do not state it: {listed}." if listed else ""

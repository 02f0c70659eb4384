"""Orders on the Dashboard: which need a person now, what all of them cost, and what runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.job_address import JOBS_PAGE, ORDER, order_link
from components.job_table import job_table
from components.job_words import Listed
from components.text import age, literal
from engine.attention import Need, Why, a_month
from engine.order_words import dollars, hourly

_NEEDS_SHOWN, _ROWS_SHOWN = 2, 4
_OPENED = "job_board_opened"
_SIGNS: dict[Why, tuple[str, str]] = {
    "approve": ("Approve", ":material/how_to_reg:"),
    "lost": ("Lost answer", ":material/sync_problem:"),
    "reclaimed": ("Taken back", ":material/move_up:"),
    "overdue": ("Overdue", ":material/alarm:"),
    "runway": ("Low runway", ":material/hourglass_disabled:"),
    "silent": ("Silent", ":material/sensors_off:"),
    "unread": ("Not read", ":material/visibility_off:"),
}


class Totals(Protocol):
    """See ``data.order_totals.Totals``."""

    @property
    def running(self) -> int: ...
    @property
    def usd_per_hour(self) -> Decimal: ...
    @property
    def month_cents(self) -> int: ...
    @property
    def held_cents(self) -> int: ...


def places(*, is_any: bool) -> tuple[DeltaGenerator | None, DeltaGenerator]:
    """Return where jobs and prices stand: in tabs; None and prices before the first order."""
    if is_any:
        jobs, prices = st.tabs(
            [":material/rocket_launch: Active jobs", ":material/monitoring: Prices"]
        )
        return jobs, prices
    return None, st.container()


def order_needs(needs: Sequence[Need], now: datetime) -> None:
    """The orders that need a person now, the most urgent first."""
    if not needs:
        return
    with st.container(key="orders_need_you"):
        head, lines = st.columns([1.15, 8.85], gap="small")
        head.markdown("**Jobs need you**")
        with lines, st.container(gap="xsmall"):
            for need in needs[:_NEEDS_SHOWN]:
                _need(need, now)
        if more := needs[_NEEDS_SHOWN:]:
            with head.popover(f"{len(more)} more", width="stretch"):
                for need in more[:20]:
                    _need(need, now)


def job_board(
    totals: Totals, jobs: Sequence[Listed], countries: Mapping[str, str | None], now: datetime
) -> None:
    """What runs and what it costs: figures above, the newest open orders below."""
    if st.session_state.get(_OPENED):
        st.switch_page(JOBS_PAGE, query_params={ORDER: st.session_state.pop(_OPENED)})
    _figures(totals, now)
    if jobs:
        job_table(jobs, countries, now, _open, key="board", rows=_ROWS_SHOWN)
    else:
        st.caption("Nothing runs now, and nothing waits.")
    st.page_link(JOBS_PAGE, label="All jobs", icon=":material/rocket_launch:")


def _figures(totals: Totals, now: datetime) -> None:
    month = a_month(totals.usd_per_hour).quantize(Decimal("0.01"), ROUND_HALF_UP)
    cards = (
        ("Jobs that run", f"{totals.running:,}", "Leased, and not yet closed at the network."),
        ("USD an hour", hourly(totals.usd_per_hour), "What all that runs costs together."),
        ("USD a month at this rate", f"${month:,}", "The hourly cost times 30.437 days."),
        (f"Used in {now:%B}", dollars(totals.month_cents), "As posted since the month began, UTC."),
        ("Set aside", dollars(totals.held_cents), "The most that all open orders may cost."),
    )  # fmt: skip
    for place, (label, value, words) in zip(st.columns(len(cards)), cards, strict=True):
        place.metric(label, value, border=True, help=words)


def _need(need: Need, now: datetime) -> None:
    word, icon = _SIGNS[need.why]
    sign, words, until, link = st.columns(
        [1.35, 6, 1.2, 1.4], vertical_alignment="center", gap="small"
    )
    with sign:
        st.badge(word, icon=icon, color="orange")
    words.markdown(f":small[**{literal(need.title)}** {literal(need.sentence)}]")
    until.caption(_left(need.by, now))
    with link:
        order_link(need.order_id, "Open the job")


def _left(by: datetime | None, now: datetime) -> str:
    if by is None:
        return ""
    return f"in {age(now, by)}" if by > now else f"{age(by, now)} late"


def _open(order_id: str) -> None:
    st.session_state[_OPENED] = order_id

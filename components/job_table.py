"""Orders as a table: what runs, where, what it has cost, how long it lasts, who acts next."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import polars as pl
import streamlit as st

from components.job_address import PAGE_SIZE
from components.job_words import (
    Listed,
    dollars_float,
    health_word,
    runway_text,
    state_text,
)
from components.text import age, network_name
from engine.export import inert
from engine.orders import OPEN, State

_GENERATION, _ROW_HEIGHT, _ROWS_SHOWN = "job_table_generation", 35, 15
_OWNERS = {"waiting": "an approver"}
Shown = Literal["open", "ended"]


def job_filters(
    shown: Shown, words: str, counts: Mapping[State, int], keep: Callable[[Shown, str], None]
) -> None:
    """Draw which orders are shown: open or ended, and a part of a name; ``keep`` takes a change."""
    running = sum(count for state, count in counts.items() if state in OPEN)
    labels = {"open": f"Open · {running:,}", "ended": f"Ended · {sum(counts.values()) - running:,}"}

    def changed() -> None:
        chosen = st.session_state["job_shown"] or shown
        keep(chosen, st.session_state["job_words"].strip())

    left, right = st.columns([2, 1.2], vertical_alignment="bottom")
    left.segmented_control(
        "Which orders", list(labels), default=shown, format_func=labels.__getitem__,
        key="job_shown", on_change=changed, label_visibility="collapsed",
    )  # fmt: skip
    right.text_input(
        "Find", words, key="job_words", on_change=changed, label_visibility="collapsed",
        placeholder="Find a job, cost centre or id", icon=":material/search:",
    )  # fmt: skip


def job_table(
    jobs: Sequence[Listed],
    countries: Mapping[str, str | None],
    now: datetime,
    on_open: Callable[[str], None],
    *,
    key: str = "jobs",
    rows: int = _ROWS_SHOWN,
) -> None:
    """Draw orders; ``on_open`` is called with the id of the one that a person ticks."""
    generation = st.session_state.setdefault(_GENERATION, 0)
    name = f"{key}_table_{generation}"

    def chosen() -> None:
        picked = st.session_state[name]["selection"]["rows"]
        st.session_state[_GENERATION] = generation + 1
        if picked:
            on_open(jobs[picked[0]].order_id)

    st.dataframe(
        pl.DataFrame([_row(job, countries, now) for job in jobs], infer_schema_length=None),
        key=name,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height=_ROW_HEIGHT * (min(len(jobs), rows) + 1) + 3,
        on_select=chosen,
        selection_mode="single-row",
        placeholder="–",
        alt="Orders, the newest first",
        column_config=_columns(now),
    )


def pager(page: int, total: int, go: Callable[[int], None]) -> None:
    """Draw which of many pages this is, and the way to the others."""
    if total <= PAGE_SIZE:
        return
    last = (total - 1) // PAGE_SIZE
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Newer", icon=":material/chevron_left:", disabled=page == 0, key="job_newer",
                  on_click=go, args=(page - 1,))  # fmt: skip
        st.caption(f"Page {min(page, last) + 1} of {last + 1}, {total:,} orders", width="content")
        st.button("Older", icon=":material/chevron_right:", disabled=page >= last,
                  key="job_older", on_click=go, args=(page + 1,))  # fmt: skip


def nothing_here(shown: Shown, words: str, *, is_empty: bool) -> None:
    """The empty state: what to do next."""
    if words:
        st.info("No order is called so. Clear the search, or look under the other filter.",
                icon=":material/search_off:")  # fmt: skip
    elif is_empty:
        st.info(
            "Nothing has been ordered yet. **Order a job** from a kept decision or a requirement "
            "file; or find out on the Route page where a job runs for least.",
            icon=":material/rocket_launch:",
        )
    elif shown == "open":
        st.info("Nothing runs now, and nothing waits. What has ended is under **Ended**.",
                icon=":material/bedtime:")  # fmt: skip
    else:
        st.info("No order has ended yet.", icon=":material/hourglass_empty:")


def _row(job: Listed, countries: Mapping[str, str | None], now: datetime) -> dict[str, Any]:
    runs = job.state == "active"
    return {
        "Job": inert(job.title),
        "State": state_text(job.state),
        "Network": network_name(job.network),
        "Provider": inert(job.provider_id or ""),
        "In": countries.get(job.order_id),
        "Cost": dollars_float(job.cents),
        "USD/h": None if job.usd_per_hour is None else float(job.usd_per_hour),
        "Runway": runway_text(job.observed) if runs else None,
        "Health": health_word(job.observed) if runs else None,
        "Until": _clock(job.deadline, now),
        "Who acts": _OWNERS.get(job.state, "the worker") if job.state in OPEN else None,
        "Read": age(job.observed_at, now) if job.observed_at else None,
        "Cost centre": inert(job.cost_centre),
        "Placed": _clock(job.placed_at, now),
    }


def _clock(at: datetime | None, now: datetime) -> str | None:
    return None if at is None else f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


def _columns(now: datetime) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "Job": text(width=130),
        "State": text(width=140),
        "Network": text(width=66),
        "Provider": text(width=110, help="Who serves it, by the network's own name."),
        "In": text(width=36, help="The country of the offer that was ordered."),
        "Cost": number(format="dollar", width=76, help="Used so far, as posted to the ledger."),
        "USD/h": number(format="$%.3f", width=66, help="The lease's price for an hour."),
        "Runway": text(width=66, help="How long what lies at the network lasts at this price."),
        "Health": text(width=74, help="What its network and provider said last."),
        "Until": text(width=122, help=f"The deadline of this state, {now.tzname()}."),
        "Who acts": text(width=88),
        "Read": text(width=56, help="How long ago its network was read."),
        "Cost centre": text(width=90),
        "Placed": text(width=122),
    }

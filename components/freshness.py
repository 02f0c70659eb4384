"""How fresh the market is, in words, an icon and a colour; never colour alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import streamlit as st

from components.text import age, ago, literal, network_name, span, visible
from engine.export import inert_text
from engine.modes import BANNER, Mode
from engine.runs import NetworkState
from engine.sources import MEANINGS, SourceStatus, Word

AUDIT_PAGE = Path(__file__).resolve().parent.parent / "pages" / "audit.py"
_POLL_SECONDS = 2
_REJECTS_SHOWN_MAX = 200  # they are sent again whenever the page renews itself


def status_line(
    mode: Mode,
    sources: Sequence[SourceStatus],
    now: datetime,
    in_doubt: Mapping[str, str],
    *,
    worker_alive: bool,
) -> None:
    """One line under the navigation: mode, freshness of the market, the worker, the records.

    ``in_doubt``: the books that are not to be relied on, each in words.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="status_line"):
        mode_banner(mode)
        read = [one for one in sources if one.connection is None or one.connection.reads]
        read = [one for one in read if one.word != "contract"]  # a rate card is not read
        live = [source for source in read if source.word == "live"]
        states = (s.state for s in sources if s.state and s.kind != "contract")
        seen = (state.observed_at for state in states if state.observed_at)
        newest = max(seen, default=None)
        counts = f"{len(live)} of {len(read)} sources live"
        st.badge(
            f"Newest figure: {ago(newest, now)} · {counts}" if newest else "Market is empty",
            icon=":material/sensors:" if live else ":material/history:",
            color="green" if live and len(live) == len(read) else "yellow",
            help="Other figures may be older: Networks lists every source with its age.",
        )
        if worker_alive:
            st.badge("Worker alive", icon=":material/check_circle:", color="green")
        else:
            st.badge(
                "Worker not running: figures age",
                icon=":material/error:",
                color="red",
                help="Start it with: python -m connectors work (make run starts it by itself).",
            )
        for book, told in in_doubt.items():
            st.page_link(
                AUDIT_PAGE, label=f":red-badge[:material/gpp_bad: Records, {book} book: {told}]",
                query_params={} if book == "house" else {"book": book}, width="content",
            )  # fmt: skip


def mode_banner(mode: Mode) -> None:
    """Whether what is done here costs real money, in words.

    Without a help text: Streamlit would draw a hidden second copy of the words for it.
    """
    if mode == "live":
        st.badge(BANNER[mode], icon=":material/payments:", color="red")
    else:
        st.badge(BANNER[mode], icon=":material/science:", color="orange")


_BADGES: dict[Word, tuple[str, str]] = {
    "live": (":material/sensors:", "green"),
    "stale": (":material/history:", "yellow"),
    "failing": (":material/error:", "red"),
    "contract": (":material/contract:", "blue"),
    "recorded": (":material/inventory_2:", "gray"),
    "empty": (":material/hourglass_empty:", "gray"),
    "off": (":material/toggle_off:", "gray"),
    "no key": (":material/key_off:", "gray"),
}


def source_badges(sources: Sequence[SourceStatus], now: datetime) -> None:
    """Every source with one word and the age of its newest figure; what it said is on hover."""
    with st.container(horizontal=True, gap="small", key="source_badges"):
        for source in sources:
            icon, color = _BADGES[source.word]
            seen = source.state.observed_at if source.state else None
            figures = f", {source.kind}" if source.kind and source.kind != source.word else ""
            old = f" {age(seen, now)}" if seen else ""
            said = last_reading(source.state, now) if source.state else ""
            st.badge(
                f"{network_name(source.name)}: {source.word}{figures}{old}",
                icon=icon,
                color=color,  # type: ignore[arg-type]
                help=literal(". ".join(filter(None, [MEANINGS[source.word], source.why, said]))),
            )


def networks_table(sources: Sequence[SourceStatus], now: datetime) -> None:
    """Every source: status in words, age of its figures, offers, what the last reading said."""
    st.dataframe(
        pl.DataFrame([_line(source, now) for source in sources], infer_schema_length=None),
        hide_index=True,
        placeholder="–",
        alt="Freshness of every source",
        column_config={
            "Source": st.column_config.TextColumn(width=120),
            "Figures": st.column_config.TextColumn(
                width=80, help="live, recorded (shipped with Necto) or contract (your rate card)."
            ),
            "Figures from": st.column_config.TextColumn(width=200),
            "Oldest": st.column_config.TextColumn(width=80),
            "Offers": st.column_config.NumberColumn(width=70),
            "Status": st.column_config.TextColumn(
                width=90, help=" ".join(f"**{k}**: {v}" for k, v in MEANINGS.items())
            ),
            "Free": st.column_config.NumberColumn(
                width=80,
                help="Offers reported free at the last reading; – where the source does not say.",
            ),
            "Last reading": st.column_config.TextColumn(width=640),
        },
    )


def _line(source: SourceStatus, now: datetime) -> dict[str, object]:
    state = source.state
    said = last_reading(state, now) if state else ""
    seen = state.observed_at if state else None
    return {
        "Source": network_name(source.name),
        "Status": source.word,
        "Figures": source.kind,
        "Figures from": span(state.oldest_at, seen, now.tzinfo) if state and seen else None,
        "Oldest": age(state.oldest_at, now) if state and seen else None,
        "Offers": state.offers + state.contract_offers if state else 0,
        "Free": state.available if state else None,
        "Last reading": ". ".join(filter(None, [_because(source), said])),
    }


def _because(source: SourceStatus) -> str:
    """Why a source is not read; a failed reading speaks for itself."""
    return source.why if source.word != "failing" else ""


def books_in_doubt(doubts: Mapping[str, str]) -> None:
    """Say which books are not what was signed of them; each comes with words on how."""
    for book, told in doubts.items():
        st.error(
            f"The {book} book is not what was signed of it: {literal(visible(told))}. Verify the "
            "whole book on the Audit page, and compare it with a backup.",
            icon=":material/gpp_bad:",
        )


def attention(
    sources: Sequence[SourceStatus],
    set_aside: dict[str, str],
    now: datetime,
    *,
    worker_alive: bool,
) -> None:
    """What a person should look at now, in one line; nothing to look at is said too."""
    states = [source.state for source in sources if source.is_trouble and source.state]
    trouble = [state for state in states if state.offers]
    problems: list[str] = []
    if not worker_alive:
        problems.append("The worker is not running, so no figure is renewed.")
    if trouble:
        names = ", ".join(
            f"{network_name(s.network)} "
            f"(figures of {span(s.oldest_at, s.observed_at, now.tzinfo)} kept)"
            for s in trouble
        )
        problems.append(f"Nothing new from {names}. Why: see Networks.")
    if set_aside:
        problems.append(f"{len(set_aside)} unusable files were set aside: see Networks.")
    if problems:
        st.warning(" ".join(problems), icon=":material/warning:")


def wait_for_offers(there_are: Callable[[], bool]) -> None:
    """Say that there is nothing yet, and show the page by itself as soon as there is."""
    st.info(
        "No offers yet. The worker loads the shipped figures when it starts: they appear here.",
        icon=":material/hourglass_top:",
    )

    @st.fragment(run_every=_POLL_SECONDS)
    def look() -> None:
        if there_are():
            st.rerun()

    look()
    st.stop()


def set_aside_list(set_aside: dict[str, str]) -> None:
    """Files that could not be used, each with its reason."""
    for name, reason in set_aside.items():
        st.caption(f"Set aside: {literal(name)}: {literal(reason)}")


def rejected_rows(network: str, rejects: pl.DataFrame) -> None:
    """Rows of the shown reading that did not become offers, each with its reason."""
    with st.expander(f"{network_name(network)}: {rejects.height} unusable rows, and why"):
        if rejects.height > _REJECTS_SHOWN_MAX:
            st.caption(f"The first {_REJECTS_SHOWN_MAX}:")
        st.dataframe(
            rejects.head(_REJECTS_SHOWN_MAX).select(
                pl.col("code").alias("Code"),
                inert_text(pl.col("reason")).alias("Reason"),
                inert_text(pl.col("row")).alias("Row as received"),
            ),
            hide_index=True,
            alt=f"Rows of {network_name(network)} that could not be used",
        )


def last_reading(state: NetworkState, now: datetime) -> str:
    """What the newest reading said, and when."""
    if state.last is None:
        return "none yet"
    if state.last.source_kind == "recorded":
        return "shipped figures loaded; not read live"
    refused = sum(state.last.reject_counts.values())
    rows = "row" if refused == 1 else "rows"
    unread = f", {refused} {rows} unusable" if refused else ""
    return f"{ago(state.last.started_at, now)}: {state.last.message}{unread}"

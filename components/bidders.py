"""Who can take an order on Akash right now: the question, and the answer with its age."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from components.text import ago, literal
from engine.export import inert
from engine.screening import Bidder, GpuWanted, ScreeningAnswer, ScreeningAsk

_USUAL = {"vcpu": 8.0, "memory_gib": 32.0, "storage_gib": 100.0}
_MINUTE_SECONDS = 60


def ask_form(
    gpu_name: str, auditors: Sequence[str], on_ask: Callable[[ScreeningAsk], None]
) -> None:
    """Ask who has such a machine free now; calls ``on_ask`` with a question that can be sent."""
    try:
        gpu = GpuWanted.named(gpu_name)
    except ValueError as error:
        st.caption(f"Who can bid cannot be asked: {literal(error)}.")
        return
    with st.form("who_can_bid", border=False):
        first, second, third, fourth = st.columns(4)
        count = first.number_input("GPUs", 1, 24, 1)
        vcpu = second.number_input("vCPU", 0.1, 384.0, _USUAL["vcpu"])
        memory = third.number_input("RAM GiB", 0.1, 2048.0, _USUAL["memory_gib"])
        storage = fourth.number_input("Disk GiB", 0.1, 32768.0, _USUAL["storage_gib"])
        audited = st.toggle("Only audited providers", value=True)
        if st.form_submit_button("Ask who can bid now", icon=":material/person_search:"):
            on_ask(
                ScreeningAsk(
                    gpu=gpu,
                    gpu_count=count,
                    vcpu=Decimal(str(vcpu)),
                    memory_gib=Decimal(str(memory)),
                    storage_gib=Decimal(str(storage)),
                    signed_by_any=tuple(auditors) if audited else (),
                )
            )


def answer_shown(
    answer: ScreeningAnswer | None, now: datetime, *, is_waiting: bool, names: Mapping[str, str]
) -> None:
    """The newest answer, or that the worker has not answered yet; ``names`` by provider id."""
    if is_waiting or answer is None:
        st.info("The worker is asking Akash; the answer appears here.", icon=":material/sync:")
    if answer is None:
        return
    when = ago(answer.answered_at, now)
    if answer.outcome != "ok":
        st.warning(f"Not known, asked {when}: {literal(answer.sentence)}")
        return
    st.caption(f"{when}: {literal(answer.sentence)}. No price: the bid decides.")
    if answer.bidders:
        st.dataframe(
            pl.DataFrame([_line(bidder, names) for bidder in answer.bidders]),
            hide_index=True,
            placeholder="–",
            alt="Providers that can bid now",
        )


def _line(bidder: Bidder, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Provider": inert(names.get(bidder.provider_id) or bidder.host_uri),
        "Audited": "yes" if bidder.is_audited else "no",
        "Place": inert(bidder.location) if bidder.location else None,
        "Down in 7 days, min": round(bidder.downtime_seconds_7d / _MINUTE_SECONDS),
        "Incident now": "open" if bidder.has_open_incident else "none",
    }

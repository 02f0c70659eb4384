"""Two offers side by side in a dialog, every difference marked by a sign and a word."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from components.text import (
    BASIS_NAMES,
    TERM_NAMES,
    UNKNOWN,
    ago,
    differences_text,
    literal,
    moment,
    network_name,
    number,
    percent,
    saving_range,
    uptime,
    usd_per_hour,
)
from engine.overview import Comparison
from engine.side_by_side import Line, price_ratio

Row = Mapping[str, Any]

LABELS = {
    "usd_per_gpu_hour": "USD per GPU-hour",
    "usd_per_hour": "USD per hour, all its GPUs",
    "price_basis": "Price includes",
    "gpu_model": "GPU",
    "form_factor": "Form factor",
    "gpu_memory_gib": "GPU memory",
    "gpu_count": "GPUs at this price",
    "vcpu_per_gpu": "vCPU per GPU",
    "memory_gib_per_gpu": "RAM per GPU",
    "storage_gib_per_gpu": "Disk per GPU",
    "saving_aws": "Saves vs AWS",
    "saving_azure": "Saves vs Azure",
    "saving_gcp": "Saves vs Google",
    "term": "Term",
    "valid_from": "Valid from",
    "valid_until": "Valid until",
    "country_code": "Country",
    "country_evidence": "Evidence of the country",
    "region": "Region",
    "network": "Network",
    "provider": "Provider",
    "tier": "Tier",
    "available": "Free at the last reading",
    "available_count": "GPUs free",
    "source_kind": "Kind",
    "price_made": "Price made",
    "observed_at": "Read",
    "source": "Source",
    "provider_location_type": "Kind of place",
    "provider_uptime_30d": "Uptime in 30 days",
    "provider_is_online": "Provider online",
    "provider_is_audited": "Provider audited",
}
_MARKS = {"same": "= same", "differs": "**≠ differs**", "unknown": "**?** one does not say"}
_UNITS = {"gpu_memory_gib": "GiB", "memory_gib_per_gpu": "GiB", "storage_gib_per_gpu": "GiB"}


def side_by_side_dialog(
    left: Row,
    right: Row,
    lines: Sequence[Line],
    now: datetime,
    on_back: Callable[[], None],
    on_close: Callable[[], None],
) -> None:
    """Open the comparison; ``on_back`` leads to the first offer alone, ``on_close`` to neither."""

    @st.dialog("Two offers side by side", width="large", on_dismiss=on_close)
    def dialog() -> None:
        differing = sum(line.verdict == "differs" for line in lines)
        st.markdown(_verdict(left, right, lines))
        only = st.toggle(f"Only what differs or is not said ({differing} facts differ)")
        shown = [line for line in lines if line.verdict != "same"] if only else list(lines)
        st.table(
            side_by_side_table(left, right, shown, now),
            hide_index=True,
            alt="Facts of both offers and where they differ",
        )
        if st.button("Back to the first offer", icon=":material/arrow_back:"):
            on_back()
            st.rerun()

    dialog()


def side_by_side_table(left: Row, right: Row, lines: Sequence[Line], now: datetime) -> pl.DataFrame:
    """Return the lines as Markdown: Fact, Difference and a column per offer."""
    names = (literal(f"A: {_name(left)}"), literal(f"B: {_name(right)}"))
    return pl.DataFrame(
        {
            "Fact": [LABELS[line.fact] for line in lines],
            "Difference": [mark(line) for line in lines],
            names[0]: [literal(fact_text(line.fact, line.left, now)) for line in lines],
            names[1]: [literal(fact_text(line.fact, line.right, now)) for line in lines],
        },
        schema=dict.fromkeys(("Fact", "Difference", *names), pl.String),
    )


def mark(line: Line) -> str:
    """The difference in words: ≠ A is 22 % cheaper."""
    ratio = price_ratio(line)
    if ratio is None:
        neither = line.left is None and line.right is None
        return "? neither says" if neither else _MARKS[line.verdict]
    return f"**≠ {'A' if line.cheaper == 'left' else 'B'} is {percent(ratio)} cheaper**"


def fact_text(fact: str, value: object, now: datetime) -> str:
    """One fact as people read it; what is not known is said."""
    if value is None:
        return UNKNOWN
    if fact == "provider_uptime_30d" and isinstance(value, float):
        return uptime(value)
    if isinstance(value, datetime):
        return f"{moment(value, now.tzinfo)}, {ago(value, now)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, _UNITS.get(fact, ""))
    kind = next((kind for kind in _TEXTS if isinstance(value, kind)), None)
    return _TEXTS[kind](value) if kind else _word(fact, str(value))


def _saving(found: Comparison) -> str:
    return (
        f"{saving_range(found)}, label {found.confidence} ({found.instance}, {found.observed_on}; "
        f"{differences_text(found.differences)})"
    )


_TEXTS: Mapping[type, Callable[[Any], str]] = {
    Comparison: _saving,
    bool: lambda value: "yes" if value else "no",
    Decimal: usd_per_hour,
    date: date.isoformat,
}


def _word(fact: str, text: str) -> str:
    names = {"price_basis": BASIS_NAMES, "term": TERM_NAMES}.get(fact, {})
    return network_name(text) if fact == "network" else names.get(text, _breakable(text))


def _breakable(text: str) -> str:
    """Let a long address break where it may, so that no cell has to be scrolled."""
    return re.sub(r"(?<=[/@:;,_?&=-])(?=\S)", "\u200b", text) if len(text) > _LONG else text


def _verdict(left: Row, right: Row, lines: Sequence[Line]) -> str:
    """The answer first: which GPU-hour costs less, and whether that is like for like."""
    price = next(line for line in lines if line.fact == "usd_per_gpu_hour")
    ratio = price_ratio(price)
    if ratio is None:
        return "Both ask the same per GPU-hour."
    side, offer = ("A", left) if price.cheaper == "left" else ("B", right)
    differing = {line.fact for line in lines if line.verdict != "same"}
    named = [LABELS[fact] for fact in _NOT_ALIKE if fact in differing]
    if "gpu_model" in differing:
        return "Different GPUs: their prices per GPU-hour say nothing about each other."
    but = f" Not like for like: {', '.join(named)}." if named else " Model, basis, term are alike."
    return f"**{side}, {literal(_name(offer))}, is {percent(ratio)} cheaper per GPU-hour.**{but}"


_LONG = 30  # characters
_NOT_ALIKE = ("gpu_model", "price_basis", "term", "gpu_count")


def _name(offer: Row) -> str:
    who = offer["provider_name"] or offer["provider_id"]
    return " · ".join(filter(None, (network_name(offer["network"]), who)))

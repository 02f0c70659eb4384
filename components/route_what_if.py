"""What if: chips that relax a condition of the form, and the rest of the answers as a list."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from components.route_fields import Values
from components.text import LABEL_MEANINGS, literal, network_name, percent, usd_per_hour
from engine.decision_record import DecisionRecord

Row = Mapping[str, Any]
CHIPS_MAX = 4
_TURNS_MAX = 2
_OF_NETWORKS = ("baseline", "network_banned")
_ANOTHER_JOB = ("gpu_model", "gpu_count", "form_factor", "generation", "gpu_memory", "tflops")


def rows_of(record: DecisionRecord, name: str) -> list[Row]:
    """Return a list of what else a decision says."""
    rows = record.further.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def what_if(
    record: DecisionRecord,
    relax: Callable[[Row], Values | None],
    apply: Callable[[Values], None] | None,
) -> None:
    """Draw the chips and, folded, everything that was worked out.

    ``relax``: the form's fields after a relaxation, None where the form cannot say it. ``apply``
    puts them into the form, in a callback; None: nothing can be changed here.
    """
    rows = rows_of(record, "what_if")
    has_answer = bool(record.quotes)
    worth = telling(rows)
    usable = [(row, values) for row in worth if (values := relax(row)) is not None]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("**What if**")
        for number, (row, values) in enumerate(usable[:CHIPS_MAX] if apply else ()):
            st.button(
                chip(row), key=f"what_if_{number}", on_click=apply, args=(values,), width="content",
                help=f"{literal(row['sentence'])}. Changes the form.",
            )  # fmt: skip
        if not worth:
            st.caption(
                "No single condition makes it dearer: relaxing one alone admits nothing cheaper."
                if has_answer
                else "No single condition is to blame: at least two must be relaxed together."
            )
        _popover(record, rows)


def chip(row: Row) -> str:
    """Return a chip's words, and the saving or, where nothing passes now, what it would cost."""
    label = literal(_label(row))
    if row["saving"] is None:
        hourly = usd_per_hour(Decimal(row["landed_usd_per_hour"]))
        return f"{label}: **{literal(hourly)}/h**"
    return f"{label}: **\N{MINUS SIGN}{percent(float(row['saving']))}**"


def _label(row: Row) -> str:
    words = str(row["label"]).split(" instead of ")[0]
    if row["value"] is not None and row["code"] in _OF_NETWORKS:
        words = words.replace(row["value"], network_name(row["value"]))
    return f"{words[:1].upper()}{words[1:]}"


def telling(rows: Sequence[Row]) -> list[Row]:
    """Return what is worth a chip, what saves most first.

    One per condition before a second of any; another job (``_ANOTHER_JOB``) comes last. A single
    value stands before the whole condition that admits the same offer.
    """
    saves = [row for row in rows if row["saving"] is None or float(row["saving"]) > 0]
    named = {(row["offer_id"], row["code"]) for row in saves if row["value"] is not None}
    kept = [
        row
        for row in saves
        if row["value"] is not None or (row["offer_id"], row["code"]) not in named
    ]
    turn: dict[str, int] = {}  # how many of a condition came before
    turns = []
    for row in kept:
        turn[row["code"]] = turn.get(row["code"], -1) + 1
        turns.append((turn[row["code"]] + (row["code"] in _ANOTHER_JOB), row))
    return [row for at, row in sorted(turns, key=lambda pair: pair[0]) if at <= _TURNS_MAX]


def _popover(record: DecisionRecord, rows: Sequence[Row]) -> None:
    parts = {
        "One condition relaxed, the others kept": [row["sentence"] for row in rows],
        "The same job at the hyperscalers": [
            row["sentence"] for row in rows_of(record, "hyperscalers")
        ],
        "If prices move": [row["sentence"] for row in rows_of(record, "price_moves")],
    }
    count = sum(map(len, parts.values()))
    with st.popover(f"All {count}", icon=":material/lightbulb:", disabled=not count):
        for title, sentences in parts.items():
            if sentences:
                st.markdown(f"**{title}**")
                st.markdown("\n".join(f"- {literal(text)}" for text in sentences))


def hyperscaler_lines(record: DecisionRecord) -> None:
    """The same job at each hyperscaler, a line each."""
    rows = rows_of(record, "hyperscalers")
    if not rows:
        return
    st.subheader("The same job elsewhere", anchor=False)
    lines = ["At | USD an hour | Saves | Label", ":-- | --: | --: | :-:"]
    for row in rows:
        usd = row["landed_usd_per_hour"]
        cells = (
            network_name(row["baseline"]),
            literal(usd_per_hour(Decimal(usd))) if usd else "sells nothing that fits",
            percent(float(row["saving"])) if row["saving"] else "–",
            row["confidence"] or "–",
        )
        lines.append(" | ".join(cells))
    st.markdown("\n".join(lines))
    st.caption(LABEL_MEANINGS)

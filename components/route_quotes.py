"""The offers that a job may take: the first one as a sentence, all as a table, one's cost terms."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import streamlit as st

from components.route_refusals import gate_title
from components.text import (
    TERM_NAMES,
    UNKNOWN,
    age,
    ago,
    literal,
    network_name,
    percent,
    usd_per_hour,
)
from engine.decision_record import DecisionRecord
from engine.export import inert
from engine.quotes import Quote

_NOT_ALWAYS = ("In", "USD, job", "USD/GPU-h", "Score", "Deposit")
"""Columns that are left out where no offer has a value."""
QUOTES_MAX = 200
_ROW_HEIGHT, _ROWS_SHOWN = 35, 7
_CENT, _PERCENT = Decimal("0.01"), 0.01
_GENERATION, CHOSEN = "route_quotes_generation", "quote"

_TOLD_ELSEWHERE = ("whether it is available", "deposit: ")
_FREE = {True: "yes", False: "no", None: "?"}
OBJECTIVES = {
    "cost": "cheapest first",
    "cost_and_risk": "by cost and risk",
    "score": "by the policy's score",
}


def usd(amount: Decimal) -> str:
    """Two decimals; what is less than a cent but not nothing says so."""
    if 0 < amount < _CENT / 2:
        return "< $0.01"
    return f"${amount.quantize(_CENT, ROUND_HALF_UP):,}"


def answer(record: DecisionRecord, names: Mapping[str, str], now: datetime) -> None:
    """The answer in one box: who, what it costs, how sure that is, and why this one."""
    if not record.quotes:
        _nobody(record)
        return
    best = record.quotes[0]
    with st.container(border=True):
        st.markdown(f":material/trophy: {winner(record, names)}")
        total, hour, gpu, between, cash = st.columns([1.15, 1, 1, 1.35, 1])
        has_total = best.total_usd is not None
        hours = record.requirement.duration_hours
        total.metric(
            f"USD for {hours.normalize():f} h" if hours is not None else "USD in 30 days, about",
            usd(best.total_usd if best.total_usd is not None else best.landed_usd_per_hour * 720),
            help="Landed cost: with every term that is known."
            + ("" if has_total else " The job is open-ended: 720 hours at the hourly cost."),
        )
        hour.metric(
            "USD an hour", usd_per_hour(best.landed_usd_per_hour), help="Landed, the whole machine."
        )
        gpu.metric("USD per GPU-hour", usd_per_hour(best.landed_usd_per_gpu_hour), help="Landed.")
        between.metric(
            "Between" if has_total else "An hour, between", band(best) or "certain",
            help="Where inputs are uncertain, the cost lies in this band.",
        )  # fmt: skip
        cash.metric(
            "Deposit", usd(best.deposit_usd) if best.deposit_usd else "none",
            help=" ".join(["Cash that is bound, not a cost.", *_cash_words(best)]),
        )  # fmt: skip
        st.caption(how_sure(best, now))


def winner(record: DecisionRecord, names: Mapping[str, str]) -> str:
    """Return who wins and why, in a sentence."""
    best = record.quotes[0]
    by = provider(best, names)
    seller = f"{network_name(best.network)}, {by}" if by else network_name(best.network)
    where = best.country_code or "country not stated"
    term = TERM_NAMES.get(best.term, best.term)
    offer = f"{best.gpu_count} × {best.gpu_model or 'GPU not named'}"
    first = f"**{literal(offer)}** from **{literal(seller)}** ({literal(where)}, {literal(term)})"
    return f"{first}: {literal(why(record))}"


def why(record: DecisionRecord) -> str:
    quoted, offers = record.quoted, record.market.offers
    meets = f"{quoted:,} of {offers:,} offers"
    if quoted == 1:
        return f"the only one of {offers:,} offers that meets every condition."
    best, second = record.quotes[0], record.quotes[1]
    how = {
        "cost": "the lowest landed cost",
        "cost_and_risk": "the lowest cost with the policy's price of risk",
        "score": "the best score by the policy's weights",
    }[record.policy.objective]
    dearer = second.landed_usd_per_hour / best.landed_usd_per_hour - 1
    if dearer == 0:
        beside = "the next costs the same"
    else:
        word = "more" if dearer > 0 else "less"
        beside = f"the next costs {_share(float(abs(dearer)))} {word}"
    return f"{how} of the {meets} that meet every condition; {beside}."


def _share(fraction: float) -> str:
    return "less than 1 %" if fraction < _PERCENT else percent(fraction)


def how_sure(best: Quote, now: datetime) -> str:
    free = {True: "free at the last reading", None: "not known whether free", False: "taken"}
    parts = [
        free[best.available],
        f"price read {ago(best.observed_at, now)}",
        *_expected(best),
        *(note for note in best.notes if not note.startswith(_TOLD_ELSEWHERE)),
    ]
    return literal(f"{'; '.join(parts).capitalize()}.")


def _cash_words(best: Quote) -> list[str]:
    notes = [note.removeprefix("deposit: ") for note in best.notes if note.startswith("deposit: ")]
    return [literal(f"{note[:1].upper()}{note[1:]}.") for note in notes]


def _expected(quote: Quote) -> list[str]:
    parts = []
    if quote.availability is not None:
        parts.append(f"seen free {percent(quote.availability)} of the time")
    if quote.start_minutes is not None:
        parts.append(f"about {quote.start_minutes:.0f} minutes to start")
    if quote.volatility is not None:
        parts.append(f"its price moves {quote.volatility * 100:.1f} % a day")
    return parts


def _nobody(record: DecisionRecord) -> None:
    offers = record.market.offers
    if not offers:
        st.info("There are no offers to choose from yet.", icon=":material/hourglass_empty:")
        return
    code, count = max(record.counts.items(), key=lambda pair: pair[1])
    st.warning(
        f"None of {offers:,} offers meets every condition; most often it is the "
        f"{gate_title(code).lower()} ({count:,}). Every refusal and its reason stands below.",
        icon=":material/block:",
    )


def quotes_table(record: DecisionRecord, names: Mapping[str, str], now: datetime) -> None:
    """Draw the quotes in their order; a ticked line is the one whose cost terms are shown."""
    quotes = record.quotes[:QUOTES_MAX]
    generation = st.session_state.setdefault(_GENERATION, 0)
    key = f"route_quotes_{generation}"
    order = OBJECTIVES[record.policy.objective]
    more = f", the first {len(quotes)} shown" if record.quoted > len(quotes) else ""
    st.caption(f"{record.quoted:,} offers may be taken, {order}{more}. Tick one for its cost.")

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        st.session_state[_GENERATION] = generation + 1
        if rows:
            keep_chosen(quotes[rows[0]].offer_id)

    st.dataframe(
        _rows(quotes, names, now, has_score=record.policy.objective != "cost"),
        key=key,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height=_ROW_HEIGHT * (min(len(quotes), _ROWS_SHOWN) + 1) + 3,
        on_select=chosen,
        selection_mode="single-row",
        placeholder="–",
        alt="Quotes in the order of the policy",
        column_config=_columns(),
    )


def keep_chosen(offer_id: str) -> None:
    """Put the chosen quote into the address."""
    st.query_params[CHOSEN] = offer_id


def chosen_quote(record: DecisionRecord) -> Quote:
    """Return the quote whose cost is shown: the chosen one, else the first."""
    asked = st.query_params.get(CHOSEN)
    return next((one for one in record.quotes if one.offer_id == asked), record.quotes[0])


def _rows(
    quotes: Sequence[Quote], names: Mapping[str, str], now: datetime, *, has_score: bool
) -> pl.DataFrame:
    rows = [
        {
            "#": place,
            "GPU": inert(quote.gpu_model or "not named"),
            "Network": network_name(quote.network),
            "Provider": inert(provider(quote, names)),
            "In": quote.country_code,
            "Term": TERM_NAMES.get(quote.term, quote.term),
            "USD, job": _float(quote.total_usd),
            "USD/h": float(quote.landed_usd_per_hour),
            "USD/GPU-h": float(quote.landed_usd_per_gpu_hour) if quote.gpu_count > 1 else None,
            "Score": quote.score if has_score else None,
            "Between": band(quote) or "certain",
            "Price": "estimate" if quote.is_estimate else "fixed",
            "Free": _FREE[quote.available],
            "Read": age(quote.observed_at, now),
            "Deposit": float(quote.deposit_usd) if quote.deposit_usd else None,
        }
        for place, quote in enumerate(quotes, 1)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.drop(name for name in _NOT_ALWAYS if frame[name].is_null().all())


def band(quote: Quote) -> str:
    low, high = usd(quote.low_usd), usd(quote.high_usd)
    return "" if low == high else f"{low} – {high}"


def provider(quote: Quote, names: Mapping[str, str]) -> str:
    return names.get(quote.offer_id) or quote.provider_id or ""


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "#": number(width=30, help="In the order of the policy."),
        "GPU": text(width=92),
        "Network": text(width=72),
        "Provider": text(width=126),
        "In": text(width=36, help="The country that the provider states."),
        "Term": text(width=80),
        "USD, job": number(format="dollar", width=82, help="Landed cost of the whole job."),
        "USD/h": number(format="$%.3f", width=70, help="Landed cost of the machine for an hour."),
        "USD/GPU-h": number(format="$%.3f", width=76, help="Landed cost of one GPU for an hour."),
        "Score": number(format="%.4g", width=60, help="By the policy's objective."),
        "Between": text(width=134, help="Where inputs are uncertain the cost lies between these."),
        "Price": text(
            width=66, help="estimate: the seller's bid decides. fixed: the price of this machine."
        ),
        "Free": text(width=40, help=f"Free at the last reading; ? where that is {UNKNOWN}."),
        "Read": text(width=62, help="How long ago the price was read."),
        "Deposit": number(format="dollar", width=70, help="Cash that is bound, not spent."),
    }

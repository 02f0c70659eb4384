"""What one quote costs: every term, how sure it is, and how it comes about."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import streamlit as st

from components.route_quotes import (
    QUOTES_MAX,
    band,
    chosen_quote,
    keep_chosen,
    provider,
    usd,
)
from components.text import literal, network_name
from engine.decision_record import DecisionRecord
from engine.quotes import CostTerm, Quote

COST_NAMES = {
    "compute": "Compute",
    "storage": "Storage",
    "egress": "Data out",
    "ingress": "Data in",
    "network_fee": "Network fee",
    "platform_fee": "Platform fee",
    "conversion": "Conversion",
    "interruption": "Interruptions",
}
EVIDENCE = {
    "quoted": "quoted: the offer's own price",
    "documented": "documented by the seller",
    "published": "published price list",
    "inferred": "inferred, not stated",
    "assumed": "assumed by Necto",
    "unknown": "unknown: counted as zero",
}


def cost_terms(record: DecisionRecord, names: Mapping[str, str]) -> None:
    """Every term of one quote's landed cost, how sure it is, and how it comes about."""
    quote = chosen_quote(record)
    unit = "an hour" if quote.total_usd is None else "for the job"
    st.subheader(f"What it costs {unit}", anchor=False)
    _choice(record, quote, names)
    lines = ["Term | USD | Of it | How sure", ":-- | --: | :-- | :--"]
    whole = sum((term.usd for term in quote.terms), Decimal(0))
    lines += [_term_line(term, whole) for term in _shown(quote.terms)]
    lines.append(f"**All** | **{literal(usd(whole))}** |  | {literal(band(quote)) or 'certain'}")
    st.markdown("\n".join(lines))
    with st.expander("How each term comes about", icon=":material/functions:"):
        for term in quote.terms:
            st.markdown(f"**{COST_NAMES[term.code]}**: {literal(term.note)}")
        for name, value in quote.score_terms:
            st.markdown(f"Score, {literal(name)}: {value:.4g}")


def _choice(record: DecisionRecord, chosen: Quote, names: Mapping[str, str]) -> None:
    """Choose the quote by keyboard or by typing a part of it: the table takes a mouse."""
    titles = {
        quote.offer_id: f"{place}. {quote_title(quote, names)}"
        for place, quote in enumerate(record.quotes[:QUOTES_MAX], 1)
    }
    titles.setdefault(chosen.offer_id, quote_title(chosen, names))
    key = f"quote_choice_{chosen.offer_id}"

    def choose() -> None:
        keep_chosen(st.session_state[key])

    st.selectbox(
        "Whose cost", list(titles), list(titles).index(chosen.offer_id), titles.__getitem__,
        key=key, on_change=choose, label_visibility="collapsed", filter_mode="contains",
    )  # fmt: skip


def quote_title(quote: Quote, names: Mapping[str, str]) -> str:
    """Return what a quote is called in a list."""
    parts = (
        quote.gpu_model or "GPU not named",
        network_name(quote.network),
        provider(quote, names),
    )
    return " · ".join(filter(None, parts))


def _shown(terms: Sequence[CostTerm]) -> list[CostTerm]:
    """Terms of nothing that are sure to be nothing are left to the fold."""
    return [term for term in terms if term.usd or term.high_usd or term.evidence == "unknown"]


def _term_line(term: CostTerm, whole: Decimal) -> str:
    share = float(term.usd / whole) if whole else 0.0
    blocks = "█" * max(1, round(share * 12)) if term.usd else ""
    band = f", up to {usd(term.high_usd)}" if term.high_usd > term.usd else ""
    return " | ".join(
        [
            COST_NAMES[term.code],
            literal(usd(term.usd)),
            f":blue[{blocks}]" if blocks else "–",
            literal(f"{EVIDENCE[term.evidence]}{band}"),
        ]
    )

"""Why the other offers may not be taken: counts per gate with examples, and one offer's reasons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from components.text import literal
from engine.decision_record import DecisionRecord
from engine.gates import gate_of

Reasons = Callable[[str], Sequence[str]]
"""Every reason why an offer was refused, in sentences; none for one that is quoted."""
_MATCHES_MAX = 8
_SEARCH = "refused"


@dataclass(frozen=True, slots=True)
class Told:
    """An offer that the search found: who it is, and what is said of it."""

    offer_id: str
    codes: tuple[str, ...]


def refusals(record: DecisionRecord, names: Mapping[str, str], reasons: Reasons) -> None:
    """Draw the refusals, folded by gate, most first; ``names``: of offers, to search by."""
    refused = record.market.offers - record.quoted
    st.subheader(f"Refused: {refused:,} of {record.market.offers:,}", anchor=False)
    if not refused:
        st.caption("Every offer of the market may be taken.")
        return
    st.caption("One offer may be refused for several reasons: it then counts at each of them.")
    _search(record, names, reasons)
    for code, count in sorted(record.counts.items(), key=lambda pair: -pair[1]):
        with st.expander(f"{gate_title(code)} · {count:,}", key=f"gate_{code}"):
            for example in record.examples[code]:
                who = _who(example.offer_id, names)
                st.markdown(f"{literal(example.reason.sentence)}  \n:gray[{literal(who)}]")
            rest = count - len(record.examples[code])
            if rest > 0:
                st.caption(f"and {rest:,} more")


def gate_title(code: str) -> str:
    """Return what a code is about in words, as a fold's title: Country, Uptime not known."""
    gate = gate_of(code)
    is_name = gate.title[1:2].isupper()  # vCPU
    title = gate.title if is_name else gate.title[:1].upper() + gate.title[1:]
    return title if code == gate.code else f"{title} not known"


def found(record: DecisionRecord, names: Mapping[str, str], text: str) -> list[Told]:
    """Return the offers whose id or name has this text, refused ones first."""
    wanted = text.strip().casefold()
    refused = {offer_id: group.codes for group in record.refused for offer_id in group.offer_ids}
    quoted = [*(quote.offer_id for quote in record.quotes), *record.other_quotes]
    every = refused | dict.fromkeys(quoted, ())
    return [
        Told(offer_id, codes)
        for offer_id, codes in every.items()
        if wanted in offer_id.casefold() or wanted in names.get(offer_id, "").casefold()
    ]


def _who(offer_id: str, names: Mapping[str, str]) -> str:
    """An offer's id, which is its own, and its provider's name where the id lacks it."""
    name = names.get(offer_id, "")
    return offer_id if name in offer_id else f"{name} · {offer_id}"


def _search(record: DecisionRecord, names: Mapping[str, str], reasons: Reasons) -> None:
    text = st.text_input(
        "Why not this one?", key=_SEARCH, bind="query-params", max_chars=200,
        placeholder="Why not…? A provider, a network or a part of an offer's id",
        label_visibility="collapsed", icon=":material/search:",
    )  # fmt: skip
    if not (text or "").strip():
        return
    hits = found(record, names, text or "")
    if not hits:
        st.caption("No offer of this market has that in its id or name.")
    for hit in hits[:_MATCHES_MAX]:
        who = names.get(hit.offer_id, "")
        with st.container(border=True):
            st.markdown(f"**{literal(who or hit.offer_id)}**  \n:gray[{literal(hit.offer_id)}]")
            _verdict(hit, reasons(hit.offer_id))
    if len(hits) > _MATCHES_MAX:
        st.caption(f"and {len(hits) - _MATCHES_MAX:,} more: type more of it")


def _verdict(hit: Told, sentences: Sequence[str]) -> None:
    if not hit.codes:
        st.markdown(":green[:material/check_circle: may be taken]")
        return
    listed = sentences or [gate_title(code) for code in hit.codes]
    st.markdown("\n".join(f"- :red[:material/block:] {literal(text)}" for text in listed))

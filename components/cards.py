"""The Dashboard's cards: one figure each, with its baseline, label and date beside it."""

from pathlib import Path

import streamlit as st

from components.text import (
    LABEL_MEANINGS,
    baseline_name,
    differences_text,
    literal,
    network_name,
    percent,
    saving_range,
    usd_per_hour,
)
from engine.overview import BASELINE_NAMES, Comparison, Headline
from engine.savings import SLA_NOTE

MARKET_PAGE = Path(__file__).resolve().parent.parent / "pages" / "market.py"


def headline_cards(headline: Headline, large: tuple[int, int]) -> None:
    """The cheapest price, the saving against each hyperscaler, and how many reach 70 %."""
    columns = st.columns(5)
    with columns[0]:
        _cheapest(headline)
    known = {comparison.baseline: comparison for comparison in headline.comparisons}
    for column, (key, name) in zip(columns[1:4], BASELINE_NAMES.items(), strict=True):
        with column:
            _saving(name, known.get(key), has_price=headline.offer is not None)
    with columns[4]:
        reached, compared = large
        st.metric(
            "Saves 70 % or more",
            f"{reached} of {compared}",
            border=True,
            height="stretch",
            delta="comparisons, all GPUs",
            delta_color="off",
            delta_arrow="off",
            help="Cheapest offer per network and GPU against each hyperscaler's cheapest "
            "like-for-like machine. Counted only where 70 % is known to remain after adding the "
            "CPU and RAM that the offer lacks; examples and prices before a fee are left out.",
        )


def headline_line(headline: Headline) -> None:
    """The answer in one sentence, as text: it is on the screen before any card is drawn."""
    offer = headline.offer
    if offer is None:
        st.markdown(
            f"**{literal(headline.gpu_model)}**: no firm price that is free on any network now."
        )
        return
    made = offer["price_as_of"] or offer["observed_at"]
    saved = " · ".join(
        f"{saving_range(one)} below {baseline_name(one)} ({one.confidence})"
        for one in headline.comparisons
    )
    st.markdown(
        f"**{literal(headline.gpu_model)} from "
        f"{literal(usd_per_hour(offer['usd_per_gpu_hour']))} per GPU-hour** on "
        f"{literal(network_name(str(offer['network'])))}, {offer['source_kind']}, "
        f"{made:%Y-%m-%d}" + (f" · {saved}" if saved else "")
    )


def label_line(headline: Headline) -> None:
    """What the labels mean, that spot is left out, and the way to the headline's offer."""
    words, link = st.columns([5, 1.2], vertical_alignment="center")
    words.caption(f"{LABEL_MEANINGS} On demand only: a hyperscaler's spot price can be lower.")
    if headline.offer:
        link.page_link(
            MARKET_PAGE,
            label="Open this offer",
            icon=":material/open_in_new:",
            query_params={"offer": str(headline.offer["offer_id"])},
        )


def _cheapest(headline: Headline) -> None:
    offer = headline.offer
    if offer is None:
        st.metric(
            f"{literal(headline.gpu_model)} per GPU-hour",
            "–",
            border=True,
            height="stretch",
            delta="no firm price that is free",
            delta_color="off",
            delta_arrow="off",
            help="Taken offers, examples and prices before a network's fee are not shown here.",
        )
        return
    where = network_name(str(offer["network"]))
    count = offer["available_count"]
    free = f" · {count} free" if count is not None else ""
    made = offer["price_as_of"] or offer["observed_at"]
    st.metric(
        f"{literal(headline.gpu_model)} per GPU-hour",
        usd_per_hour(offer["usd_per_gpu_hour"]),
        border=True,
        height="stretch",
        delta=f"{where}, {made:%Y-%m-%d}{free}",
        delta_color="off",
        delta_arrow="off",
        help=f"Cheapest on-demand offer that is not known to be taken, of {headline.offers}; "
        f"{offer['source_kind']}. Price made {made:%Y-%m-%d}, read "
        f"{offer['observed_at']:%Y-%m-%d}. "
        f"Source: {literal(offer['source'])}",
    )


def _saving(name: str, comparison: Comparison | None, *, has_price: bool) -> None:
    if comparison is None:
        st.metric(
            f"Saves vs {name}",
            "–",
            border=True,
            height="stretch",
            delta="no like-for-like machine" if has_price else "no network price to compare",
            delta_color="off",
            delta_arrow="off",
            help=f"{name} does not list the same model in the same form factor on demand.",
        )
        return
    st.metric(
        f"Saves vs {baseline_name(comparison)}",
        saving_range(comparison),
        border=True,
        height="stretch",
        delta=f"label {comparison.confidence} · {usd_per_hour(comparison.usd_per_gpu_hour)} "
        f"on {comparison.observed_on}",
        delta_color="off",
        delta_arrow="off",
        help=_how(name, comparison),
    )


def _which(comparison: Comparison) -> str:
    if comparison.baseline_kind == "contract":
        return "price of your own rate card, which comes before any list price"
    return "cheapest of the listed regions"


def _how(name: str, comparison: Comparison) -> str:
    text = (
        f"Against {name} {literal(comparison.instance)} in {literal(comparison.region)}, the "
        f"{_which(comparison)}: 1 − offer / baseline = "
        f"{percent(comparison.saving)}."
    )
    if comparison.saving_adjusted is not None:
        text += (
            " Adding the CPU and RAM that the baseline includes, at the network's own rates: "
            f"{percent(comparison.saving_adjusted)}."
        )
    elif comparison.is_upper_bound:
        text += " CPU and RAM are not stated on both sides, so this is the most it can be."
    return f"{text} Differences: {differences_text(comparison.differences)}. {SLA_NOTE}"

"""The comparison table: one line per offer; a chosen line is returned once, as intent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from components.text import (
    LABEL_MEANINGS,
    SHORT_WARNINGS,
    TERM_NAMES,
    age,
    literal,
    network_name,
    percent,
    usd_per_hour,
)
from engine.export import inert_text
from engine.overview import BASELINE_NAMES

_ROW_HEIGHT, _HEIGHT_MAX = 35, 600  # pixels
_LISTED_MAX = 200
_GPU_MAX, _PROVIDER_MAX = 15, 14  # characters that their columns can show
_UNBROKEN_SPACE, _UNBROKEN_HYPHEN = "\u00a0", "\u2011"
_ROUNDING_NOISE = 1e-9
_OPENER = "offer_opener"
_GENERATION = "offer_table_generation"


def offer_table(offers: pl.DataFrame, now: datetime, on_open: Callable[[str], None]) -> None:
    """Draw the offers; choosing a line calls ``on_open`` with the offer's id, once.

    The grid keeps its selection between runs, so it is drawn under a new key after each choice:
    otherwise every rerun would open the same offer again.
    """
    ids = offers["offer_id"].to_list()
    generation = st.session_state.setdefault(_GENERATION, 0)
    key = f"offers_{generation}"

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        st.session_state[_GENERATION] = generation + 1
        if rows:
            on_open(ids[rows[0]])

    st.dataframe(
        _shown(offers, now),
        key=key,
        hide_index=True,
        height=min(_HEIGHT_MAX, _ROW_HEIGHT * (offers.height + 1) + 3),
        on_select=chosen,
        selection_mode="single-row",
        placeholder="–",
        alt="Offers, cheapest per GPU-hour first",
        column_config=_columns(),
    )


def offer_opener(offers: pl.DataFrame, on_open: Callable[[str], None]) -> None:
    """Draw a list to open an offer by keyboard or by typing a part of it: the grid takes a mouse.

    Holds the first ``_LISTED_MAX`` offers; calls ``on_open`` once per choice.
    """
    listed = offers.head(_LISTED_MAX)
    names = {row["offer_id"]: offer_title(row) for row in listed.iter_rows(named=True)}

    def chosen() -> None:
        offer_id = st.session_state[_OPENER]
        st.session_state[_OPENER] = None
        if offer_id:
            on_open(offer_id)

    st.selectbox(
        "Open an offer",
        list(names),
        None,
        lambda offer_id: names.get(offer_id, offer_id),
        key=_OPENER,
        on_change=chosen,
        placeholder="Open an offer: type a part of it",
        label_visibility="collapsed",
        filter_mode="contains",
    )


def offer_title(row: dict[str, Any]) -> str:
    parts = (
        row["gpu_model"] or row["gpu_name"],
        network_name(row["network"]),
        usd_per_hour(row["usd_per_gpu_hour"]),
        row["provider_name"] or row["provider_id"] or row["tier"],
    )
    return " · ".join(filter(None, parts))


def _shown(offers: pl.DataFrame, now: datetime) -> pl.DataFrame:
    free = (
        pl.when(pl.col("available").is_null())
        .then(None)
        .otherwise(pl.col("available_count").fill_null(pl.col("available").cast(pl.Int64)))
    )
    seen = pl.coalesce("price_as_of", "observed_at")
    ages = seen.map_elements(lambda m: age(m, now), return_dtype=pl.String)
    return offers.select(
        _elided(pl.coalesce("gpu_model", "gpu_name"), _GPU_MAX).alias("GPU"),
        _seller().alias("Network"),
        _elided(pl.coalesce("provider_name", "provider_id"), _PROVIDER_MAX).alias("Provider"),
        pl.col("usd_per_gpu_hour").cast(pl.Float64).alias("USD/GPU-h"),
        *_savings(),
        pl.col("confidence").alias("Label"),
        free.alias("Free"),
        pl.concat_str(ages, pl.col("source_kind"), separator=", ").alias("Age, kind"),
        inert_text(pl.col("country_code")).alias("Country"),
        pl.col("term").replace(TERM_NAMES).alias("Term"),
        pl.col("gpu_count").alias("GPUs"),
        pl.col("vcpu").alias("vCPU"),
        pl.col("memory_gib").alias("RAM GiB"),
    )


def _elided(name: pl.Expr, most: int) -> pl.Expr:
    """A name that its column can show: the grid cuts what is longer, and does not say so."""
    text = inert_text(name)
    short = pl.concat_str(text.str.head(most - 1).str.strip_chars_end(), pl.lit("…"))
    return pl.when(text.str.len_chars() > most).then(short).otherwise(text)


def network_lines(cheapest: pl.DataFrame) -> None:
    """Each network's cheapest offer of a GPU against each hyperscaler, as a small table of text.

    A grid would bring the page a megabyte of script for five lines.
    """
    if cheapest.is_empty():
        return
    titles = ("Network", *(f"vs {name}" for name in BASELINE_NAMES.values()), "Label", "Price of")
    lines = []
    for row in cheapest.with_columns(seller=_seller()).iter_rows(named=True):
        made = row["price_as_of"] or row["observed_at"]
        savings = [_saved(row, name) for name in BASELINE_NAMES]
        label = row["confidence"] or "–"
        day = f"{made:%Y-%m-%d}".replace("-", _UNBROKEN_HYPHEN)
        lines.append(" | ".join([literal(row["seller"]), *savings, label, day]))
    rule = " | ".join([":--", *["--:"] * len(BASELINE_NAMES), ":-:", "--:"])
    st.markdown("\n".join([" | ".join(titles), rule, *lines]))


def _saved(row: dict[str, Any], baseline: str) -> str:
    """What is known to be saved and the most it can be, as the cards say it."""
    known, most = row[f"{baseline}_saving"], row[f"{baseline}_saving_as_quoted"]
    if most is None:
        return "–"
    least, best = percent(known), percent(most)
    said = best if least == best else f"{least.removesuffix(' %')} to {best}"
    return (f"up to {best}" if known is None else said).replace(" ", _UNBROKEN_SPACE)


def _seller() -> pl.Expr:
    warning = pl.col("price_basis").replace_strict(SHORT_WARNINGS, default="")
    return pl.col("network").map_elements(network_name, return_dtype=pl.String) + warning


def _savings() -> list[pl.Expr]:
    """What is known to be saved, in whole percent, rounded down."""
    return [
        (pl.col(f"{key}_saving") * 100 + _ROUNDING_NOISE).floor().alias(f"vs {name}")
        for key, name in BASELINE_NAMES.items()
    ]


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    savings = {
        f"vs {name}": number(
            format="%d %%",
            width=58 + 2 * len(name),
            help=f"What is known to be saved against {name}'s cheapest like-for-like machine, with "
            "the CPU and RAM the offer lacks added. Negative is dearer. – where nobody lists the "
            "same GPU, or CPU and RAM are not stated: open the offer for the most it can be.",
        )
        for name in BASELINE_NAMES.values()
    }
    return savings | {
        "GPU": text(width=121),
        "Network": text(width=128),
        "Provider": text(width=122, help="Open the offer to see the whole name."),
        "USD/GPU-h": number(
            format="$%.3f", width=86, help="USD per GPU-hour, whole machine divided."
        ),
        "Label": text(width=48, help=LABEL_MEANINGS),
        "GPUs": number(width=52, help="GPUs bought at this price."),
        "Free": number(
            width=44, help="GPUs the network reported as free at the last reading; – where unknown."
        ),
        "Age, kind": text(
            width=122,
            help="Since the price was made, or read where that is not told. live, recorded "
            "(shipped figure) or contract (your rate card).",
        ),
        "Country": text(
            width=62, help="As the provider states it; open the offer to see who signed it."
        ),
        "Term": text(width=82),
        "vCPU": number(format="%.3g", width=60, help="Of the priced shape."),
        "RAM GiB": number(format="%.4g", width=75, help="Of the priced shape."),
    }

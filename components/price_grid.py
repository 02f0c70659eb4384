"""Like for like: GPU models down, networks and hyperscalers across, the best network marked."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.text import LABEL_MEANINGS, SHORT_WARNINGS, TERM_NAMES, network_name, percent
from engine.overview import BASELINE_NAMES
from engine.savings import SLA_NOTE

Row = dict[str, Any]

_ROW_HEIGHT, _HEIGHT_MAX = 35, 528  # pixels
_BEST = "★"
_BEST_STYLE = "color: #22c55e; font-weight: 600; background-color: #052e16"
_QUIET_STYLE = "color: #94a3b8"
_GENERATION = "price_grid_generation"
_SELLER_WIDTH, _WARNED_WIDTH, _BASELINE_WIDTH = 82, 122, 128  # pixels


def term_choice(place: DeltaGenerator, terms: Sequence[str]) -> str:
    """Return the term whose prices the grid shows: on demand unless another is chosen."""
    names = {TERM_NAMES[term]: term for term in TERM_NAMES if term in {*terms, "on_demand"}}
    chosen = place.selectbox(
        "Term", list(names), list(names).index(TERM_NAMES["on_demand"]), key="grid_term",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    return names[chosen]


def price_grid(
    grid: pl.DataFrame, networks: Sequence[str], on_choose: Callable[[str, str | None], None]
) -> None:
    """Draw the grid of ``engine.grid.like_for_like``.

    Choosing a cell calls ``on_choose`` once, with the GPU model and the seller of that column (None
    for a column that is no seller's). Like the offers' table it is drawn under a new key after each
    choice, since a grid keeps its selection.
    """
    if grid.is_empty():
        st.info("No network that meets all filters sells on this term: choose another one.")
        return
    models: list[str] = grid["gpu_model"].to_list()
    sold_by = sellers_of(grid, networks)
    names = {_title(seller): seller for seller in (*sold_by, *BASELINE_NAMES)}
    generation = st.session_state.setdefault(_GENERATION, 0)
    key = f"price_grid_{generation}"

    def chosen() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        st.session_state[_GENERATION] = generation + 1
        if cells:
            row, column = cells[0]
            on_choose(models[row], names.get(column))

    st.dataframe(
        _styled(grid, sold_by),
        key=key,
        hide_index=True,
        height=min(_HEIGHT_MAX, _ROW_HEIGHT * (grid.height + 1) + 3),
        on_select=chosen,
        selection_mode="single-cell",
        placeholder="–",
        alt="Cheapest price per GPU-hour by GPU model and seller",
        column_config=_columns(grid, sold_by),
    )


def grid_notes(grid: pl.DataFrame, networks: Sequence[str]) -> None:
    """How to read the grid, and which networks sell nothing on this term."""
    idle = [network_name(name) for name in networks if name not in sellers_of(grid, networks)]
    none = f" Nothing on this term from {', '.join(idle)}." if idle else ""
    st.caption(
        f"USD per GPU-hour; offers known to be taken are left out. {_BEST} the best firm network "
        f"price; the percentages say what it saves (≤: at most). {LABEL_MEANINGS} –: not sold, or "
        "nothing free. "
        f"Choose a cell for its offers.{none} {SLA_NOTE}"
    )


def sellers_of(grid: pl.DataFrame, networks: Sequence[str]) -> list[str]:
    """Return the networks with a cell in the grid, those with the most first."""
    cells = {name: grid[f"{name}_offer_id"].drop_nulls().len() for name in networks}
    return sorted((name for name in cells if cells[name]), key=lambda name: (-cells[name], name))


def saving_text(row: Row, baseline: str) -> str:
    """What the best network's offer saves, and its label: 62 % C; ≤ 70 % C at most."""
    known, most = row[f"{baseline}_saving"], row[f"{baseline}_saving_as_quoted"]
    if most is None:
        return ""
    label = row[f"{baseline}_confidence"]
    return f"{percent(known)} {label}" if known is not None else f"≤ {percent(most)} {label}"


def price_cell(row: Row, seller: str) -> str:
    """A price, marked where it is the best, warned of where it is not firm; a dash for none.

    A hyperscaler's is followed by what the best network's offer saves against it.
    """
    price = row[f"{seller}_usd_per_gpu_hour"]
    if price is None:
        return "–"
    agreed = " contract" if row[f"{seller}_source_kind"] == "contract" else ""
    if seller in BASELINE_NAMES:
        return f"${price:,.3f}{agreed}  {saving_text(row, seller)}".rstrip()
    best = f"{_BEST} " if seller == row["best_network"] else ""
    return f"{best}${price:,.3f}{agreed}{_warning(row, seller)}"


def _warning(row: Row, seller: str) -> str:
    return SHORT_WARNINGS.get(row[f"{seller}_price_basis"], "").replace(",", "")


def _title(seller: str) -> str:
    return BASELINE_NAMES.get(seller) or network_name(seller)


def _styled(grid: pl.DataFrame, sold_by: Sequence[str]) -> "pd.io.formats.style.Styler":
    """Numbers, so that a column sorts as numbers, under the text that people read."""
    rows = grid.to_dicts()
    sellers = (*sold_by, *BASELINE_NAMES)
    numbers = pd.DataFrame(
        {"GPU": grid["gpu_model"].to_list(), "Form": grid["form_factor"].to_list()}
        | {_title(s): _floats(grid, f"{s}_usd_per_gpu_hour") for s in sellers}
    )
    looks = pd.DataFrame("", index=numbers.index, columns=numbers.columns)
    for seller in sellers:
        looks[_title(seller)] = [_look(row, seller) for row in rows]
    styled = numbers.style.apply(lambda _: looks, axis=None)
    for seller in sellers:
        texts = iter([price_cell(row, seller) for row in rows])
        styled = styled.format(_each(texts), subset=[_title(seller)])
    return styled


def _each(texts: Iterator[str]) -> Callable[[object], str]:
    """A formatter that gives a column's cells their texts from the top down."""
    return lambda _: next(texts)


def _look(row: Row, seller: str) -> str:
    if seller == row["best_network"]:
        return _BEST_STYLE
    warned = row[f"{seller}_price_basis"] in SHORT_WARNINGS
    return _QUIET_STYLE if warned else ""


def _floats(grid: pl.DataFrame, column: str) -> list[float | None]:
    return grid[column].cast(pl.Float64).to_list()


def _columns(grid: pl.DataFrame, sold_by: Sequence[str]) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    warned = {
        seller
        for seller in sold_by
        if grid[f"{seller}_price_basis"].is_in(list(SHORT_WARNINGS)).any()
    }
    prices = {
        _title(seller): number(width=_WARNED_WIDTH if seller in warned else _SELLER_WIDTH)
        for seller in sold_by
    }
    baselines = {
        name: number(
            width=_BASELINE_WIDTH,
            help=f"{name}'s cheapest machine with this GPU, then what the best network's offer "
            f"({_BEST}) saves against it like for like, and the label. ≤: CPU and RAM are not "
            "stated on both sides, so this is the most it can be.",
        )
        for name in BASELINE_NAMES.values()
    }
    fixed = {"GPU": text(width=182, pinned=True), "Form": text(width=52, help="Form factor.")}
    return fixed | prices | baselines

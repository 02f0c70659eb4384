"""Choices that the address keeps, also when the market does not hold what a link asks for (now)."""

from collections.abc import Mapping

import polars as pl
import streamlit as st


def several(
    label: str,
    key: str,
    options: list[str],
    names: Mapping[str, str] | None = None,
    note: str | None = None,
) -> frozenset[str]:
    """Return what was chosen of the options, shown under their names.

    What the address asks for stays a choice: a shared link then finds nothing instead of silently
    finding everything.
    """
    shown = _shown(key, options, names)
    chosen = st.multiselect(
        label, list(shown), key=key, bind="query-params", placeholder="any",
        filter_mode="contains", help=note,
    )  # fmt: skip
    return frozenset(shown[text] for text in chosen)


def one(
    label: str,
    key: str,
    options: list[str],
    names: Mapping[str, str] | None = None,
    *,
    placeholder: str = "any",
    note: str | None = None,
) -> str | None:
    """Return the chosen option or None; what the address asks for stays a choice here too."""
    shown = _shown(key, options, names)
    chosen = st.selectbox(
        label, list(shown), None, key=key, bind="query-params", placeholder=placeholder,
        filter_mode="contains", help=note,
    )  # fmt: skip
    return shown[chosen] if chosen else None


def at_least(label: str, key: str) -> float | None:
    return st.number_input(
        label, 1.0, 1_000_000.0, None, 1.0, key=key, bind="query-params", placeholder="any"
    )


def values(frame: pl.DataFrame, column: str) -> list[str]:
    return frame[column].drop_nulls().unique().sort().to_list()


def _shown(key: str, options: list[str], names: Mapping[str, str] | None) -> dict[str, str]:
    shown = {(names or {}).get(option, option): option for option in options}
    held = st.session_state.get(key) or []
    asked = [*st.query_params.get_all(key), *([held] if isinstance(held, str) else held)]
    return shown | {text: text for text in asked if text not in shown}

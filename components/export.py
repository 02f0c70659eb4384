"""One button that hands over what is shown, in the format a person works with.

A file is made when it is asked for, and handed over only after ``hand_out`` has entered it in the
records: what that raises refuses the export.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.export import csv_text, records
from engine.exports import Export
from engine.workbook import EXACT, excel, parquet

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"

HandOut = Callable[[Export], bytes]
"""Enters an export where it must be entered and returns its bytes; raises to refuse it."""


def export_menu(
    place: DeltaGenerator,
    rows: pl.DataFrame,
    columns: Sequence[str],
    name: str,
    now: datetime,
    hand_out: HandOut,
) -> None:
    """Draw the button; each file is made when it is asked for. ``name`` has no ending."""
    files: dict[str, tuple[Callable[[], str | bytes], str, str]] = {
        "CSV": (lambda: csv_text(records(rows, columns), columns), "csv", "text/csv"),
        "Excel": (lambda: excel(rows, columns, now), "xlsx", _XLSX),
        "Parquet": (lambda: parquet(rows, columns), "parquet", _PARQUET),
    }
    with place.popover("Export", icon=":material/download:", width="stretch", key=f"export_{name}"):
        for label, (content, ending, kind) in files.items():
            handed = handed_out(content, f"{name}.{ending}", rows.height, hand_out)
            st.download_button(
                label, handed, f"{name}.{ending}", kind, on_click="ignore", width="stretch",
                key=f"export_{name}_{ending}",
            )  # fmt: skip
        st.caption(
            f"{rows.height} rows, exactly what is shown, with source columns. CSV: exact prices as "
            "text. Excel: prices are numbers of 15 digits to compute with; the exact ones stand "
            f"beside them as text ({EXACT}). Parquet: exact decimals. Formulas in foreign text are "
            "made inert in CSV and Excel. The records keep who took what, and its digest."
        )


def handed_out(
    content: Callable[[], str | bytes], file: str, rows: int, hand_out: HandOut
) -> Callable[[], bytes]:
    """Return what makes a file at the click and hands it out."""

    def made() -> bytes:
        found = content()
        return hand_out(Export(file, rows, found.encode() if isinstance(found, str) else found))

    return made

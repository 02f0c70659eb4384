"""One button that hands over what is shown, in the format a person works with."""

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.export import csv_text, records
from engine.workbook import EXACT, excel, parquet

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"


def export_menu(
    place: DeltaGenerator, rows: pl.DataFrame, columns: Sequence[str], name: str, now: datetime
) -> None:
    """Draw the button; each file is made when it is asked for. ``name`` has no ending."""
    files: dict[str, tuple[Callable[[], str | bytes], str, str]] = {
        "CSV": (lambda: csv_text(records(rows, columns), columns), "csv", "text/csv"),
        "Excel": (lambda: excel(rows, columns, now), "xlsx", _XLSX),
        "Parquet": (lambda: parquet(rows, columns), "parquet", _PARQUET),
    }
    with place.popover("Export", icon=":material/download:", width="stretch"):
        for label, (content, ending, kind) in files.items():
            st.download_button(
                label, content, f"{name}.{ending}", kind, on_click="ignore", width="stretch",
                key=f"export_{ending}",
            )  # fmt: skip
        st.caption(
            f"{rows.height} rows, exactly what is shown, with source columns. CSV: exact prices as "
            "text. Excel: prices are numbers of 15 digits to compute with; the exact ones stand "
            f"beside them as text ({EXACT}). Parquet: exact decimals. Formulas in foreign text are "
            "made inert in CSV and Excel."
        )

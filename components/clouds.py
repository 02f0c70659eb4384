"""What the hyperscalers ask, side by side, and what it costs to move data out of them."""

import polars as pl
import streamlit as st

from components.text import BASIS_NAMES, NETWORK_NAMES, TERM_NAMES
from engine.export import inert_text

_TITLES = {**NETWORK_NAMES, "oci": "Oracle Cloud"}


def baseline_table(prices: pl.DataFrame) -> None:
    """One line per provider and term: on demand, reserved, spot; never a maximum of them."""
    if prices.is_empty():
        st.info("No hyperscaler lists this GPU in this form factor as a whole machine.")
        return
    st.dataframe(
        prices.select(
            pl.col("network").replace(_TITLES).alias("Provider"),
            pl.col("term").replace(TERM_NAMES).alias("Term"),
            pl.col("usd_per_gpu_hour").cast(pl.Float64).alias("USD/GPU-h"),
            pl.col("machine").alias("Machine"),
            pl.col("region").alias("Region"),
            pl.col("observed_on").dt.to_string("%Y-%m-%d").alias("Price of"),
            pl.col("source_kind").alias("Kind"),
            inert_text(pl.col("source")).alias("Source"),
        ),
        hide_index=True,
        placeholder="–",
        alt="The hyperscalers' prices by term",
        column_config={"USD/GPU-h": st.column_config.NumberColumn(format="$%.3f")},
    )
    st.caption(
        f"The cheapest listed region and size of each: {BASIS_NAMES['instance']}, per GPU. "
        "Reserved: the term's whole price by its hours, paid whether used or not. Spot may be "
        "taken back at any time."
    )


def egress_table(costs: pl.DataFrame) -> None:
    """What leaving costs with each cloud for the volume asked."""
    st.dataframe(
        costs.select(
            pl.col("provider").replace(_TITLES).alias("Provider"),
            pl.col("region").alias("From"),
            pl.col("usd").cast(pl.Float64).alias("USD a month"),
            pl.col("usd_per_gb").cast(pl.Float64).alias("USD/GB"),
            pl.col("free_gb_per_month").cast(pl.Float64).alias("Free GB"),
            pl.col("observed_on").dt.to_string("%Y-%m-%d").alias("Price of"),
            inert_text(pl.col("source")).alias("Source"),
        ),
        hide_index=True,
        placeholder="–",
        alt="What moving data out costs",
        column_config={
            "USD a month": st.column_config.NumberColumn(format="$%.2f"),
            "USD/GB": st.column_config.NumberColumn(format="$%.4f"),
        },
    )


def octanebench_table(rows: pl.DataFrame) -> None:
    """OctaneRender work per credit, as each source publishes it."""
    names = {name: name.replace("_", " ").replace("obh", "OBh") for name in rows.columns}
    st.dataframe(
        rows.rename(names), hide_index=True, placeholder="–", alt="OctaneBench hours per credit"
    )
    st.caption(
        "Two sites of the operator disagree, so this is configuration and Necto counts with none "
        "of it. OctaneRender jobs are sent through Render's portal only."
    )

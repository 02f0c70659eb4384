"""What each hyperscaler asks for a GPU, term by term, side by side; never the dearest of them.

A buyer compares on demand, spot and commitments as different things: each is its own row, and no
figure here mixes them or takes a maximum (docs/decisions/0004-honest-savings.md).
"""

from collections.abc import Mapping

import polars as pl

from engine.market import PRICE
from engine.savings import best_baselines

TERMS = ("on_demand", "reserved_1y", "reserved_3y", "spot")
"""In the order shown: what can be had now, what a commitment lowers it to, what may be taken."""

PRICE_COLUMNS: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "term": pl.String(),
    "usd_per_gpu_hour": PRICE,
    "usd_per_hour": PRICE,
    "gpu_count": pl.Int64(),
    "machine": pl.String(),
    "region": pl.String(),
    "country_code": pl.String(),
    "observed_on": pl.Date(),
    "source_kind": pl.String(),
    "source": pl.String(),
    "source_url": pl.String(),
    "note": pl.String(),
    "offer_id": pl.String(),
}


def baseline_prices(
    baselines: pl.DataFrame, gpu_model: str, gpu_count: int | None = None
) -> pl.DataFrame:
    """Return the cheapest whole machine per GPU-hour, one row per provider and term.

    ``baselines`` is a frame of offers; only baselines priced as whole machines with exactly this
    model (form factor included) count, and with ``gpu_count`` only machines of that many GPUs.
    Columns: ``PRICE_COLUMNS``, sorted by provider, then in the order of ``TERMS``. A provider that
    lists no price for a term has no row for it: unknown is never zero.
    """
    wanted = baselines.filter(
        pl.col("is_baseline"),
        pl.col("gpu_model") == gpu_model,
        pl.col("term").is_in(TERMS),
    )
    if gpu_count is not None:
        wanted = wanted.filter(pl.col("gpu_count") == gpu_count)
    order = {term: place for place, term in enumerate(TERMS)}
    return (
        best_baselines(wanted, ("network", "term"))
        .with_columns(machine="provider_name", observed_on=pl.col("observed_at").dt.date())
        .sort("network", pl.col("term").replace_strict(order, return_dtype=pl.Int64))
        .select(pl.col(name).cast(dtype) for name, dtype in PRICE_COLUMNS.items())
    )

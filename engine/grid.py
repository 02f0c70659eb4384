"""Like for like at a glance: one row per GPU model, one cell per network and hyperscaler.

A cell holds the cheapest price of exactly that model on one term; the best network's offer is what
the savings of the row speak of. Examples and prices before a network's fee are cells too, with
their basis, and never the best.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from engine.overview import BASELINE_NAMES, savings_by_offer
from engine.savings import MODELLED, best_baselines, cheapest_per_network

CELL_PARTS = ("usd_per_gpu_hour", "price_basis", "source_kind", "offer_id")
"""What a row holds per seller, as ``akash_usd_per_gpu_hour``, ``akash_price_basis``, …"""

_SAVING_PARTS = (
    "saving",
    "saving_as_quoted",
    "machine",
    "observed_on",
    "differences",
    "confidence",
)


def networks_of(offers: pl.DataFrame) -> list[str]:
    """Return the networks that sell something, by name: the grid's columns before the baselines."""
    return offers.filter(~pl.col("is_baseline"))["network"].unique().sort().to_list()


def like_for_like(
    networks: pl.DataFrame,
    baselines: pl.DataFrame,
    sellers: Sequence[str],
    term: str,
    now: datetime,
) -> pl.DataFrame:
    """Return one row per GPU model that a network sells on this term, most sellers first.

    Columns: gpu_model, form_factor and gpu_memory_gib (null where not known), ``CELL_PARTS`` per
    seller and per hyperscaler (null: not sold), sellers (how many), best_network, best_offer_id,
    best_usd_per_gpu_hour, and per hyperscaler ``aws_saving`` (known to be saved),
    ``aws_saving_as_quoted`` (the most it can be), ``aws_machine``, ``aws_observed_on``,
    ``aws_differences``, ``aws_confidence`` of the best network's offer; confidence is the lowest.
    Prices are USD per GPU-hour, Decimal. What is known to be taken is in no cell. A model without a
    known form factor has a row and is never compared.
    """
    sold = networks.select(baselines.columns).filter(pl.col("term") == term)
    cheapest = cheapest_per_network(sold)
    listed = best_baselines(baselines.filter(pl.col("term") == term), ("network", "gpu_model"))
    cells = pl.concat([cheapest, listed.join(cheapest, on="gpu_model", how="semi")])
    rows = cells.group_by("gpu_model").agg(
        pl.col("form_factor").drop_nulls().first(),
        pl.col("gpu_memory_gib").drop_nulls().first(),
        sellers=pl.len(),
        dearest=pl.col("usd_per_gpu_hour").max(),
    )
    for seller in dict.fromkeys((*sellers, *BASELINE_NAMES)):
        one = cells.filter(pl.col("network") == seller).select("gpu_model", *CELL_PARTS)
        rows = rows.join(
            one.rename({part: f"{seller}_{part}" for part in CELL_PARTS}),
            on="gpu_model",
            how="left",
        )
    rows = rows.join(_best(cheapest, baselines, now), on="gpu_model", how="left")
    return rows.sort(["sellers", "dearest", "gpu_model"], descending=[True, True, False]).drop(
        "dearest"
    )


def _best(cheapest: pl.DataFrame, baselines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Each model's cheapest firm network offer and what it saves."""
    firm = (
        cheapest.filter(~pl.col("price_basis").is_in(MODELLED))
        .sort("usd_per_gpu_hour", "offer_id")
        .unique("gpu_model", keep="first", maintain_order=True)
    )
    parts = [f"{name}_{part}" for name in BASELINE_NAMES for part in _SAVING_PARTS]
    return savings_by_offer(firm, baselines, now).select(
        "gpu_model",
        pl.col("network").alias("best_network"),
        pl.col("offer_id").alias("best_offer_id"),
        pl.col("usd_per_gpu_hour").alias("best_usd_per_gpu_hour"),
        *parts,
        "confidence",
    )

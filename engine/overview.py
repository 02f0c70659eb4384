"""The Dashboard's figures for one GPU model: who sells it cheapest, and what that saves."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

import polars as pl

from engine.savings import MODELLED, best_baselines, cheapest_per_network, compared

HEADLINE_SAVING = 0.70
BASELINE_NAMES = {"aws": "AWS", "azure": "Azure", "gcp": "Google"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One offer against one baseline. Savings are fractions; ``least`` counts missing CPU/RAM."""

    baseline: str
    baseline_kind: str
    instance: str
    region: str | None
    usd_per_gpu_hour: Decimal
    observed_on: date
    saving: float
    saving_adjusted: float | None
    confidence: str
    differences: tuple[str, ...]

    @property
    def is_upper_bound(self) -> bool:
        """Whether CPU and RAM differ by an amount that nobody states: it saves this at most."""
        return self.saving_adjusted is None and "shape" in self.differences

    @property
    def least(self) -> float:
        return self.saving if self.saving_adjusted is None else self.saving_adjusted

    @classmethod
    def of(cls, row: dict[str, object]) -> Self:
        """Read a row of ``engine.savings.compared``."""
        fields = {name: row[f"baseline_{name}"] for name in _FROM_BASELINE}
        same = {name: row[name] for name in ("baseline", "saving", "saving_adjusted", "confidence")}
        kind = row["baseline_source_kind"]
        return cls(**fields, **same, baseline_kind=kind, differences=tuple(row["differences"]))  # type: ignore[arg-type]


_FROM_BASELINE = ("instance", "region", "usd_per_gpu_hour", "observed_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The cheapest firm on-demand offer of a model on any network, and what it saves where."""

    gpu_model: str
    offer: dict[str, Any] | None
    comparisons: tuple[Comparison, ...]
    offers: int


def headline(
    networks: pl.DataFrame, baselines: pl.DataFrame, gpu_model: str, now: datetime
) -> Headline:
    """Return the Dashboard's headline.

    What is known to be taken is never the cheapest, nor is a price that is only an example or lacks
    the network's fee (confidence D).
    """
    sold = networks.filter(gpu_model=gpu_model, term="on_demand")
    firm = sold.filter(~pl.col("price_basis").is_in(MODELLED))
    cheapest = cheapest_per_network(firm).sort("usd_per_gpu_hour", "offer_id").head(1)
    return Headline(
        gpu_model=gpu_model,
        offer=cheapest.to_dicts()[0] if cheapest.height else None,
        comparisons=tuple(
            Comparison.of(row) for row in compared(cheapest, baselines, now).to_dicts()
        ),
        offers=sold.height,
    )


def sellers(networks: pl.DataFrame, baselines: pl.DataFrame, gpu_model: str) -> pl.DataFrame:
    """Return the cheapest on-demand price per network and hyperscaler, cheapest first.

    Columns of an offer; published examples and prices before fees are kept and carry
    their price_basis; what must not be ranked and what is known to be taken is left out.
    """
    chosen = pl.concat(
        [
            cheapest_per_network(networks.filter(gpu_model=gpu_model, term="on_demand")),
            best_baselines(baselines.filter(gpu_model=gpu_model, term="on_demand"), ("network",)),
        ]
    )
    return chosen.sort("usd_per_gpu_hour", "offer_id")


def network_savings(
    networks: pl.DataFrame, baselines: pl.DataFrame, gpu_model: str, now: datetime
) -> pl.DataFrame:
    """Return each network's cheapest on-demand offer of a model with its savings.

    Columns as ``savings_by_offer``; cheapest network first.
    """
    cheapest = cheapest_per_network(networks.filter(gpu_model=gpu_model, term="on_demand"))
    return savings_by_offer(cheapest, baselines, now).sort("usd_per_gpu_hour", "offer_id")


def models_offered(networks: pl.DataFrame) -> list[str]:
    """Return the GPU models that can be procured, the dearest first."""
    counted = (
        networks.filter(pl.col("gpu_model").is_not_null(), pl.col("rankable"))
        .group_by("gpu_model")
        .agg(offers=pl.len(), price=pl.col("usd_per_gpu_hour").max())
        .sort("price", "gpu_model", descending=[True, False])
    )
    return counted["gpu_model"].to_list()


def large_savings(
    networks: pl.DataFrame, baselines: pl.DataFrame, now: datetime
) -> tuple[int, int]:
    """Return (comparisons that save 70 % or more, all comparisons), cheapest offer per network.

    Counted only where 70 % is known to remain after adding the CPU and RAM the offer lacks; where
    nobody states them the comparison does not count as reaching it. Examples and prices before fees
    (confidence D) are left out of both numbers.
    """
    pairs = compared(cheapest_per_network(networks), baselines, now).filter(
        pl.col("confidence") != "D"
    )
    proven = pairs.filter(
        pl.col("saving_adjusted").is_not_null() | ~pl.col("differences").list.contains("shape")
    )
    least = proven.select(pl.coalesce("saving_adjusted", "saving")).to_series()
    return int((least >= HEADLINE_SAVING).sum()), pairs.height


SAVING_PARTS = (
    "saving",
    "saving_as_quoted",
    "adjustment_usd_per_gpu_hour",
    "machine",
    "region",
    "usd_per_gpu_hour",
    "observed_on",
    "differences",
    "confidence",
)
"""What ``savings_by_offer`` adds per baseline, as ``aws_saving``, ``aws_saving_as_quoted``, …"""

OFFER_SAVINGS = tuple(f"{name}_{part}" for name in BASELINE_NAMES for part in SAVING_PARTS)
"""All of these columns."""


def savings_by_offer(
    networks: pl.DataFrame, baselines: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Return the offers with ``SAVING_PARTS`` per baseline, and ``confidence`` (the lowest).

    ``<name>_saving`` is what is known to be saved: with the CPU and RAM the offer lacks added, and
    null where they differ by an amount nobody states (``<name>_saving_as_quoted`` is then the most
    it can be). Everything is null where no baseline sells the same model on the same term.
    """
    pairs = compared(networks, baselines, now)
    is_known = ~pl.col("differences").list.contains("shape")
    parts = pairs.select(
        "offer_id",
        "baseline",
        saving=pl.coalesce("saving_adjusted", pl.when(is_known).then("saving")),
        saving_as_quoted="saving",
        adjustment_usd_per_gpu_hour="adjustment_usd_per_gpu_hour",
        machine="baseline_instance",
        region="baseline_region",
        usd_per_gpu_hour="baseline_usd_per_gpu_hour",
        observed_on="baseline_observed_on",
        differences=pl.col("differences").list.join(" "),
        confidence="confidence",
    )
    wide = networks
    for name in BASELINE_NAMES:
        one = parts.filter(baseline=name).drop("baseline")
        wide = wide.join(
            one.rename({part: f"{name}_{part}" for part in SAVING_PARTS}), on="offer_id", how="left"
        )
    lowest = pairs.group_by("offer_id").agg(pl.col("confidence").max())
    return wide.join(lowest, on="offer_id", how="left")

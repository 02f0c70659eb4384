"""What an offer costs this job: quickly for comparing, exactly for what is quoted."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import polars as pl

from engine.conditions import Row
from engine.deal_conditions import machine_usd_per_hour
from engine.quotes import CostTerm, Quote
from engine.requirement import Requirement

_HOUR = Decimal(1)
_SCALE = Decimal(1).scaleb(-18)


def ranking_usd_per_hour(requirement: Requirement) -> pl.Expr:
    """Return the landed cost per hour of rows of ``Prepared.offers``, near enough for comparing."""
    per_gpu = pl.col("usd_per_gpu_hour").cast(pl.Float64) * requirement.gpus.count
    whole = pl.col("usd_per_hour").cast(pl.Float64)
    return pl.when("is_chosen").then(per_gpu).otherwise(whole)


def exact_quote(requirement: Requirement, row: Row) -> Quote:
    """Return the exact quote of an offer that passed every gate."""
    count = requirement.gpus.count
    price = machine_usd_per_hour(row, count)
    hours = requirement.duration_hours
    with localcontext(prec=60):
        usd = price * (hours or _HOUR)
        per_gpu = (price / count).quantize(_SCALE, ROUND_HALF_UP)
    compute = CostTerm(
        code="compute",
        usd=usd,
        low_usd=usd,
        high_usd=usd,
        evidence="quoted",
        note="price an hour x hours",
    )
    fields: dict[str, Any] = {
        name: row[name]
        for name in ("offer_id", "network", "provider_id", "gpu_model", "country_code", "term")
    }
    return Quote(
        **fields,
        gpu_count=count,
        usd_per_hour=price,
        total_usd=None if hours is None else usd,
        low_usd=usd,
        high_usd=usd,
        landed_usd_per_hour=price,
        landed_usd_per_gpu_hour=per_gpu,
        billed_hours=hours or _HOUR,
        terms=(compute,),
        deposit_usd=Decimal(0),
        is_estimate=row["gpu_count_max"] is not None,
        available=row["available"],
        observed_at=row["observed_at"],
    )

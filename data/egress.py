"""What the clouds charge for data that leaves them, as recorded: each list with source and date."""

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import cast

import polars as pl

from data.shipped import FOLDER
from engine import egress
from engine.egress import Direction, EgressRate, EgressTier
from engine.money import exact

_Row = dict[str, str]


@cache
def egress_rates() -> tuple[EgressRate, ...]:
    """Return every recorded list of egress prices: AWS, Azure, Google and OCI."""
    with (FOLDER / "egress_prices.csv").open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=_list_of)
    return tuple(_rate(list(tiers)) for _, tiers in groupby(rows, _list_of))


def egress_comparison(gb: Decimal, direction: Direction = "internet") -> pl.DataFrame:
    """Return what ``gb`` in one month costs with each cloud, as ``engine.egress`` lays it out."""
    return egress.egress_comparison(egress_rates(), gb, direction)


def _list_of(row: _Row) -> tuple[str, str, str]:
    return row["provider"], row["region"], row["direction"]


def _rate(rows: list[_Row]) -> EgressRate:
    first = rows[0]
    return EgressRate(
        provider=first["provider"],
        service=first["service"],
        region=first["region"],
        direction=cast("Direction", first["direction"]),
        free_gb_per_month=exact(first["free_tier_gb_per_month"]),
        tiers=_tiers(rows),
        observed_on=min(date.fromisoformat(row["observed_on"]) for row in rows),
        source=first["source"],
        source_url=first["source_url"],
        note=first["note"],
    )


def _tiers(rows: Iterable[_Row]) -> tuple[EgressTier, ...]:
    return tuple(
        EgressTier(
            from_gb=exact(row["from_gb"]),
            up_to_gb=exact(row["up_to_gb"]) if row["up_to_gb"] else None,
            usd_per_gb=exact(row["usd_per_gb"]),
        )
        for row in sorted(rows, key=lambda row: int(row["tier"]))
    )

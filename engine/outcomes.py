"""What came of our own orders: which sellers failed lately, and how long starting took.

A failure counts less the older it is: after the policy's half-life it counts half. A status that
could not be fetched says nothing about the seller and is no failure.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import polars as pl

from engine.market import MOMENT, naive_utc

OUTCOME_SCHEMA: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "provider_id": pl.String(),
    "offer_id": pl.String(),
    "at": MOMENT,
    "outcome": pl.String(),
    "minutes": pl.Float64(),
}
"""One row per thing that happened. ``outcome``: ``FAILED``, ``STARTED`` (after ``minutes``) or
``STATUS_UNKNOWN``. Where ``provider_id`` is null (seller not named) it is of the offer alone."""

FAILED, STARTED, STATUS_UNKNOWN = "failed", "started", "status_unknown"
STARTS_MIN = 3
"""With fewer starts seen, how long starting takes is too little data."""

_Seller = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is known at one moment. ``sellers`` and ``offers``: the weight of their failures.

    A failure of this moment weighs 1; weights add up. ``starts``: the median minutes of a start by
    seller, and by network (seller None), where enough were seen.
    """

    sellers: Mapping[tuple[str, str], float]
    offers: Mapping[str, float]
    starts: Mapping[_Seller, float]

    def weight(self, network: str, provider_id: str | None, offer_id: str) -> float:
        """Return how much the failures of an offer's seller weigh; 0 without any."""
        if provider_id is None:
            return self.offers.get(offer_id, 0.0)
        return self.sellers.get((network, provider_id), 0.0)

    def start_minutes(self, network: str, provider_id: str | None) -> float | None:
        """Return how long starting took with this seller, else on its network; None: too little."""
        own = self.starts.get((network, provider_id))
        return self.starts.get((network, None)) if own is None else own


def outcomes(frame: pl.DataFrame | None, now: datetime, half_life_hours: float) -> Outcomes:
    """Return what a frame of ``OUTCOME_SCHEMA`` comes to; what happens after ``now`` is left out.

    The answer does not depend on the order of the rows.
    """
    if frame is None or not frame.height:
        return Outcomes({}, {}, {})
    moment = naive_utc(now)
    rows = frame.filter(pl.col("at") <= pl.lit(moment, MOMENT)).rows(named=True)
    failures = [row for row in rows if row["outcome"] == FAILED]

    def weight(row: Mapping[str, Any]) -> float:
        hours = (moment - row["at"]).total_seconds() / 3600
        return float(0.5 ** (hours / half_life_hours))

    of_sellers, of_offers = _gathered(failures, weight)
    starts = (row for row in rows if row["outcome"] == STARTED and row["minutes"] is not None)
    return Outcomes(
        sellers={key: math.fsum(weights) for key, weights in of_sellers.items()},
        offers={key: math.fsum(weights) for key, weights in of_offers.items()},
        starts=_starts(starts),
    )


def _gathered(
    rows: Iterable[Mapping[str, Any]], weight: Callable[[Mapping[str, Any]], float]
) -> tuple[dict[tuple[str, str], list[float]], dict[str, list[float]]]:
    of_sellers: dict[tuple[str, str], list[float]] = {}
    of_offers: dict[str, list[float]] = {}
    for row in rows:
        if row["provider_id"] is not None:
            key = (row["network"], row["provider_id"])
            of_sellers.setdefault(key, []).append(weight(row))
        elif row["offer_id"] is not None:
            of_offers.setdefault(row["offer_id"], []).append(weight(row))
    return of_sellers, of_offers


def _starts(rows: Iterator[Mapping[str, Any]]) -> dict[_Seller, float]:
    seen: dict[_Seller, list[float]] = {}
    for row in rows:
        for seller in {(row["network"], row["provider_id"]), (row["network"], None)}:
            seen.setdefault(seller, []).append(row["minutes"])
    return {seller: median(of) for seller, of in seen.items() if len(of) >= STARTS_MIN}

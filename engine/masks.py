"""Which offers pass, and every gate that each of the others fails, as one number an offer.

Conditions are tested on the distinct machines, places and deals of a market and gathered to its
offers; only prices, ages and blocked ids are looked at offer by offer.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

import polars as pl

from engine.conditions import MASK, Condition
from engine.gates import GATE, Facet
from engine.prepared_market import Prepared

_FACETS: tuple[Facet, ...] = ("place", "deal")
_BLOCKED = GATE["blocked"].bit


def masks_of(
    market: Prepared, conditions: Sequence[Condition], blocked: frozenset[str]
) -> pl.Series:
    """Return the mask of every offer of the market: all gates but the cost of the whole job."""
    masks: pl.Series | None = None
    for facet, frame in market.facets.items():
        bits = _mask(conditions, facet)
        if bits is not None:
            gathered = frame.select(mask=bits)["mask"].gather(market.offers[facet])
            masks = gathered if masks is None else masks | gathered
    assert masks is not None, "every job says how many GPUs it needs"
    bits = _mask(conditions, "offer")
    if bits is not None:
        masks |= market.offers.select(mask=bits)["mask"]
    rows = blocked_rows(market, blocked)
    return masks.scatter(rows, masks.gather(rows) | _BLOCKED) if rows else masks


def passing_rows(
    market: Prepared, conditions: Sequence[Condition], blocked: frozenset[str]
) -> pl.Series:
    """Return the rows of the offers that pass every gate but the cost of the whole job.

    It goes from the machines that fit to their offers, so that most offers are never looked at.
    """
    fits = _passes(market.machines, conditions, "machine")
    rows = market.rows_by_machine.filter(fits).explode().drop_nulls()
    for facet in _FACETS:
        fits = _passes(market.facets[facet], conditions, facet)
        rows = rows.filter(fits.gather(market.offers[facet].gather(rows)))
    tests = [one for one in conditions if one.gate.facet == "offer"]
    if tests:
        offers = market.offers.select("usd_per_hour", "usd_per_gpu_hour", "priced_at", "machine")[
            rows
        ]
        rows = rows.filter(_passes(offers, tests, "offer"))
    taken = blocked_rows(market, blocked)
    return rows.filter(~rows.is_in(taken)) if taken else rows


def blocked_rows(market: Prepared, blocked: Iterable[str]) -> list[int]:
    """Return the rows of these offers, as far as the market has them."""
    ids = sorted(blocked)
    if not ids:
        return []
    offers = market.offers["offer_id"]
    places = offers.search_sorted(pl.Series(ids, dtype=pl.String))
    near = places.filter(places < offers.len())
    found = offers.gather(near).to_list()
    return [row for row, name in zip(near.to_list(), found, strict=True) if name in blocked]


def _mask(conditions: Iterable[Condition], facet: Facet) -> pl.Expr | None:
    masks = [condition.mask for condition in conditions if condition.gate.facet == facet]
    return reduce(or_, masks).cast(MASK) if masks else None


def _passes(frame: pl.DataFrame, conditions: Iterable[Condition], facet: Facet) -> pl.Series:
    """Return which rows meet every condition; what is unknown does not."""
    tests = [condition.passes for condition in conditions if condition.gate.facet == facet]
    return frame.select(fits=pl.all_horizontal(*tests).fill_null(value=False))["fits"]

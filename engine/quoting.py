"""Quotes of the offers that pass: ranked quickly, quoted exactly, and only when looked at."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC
from decimal import Decimal
from functools import cached_property
from typing import overload

import polars as pl

from engine.conditions import Row
from engine.cost_rates import CostKey
from engine.landed import Landed, Pricer
from engine.landed_market import KEYED_COLUMNS, Line, landed_frame
from engine.prepared_market import Prepared
from engine.quotes import Quote
from engine.requirement import Requirement

NEAR = 1e-8
"""Costs computed quickly that differ by less than this part are compared exactly."""

_FEW = 2000  # so many are sorted sooner than the first of them are found
_SAME = ("cost_key", "gpu_count", "usd_per_hour", "storage_gib", "vcpu", "memory_gib")
"""What an exact cost depends on: offers that agree in these cost the same to the last digit."""
_PRICED = (*dict.fromkeys((*KEYED_COLUMNS, *_SAME)), "available")


class Quoter:
    """Prices one job in one market."""

    def __init__(self, requirement: Requirement, market: Prepared) -> None:
        self._job = requirement
        self._market = market
        self._lines: dict[CostKey, Line] = {}
        self._known: dict[tuple[object, ...], Landed] = {}

    @cached_property
    def _pricer(self) -> Pricer:
        return Pricer(self._job, self._market.facts.costs)

    def costs(self, rows: pl.Series, *, price_factor: float = 1.0) -> pl.DataFrame:
        """Return what these offers cost, quickly, a row each; at prices so many times as high.

        Columns: row, landed_usd (null when open-ended), landed_usd_per_hour, is_unknown (whether
        they are free is not known) and what the exact cost depends on.
        """
        offers = self._market.offers.select(_PRICED)[rows]
        if price_factor != 1.0:
            offers = offers.with_columns(pl.col("cost_usd_per_hour") * price_factor)
        used = offers["cost_key"].unique().sort()
        keys = [self._market.cost_keys[key] for key in used.to_list()]
        if len(keys) < len(self._market.cost_keys):
            codes = used.search_sorted(offers["cost_key"])
            offers = offers.with_columns(cost_key=codes)
        costs = self._market.facts.costs
        landed = landed_frame(self._job, offers, keys, costs, bands=False, known=self._lines)
        return offers.select(
            rows.alias("row"),
            landed["landed_usd"],
            landed["landed_usd_per_hour"],
            *_SAME,
            is_unknown=pl.col("available").is_null(),
        )

    def exact(self, row: int) -> Landed:
        return self._landed(self._market.offer(row))

    def _landed(self, offer: Row) -> Landed:
        """Return the exact cost; offers that agree in what it depends on share it."""
        key = tuple(offer[name] for name in _SAME)
        if key not in self._known:
            self._known[key] = self._pricer.landed(offer)
        return self._known[key]

    def is_over(self, costs: pl.DataFrame, usd_total_max: Decimal) -> pl.Series:
        """Return which of these cost more in all; near the border it is decided exactly."""
        most = float(usd_total_max)
        quick = costs["landed_usd"]
        is_over = quick > most
        near = ((quick - most).abs() <= most * NEAR).arg_true()
        totals = [self.exact(row).total_usd for row in costs["row"].gather(near).to_list()]
        exactly = [total is not None and total > usd_total_max for total in totals]
        return is_over.scatter(near, exactly) if exactly else is_over

    def quote(self, row: int) -> Quote:
        """Return the exact quote of an offer."""
        offer = self._market.offer(row)
        landed = self._landed(offer)
        return Quote(
            offer_id=offer["offer_id"],
            network=offer["network"],
            provider_id=offer["provider_id"],
            gpu_model=offer["gpu_model"],
            gpu_count=self._job.gpus.count,
            country_code=offer["country_code"],
            term=offer["term"],
            usd_per_hour=landed.quoted_usd_per_hour,
            total_usd=landed.total_usd,
            low_usd=landed.low_usd,
            high_usd=landed.high_usd,
            landed_usd_per_hour=landed.landed_usd_per_hour,
            landed_usd_per_gpu_hour=landed.landed_usd_per_gpu_hour,
            billed_hours=landed.billed_hours,
            terms=landed.terms,
            deposit_usd=landed.deposit_usd,
            is_estimate=landed.is_estimate,
            available=offer["available"],
            observed_at=offer["observed_at"].replace(tzinfo=UTC),
            notes=tuple(_notes(landed, offer)),
        )


class Quotes(Sequence[Quote]):
    """Exact quotes, cheapest first: by landed cost, then known availability, then id.

    They are made when they are looked at. The quick order is right but where costs nearly agree:
    there the offers are compared exactly, one for all that cost the same to the last digit.
    ``ranked``: the offers with their quick costs; with ``is_settled`` in their final order, by
    another objective than cost. ``quoter``: it made them, and can price any offer of the market.
    """

    def __init__(self, ranked: pl.DataFrame, quoter: Quoter, *, is_settled: bool = False) -> None:
        self.ranked = ranked
        self.quoter = quoter
        self._is_settled = is_settled
        self._made: dict[int, Quote] = {}
        self._settled: dict[int, list[int]] = {}
        self._row = ranked["row"]
        costs = ranked["landed_usd_per_hour"]
        after = costs.slice(1)
        apart = (after - costs.slice(0, after.len())) > after * NEAR
        self._starts: list[int] = [0, *(apart.arg_true() + 1).to_list()]

    def __len__(self) -> int:
        return self.ranked.height

    @overload
    def __getitem__(self, index: int) -> Quote: ...
    @overload
    def __getitem__(self, index: slice) -> list[Quote]: ...
    def __getitem__(self, index: int | slice) -> Quote | list[Quote]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if self._is_settled:
            return self._quote(self._row[place])
        group = bisect_right(self._starts, place) - 1
        return self._quote(self._rows(group)[place - self._starts[group]])

    def __iter__(self) -> Iterator[Quote]:
        return map(self._quote, self.rows())

    def rows(self) -> Iterator[int]:
        """Return the rows of the offers in their exact order, without quoting them."""
        if self._is_settled:
            return iter(self._row)
        return (row for group in range(len(self._starts)) for row in self._rows(group))

    def _quote(self, row: int) -> Quote:
        if row not in self._made:
            self._made[row] = self.quoter.quote(row)
        return self._made[row]

    def _rows(self, group: int) -> list[int]:
        """Return the rows of offers whose costs nearly agree, in their exact order."""
        if group not in self._settled:
            start = self._starts[group]
            end = self._starts[group + 1] if group + 1 < len(self._starts) else len(self)
            if end - start == 1:
                return [self._row[start]]
            self._settled[group] = self._ordered(self.ranked.slice(start, end - start))
        return self._settled[group]

    def _ordered(self, near: pl.DataFrame) -> list[int]:
        rows: list[int] = near["row"].to_list()
        same = near.select(_SAME).rows()
        if len(set(same)) <= 1:
            return rows
        first = dict(zip(reversed(same), reversed(rows), strict=True))
        exact = {key: self.quoter.exact(row).landed_usd_per_hour for key, row in first.items()}
        order = sorted(zip([exact[key] for key in same], near["is_unknown"], rows, strict=True))
        return [row for _, _, row in order]


def ranked(costs: pl.DataFrame, n: int | None = None) -> pl.DataFrame:
    """Return costs cheapest first; with ``n`` only those that may be among the first so many."""
    if n is not None and max(n, _FEW) < costs.height:
        dearest = pl.col("landed_usd_per_hour").bottom_k(n).max() * (1 + 2 * NEAR)
        costs = costs.filter(pl.col("landed_usd_per_hour") <= dearest)
    return costs.sort("landed_usd_per_hour", "is_unknown", "row")


def _notes(landed: Landed, offer: Row) -> Iterator[str]:
    if landed.is_estimate:
        yield "estimated until bid"
    if offer["available"] is None:
        yield "whether it is available is not known"
    priced, seen = offer["price_as_of"], offer["observed_at"]
    if priced is not None and priced.date() < seen.date():
        yield f"price as of {priced:%Y-%m-%d}"
    if landed.deposit_usd:
        yield f"deposit: {landed.deposit_note}"

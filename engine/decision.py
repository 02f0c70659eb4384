"""A decision: every offer in exactly one list, quoted or refused with all its reasons."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import overload

import polars as pl

from engine.conditions import Condition
from engine.gates import Facet, codes_of, gate_of, mask_of
from engine.policy import Policy
from engine.prepared_market import Prepared
from engine.quotes import Quote, Reason
from engine.requirement import Requirement

NEAR = 1e-8
"""Costs computed quickly that differ by less than this part are compared exactly."""


class Quotes(Sequence[Quote]):
    """Exact quotes, cheapest first: by landed cost, then known availability, then id.

    They are made when they are looked at; the order of offers whose costs nearly agree is settled
    exactly then.
    """

    def __init__(self, ranked: pl.DataFrame, quote_of: Callable[[int], Quote]) -> None:
        self._rows: list[int] = ranked["row"].to_list()
        self._quote_of = quote_of
        costs = ranked["landed_usd_per_hour"]
        apart = (costs - costs.shift(1)) > costs * NEAR
        self._starts: list[int] = [0, *apart.fill_null(value=False).arg_true().to_list()]
        self._settled: dict[int, list[Quote]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Quote: ...
    @overload
    def __getitem__(self, index: slice) -> list[Quote]: ...
    def __getitem__(self, index: int | slice) -> Quote | list[Quote]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        group = bisect_right(self._starts, place) - 1
        return self._group(group)[place - self._starts[group]]

    def __iter__(self) -> Iterator[Quote]:
        return (quote for group in range(len(self._starts)) for quote in self._group(group))

    def _group(self, group: int) -> list[Quote]:
        if group not in self._settled:
            last = self._starts[group + 1] if group + 1 < len(self._starts) else len(self)
            rows = self._rows[self._starts[group] : last]
            self._settled[group] = sorted(map(self._quote_of, rows), key=order_of)
        return self._settled[group]


def order_of(quote: Quote) -> tuple[object, ...]:
    """The order of quotes: cheapest first, unknown availability after known, then by id."""
    return (quote.landed_usd_per_hour, quote.available is None, quote.offer_id)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was asked of which market when, and the answer.

    ``policy_version``: which version of the policy, as text. ``masks``: one per offer of the
    market, 0 where it passed. ``ranked``: the offers that passed, cheapest first, with the columns
    row (in the market's offers) and landed_usd_per_hour (quick, see ``Quotes``). ``notes``: what a
    person should know beside.
    """

    requirement: Requirement
    policy: Policy
    policy_version: str
    now: datetime
    blocked: frozenset[str]
    market: Prepared
    conditions: tuple[Condition, ...]
    masks: pl.Series
    ranked: pl.DataFrame
    quotes: Quotes
    notes: tuple[str, ...]
    route_reason: Callable[[str, int], Reason]

    @cached_property
    def refused(self) -> pl.DataFrame:
        """Every refused offer: offer_id and mask, by id."""
        offers = pl.DataFrame({"offer_id": self.market.offers["offer_id"], "mask": self.masks})
        return offers.filter(pl.col("mask") != 0)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many offers each code refused, in the order of the gates; one counts in several."""
        found: dict[str, int] = {}
        for mask, count in self.masks.value_counts(name="count").iter_rows():
            for code in codes_of(mask):
                found[code] = found.get(code, 0) + count
        order = codes_of(mask_of(found))
        return {code: found[code] for code in order}

    def reasons(self, offer_id: str) -> tuple[Reason, ...]:
        """Return every reason why an offer was refused, none for one that is quoted.

        Raises KeyError for an offer that is not in the market.
        """
        row = self.market.row_of(offer_id)
        mask = self.masks[row]
        found: list[Reason] = []
        for code in codes_of(mask):
            found += self._of_code(code, row)
        return tuple(found)

    def examples(self, code: str, n: int = 3) -> list[tuple[str, Reason]]:
        """Return the first offers, by id, that this code refused, each with its first reason."""
        rows = (self.masks & mask_of([code])).ne(0).arg_true().head(n).to_list()
        ids = self.market.offers["offer_id"]
        return [(ids[row], self._of_code(code, row)[0]) for row in rows]

    def _of_code(self, code: str, row: int) -> list[Reason]:
        gate = gate_of(code)
        if gate.facet == "route":
            return [self.route_reason(code, row)]
        is_unknown = code != gate.code
        frame = self._frame(gate.facet, row)
        values = self.market.values(row)
        return [
            condition.reason(values, is_unknown=is_unknown)
            for condition in self.conditions
            if condition.gate is gate
            and frame.select(condition.passes).item() is (None if is_unknown else False)
        ]

    def _frame(self, facet: Facet, row: int) -> pl.DataFrame:
        return self.market.facet_row(facet, row)

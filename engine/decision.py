"""A decision: every offer in exactly one list, quoted or refused with all its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from engine.conditions import JOB, Condition, number
from engine.gates import codes_of, gate_of, mask_of
from engine.policy import Policy
from engine.prepared_market import Prepared
from engine.quotes import Reason
from engine.quoting import Quotes
from engine.requirement import Requirement

_OF_OFFER = (
    "offer_id", "network", "provider_id", "region", "country_code", "gpu_model", "term",
    "gpu_count", "gpu_count_max", "available", "available_count",
)  # fmt: skip
_OF_PLACE = ("provider_hosting_provider", "provider_uptime_30d")
CANDIDATES = (
    *_OF_OFFER, "city", "hosting_provider", "provider_uptime_30d", "landed_usd",
    "landed_usd_per_hour",
)  # fmt: skip
"""What a plan looks at; ``landed_usd`` null when open-ended."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was asked of which market when, and the answer.

    ``policy_version``: which version of the policy, as text. ``quotes``: cheapest first. ``masks``:
    one per offer of the market, 0 where it passed. ``notes``: what a person should know beside.
    """

    requirement: Requirement
    policy: Policy
    policy_version: str
    now: datetime
    blocked: frozenset[str]
    market: Prepared
    conditions: tuple[Condition, ...]
    masks: pl.Series
    quotes: Quotes
    notes: tuple[str, ...]

    @cached_property
    def refused(self) -> pl.DataFrame:
        """Every refused offer: offer_id and mask, by id."""
        rows = self.masks.ne(0).arg_true()
        offers = self.market.offers["offer_id"].gather(rows)
        return pl.DataFrame({"offer_id": offers, "mask": self.masks.gather(rows)})

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many offers each code refused, in the order of the gates; one counts in several."""
        found: dict[str, int] = {}
        for mask, count in self.masks.value_counts(name="count").iter_rows():
            for code in codes_of(mask):
                found[code] = found.get(code, 0) + count
        order = codes_of(mask_of(found))
        return {code: found[code] for code in order}

    @cached_property
    def candidates(self) -> pl.DataFrame:
        """Every offer that passed with its landed cost, quick, by id: ``CANDIDATES``."""
        rows = self.masks.eq(0).arg_true()
        offers, places = self.market.offers[rows], self.market.places
        costs = self.quotes.quoter.costs(rows)
        of_place = places.select(*_OF_PLACE, "provider_city")[offers["place"]]
        return offers.select(
            *_OF_OFFER,
            city=pl.col("city").fill_null(of_place["provider_city"]),
            hosting_provider=of_place["provider_hosting_provider"],
            provider_uptime_30d=of_place["provider_uptime_30d"],
            landed_usd=costs["landed_usd"],
            landed_usd_per_hour=costs["landed_usd_per_hour"],
        )

    def reasons(self, offer_id: str) -> tuple[Reason, ...]:
        """Return every reason why an offer was refused, none for one that is quoted.

        Raises KeyError for an offer that is not in the market.
        """
        row = self.market.row_of(offer_id)
        codes = codes_of(self.masks[row])
        return tuple(reason for code in codes for reason in self._of_code(code, row))

    def examples(self, code: str, n: int = 3) -> list[tuple[str, Reason]]:
        """Return the first offers, by id, that this code refused, each with its first reason."""
        rows = (self.masks & mask_of([code])).ne(0).arg_true().head(n).to_list()
        ids = self.market.offers["offer_id"]
        return [(ids[row], self._of_code(code, row)[0]) for row in rows]

    def _of_code(self, code: str, row: int) -> list[Reason]:
        gate = gate_of(code)
        if gate.facet == "route":
            return [self._of_route(code, row)]
        is_unknown = code != gate.code
        looked_at = self.market.facet_row(gate.facet, row)
        values = self.market.values(row)
        return [
            condition.reason(values, is_unknown=is_unknown)
            for condition in self.conditions
            if condition.gate is gate
            and looked_at.select(condition.passes).item() is (None if is_unknown else False)
        ]

    def _of_route(self, code: str, row: int) -> Reason:
        """Return the reason that only this route knows: blocked, or dear in all."""
        if code == "blocked":
            return Reason(
                code=code,
                found=self.market.offers["offer_id"][row],
                required="another offer",
                sentence=f"blocked; {JOB} needs another offer",
            )
        found = f"{number(self.quotes.quoter.exact(row).total_usd)} USD"
        required = f"{number(self.requirement.usd_total_max)} USD"
        return Reason(
            code=code,
            found=found,
            required=required,
            sentence=f"{found} in all; {JOB} allows at most {required}",
        )

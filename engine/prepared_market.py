"""The market made ready for routing, once: every query then looks at few distinct values.

An offer is a machine (shape) at a place (whose, where), sold as a deal (term, kind of price); a
market of 150,000 offers has some thousand of each. Conditions are tested on those and gathered to
the offers by a whole number, so that no query compares texts of offers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import polars as pl

from engine.billing import Billing, Costs
from engine.gates import Facet
from engine.gpu_kinds import GpuKind, gpu_kind
from engine.landed_market import MarketKey, keyed
from engine.market import MOMENT
from engine.offer_frames import sound_offers
from engine.policy import Finding
from engine.provider_facts import Judgement, judgements, names_of, places_with_facts, two_names
from engine.resources import Catalogue

MACHINE = (
    "gpu_model", "form_factor", "gpu_memory_gib", "gpu_count", "vcpu", "memory_gib", "storage_gib",
    "gpu_count_max", "vcpu_max", "memory_gib_max", "storage_gib_max",
)  # fmt: skip
PLACE = ("network", "provider_id", "provider_name", "country_code", "is_baseline")
DEAL = (
    "term", "rankable", "price_basis", "available", "valid_from", "valid_until", "source_kind",
)  # fmt: skip
LISTED = (
    "offer_id", "network", "provider_id", "gpu_model", "gpu_count", "region", "country_code",
    "term", "usd_per_hour", "usd_per_gpu_hour", "available",
)  # fmt: skip
_GPU = ("gpu_model", "form_factor", "gpu_memory_gib")
_KIND_SCHEMA: Mapping[str, pl.DataType] = {
    "kind": pl.UInt32(),
    "kind_form_factor": pl.String(),
    "kind_memory_gib": pl.Float64(),
    "kind_tflops": pl.Float64(),
    "kind_generation": pl.String(),
}
_NO_FIGURES = Costs(billing=Billing({}))
_NEVER_OLD = datetime.max  # noqa: DTZ901 - a contract's days say whether it holds, not its age


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known beside the offers. ``providers``: a frame of ``PROVIDER_SCHEMA``.

    ``history``: a frame of prices over time, ``failures``: one of recent failures, for ranking.
    """

    providers: pl.DataFrame
    catalogue: Catalogue
    findings: tuple[Finding, ...] = ()
    costs: Costs = _NO_FIGURES
    history: pl.DataFrame | None = None
    failures: pl.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A market that offers can be routed in. Made by ``prepared``; it never changes.

    ``offers``: every offer, by id, with its ``machine``, ``place`` and ``deal``: rows of the frames
    of these names. ``kinds``: the GPUs that are offered. ``names``: what the provider of a place
    goes by. ``rows_by_machine``: the offers of each machine. ``cost_keys``: see
    ``engine.landed_market``. ``key``: names this market, ``drops``: the files it was read from.
    """

    key: str
    drops: tuple[str, ...]
    facts: Facts
    offers: pl.DataFrame
    machines: pl.DataFrame
    places: pl.DataFrame
    deals: pl.DataFrame
    kinds: tuple[GpuKind, ...]
    names: pl.DataFrame
    rows_by_machine: pl.Series
    cost_keys: tuple[MarketKey, ...]
    judged: Mapping[tuple[str, str | None, str], Judgement]
    two_names: tuple[tuple[str, str, list[str]], ...] = field(default=())

    def row_of(self, offer_id: str) -> int:
        """Return the row of an offer; raises KeyError for one that is not in this market."""
        ids = self.offers["offer_id"]
        row = ids.search_sorted(offer_id)
        if row >= len(ids) or ids[row] != offer_id:
            raise KeyError(f"no offer {offer_id!r} in this market")
        return row

    @property
    def facets(self) -> Mapping[Facet, pl.DataFrame]:
        """The frames of distinct values, by the column of ``offers`` that names their rows."""
        return {"machine": self.machines, "place": self.places, "deal": self.deals}

    @cached_property
    def listing(self) -> pl.DataFrame:
        """Every offer in short (``LISTED``), cheapest per GPU-hour first, then by id."""
        order = self.offers["usd_per_gpu_hour"].arg_sort()
        return self.offers.select(LISTED)[order]

    @cached_property
    def known(self) -> tuple[frozenset[str], frozenset[str]]:
        """The networks with offers, and every name of their providers."""
        return frozenset(self.places["network"]), frozenset(self.names["name"])

    @cached_property
    def newest(self) -> datetime | None:
        """When the newest offer was observed (UTC without an offset), None without offers."""
        return cast("datetime | None", self.offers["observed_at"].max())

    def offer(self, row: int) -> dict[str, Any]:
        """Return every value of one offer."""
        return self.offers.row(row, named=True)

    def facet_row(self, facet: Facet, row: int) -> pl.DataFrame:
        """Return the one row that a gate of this facet looks at for an offer."""
        if facet == "offer":
            return self.offers.slice(row, 1)
        return self.facets[facet].slice(self.offers[facet][row], 1)

    def values(self, row: int) -> dict[str, Any]:
        """Return everything that is known of an offer, its provider's facts included."""
        found = self.offer(row)
        for facet in ("machine", "place"):
            found |= self.facet_row(facet, row).row(0, named=True)
        return found


def prepared(
    offers: pl.DataFrame, facts: Facts, now: datetime, *, key: str = "", drops: tuple[str, ...] = ()
) -> Prepared:
    """Return the market ready for ``route``; about 100 ms for 150,000 offers.

    Raises ``engine.offer_frames.BadOffers`` with every fault of a frame that cannot be used.
    """
    whole = sound_offers(offers, now)
    machines, machine = _facet(whole, MACHINE, "machine")
    places, place = _facet(whole, PLACE, "place")
    deals, deal = _facet(whole, DEAL, "deal")
    kinds, machines = _with_kinds(machines, facts.catalogue)
    judged = judgements(facts.findings)
    is_agreed = pl.col("source_kind") == "contract"
    priced = keyed(whole, facts.costs)
    fresh = pl.when(is_agreed).then(pl.lit(_NEVER_OLD, dtype=MOMENT))
    return Prepared(
        key=key,
        drops=drops,
        facts=facts,
        offers=priced.frame.with_columns(
            machine,
            place,
            deal,
            priced_at=fresh.otherwise(pl.coalesce("price_as_of", "observed_at")),
        ),
        machines=machines,
        places=places_with_facts(places, facts.providers, judged),
        deals=deals,
        kinds=kinds,
        names=names_of(places, facts.providers),
        rows_by_machine=_rows_by(machine, machines.height),
        cost_keys=priced.keys,
        judged=judged,
        two_names=tuple(two_names(facts.providers)),
    )


def _facet(
    offers: pl.DataFrame, columns: tuple[str, ...], name: str
) -> tuple[pl.DataFrame, pl.Series]:
    """Return the distinct values of these columns, and which of them each offer has."""
    distinct = offers.select(columns).unique(maintain_order=True).with_row_index(name)
    codes = offers.select(columns).join(
        distinct, on=columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return distinct, codes[name]


def _rows_by(codes: pl.Series, count: int) -> pl.Series:
    """Return the rows with each code, codes in order: every code occurs."""
    rows = pl.DataFrame({"code": codes, "row": pl.arange(codes.len(), dtype=pl.UInt32, eager=True)})
    grouped = rows.group_by("code", maintain_order=True).agg("row").sort("code")
    assert grouped.height == count, "a distinct value comes from an offer"
    return grouped["row"]


def _with_kinds(
    machines: pl.DataFrame, catalogue: Catalogue
) -> tuple[tuple[GpuKind, ...], pl.DataFrame]:
    distinct = machines.select(_GPU).unique(maintain_order=True)
    kinds = tuple(gpu_kind(catalogue, *row) for row in distinct.iter_rows())
    columns = {
        "kind": range(len(kinds)),
        "kind_form_factor": [kind.form_factor for kind in kinds],
        "kind_memory_gib": [kind.memory_gib for kind in kinds],
        "kind_tflops": [kind.tflops for kind in kinds],
        "kind_generation": [kind.generation for kind in kinds],
    }
    known = distinct.hstack(pl.DataFrame(columns, schema=dict(_KIND_SCHEMA)))
    return kinds, machines.join(
        known, on=list(_GPU), how="left", nulls_equal=True, maintain_order="left"
    )

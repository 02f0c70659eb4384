"""The market plane: what a network or a hyperscaler asks for a machine, with source and age.

An ``Offer`` is checked when it is made; from there on nobody checks again. ``OFFER_SCHEMA`` is the
one declared shape of offers in frames, in the lake and in exports.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal

import polars as pl

from engine.money import PRICE_SCALE, divided, stored
from engine.runs import SourceKind
from engine.sound import refuse_unsound

Term = Literal["on_demand", "spot", "reserved_1y", "reserved_3y", "contract"]
PriceBasis = Literal[
    "instance",
    "gpu_only",
    "whole_group_bid_incl_cpu_ram_disk",
    "host_reward_before_network_fee",
    "customer_price",
    "as_published_per_gpu",
    "list",
]

PRICE = pl.Decimal(38, PRICE_SCALE)
MOMENT = pl.Datetime("us")
"""UTC without an offset: a time-zone type made the same query 100 times slower in DuckDB."""

USD_PER_GPU_HOUR_MAX = Decimal(1000)
"""No GPU is rented for more; a price above it is a unit mistake and is refused, not shown."""

OFFER_SCHEMA: Mapping[str, pl.DataType] = {
    "offer_id": pl.String(),
    "network": pl.String(),
    "is_baseline": pl.Boolean(),
    "provider_id": pl.String(),
    "provider_name": pl.String(),
    "gpu_model": pl.String(),
    "gpu_name": pl.String(),
    "form_factor": pl.String(),
    "gpu_memory_gib": pl.Float64(),
    "gpu_count": pl.Int64(),
    "vcpu": pl.Float64(),
    "memory_gib": pl.Float64(),
    "storage_gib": pl.Float64(),
    "gpu_count_max": pl.Int64(),
    "vcpu_max": pl.Float64(),
    "memory_gib_max": pl.Float64(),
    "storage_gib_max": pl.Float64(),
    "region": pl.String(),
    "country_code": pl.String(),
    "country_evidence": pl.String(),
    "city": pl.String(),
    "term": pl.String(),
    "tier": pl.String(),
    "usd_per_hour": PRICE,
    "usd_per_gpu_hour": PRICE,
    "native_price": pl.String(),
    "price_basis": pl.String(),
    "rankable": pl.Boolean(),
    "available": pl.Boolean(),
    "available_count": pl.Int64(),
    "price_as_of": MOMENT,
    "valid_from": pl.Date(),
    "valid_until": pl.Date(),
    "observed_at": MOMENT,
    "source_kind": pl.String(),
    "source": pl.String(),
    "source_url": pl.String(),
    "note": pl.String(),
    "raw": pl.String(),
}

PROVIDER_SCHEMA: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "provider_id": pl.String(),
    "name": pl.String(),
    "host_uri": pl.String(),
    "organization": pl.String(),
    "country_code": pl.String(),
    "ip_country_code": pl.String(),
    "region": pl.String(),
    "city": pl.String(),
    "location_type": pl.String(),
    "hosting_provider": pl.String(),
    "tier": pl.String(),
    "is_online": pl.Boolean(),
    "is_audited": pl.Boolean(),
    "uptime_1d": pl.Float64(),
    "uptime_7d": pl.Float64(),
    "uptime_30d": pl.Float64(),
    "attributes": pl.String(),
    "observed_at": MOMENT,
    "source_kind": pl.String(),
    "source": pl.String(),
    "source_url": pl.String(),
}


def offer_id_of(*parts: object) -> str:
    """Return a stable id, the same in every run: network, provider, machine, place, term."""
    return ":".join("-" if part in (None, "") else str(part).replace(":", "_") for part in parts)


def naive_utc(moment: datetime) -> datetime:
    """Return the moment as UTC without an offset, as the lake stores it; a naive one is UTC."""
    if moment.tzinfo is None:
        return moment
    return (moment - (moment.utcoffset() or moment - moment)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A machine that can be had now for ``usd_per_hour`` (the whole machine, USD).

    ``gpu_count``, ``vcpu``, ``memory_gib``, ``storage_gib`` are the priced shape; where the buyer
    chooses it, the ``*_max`` fields hold the provider's free capacity. None is unknown, never zero.
    ``valid_from`` and ``valid_until`` are a contract's days, both included.
    Raises ValueError, with a sentence for people, when the price or the count cannot be right.
    """

    offer_id: str
    network: str
    gpu_name: str
    gpu_count: int
    usd_per_hour: Decimal
    price_basis: PriceBasis
    observed_at: datetime
    source_kind: SourceKind
    source: str
    is_baseline: bool = False
    provider_id: str | None = None
    provider_name: str | None = None
    gpu_model: str | None = None
    form_factor: str | None = None
    gpu_memory_gib: float | None = None
    vcpu: float | None = None
    memory_gib: float | None = None
    storage_gib: float | None = None
    gpu_count_max: int | None = None
    vcpu_max: float | None = None
    memory_gib_max: float | None = None
    storage_gib_max: float | None = None
    region: str | None = None
    country_code: str | None = None
    country_evidence: str | None = None
    city: str | None = None
    term: Term = "on_demand"
    tier: str | None = None
    native_price: str | None = None
    rankable: bool = True
    available: bool | None = None
    available_count: int | None = None
    price_as_of: datetime | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    source_url: str | None = None
    note: str | None = None
    raw: str | None = None

    def __post_init__(self) -> None:
        if self.gpu_count < 1:
            raise ValueError(f"{self.gpu_count} GPUs: an offer has at least one")
        if not self.usd_per_hour.is_finite():
            raise ValueError(f"price {self.usd_per_hour} is not a number")
        if self.usd_per_hour <= 0:
            raise ValueError(f"price {self.usd_per_hour:.6g} USD an hour is not above zero")
        if self.usd_per_hour > USD_PER_GPU_HOUR_MAX * self.gpu_count:
            shown = f"{self.usd_per_hour:.6g}"
            raise ValueError(
                f"price {shown} USD an hour for {self.gpu_count} GPUs is above "
                f"{USD_PER_GPU_HOUR_MAX} USD per GPU-hour: a mistake in units"
            )
        object.__setattr__(self, "usd_per_hour", stored(self.usd_per_hour))
        if self.usd_per_hour == 0:
            raise ValueError("price is below the smallest that can be kept: a mistake in units")
        refuse_unsound(self)

    @property
    def usd_per_gpu_hour(self) -> Decimal:
        return (
            divided(self.usd_per_hour, self.gpu_count) if self.gpu_count > 1 else self.usd_per_hour
        )


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a provider states about itself, and who signed exactly that statement."""

    key: str
    value: str
    signed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Whose hardware it is. Uptime is a fraction 0..1; None is unknown."""

    network: str
    provider_id: str
    observed_at: datetime
    source_kind: SourceKind
    source: str
    name: str | None = None
    host_uri: str | None = None
    organization: str | None = None
    country_code: str | None = None
    ip_country_code: str | None = None
    region: str | None = None
    city: str | None = None
    location_type: str | None = None
    hosting_provider: str | None = None
    tier: str | None = None
    is_online: bool | None = None
    is_audited: bool | None = None
    uptime_1d: float | None = None
    uptime_7d: float | None = None
    uptime_30d: float | None = None
    attributes: tuple[Attribute, ...] = ()
    source_url: str | None = None

    def __post_init__(self) -> None:
        refuse_unsound(self)


def attributes_from(text: str | None) -> tuple[Attribute, ...]:
    """Read back the attributes of a provider frame's row."""
    rows = json.loads(text) if text else []
    return tuple(Attribute(r["key"], r["value"], tuple(r["signed_by"])) for r in rows)


def offers_frame(offers: Sequence[Offer]) -> pl.DataFrame:
    """Return the offers as a frame of ``OFFER_SCHEMA``, sorted by id."""
    return _frame(offers, OFFER_SCHEMA).sort("offer_id")


def providers_frame(providers: Sequence[Provider]) -> pl.DataFrame:
    """Return the providers as a frame of ``PROVIDER_SCHEMA``, sorted by id."""
    return _frame(providers, PROVIDER_SCHEMA).sort("provider_id")


def distinct(offers: Iterable[Offer]) -> tuple[list[Offer], list[Offer]]:
    """Return (one offer per id, the others); of several the newest price wins.

    Of two of the same age the dearer offer and the cheaper baseline win: a saving must not rest on
    the flattering one of two contradicting rows.
    """

    def preference(offer: Offer) -> tuple[datetime, Decimal]:
        price = -offer.usd_per_hour if offer.is_baseline else offer.usd_per_hour
        return naive_utc(offer.price_as_of or offer.observed_at), price

    kept: dict[str, Offer] = {}
    others: list[Offer] = []
    for offer in offers:
        rival = kept.get(offer.offer_id)
        if rival is None or preference(offer) > preference(rival):
            kept[offer.offer_id] = offer
            others += [rival] if rival else []
        else:
            others.append(offer)
    return list(kept.values()), others


def _frame(rows: Sequence[object], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Build the frame column by column; a million offers pass here in one ingest."""
    return pl.DataFrame(
        [_series(name, list(map(attrgetter(name), rows)), dtype) for name, dtype in schema.items()]
    )


def _series(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """One column; a value that all rows share is turned into a cell once."""
    if values and values.count(values[0]) == len(values):
        cells = pl.Series(name, _cells(name, values[:1], dtype), dtype=dtype)
        return cells.new_from_index(0, len(values))
    return pl.Series(name, _cells(name, values, dtype), dtype=dtype)


def _cells(name: str, values: Sequence[Any], dtype: pl.DataType) -> Sequence[Any] | pl.Series:
    if dtype == MOMENT:
        naive = {moment: naive_utc(moment) for moment in set(values) if moment}
        return [naive.get(moment) for moment in values]
    if dtype == PRICE:
        return pl.Series([str(value) for value in values], dtype=pl.String).cast(PRICE)
    if name == "attributes":
        return [json.dumps([asdict(attribute) for attribute in value]) for value in values]
    return values

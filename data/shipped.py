"""Figures that ship with Necto: GPU names, jurisdictions, recorded prices, each with its source.

They are loaded as ``recorded`` before the first live answer, so the app is useful without any
network, and says how old they are. Columns are described in ``data/reference/README.md``.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, cast

import polars as pl

from data.generations import generations
from engine.market import Offer, PriceBasis, Provider, Term, offer_id_of
from engine.money import exact
from engine.resources import Catalogue, GpuModel, InstanceType, Jurisdiction

FOLDER = Path(__file__).parent / "reference"
HISTORY_CREDIT = (
    "GPU rental price data by [gpurentalprices.com](https://gpurentalprices.com), licensed under "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), selected and aggregated"
)
HYPERSCALERS = ("aws", "azure", "gcp")

_Row = dict[str, str]
_NETWORK_NAMES = {"render_dispersed": "render"}
_UACT_PER_BLOCK_TO_USD_PER_HOUR = Decimal(600) / 1_000_000  # 6.0 s blocks, 1 ACT = 1 USD
_ORDER = re.compile(r"cpu=(\d+)m mem=(\d+) storage=(\d+)")
_GIB = 1024**3


@cache
def catalogue() -> Catalogue:
    """Return everything Necto knows about names and places."""
    return Catalogue(
        models=tuple(_gpu_model(row) for row in _rows("gpu_models.csv")),
        instances={(i.provider, i.name): i for i in _instances()},
        regions={(r["network"], r["region_code"]): r["country_code"] for r in _rows("regions.csv")},
        jurisdictions={j.country_code: j for j in map(_jurisdiction, _rows("jurisdictions.csv"))},
        generations=generations(),
    )


@cache
def digest() -> str:
    """Return the fingerprint of the recorded prices: another one means they were updated."""
    names = ("offers.csv", "hyperscaler_prices.csv", "providers_akash.csv", "gpu_models.csv")
    return hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in names)).hexdigest()


def recorded_offers() -> dict[str, list[Offer]]:
    """Return the shipped prices by network or hyperscaler."""
    offers: dict[str, list[Offer]] = {}
    rows = [_network_offer(row) for row in _rows("offers.csv")]
    rows += [_hyperscaler_offer(row) for row in _rows("hyperscaler_prices.csv")]
    for offer in rows:
        offers.setdefault(offer.network, []).append(offer)
    return offers


def recorded_providers() -> dict[str, list[Provider]]:
    """Return the shipped facts about providers, by network."""
    return {"akash": [_akash_provider(row) for row in _rows("providers_akash.csv")]}


@cache
def price_history() -> pl.DataFrame:
    """Return the recorded daily prices: day, seller, gpu_model, min, median, rows, basis, source.

    Prices are USD per GPU-hour, Decimal. Show ``HISTORY_CREDIT`` wherever they are shown. Rows that
    contradict the seller's own list and prices of the GPU alone are left out (their ``note``).
    """
    price = pl.Decimal(38, 18)
    rows = pl.read_csv(FOLDER / "price_history.csv", infer_schema=False)
    comparable = rows.filter(pl.col("note").fill_null("") == "")
    return comparable.select(
        day=pl.col("date").str.to_date(),
        network=pl.col("provider"),
        gpu_model="gpu_model",
        min_usd_per_gpu_hour=pl.col("min_usd_per_gpu_hour").cast(price),
        median_usd_per_gpu_hour=pl.col("median_usd_per_gpu_hour").cast(price),
        offers=pl.col("n_rows").cast(pl.Int64),
        price_basis="price_basis",
        source_url="source_url",
        collected_by=pl.lit("third party"),
    )


def _rows(name: str) -> Iterator[_Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _gpu_model(row: _Row) -> GpuModel:
    return GpuModel(
        name=row["gpu_model"],
        family=row["family"],
        vendor=row["vendor"],
        memory_gib=_decimal(row["memory_gib"]),
        interface=row["interface"] or "unspecified",
        aliases=tuple(filter(None, row["aliases"].split(";"))),
        bf16_dense_tflops=_decimal(row["bf16_dense_tflops"]),
        spec_source=row["spec_source"],
    )


def _jurisdiction(row: _Row) -> Jurisdiction:
    return Jurisdiction(
        country_code=row["country_code"],
        in_eu=row["in_eu"] == "true",
        in_eea=row["in_eea"] == "true",
        adequacy=cast("Literal['eea', 'full', 'partial', 'none']", row["adequacy"]),
        detail=row["detail"],
        as_of=date.fromisoformat(row["as_of"]),
    )


def _instances() -> Iterator[InstanceType]:
    """Machine sizes as the recorded prices state them; a shape from any row that states it."""
    rows = list(_rows("hyperscaler_prices.csv"))
    vcpu = {r["instance_type"]: r["vcpu"] for r in rows if r["vcpu"]}
    memory = {r["instance_type"]: r["memory_gib"] for r in rows if r["memory_gib"]}
    for row in {(r["provider"], r["instance_type"]): r for r in rows}.values():
        if row["price_basis"] == "instance":
            yield InstanceType(
                provider=row["provider"],
                name=row["instance_type"],
                gpu_model=row["gpu_model"],
                gpu_count=int(row["gpu_count"]),
                vcpu=_decimal(vcpu.get(row["instance_type"], "")),
                memory_gib=_decimal(memory.get(row["instance_type"], "")),
            )


def _network_offer(row: _Row) -> Offer:
    network = _NETWORK_NAMES.get(row["network"], row["network"])
    count = _machine_gpus(row)
    model = catalogue().model(row["gpu_model"])
    shape = _ORDER.search(row["note"])
    free = _integer(row["provider_gpus_available"])
    by_the_gpu = network == "akash" or (free is not None and count == 1)
    note = row["note"]
    if row["usd_per_gpu_hour_max"]:
        note = f"{row['usd_per_gpu_hour']} to {row['usd_per_gpu_hour_max']} USD; {note}"
    return Offer(
        offer_id=offer_id_of(
            network, row["provider_id"], row["source_gpu_model"], row["term"], row["tier"]
        ),
        network=network,
        provider_id=row["provider_id"] or None,
        provider_name=row["provider_label"] or None,
        gpu_model=row["gpu_model"],
        gpu_name=row["source_gpu_model"],
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=_number(row["gpu_memory_gib"]),
        gpu_count=count,
        gpu_count_max=free if by_the_gpu else None,
        vcpu=int(shape[1]) / 1000 if shape else None,
        memory_gib=int(shape[2]) / _GIB if shape else None,
        storage_gib=int(shape[3]) / _GIB if shape else None,
        region=row["region"] or None,
        country_code=row["country_code"] or None,
        country_evidence="stated by the network" if row["country_code"] else None,
        city=row["city"] or None,
        term=cast("Term", row["term"]),
        tier=row["tier"] or None,
        usd_per_hour=_usd_per_gpu_hour(row) * count,
        native_price=_native_price(row),
        price_basis=cast("PriceBasis", row["price_basis"]),
        rankable=row["offer_kind"] != "worked_example",
        available=free > 0 if free is not None else None,
        available_count=free,
        price_as_of=_day(row["price_as_of"]),
        observed_at=_observed(row),
        source_kind="recorded",
        source=f"{row['evidence']}; {row['source_ref'] or row['source_url']}",
        source_url=row["source_url"],
        note=note or None,
        raw=_raw(row),
    )


def _machine_gpus(row: _Row) -> int:
    """GPUs bought at once: the whole node where less cannot be had."""
    least = int(row["min_gpus"] or 1)
    return least if least == int(row["node_gpu_count"] or 1) else 1


def _usd_per_gpu_hour(row: _Row) -> Decimal:
    """The exact figure: from the price per block where the network quotes one."""
    if row["native_price_uact_per_block"]:
        return exact(row["native_price_uact_per_block"]) * _UACT_PER_BLOCK_TO_USD_PER_HOUR
    return exact(row["usd_per_gpu_hour"])


def _native_price(row: _Row) -> str | None:
    amount = row["native_price_uact_per_block"]
    return f"{amount} uact per block" if amount else None


def _hyperscaler_offer(row: _Row) -> Offer:
    known = catalogue()
    model = known.model(row["gpu_model"])
    instance = known.instances.get((row["provider"], row["instance_type"]))
    country = known.country_of(row["provider"], row["region"])
    return Offer(
        offer_id=offer_id_of(row["provider"], row["instance_type"], row["region"], row["term"])
        + ("" if instance else f":{row['gpu_model']}"),
        network=row["provider"],
        is_baseline=True,
        provider_id=row["provider"],
        provider_name=row["instance_type"],
        gpu_model=row["gpu_model"],
        gpu_name=row["instance_type"],
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=float(model.memory_gib) if model and model.memory_gib else None,
        gpu_count=int(row["gpu_count"]),
        vcpu=float(instance.vcpu) if instance and instance.vcpu else None,
        memory_gib=float(instance.memory_gib) if instance and instance.memory_gib else None,
        region=row["region"] or None,
        country_code=country,
        country_evidence="the provider's region table" if country else None,
        term=cast("Term", row["term"]),
        usd_per_hour=exact(row["usd_per_hour"]),
        price_basis=cast("PriceBasis", row["price_basis"]),
        observed_at=_observed(row),
        source_kind="recorded",
        source=f"{row['evidence']}; {row['source']}",
        source_url=row["source_url"],
        note=row["note"] or None,
        raw=_raw(row),
    )


def _akash_provider(row: _Row) -> Provider:
    return Provider(
        network="akash",
        provider_id=row["address"],
        name=row["organization"] or None,
        host_uri=row["host_uri"] or None,
        organization=row["organization"] or None,
        country_code=row["country_code"] or None,
        ip_country_code=row["ip_country_code"] or None,
        region=row["location_region"] or None,
        city=row["city"] or None,
        location_type=row["location_type"] or None,
        hosting_provider=row["hosting_provider"] or None,
        tier=row["tier"] or None,
        is_audited={"true": True, "false": False}.get(row["is_audited"]),
        uptime_1d=_number(row["uptime_1d"]),
        uptime_7d=_number(row["uptime_7d"]),
        uptime_30d=_number(row["uptime_30d"]),
        observed_at=_observed(row),
        source_kind="recorded",
        source=f"{row['evidence']}; {row['source_ref']}",
        source_url=row["source_url"],
    )


def _raw(row: _Row) -> str:
    return "\n".join(f"{name}: {value}" for name, value in row.items() if value)


def _observed(row: _Row) -> datetime:
    return datetime.fromisoformat(row["observed_on"]).replace(tzinfo=UTC)


def _day(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _decimal(text: str) -> Decimal | None:
    return exact(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _integer(text: str) -> int | None:
    return int(text) if text else None

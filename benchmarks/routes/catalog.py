"""The catalog of the side-by-side benchmarks as offers of ours, and one made up in its place.

A catalog is a folder with ``<cloud>/vms.csv`` in SkyPilot's columns. One row is one offer, with
two exceptions that the callers say: rows without a price are left out, and a machine without a GPU
is listed as one unnamed GPU, which no job gets. On GCP a row is a machine or a card: machines that
come with GPUs (``FIXED``) are priced with theirs, a card alone is no machine's price.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from data.shipped import catalogue
from engine.market import OFFER_SCHEMA, PRICE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROWS = 151_506
"""Of the shared catalog; the made-up one has as many."""

FIXED = {
    "a2-highgpu-1g": ("A100", 1), "a2-highgpu-2g": ("A100", 2), "a2-highgpu-4g": ("A100", 4),
    "a2-highgpu-8g": ("A100", 8), "a2-megagpu-16g": ("A100", 16),
    "a2-ultragpu-1g": ("A100-80GB", 1), "a2-ultragpu-2g": ("A100-80GB", 2),
    "a2-ultragpu-4g": ("A100-80GB", 4), "a2-ultragpu-8g": ("A100-80GB", 8),
    "g2-standard-4": ("L4", 1), "g2-standard-8": ("L4", 1), "g2-standard-12": ("L4", 1),
    "g2-standard-16": ("L4", 1), "g2-standard-32": ("L4", 1), "g2-standard-24": ("L4", 2),
    "g2-standard-48": ("L4", 4), "g2-standard-96": ("L4", 8),
}  # fmt: skip
"""GCP's machines that come with GPUs, of one kind each (cloud.google.com/compute/docs/gpus)."""

HOSTS = {
    ("V100", 1): (12, 78), ("V100", 2): (24, 156), ("V100", 4): (48, 312), ("V100", 8): (96, 624),
    ("T4", 1): (48, 312), ("T4", 2): (48, 312), ("T4", 4): (96, 624),
    ("P100", 1): (16, 104), ("P100", 2): (32, 208), ("P100", 4): (96, 624),
}  # fmt: skip
"""GCP's cards for machines of the buyer's choice, with the most vCPU and GiB (the same page)."""

_N1 = ("n1-standard", "n1-highmem", "n1-highcpu")
_COLUMNS = {
    "InstanceType": pl.String(),
    "AcceleratorName": pl.String(),
    "AcceleratorCount": pl.Float64(),
    "vCPUs": pl.Float64(),
    "MemoryGiB": pl.Float64(),
    "Price": pl.Float64(),
    "SpotPrice": pl.Float64(),
    "Region": pl.String(),
    "AvailabilityZone": pl.String(),
}
_CARD = ["AcceleratorName", "AcceleratorCount", "Region", "AvailabilityZone"]
_PRICES = ("Price", "SpotPrice")


def rows_of(folder: Path) -> pl.DataFrame:
    """Return every row of a catalog, in SkyPilot's columns and ``cloud``."""
    return pl.concat(_clouds(folder))


def _clouds(folder: Path) -> Iterator[pl.DataFrame]:
    for file in sorted(folder.glob("*/vms.csv")):
        rows = pl.read_csv(file, infer_schema=False)
        columns = [
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in _COLUMNS.items()
        ]
        yield rows.select(*columns, cloud=pl.lit(file.parent.name))


def with_machines(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the GPUs of GCP's machines in their price, row for row."""
    fixed = pl.DataFrame(
        [(machine, *gpus) for machine, gpus in FIXED.items()],
        schema=["InstanceType", "of_name", "of_count"],
        orient="row",
    ).with_columns(pl.col("of_count").cast(pl.Float64))
    cards = _cards(rows).rename({"AcceleratorName": "of_name", "AcceleratorCount": "of_count"})
    joined = rows.join(fixed, on="InstanceType", how="left", maintain_order="left").join(
        cards, on=["of_name", "of_count", *_CARD[2:]], how="left", maintain_order="left"
    )
    is_machine = (pl.col("cloud") == "gcp") & pl.col("card_Price").is_not_null()
    return joined.with_columns(
        pl.when(is_machine).then("of_name").otherwise("AcceleratorName").alias("AcceleratorName"),
        pl.when(is_machine)
        .then("of_count")
        .otherwise("AcceleratorCount")
        .alias("AcceleratorCount"),
        *(
            pl.when(is_machine).then(pl.col(p) + pl.col(f"card_{p}")).otherwise(p).alias(p)
            for p in _PRICES
        ),
    ).select(rows.columns)


def hosted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return GCP's machines of the buyer's choice, each with the cards that fit it."""
    limits = pl.DataFrame(
        [(*card, *most) for card, most in HOSTS.items()],
        schema=["AcceleratorName", "AcceleratorCount", "vcpu_most", "memory_most"],
        orient="row",
    ).with_columns(pl.col("AcceleratorCount").cast(pl.Float64))
    cards = _cards(rows).join(limits, on=_CARD[:2])
    starts = pl.any_horizontal(pl.col("InstanceType").str.starts_with(n) for n in _N1)
    hosts = rows.filter(pl.col("cloud") == "gcp", starts).drop(_CARD[:2])
    fits = (pl.col("vCPUs") <= pl.col("vcpu_most")) & (pl.col("MemoryGiB") <= pl.col("memory_most"))
    return (
        hosts.join(cards, on=_CARD[2:])
        .filter(fits)
        .with_columns(*((pl.col(p) + pl.col(f"card_{p}")).alias(p) for p in _PRICES))
        .select(rows.columns)
    )


def _cards(rows: pl.DataFrame) -> pl.DataFrame:
    cards = rows.filter(pl.col("InstanceType").is_null()).unique(_CARD, keep="first")
    return cards.select(*_CARD, *(pl.col(p).alias(f"card_{p}") for p in _PRICES))


def offers_of(rows: pl.DataFrame, *, spot: bool = False) -> pl.DataFrame:
    """Return the rows as offers, on demand or as spot; those without a price are left out."""
    price = pl.col("SpotPrice" if spot else "Price")
    priced = rows.filter(price > 0)
    gpus = pl.col("AcceleratorCount").cast(pl.Int64).fill_null(1)
    term = "spot" if spot else "on_demand"
    return _whole(
        priced.select(
            offer_id=pl.concat_str(
                "cloud", pl.col("InstanceType").fill_null(pl.col("AcceleratorName")), "Region",
                pl.col("AvailabilityZone").fill_null("-"), gpus,
                pl.int_range(pl.len()), pl.lit(term), separator=":",
            ),
            network="cloud",
            is_baseline=pl.lit(value=False),
            gpu_model=_canonical(priced["AcceleratorName"]),
            gpu_name=pl.col("AcceleratorName").fill_null("none"),
            gpu_count=gpus,
            vcpu="vCPUs",
            memory_gib="MemoryGiB",
            region="Region",
            country_code=_country(priced),
            term=pl.lit(term),
            tier="InstanceType",
            usd_per_hour=price.round(9).cast(PRICE),
            usd_per_gpu_hour=(price / gpus).round(9).cast(PRICE),
            price_basis=pl.when(pl.col("InstanceType").is_null())
            .then(pl.lit("gpu_only"))
            .otherwise(pl.lit("instance")),
            rankable=pl.lit(value=True),
            available=pl.lit(value=True),
            observed_at=pl.lit(NOW.replace(tzinfo=None)),
            source_kind=pl.lit("recorded"),
            source=pl.lit("a catalog"),
        )
    )  # fmt: skip


def _whole(offers: pl.DataFrame) -> pl.DataFrame:
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in OFFER_SCHEMA.items()
        if name not in offers.columns
    ]
    return offers.with_columns(*missing).select(
        pl.col(name).cast(dtype) for name, dtype in OFFER_SCHEMA.items()
    )


def canonical_name(name: str) -> str:
    """Return our name of a GPU as SkyPilot names it; the same where we have none."""
    found = catalogue().match(name)
    return found.name if found else name


def _canonical(names: pl.Series) -> pl.Series:
    own = {name: canonical_name(name) for name in names.drop_nulls().unique()}
    return names.replace_strict(own, default=None, return_dtype=pl.String)


def _country(rows: pl.DataFrame) -> pl.Series:
    places = rows.select("cloud", "Region").unique()
    known = [(*place, catalogue().country_of(*place)) for place in places.iter_rows()]
    table = pl.DataFrame(known, schema=["cloud", "Region", "country"], orient="row")
    return rows.join(
        table.cast(pl.String), on=["cloud", "Region"], how="left", maintain_order="left"
    )["country"]


def repeated(offers: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return so many offers: these again and again, each time under new ids."""
    copies = pl.concat([offers] * -(-rows // offers.height)).head(rows)
    copy = pl.int_range(pl.len()) // offers.height
    return copies.with_columns(pl.concat_str("offer_id", pl.lit("#"), copy).alias("offer_id"))


def made_up(rows: int = ROWS) -> pl.DataFrame:
    """Return a catalog of so many rows that nobody sells, of the same kind as the shared one."""
    gpus = ("A100-80GB", "H100", "L4", "T4", "L40S", "V100")
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    has_gpu = number % 20 == 0
    counts = 2 ** (number // 20 % 4)
    clouds = pl.Series(["aws", "azure", "gcp", "lambda", "runpod", "vast", "shadeform", "cudo"])
    return pl.DataFrame({"n": pl.arange(rows, eager=True)}).select(
        InstanceType=pl.concat_str(pl.lit("m"), number % 900),
        AcceleratorName=pl.when(has_gpu).then(
            pl.lit(pl.Series(gpus)).gather(number // 80 % len(gpus))
        ),
        AcceleratorCount=pl.when(has_gpu).then(counts.cast(pl.Float64)),
        vCPUs=(counts * 12).cast(pl.Float64),
        MemoryGiB=(counts * 90).cast(pl.Float64),
        Price=0.5 + number * 7919 % 100_003 / 1000,
        SpotPrice=0.2 + number * 104_729 % 100_003 / 2500,
        Region=pl.concat_str(pl.lit("region-"), number % 60),
        AvailabilityZone=pl.lit(None, pl.String),
        cloud=pl.lit(clouds).gather(number // 3 % len(clouds)),
    )

"""Offers that come as a frame, checked once before anything is routed to them.

A frame of the market holds by construction; one that a person brings may not. Nothing is dropped:
a frame with a mistake is refused whole, with the offers and what to do.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import polars as pl

from engine.market import MOMENT, OFFER_SCHEMA, PRICE, USD_PER_GPU_HOUR_MAX, naive_utc
from engine.money import divided
from engine.sound import NUMBER_MAX

REQUIRED = ("offer_id", "network", "gpu_model", "gpu_count", "usd_per_hour")
"""Without these columns nothing can be compared; every other one may be missing (unknown)."""
CURRENCY = "USD"

_SHOWN_MAX = 5
_DEFAULTS: Mapping[str, str | bool] = {"term": "on_demand", "is_baseline": False, "rankable": True}
_NUMBERS = (
    *(name for name, dtype in OFFER_SCHEMA.items() if dtype == pl.Float64()),
    "gpu_count_max",
    "available_count",
)


class BadOffers(ValueError):
    """These offers cannot be routed: ``faults`` says, one sentence each, what is wrong and where.

    Correct the file and read it again.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def sound_offers(offers: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return the offers in every column of ``OFFER_SCHEMA``, sorted by id.

    A missing column is unknown; without ``term``, ``is_baseline`` and ``rankable`` offers are on
    demand, no baselines and rankable; without ``observed_at`` they were observed now. Raises
    BadOffers with every fault: missing columns, cells of the wrong type, another currency than USD,
    ids or networks that are missing, ids that occur twice, prices and counts that cannot be right,
    numbers that are none.
    """
    missing = [name for name in REQUIRED if name not in offers.columns]
    if missing:
        raise BadOffers((f"columns missing: {', '.join(missing)}",))
    whole = _typed(offers)
    faults = (*_other_currencies(offers), *_faults(whole))
    if faults:
        raise BadOffers(faults)
    observed = pl.col("observed_at").fill_null(pl.lit(naive_utc(now), dtype=MOMENT))
    return _priced_per_gpu(whole.with_columns(observed)).sort("offer_id")


def _typed(offers: pl.DataFrame) -> pl.DataFrame:
    columns, faults = [], []
    for name, dtype in OFFER_SCHEMA.items():
        if name not in offers.columns:
            value = _DEFAULTS.get(name)
            columns.append(pl.repeat(value, offers.height, dtype=dtype, eager=True).alias(name))
            continue
        try:
            columns.append(_cast(offers[name], dtype))
        except pl.exceptions.PolarsError:
            faults.append(f"{name}: {offers[name].dtype} cells that are not {dtype}")
    if faults:
        raise BadOffers(tuple(faults))
    return pl.DataFrame(columns)


def _cast(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == MOMENT and isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return cells.cast(dtype)


def _other_currencies(offers: pl.DataFrame) -> Iterator[str]:
    if "currency" in offers.columns:
        is_other = pl.col("currency").cast(pl.String).fill_null("").ne(CURRENCY)
        yield from _named(offers, is_other, "prices must be in USD: convert them first")


def _faults(offers: pl.DataFrame) -> Iterator[str]:
    for name in ("offer_id", "network", "gpu_count", "usd_per_hour"):
        blank = pl.col(name).is_null()
        if OFFER_SCHEMA[name] == pl.String():
            blank |= pl.col(name) == ""
        yield from _named(offers, blank, f"without {name}")
    yield from _named(offers, pl.col("offer_id").is_duplicated(), "this offer_id occurs twice")
    yield from _named(offers, pl.col("gpu_count") < 1, "an offer has at least one GPU")
    yield from _named(offers, pl.col("usd_per_hour") <= 0, "a price is above zero")
    dearest = pl.lit(USD_PER_GPU_HOUR_MAX) * pl.col("gpu_count").clip(1, NUMBER_MAX)
    yield from _named(
        offers,
        pl.col("usd_per_hour").cast(pl.Float64) > dearest.cast(pl.Float64),
        f"a price above {USD_PER_GPU_HOUR_MAX} USD per GPU-hour is a mistake in units",
    )
    for name in _NUMBERS:
        absurd = ~pl.col(name).is_between(0, NUMBER_MAX)
        yield from _named(offers, absurd, f"{name} cannot be right")


def _named(offers: pl.DataFrame, is_wrong: pl.Expr, what: str) -> Iterator[str]:
    """Say it once for all offers that have this fault, naming the first ones."""
    wrong = offers.with_row_index("row").filter(is_wrong)
    if wrong.height:
        ids = wrong["offer_id"].cast(pl.String).fill_null("").to_list()[:_SHOWN_MAX]
        named = [
            name or f"row {row + 1}"
            for name, row in zip(ids, wrong["row"][:_SHOWN_MAX], strict=True)
        ]
        more = f" and {wrong.height - _SHOWN_MAX} more" if wrong.height > _SHOWN_MAX else ""
        yield f"{', '.join(dict.fromkeys(named))}{more}: {what}"


def _priced_per_gpu(offers: pl.DataFrame) -> pl.DataFrame:
    """Fill in the price per GPU-hour where it is missing, exactly as an ``Offer`` has it."""
    lacks = offers["usd_per_gpu_hour"].is_null()
    if not lacks.any():
        return offers
    pairs = offers.filter(lacks).select("usd_per_hour", "gpu_count").unique()
    per_gpu: list[Decimal] = [divided(price, count) for price, count in pairs.iter_rows()]
    known = pairs.with_columns(pl.Series("per_gpu", per_gpu, dtype=PRICE))
    return (
        offers.join(known, on=["usd_per_hour", "gpu_count"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("usd_per_gpu_hour", "per_gpu").alias("usd_per_gpu_hour"))
        .drop("per_gpu")
    )

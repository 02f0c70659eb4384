"""Offers that come as a frame, checked once before anything is routed to them.

A frame of the market holds by construction; one that a person brings may not. Nothing is dropped:
a frame with a mistake is refused whole, with the offers and what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl

from engine.market import MOMENT, OFFER_SCHEMA, PRICE, USD_PER_GPU_HOUR_MAX, naive_utc
from engine.money import PRICE_SCALE
from engine.sound import NUMBER_MAX

REQUIRED = ("offer_id", "network", "gpu_model", "gpu_count", "usd_per_hour")
"""Without these columns nothing can be compared; every other one may be missing (unknown)."""
CURRENCY = "USD"

_SHOWN_MAX = 5
_LAST_DIGIT = pl.Series([Decimal(1).scaleb(-PRICE_SCALE)], dtype=PRICE)
_DEFAULTS: Mapping[str, str | bool] = {"term": "on_demand", "is_baseline": False, "rankable": True}
_NUMBERS = (
    *(name for name, dtype in OFFER_SCHEMA.items() if dtype == pl.Float64()),
    "gpu_count_max",
    "available_count",
)
_Mistake = tuple[pl.Expr, str]
_MISTAKES: tuple[_Mistake, ...] = (
    (pl.col("offer_id").fill_null("").eq(""), "without offer_id"),
    (pl.col("network").fill_null("").eq(""), "without network"),
    (pl.col("gpu_count").is_null(), "without gpu_count"),
    (pl.col("usd_per_hour").is_null(), "without usd_per_hour"),
    (pl.col("offer_id").is_duplicated(), "this offer_id occurs twice"),
    (pl.col("gpu_count") < 1, "an offer has at least one GPU"),
    (pl.col("usd_per_hour") <= 0, "a price is above zero"),
    (
        pl.col("usd_per_hour").cast(pl.Float64)
        > pl.col("gpu_count").clip(1, NUMBER_MAX) * float(USD_PER_GPU_HOUR_MAX),
        f"a price above {USD_PER_GPU_HOUR_MAX} USD per GPU-hour is a mistake in units",
    ),
    *((~pl.col(name).is_between(0, NUMBER_MAX), f"{name} cannot be right") for name in _NUMBERS),
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
    faults = (*_found(offers, _currency(offers)), *_found(whole, _MISTAKES))
    if faults:
        raise BadOffers(faults)
    observed = pl.col("observed_at").fill_null(pl.lit(naive_utc(now), dtype=MOMENT))
    whole = _priced_per_gpu(whole.with_columns(observed))
    return whole if whole["offer_id"].is_sorted() else whole.sort("offer_id")


def _typed(offers: pl.DataFrame) -> pl.DataFrame:
    columns, faults = [], []
    for name in set(OFFER_SCHEMA) & set(offers.columns):
        dtype = OFFER_SCHEMA[name]
        try:
            columns.append(_cast(offers[name], dtype))
        except pl.exceptions.PolarsError:
            faults.append(f"{name}: {offers[name].dtype} cells that are not {dtype}")
    if faults:
        raise BadOffers(tuple(sorted(faults)))
    # A literal is kept as one value for all rows: ten million offers need no memory for it.
    missing = {
        name: pl.lit(_DEFAULTS.get(name), dtype)
        for name, dtype in OFFER_SCHEMA.items()
        if name not in offers.columns
    }
    return pl.DataFrame(columns).with_columns(**missing).select(*OFFER_SCHEMA)


def _cast(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == MOMENT and isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return cells.cast(dtype)


def _currency(offers: pl.DataFrame) -> list[_Mistake]:
    if "currency" not in offers.columns:
        return []
    is_other = pl.col("currency").cast(pl.String).fill_null("").ne(CURRENCY)
    return [(is_other, "prices must be in USD: convert them first")]


def _found(offers: pl.DataFrame, mistakes: Sequence[_Mistake]) -> Iterator[str]:
    """Say each mistake once for all offers that have it, naming the first ones."""
    if not mistakes:
        return
    tests = [is_wrong.fill_null(value=False) for is_wrong, _ in mistakes]
    occurs = offers.select(test.any().alias(str(n)) for n, test in enumerate(tests)).row(0)
    for test, (_, what), has_it in zip(tests, mistakes, occurs, strict=True):
        if has_it:
            yield f"{_named(offers.with_row_index('row').filter(test))}: {what}"


def _named(wrong: pl.DataFrame) -> str:
    first = wrong.head(_SHOWN_MAX).select("offer_id", "row").iter_rows()
    names = dict.fromkeys(str(name or f"row {row + 1}") for name, row in first)
    more = f" and {wrong.height - _SHOWN_MAX} more" if wrong.height > _SHOWN_MAX else ""
    return f"{', '.join(names)}{more}"


def _priced_per_gpu(offers: pl.DataFrame) -> pl.DataFrame:
    """Fill in the price per GPU-hour where it is missing, exactly as an ``Offer`` has it."""
    if not offers["usd_per_gpu_hour"].has_nulls():
        return offers
    return offers.with_columns(pl.coalesce("usd_per_gpu_hour", _divided(offers)))


def _divided(offers: pl.DataFrame) -> pl.Series:
    """Return the price divided by the GPUs as ``engine.money.divided`` does: half up.

    Polars rounds a half to the even digit, so what it rounded down is put right.
    """
    price, count = offers["usd_per_hour"], offers["gpu_count"].cast(pl.Decimal(38, 0))
    even = (price / count).cast(PRICE)
    rest = price - (even * count).cast(PRICE)
    is_half = rest + rest == (count * _LAST_DIGIT).cast(PRICE)
    return even + is_half.cast(pl.Int8).cast(pl.Decimal(38, 0)) * _LAST_DIGIT

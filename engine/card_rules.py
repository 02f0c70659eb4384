"""The rules that one row of a rate card must keep, each with what to do about a breach.

A rule is a polars expression over a whole column: beside the value of every cell (null where it
cannot be read) stands the cell as text, ``<name>_text``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from engine.countries import COUNTRIES
from engine.market import PRICE, USD_PER_GPU_HOUR_MAX
from engine.rate_cards import (
    BASES,
    DATES,
    EXAMPLE_NOTE,
    GPU_COUNT_MAX,
    PRICES,
    REQUIRED,
    TERMS,
    TEXT_CHARACTERS_MAX,
    TEXTS,
)

_EXPONENT = r"^-?\d+(\.\d+)?[eE][+-]?\d+$"
_SELLER = r"^[a-z0-9][a-z0-9-]{0,39}$"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_OTHER_NAMES = {
    "amazon": "aws",
    "amazon-web-services": "aws",
    "google": "gcp",
    "google-cloud": "gcp",
    "microsoft": "azure",
    "microsoft-azure": "azure",
}


@dataclass(frozen=True, slots=True)
class Rule:
    column: str
    broken: pl.Expr
    fault: str | pl.Expr
    remedy: str | pl.Expr


def rules() -> Iterator[Rule]:
    for name in REQUIRED:
        yield Rule(name, pl.col(f"{name}_text").is_null(), "is empty", "fill it in")
    yield from _words()
    yield from _numbers()
    yield from _prices()
    yield from _days()
    example = pl.col("note").str.strip_chars() == EXAMPLE_NOTE
    yield Rule("note", example, "is the template's example", "put a price of yours in its place")
    for name in TEXTS:
        text = pl.col(name)
        long = text.str.len_chars() > TEXT_CHARACTERS_MAX
        yield Rule(name, long, f"is longer than {TEXT_CHARACTERS_MAX} characters", "shorten it")
        broken = text.str.contains(_CONTROL)
        yield Rule(name, broken, "holds a control character", "type the cell again")


def _words() -> Iterator[Rule]:
    seller = pl.col("seller")
    other = seller.str.replace_all(r"[ _]+", "-").replace_strict(
        _OTHER_NAMES, default=None, return_dtype=pl.String
    )
    is_other = other.is_not_null()
    yield Rule("seller", is_other, "is another name", pl.format("write {}", other))
    yield Rule(
        "seller",
        ~seller.str.contains(_SELLER) & ~is_other,
        "is no short name",
        "write letters, digits and hyphens, at most 40: aethir",
    )
    yield Rule(
        "country_code",
        ~pl.col("country_code").is_in(sorted(COUNTRIES)),
        "is no country code",
        "write the two letters of ISO 3166, such as DE, or leave it empty",
    )
    for name, allowed in (("term", TERMS), ("price_basis", BASES)):
        remedy = f"write one of {', '.join(allowed)}"
        yield Rule(name, ~pl.col(name).is_in(allowed), "is not known", remedy)
    yield Rule(
        "currency",
        pl.col("currency") != "USD",
        "is not USD",
        "convert the price to USD, write USD, and say at which rate in the note",
    )


def _numbers() -> Iterator[Rule]:
    for name in PRICES:
        yield from _unreadable(name, "at most 15 digits and 18 decimals: 2.15")
    for name in ("vcpu", "memory_gib", "storage_gib"):
        yield from _unreadable(name, "at most 9 digits and 3 decimals: 192")
    for name in ("vcpu", "memory_gib"):
        yield Rule(name, pl.col(name) == 0, "is zero", "leave it empty when it is not known")
    count = pl.col("gpu_count")
    yield Rule(
        "gpu_count",
        pl.col("gpu_count_text").is_not_null()
        & ~count.is_between(1, GPU_COUNT_MAX).fill_null(value=False),
        "is no number of GPUs",
        f"write a whole number from 1 to {GPU_COUNT_MAX}, digits only",
    )


def _unreadable(name: str, form: str) -> Iterator[Rule]:
    cell = pl.col(f"{name}_text")
    unread = cell.is_not_null() & pl.col(name).is_null()
    comma = cell.str.contains(",", literal=True)
    negative = cell.str.starts_with("-")
    exponent = cell.str.contains(_EXPONENT)
    yield Rule(
        name,
        unread & comma,
        "has a comma, which can mean thousands or decimals",
        "write a decimal point and no separator between thousands: 1234.50",
    )
    yield Rule(name, unread & negative & ~comma, "is negative", f"write {form}")
    yield Rule(
        name,
        unread & exponent & ~negative,
        "has an exponent, so digits may be lost",
        "write all digits: 1234.5 instead of 1.2345E+03",
    )
    other = unread & ~comma & ~negative & ~exponent
    yield Rule(name, other, "is no number that can be kept", f"write digits only, {form}")


def _prices() -> Iterator[Rule]:
    one, machine = (pl.col(f"{name}_text") for name in PRICES)
    count = pl.col("gpu_count").clip(1, GPU_COUNT_MAX)
    which = "fill in usd_per_gpu_hour or usd_per_hour, not both"
    yield Rule(
        "usd_per_hour",
        one.is_not_null() & machine.is_not_null(),
        "stands beside usd_per_gpu_hour",
        which,
    )
    yield Rule("usd_per_gpu_hour", one.is_null() & machine.is_null(), "no price is given", which)
    most = pl.lit(USD_PER_GPU_HOUR_MAX, dtype=PRICE)
    for name, above in (
        (PRICES[0], pl.col(PRICES[0]) > most),
        (PRICES[1], pl.col(PRICES[1]) > most * count),
    ):
        zero = pl.col(name) == 0
        yield Rule(name, zero, "is zero", "write the price, or delete a row that has none")
        yield Rule(
            name,
            above,
            f"is above {USD_PER_GPU_HOUR_MAX} USD per GPU-hour",
            "write the price of one hour, not of a month, in dollars, not in cents",
        )


def _days() -> Iterator[Rule]:
    for name in DATES:
        cell, day = pl.col(f"{name}_text"), pl.col(name)
        yield Rule(
            name,
            cell.is_not_null() & day.is_null(),
            "is no date in the form 2026-12-31",
            "write year-month-day; in a spreadsheet format the cell as a date",
        )
        far = ~day.is_between(_FIRST_DAY, _LAST_DAY)
        remedy = f"write a day from {_FIRST_DAY} to {_LAST_DAY}"
        yield Rule(name, far, "is no day of a contract", remedy)
    yield Rule(
        "valid_until",
        pl.col("valid_until") < pl.col("valid_from"),
        "is before valid_from",
        pl.format("write {} or a later day", pl.col("valid_from_text")),
    )

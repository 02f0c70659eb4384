"""Negotiated rate cards: the columns of one, and what a card is once every row has been checked.

A card is a table that a person types: a contract with a network that publishes no prices (Aethir
sells by contract only), or the customer's own contracted rates at a hyperscaler. All cells arrive
as text, so that a price is exactly what was typed.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

import polars as pl
from pydantic import BaseModel, ConfigDict

from engine.market import PriceBasis, Term

BASELINES = ("aws", "azure", "gcp")
ROWS_MAX = 200_000
"""No contract lists more machines; a larger file is refused before it is read row by row."""
GPU_NAMES_MAX = 1_000
GPU_COUNT_MAX = 10_000
TEXT_CHARACTERS_MAX = 500
NAME_CHARACTERS_MAX = 60

TERMS: tuple[str, ...] = get_args(Term)
BASES: tuple[str, ...] = get_args(PriceBasis)

CardState = Literal["current", "not yet valid", "expired", "superseded", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a card: what to write in it, and two cells as an example."""

    name: str
    help: str
    examples: tuple[str, str]
    required: bool = False


EXAMPLE_NOTE = "example: replace this row"
"""Marks the template's made-up rows; a card that still has one is refused."""

COLUMNS = (
    Column(
        name="seller",
        required=True,
        help="Who sells: aethir, aws, azure, gcp or the short name of any other network.",
        examples=("aethir", "aws"),
    ),
    Column(
        name="provider",
        help="Data centre or host. At aws, azure and gcp the instance type.",
        examples=("Frankfurt 1", "p5.48xlarge"),
    ),
    Column(
        name="gpu",
        required=True,
        help="The GPU as the contract names it, with its form factor: NVIDIA H100 SXM5 80GB. "
        "A name that Necto does not know is kept as written and not compared.",
        examples=("NVIDIA H100 SXM5 80GB", "H100-SXM"),
    ),
    Column(
        name="gpu_count",
        required=True,
        help=f"GPUs in the machine that the price is for: a whole number, 1 to {GPU_COUNT_MAX}.",
        examples=("8", "8"),
    ),
    Column(
        name="vcpu",
        help="vCPUs of the machine. Empty when the contract does not say.",
        examples=("192", "192"),
    ),
    Column(
        name="memory_gib",
        help="RAM of the machine in GiB. Empty when the contract does not say.",
        examples=("2048", "2048"),
    ),
    Column(
        name="storage_gib",
        help="Disk of the machine in GiB. Empty when the contract does not say.",
        examples=("15360", ""),
    ),
    Column(name="region", help="Region, in the seller's words.", examples=("", "us-east-1")),
    Column(
        name="country_code",
        help="Country of the machine, two letters (ISO 3166): DE. Empty when it is not known.",
        examples=("DE", "US"),
    ),
    Column(
        name="term",
        required=True,
        help=f"One of {', '.join(TERMS)}. Prices are only compared within the same term: write "
        "on_demand for a rate without a commitment.",
        examples=("on_demand", "on_demand"),
    ),
    Column(
        name="usd_per_gpu_hour",
        help="Price of one GPU for one hour, digits with a decimal point: 2.15. "
        "Fill in either this or usd_per_hour.",
        examples=("2.15", ""),
    ),
    Column(
        name="usd_per_hour",
        help="Price of the whole machine for one hour. Fill in either this or usd_per_gpu_hour.",
        examples=("", "31.464"),
    ),
    Column(
        name="currency",
        required=True,
        help="USD. Convert other currencies first and say at which rate in the note.",
        examples=("USD", "USD"),
    ),
    Column(
        name="price_basis",
        help=f"What the price includes: one of {', '.join(BASES)}. Empty means instance, the whole "
        "machine.",
        examples=("instance", "instance"),
    ),
    Column(
        name="valid_from",
        required=True,
        help="First day of the price, included: 2026-01-31.",
        examples=("2026-01-01", "2026-01-01"),
    ),
    Column(
        name="valid_until",
        required=True,
        help="Last day of the price, included: 2026-12-31.",
        examples=("2027-12-31", "2027-12-31"),
    ),
    Column(
        name="contract_reference",
        required=True,
        help="Number or name of the contract or quote that proves the price.",
        examples=("EXAMPLE-1", "EXAMPLE-2"),
    ),
    Column(
        name="note",
        help="Anything else, for people.",
        examples=(EXAMPLE_NOTE, EXAMPLE_NOTE),
    ),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
PRICES = ("usd_per_gpu_hour", "usd_per_hour")
NUMBERS = (*PRICES, "vcpu", "memory_gib", "storage_gib")
DATES = ("valid_from", "valid_until")
TEXTS = ("provider", "gpu", "region", "contract_reference", "note")

FAULT_SCHEMA: Mapping[str, pl.DataType] = {
    "line": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "fault": pl.String(),
    "remedy": pl.String(),
}
"""What is wrong where: ``line`` as in the file (the first is 1), empty for the file as a whole."""


class CardRefused(Exception):
    """A person must correct the file: nothing of it was kept.

    ``faults`` lists everything that is wrong with it (``FAULT_SCHEMA``), sorted by line.
    """

    def __init__(self, faults: pl.DataFrame) -> None:
        first = faults.row(0, named=True)
        where = f"line {first['line']}, " if first["line"] else ""
        where += f"{first['column']}: " if first["column"] else ""
        more = f" ({faults.height:,} faults in all)" if faults.height > 1 else ""
        super().__init__(f"{where}{first['fault']}: {first['remedy']}{more}")
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A file whose every row has been checked, not yet imported.

    ``rows``: the checked rows, made by ``engine.card_checks``. ``warnings`` (``FAULT_SCHEMA``) are
    for people and refuse nothing.
    """

    name: str
    filename: str
    content: bytes
    rows: pl.DataFrame
    warnings: pl.DataFrame

    @property
    def sellers(self) -> list[str]:
        return sorted(self.rows["seller"].unique())


class CardRecord(BaseModel):
    """What is remembered of one version of one seller's card. ``rows`` are the seller's."""

    model_config = ConfigDict(frozen=True)

    seller: str
    name: str
    version: int
    filename: str
    original_sha256: str
    original_bytes: int
    drop_sha256: str
    rows: int
    valid_from: date
    valid_until: date
    imported_at: datetime
    imported_by: str
    supersedes: int | None = None


class Withdrawal(BaseModel):
    """Somebody took a card off the market from ``at`` on; the card itself stays."""

    model_config = ConfigDict(frozen=True)

    seller: str
    name: str
    version: int
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A version of a card and what it is today."""

    record: CardRecord
    state: CardState
    withdrawal: Withdrawal | None = None


def card_name(text: str) -> str:
    """Return the name of a card as it is kept, from any text: ``Rates 2027.xlsx`` is rates-2027.

    Raises ValueError when nothing is left of it.
    """
    stem = re.sub(r"\.(csv|tsv|txt|xlsx)$", "", text.strip(), flags=re.IGNORECASE)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_CHARACTERS_MAX].strip("-")
    if not name:
        raise ValueError(
            f"{text[:40]!r} has no letter or digit to name a card by: name it yourself"
        )
    return name


def faults_frame(faults: list[tuple[int | None, str | None, str | None, str, str]]) -> pl.DataFrame:
    """Return (line, column, value, fault, remedy) rows as a frame."""
    return pl.DataFrame(faults, schema=dict(FAULT_SCHEMA), orient="row")


def sorted_faults(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return all faults by line, then in the order of the columns; the file's own come first."""
    order = {name: n for n, name in enumerate(NAMES)}
    place = pl.col("column").replace_strict(order, default=-1, return_dtype=pl.Int64)
    return (
        pl.concat(parts)
        .with_columns(place=place)
        .sort("line", "place", nulls_last=False, maintain_order=True)
        .drop("place")
    )


def examples() -> pl.DataFrame:
    """Return the template's example rows, all text; they are sound but clearly examples."""
    return pl.DataFrame({column.name: list(column.examples) for column in COLUMNS})

"""What each network bills besides its price, as recorded: every figure with its source and date."""

import csv
import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import cast, get_args

from data.egress import egress_rates
from data.shipped import FOLDER
from engine.billing import Billing, Costs, Figure, Item
from engine.money import exact
from engine.quotes import Evidence

FILE = FOLDER / "network_billing.csv"


@cache
def billing(path: Path = FILE) -> Billing:
    """Return the recorded figures, also those of networks that say an item is unknown.

    Raises ValueError, with the line, for an item or word that is not known, a figure that cannot
    be, or two rows for one item.
    """
    figures: dict[tuple[str, str, Item], Figure] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                figure = _figure(row)
            except ValueError as error:
                raise ValueError(f"{path.name}, row {number}: {error}") from None
            place = (row["network"], row["term"], figure.item)
            if place in figures:
                raise ValueError(f"{path.name}, row {number}: {' '.join(place)} is there twice")
            figures[place] = figure
    return Billing(figures)


def costs(
    platform_fee: Decimal = Decimal(0), conversion_fees: Mapping[str, Decimal] | None = None
) -> Costs:
    """Return everything that turns a price into a landed cost, with the operator's own fees."""
    return Costs(
        billing=billing(),
        egress=egress_rates(),
        platform_fee=platform_fee,
        conversion_fees=conversion_fees or {},
        version=_version(),
    )


@cache
def _version() -> str:
    tables = (FILE, FOLDER / "egress_prices.csv")
    return hashlib.sha256(b"".join(path.read_bytes() for path in tables)).hexdigest()


def _figure(row: dict[str, str]) -> Figure:
    if row["item"] not in get_args(Item):
        raise ValueError(f"{row['item']!r} is not one of {', '.join(get_args(Item))}")
    if row["evidence"] not in get_args(Evidence):
        raise ValueError(f"{row['evidence']!r} is not one of {', '.join(get_args(Evidence))}")
    return Figure(
        item=cast("Item", row["item"]),
        value=_decimal(row["value"]),
        evidence=cast("Evidence", row["evidence"]),
        low=_decimal(row["low"]),
        high=_decimal(row["high"]),
        price_basis=row["price_basis"] or None,
        source=row["source"],
        source_url=row["source_url"],
        observed_on=date.fromisoformat(row["observed_on"]) if row["observed_on"] else None,
        note=row["note"],
    )


def _decimal(text: str) -> Decimal | None:
    return exact(text) if text else None

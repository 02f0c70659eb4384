"""How much OctaneRender work a credit buys, as configuration: the published figures disagree.

OctaneRender jobs are sold through Render's portal in OctaneBench hours (OBh) per credit and tier.
Nothing here is a default or a fact; whoever counts with a row shows its source beside the result.
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.money import exact

FILE = Path(__file__).parent / "reference" / "octanebench_tiers.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class OctaneBenchTier:
    """What one source says a credit buys in a tier.

    ``obh_per_credit`` is None where the source gives no figure; with ``obh_per_credit_max`` it is
    the lower end of a range. ``credit`` is the source's own unit: 1 EUR, 1 RNDR, 1 credit.
    ``observed_on`` is None where the day of reading was not recorded.
    """

    tier: int
    obh_per_credit: Decimal | None
    obh_per_credit_max: Decimal | None
    credit: str
    evidence: str
    source: str
    source_url: str
    observed_on: date | None
    note: str | None


def octanebench_tiers(file: Path = FILE) -> list[OctaneBenchTier]:
    """Return every row of the table, in its order; raises ValueError for one that cannot be read.

    A file in the same form with the figures of a contract can take its place.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        return [_tier(row) for row in csv.DictReader(lines)]


def _tier(row: dict[str, str]) -> OctaneBenchTier:
    return OctaneBenchTier(
        tier=int(row["tier"]),
        obh_per_credit=_figure(row["obh_per_credit"]),
        obh_per_credit_max=_figure(row["obh_per_credit_max"]),
        credit=row["credit"],
        evidence=row["evidence"],
        source=row["source"],
        source_url=row["source_url"],
        observed_on=date.fromisoformat(row["observed_on"]) if row["observed_on"] else None,
        note=row["note"] or None,
    )


def _figure(text: str) -> Decimal | None:
    figure = exact(text) if text else None
    if figure is not None and figure <= 0:
        raise ValueError(f"{text} OBh per credit is not above zero")
    return figure

"""What each source's terms of use mean for reading it: shipped facts, shown beside the source."""

import csv
from datetime import date
from functools import cache

from data.shipped import FOLDER
from engine.connections import Terms


@cache
def terms() -> dict[str, Terms]:
    """Return the note of every source, also of those that are not built because they forbid it."""
    with (FOLDER / "terms.csv").open(encoding="utf-8", newline="") as lines:
        return {row["source"]: _terms(row) for row in csv.DictReader(lines)}


def terms_of(source: str) -> Terms:
    """Return a source's note; one without a note is off: nobody has read its terms."""
    return terms().get(source) or Terms(
        source=source,
        title=source,
        default_on=False,
        is_built=True,
        note="Nobody has read its terms: it stays off until somebody has and recorded the date.",
    )


def _terms(row: dict[str, str]) -> Terms:
    return Terms(
        source=row["source"],
        title=row["title"],
        default_on=row["default_on"] == "true",
        is_built=row["built"] == "true",
        note=row["note"],
        url=row["url"] or None,
        reviewed_on=date.fromisoformat(row["reviewed_on"]) if row["reviewed_on"] else None,
        reviewer=row["reviewer"] or None,
    )

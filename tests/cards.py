"""Rate cards that several tests start from."""

import csv
import io
from datetime import UTC, datetime

from data.card_files import read_card
from data.shipped import catalogue
from engine.rate_cards import NAMES, Card, CardRefused

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def row(**changes: str) -> dict[str, str]:
    """One sound row of a card, changed as asked."""
    cells = {
        "seller": "aethir",
        "provider": "Frankfurt 1",
        "gpu": "H100-SXM",
        "gpu_count": "8",
        "country_code": "DE",
        "term": "on_demand",
        "usd_per_gpu_hour": "2.15",
        "currency": "USD",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "contract_reference": "C-1",
    }
    return cells | changes


def written(*rows: dict[str, str], separator: str = ",", names: tuple[str, ...] = NAMES) -> bytes:
    """The rows as a CSV file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names, delimiter=separator, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def card(*rows: dict[str, str], filename: str = "rates.csv") -> Card:
    return read_card(filename, written(*(rows or (row(),))), catalogue(), NOW)


def faults(content: bytes, filename: str = "rates.csv") -> list[tuple[int | None, str | None, str]]:
    """What the file is refused for: (line, column, fault); empty when it is accepted."""
    try:
        read_card(filename, content, catalogue(), NOW)
    except CardRefused as refusal:
        return refusal.faults.select("line", "column", "fault").rows()
    return []

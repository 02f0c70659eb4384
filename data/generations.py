"""The generation of each GPU family, as its vendor tells it: a shipped table with its sources."""

import csv
from datetime import date
from functools import cache
from pathlib import Path

from engine.generations import Generations, GpuGeneration

FILE = Path(__file__).parent / "reference" / "gpu_generations.csv"


@cache
def generations(file: Path = FILE) -> Generations:
    """Return the table; raises ValueError for one that contradicts itself."""
    with file.open(encoding="utf-8", newline="") as lines:
        return Generations(tuple(_generation(row) for row in csv.DictReader(lines)))


def _generation(row: dict[str, str]) -> GpuGeneration:
    return GpuGeneration(
        family=row["family"],
        vendor=row["vendor"],
        name=row["generation"],
        order=int(row["generation_order"]),
        also_called=tuple(filter(None, row["also_called"].split(";"))),
        source="; ".join(filter(None, (row["evidence"], row["note"]))),
        source_url=row["source_url"],
        observed_on=date.fromisoformat(row["observed_on"]),
    )

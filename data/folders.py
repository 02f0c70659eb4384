"""Where the files of a network lie: ``<kind>/network=<name>/day=<ISO date>/``.

Days are found by the names of their folders, so what is asked of the newest opens one of them.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from engine.runs import is_day, is_run_id, moment_of

DAY_FILE = "day.parquet"
"""All drops of one finished day in one file (``data/compaction.py``)."""
DAY_RECORDS = "day.jsonl"


def of(root: Path, kind: str, network: str) -> Path:
    return root / kind / f"network={network}"


def of_day(root: Path, kind: str, network: str, day: date) -> Path:
    return of(root, kind, network) / f"day={day}"


def of_run(root: Path, kind: str, network: str, run_id: str, suffix: str) -> Path:
    """Return a run's own file; when its day has been merged, the name still stands for it."""
    return of_day(root, kind, network, moment_of(run_id).date()) / f"{run_id}{suffix}"


def network_of(path: Path) -> str:
    """Return whose file it is."""
    return path.parent.parent.name.removeprefix("network=")


def names(folder: Path) -> list[str]:
    """Return what lies in a folder; nothing when there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return []


def days(folder: Path, since: date | None = None) -> Iterator[date]:
    """Yield the days a network has folders of, newest first; names before ``since`` are skipped."""
    first = f"day={since}" if since else "day="
    for name in sorted((n for n in names(folder) if n >= first), reverse=True):
        day = name.removeprefix("day=")
        if name.startswith("day=") and is_day(day):
            yield date.fromisoformat(day)


def run_ids(folder: Path, suffix: str) -> list[str]:
    """Return the runs that have a file of their own in a day's folder."""
    stems = (name.removesuffix(suffix) for name in names(folder) if name.endswith(suffix))
    return [stem for stem in stems if is_run_id(stem)]

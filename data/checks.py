"""Which drops can be used; the others are set aside with the reason.

A file is checked once per process and again when it changes. A drop whose day has been merged is
usable when the merged file names its run.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl
from pydantic import TypeAdapter, ValidationError

from data import aside, folders, runs
from data.files import sha256_of
from data.schemas import IN_DAY, REQUIRED
from engine.runs import DropRecord, Kind

RUNS_KEY = "necto_runs"
"""The entry of a merged file's own metadata that names its runs, their rows and digests."""
RUNS_OF_DAY = TypeAdapter(dict[str, DropRecord])

_MAGIC = b"PAR1"
_REMEMBERED_MAX = 10_000  # checked files; some 500 are added a day
_NONE: Mapping[str, DropRecord] = MappingProxyType({})

Stamp = tuple[int, int]


def stamp(path: Path) -> Stamp | None:
    """Return what changes when a file is replaced; None when there is no such file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


class Checks:
    """Remembers what it has found usable. May be shared by threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._usable: dict[Path, Stamp] = {}
        self._days: dict[Path, tuple[Stamp, Mapping[str, DropRecord]]] = {}

    def is_usable(self, kind: Kind, path: Path) -> bool:
        """Whether a run's drop can be read, from its own file or from its merged day."""
        try:
            if self._own_file_is_usable(kind, path):
                return True
        except FileNotFoundError:
            pass  # another process has merged it or set it aside
        return path.stem in self.merged(kind, path.parent)

    def merged(self, kind: Kind, folder: Path) -> Mapping[str, DropRecord]:
        """Return the runs of a day's merged file, as they were before; none when there is none."""
        path = folder / folders.DAY_FILE
        seen = stamp(path)
        if seen is None:
            return _NONE
        known = self._days.get(path)
        if known and known[0] == seen:
            return known[1]
        try:
            found = _runs_of(kind, path)
        except FileNotFoundError:
            return _NONE
        except (ValueError, pl.exceptions.PolarsError) as error:
            lost = "the readings of this day that have no file of their own are lost"
            aside.move(self._root, path, f"cannot be read, {lost}: {error}".splitlines()[0])
            return _NONE
        if len(self._days) >= _REMEMBERED_MAX:
            self._days.clear()
        self._days[path] = seen, found
        return found

    def _own_file_is_usable(self, kind: Kind, path: Path) -> bool:
        seen = stamp(path)
        if seen is None:
            return False
        if self._usable.get(path) == seen:
            return True
        fault = self._fault(kind, path)
        if fault is not None:
            aside.move(self._root, path, fault)
            return False
        if len(self._usable) >= _REMEMBERED_MAX:
            self._usable.clear()  # they are checked again when they are asked for
        self._usable[path] = seen
        return True

    def _fault(self, kind: Kind, path: Path) -> str | None:
        """Say what is wrong with a drop: not Parquet, changed since its run, or another table.

        Raises OSError when the file cannot be read now, which says nothing about the file.
        """
        with path.open("rb") as content:
            head = content.read(4)
            content.seek(max(path.stat().st_size - 4, 0))
            if head != _MAGIC or content.read(4) != _MAGIC:
                return "truncated, or not a Parquet file"
        run = runs.read(self._root, folders.network_of(path), path.stem)
        if run and kind in run.drops and run.drops[kind].sha256 != sha256_of(path):
            return "changed since it was written: its digest differs from the run's record"
        try:
            names = set(pl.read_parquet_schema(path))
        except pl.exceptions.PolarsError as error:
            return f"cannot be read: {error}".splitlines()[0]
        missing = REQUIRED[kind] - names
        return f"another table: no column {', '.join(sorted(missing))}" if missing else None


def _runs_of(kind: Kind, path: Path) -> dict[str, DropRecord]:
    """Read which runs a merged file holds; raises ValueError when it is none or not whole."""
    missing = (REQUIRED[kind] | set(IN_DAY)) - set(pl.read_parquet_schema(path))
    if missing:
        raise ValueError(f"another table: no column {', '.join(sorted(missing))}")
    try:
        found = RUNS_OF_DAY.validate_json(pl.read_parquet_metadata(path).get(RUNS_KEY, ""))
    except ValidationError:
        raise ValueError("it does not name its runs") from None
    rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    if rows != sum(run.rows for run in found.values()):
        raise ValueError(f"it has {rows} rows, not those of its runs")
    return found

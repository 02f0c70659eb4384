"""The lake: what the networks said, as Parquet drops that are never changed once published.

    offers/network=akash/day=2026-11-23/<run>.parquet     providers/…  rejects/…  the same
    offers/network=akash/day=2026-11-22/day.parquet       a finished day's drops, merged
    runs/network=akash/day=2026-11-23/<run>.json          one record per ingest; day.jsonl
    daily/…  bands/…                                      finished days (data/rollups.py)
    keep/…                                                what retention must not touch
    set-aside/…                                           files that could not be used, and why

A drop is written under a temporary name, made durable and renamed, so readers in other processes
never see half of one and nobody takes a lock. A path names a run's drop, whether it still has a
file of its own or lies in its day's merged one. DuckDB answers SQL over many drops, Polars reads a
whole one.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from data import aside, folders, runs
from data.checks import Checks, stamp
from data.duck import Damaged, Duck
from data.files import TEMPORARY_SUFFIX, publish, sha256_of, sync_folder
from data.scan import Meter, Scan
from data.schemas import IN_DAY, REJECT_SCHEMA, SCHEMAS
from engine.runs import DropRecord, Kind, RunRecord, is_run_id, run_id_after

__all__ = ["REJECT_SCHEMA", "SCHEMAS", "BrokenLake", "Busy", "Lake"]

_FOLDERS = (*SCHEMAS, "runs", "daily", "bands", "set-aside", "locks", "seeds", "keep")
_ABANDONED = timedelta(hours=1)
_READ_ATTEMPTS = 5  # each failed one sets a file aside, finds one merged meanwhile, or gives up


class Busy(Exception):
    """Another process is ingesting this network right now: let it finish."""


class BrokenLake(Exception):
    """The folder cannot be used: the message says why and what to do."""


class Lake:
    """The market folder. Many processes may open the same one; a Lake may be shared by threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.duck = Duck(root / "spill")
        self.meter = Meter()
        self._checks = Checks(root)
        try:
            for name in _FOLDERS:
                (root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BrokenLake(
                f"{root} cannot be written ({error.strerror}): set NECTO_LAKE or NECTO_HOME"
            ) from error

    @contextlib.contextmanager
    def ingesting(self, network: str) -> Iterator[None]:
        """Be the only process that ingests this network; raises Busy at once otherwise."""
        lock = FileLock(self.root / "locks" / f"{network}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Busy(f"{network} is being read by another process") from None
        try:
            yield
        finally:
            lock.release()

    def measured(self) -> contextlib.AbstractContextManager[Scan]:
        """Count the files, rows and bytes that are read inside the block."""
        return self.meter.measured()

    def new_run_id(self, network: str, now: datetime) -> str:
        """Return the next run's id; call it while ``ingesting`` the network."""
        return run_id_after(next(self.run_ids(network), None), now)

    def save(self, kind: Kind, network: str, run_id: str, frame: pl.DataFrame) -> DropRecord:
        """Publish one drop and return its size and digest."""
        final = folders.of_run(self.root, kind, network, run_id, ".parquet")
        final.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(final.parent.parent)
        temporary = final.with_name(f"{final.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
        self.duck.write_parquet(frame, temporary)
        record = DropRecord(
            rows=frame.height, sha256=sha256_of(temporary), bytes=temporary.stat().st_size
        )
        publish(temporary, final)
        return record

    def record(self, run: RunRecord) -> None:
        """Remember a run, after its drops are published."""
        runs.write(self.root, run)

    def networks(self) -> list[str]:
        """Every network with a run or a drop, by name."""
        found = {name for kind in ("runs", "offers") for name in folders.names(self.root / kind)}
        return sorted(n.removeprefix("network=") for n in found if n.startswith("network="))

    def run_ids(self, network: str) -> Iterator[str]:
        """Run ids, newest first; reads one day's folder at a time."""
        return runs.ids(self.root, network)

    def run(self, network: str, run_id: str) -> RunRecord | None:
        """Return a run's record; one that cannot be read is set aside and counts as none."""
        return runs.read(self.root, network, run_id)

    def newest_drop(self, kind: Kind, network: str) -> Path | None:
        """Return the newest usable drop; unusable ones on the way are set aside."""
        return next(self.newest_drops(kind, network), None)

    def newest_drops(self, kind: Kind, network: str) -> Iterator[Path]:
        """Yield the usable drops, newest first; no more are looked at than are taken."""
        home = folders.of(self.root, kind, network)
        for day in folders.days(home):
            for path in self._on(kind, home / f"day={day}"):
                if self._checks.is_usable(kind, path):
                    yield path

    def days(self, kind: Kind, network: str, since: date | None = None) -> list[date]:
        """Return the days on which drops were published, oldest first."""
        return [*folders.days(folders.of(self.root, kind, network), since)][::-1]

    def newest_day(self, kind: Kind, network: str) -> date | None:
        """Return the last day on which a drop was published."""
        return next(folders.days(folders.of(self.root, kind, network)), None)

    def drops_on(self, kind: Kind, network: str, day: date) -> list[Path]:
        """Return every usable drop of one day, newest first."""
        folder = folders.of_day(self.root, kind, network, day)
        return [path for path in self._on(kind, folder) if self._checks.is_usable(kind, path)]

    def own_files_on(self, kind: Kind, network: str, day: date) -> list[Path]:
        """Return the usable drops of one day that have a file of their own, oldest first."""
        return [path for path in self.drops_on(kind, network, day)[::-1] if path.exists()]

    def merged_on(self, kind: Kind, network: str, day: date) -> dict[str, DropRecord]:
        """Return the runs in a day's merged file, with the rows and digests of their own files."""
        return dict(self._checks.merged(kind, folders.of_day(self.root, kind, network, day)))

    def frame(self, kind: Kind, drops: Sequence[Path], columns: Sequence[str]) -> pl.DataFrame:
        """Return whole drops as one frame; a damaged one is set aside and left out.

        Polars reads a drop about 60 times faster than DuckDB hands one over
        (docs/decisions/0002-parquet-drops.md); SQL stays with ``query``.
        """
        schema = {name: SCHEMAS[kind][name] for name in columns}
        frames = [pl.DataFrame(schema=schema)]
        for path in drops:
            rows = self._read(path, columns)
            if rows is not None:
                absent = [pl.lit(None, schema[n]).alias(n) for n in columns if n not in rows]
                frames.append(rows.with_columns(absent).select(columns).cast(schema))  # type: ignore[arg-type]
        return pl.concat(frames)

    def query(
        self, kind: Kind, drops: Sequence[Path], sql: str, parameters: Sequence[object] = ()
    ) -> pl.DataFrame:
        """Run SQL over the view ``drops``: these drops, with every column of the declared schema.

        ``run_id`` says whose run a row is. A file that turns out to be damaged is set aside, and
        the query answers without it.
        """
        remaining = list(drops)
        for _ in range(_READ_ATTEMPTS):
            files = self._files(remaining)
            seen = [stamp(path) for path in files]
            try:
                return self._query(kind, remaining, files, sql, parameters)
            except Damaged as error:
                remaining = self.whole(remaining)
                if self._files(remaining) == files and [stamp(path) for path in files] == seen:
                    raise BrokenLake(f"{self.root} cannot be read: {error}") from error
        raise BrokenLake(f"{self.root}: too many damaged files at once; see set-aside/")

    def whole(self, drops: Sequence[Path]) -> list[Path]:
        """Return the drops that can be read to the last value; the others are set aside."""
        return [path for path in drops if self._read(path, None) is not None]

    def set_aside(self, path: Path, reason: str) -> None:
        """Move an unusable file out of the way, with the reason beside it."""
        aside.move(self.root, path, reason)

    def aside(self) -> dict[str, str]:
        """Return the files set aside, by name, with the reason."""
        return aside.listed(self.root)

    def tidy(self, now: datetime) -> None:
        """Set aside files that no run published: half-written ones that are old, foreign ones."""
        for kind in (*SCHEMAS, "runs", "daily", "bands"):
            for path in (p for p in (self.root / kind).rglob("*") if p.is_file()):
                age = now.timestamp() - path.stat().st_mtime
                if path.name.endswith(TEMPORARY_SUFFIX):
                    if age > _ABANDONED.total_seconds():
                        self.set_aside(path, "never finished: its writer stopped half-way")
                elif kind in SCHEMAS and not _is_ours(path):
                    self.set_aside(path, "not a file that Necto wrote")

    def _on(self, kind: Kind, folder: Path) -> list[Path]:
        """Return the drops of a day's folder, newest first, each once."""
        found = {*folders.run_ids(folder, ".parquet"), *self._checks.merged(kind, folder)}
        return [folder / f"{run_id}.parquet" for run_id in sorted(found, reverse=True)]

    def _read(self, path: Path, columns: Sequence[str] | None) -> pl.DataFrame | None:
        """Return a drop's rows as they were published; None when it is gone or set aside.

        All columns when none are named, else those it has of them.
        """
        merged = path.with_name(folders.DAY_FILE)
        for file in (path, merged, merged):  # a day may be merged while we are reading
            seen = stamp(file)
            try:
                held = list(pl.read_parquet_schema(file))
                self.meter.count(file)
                names = [n for n in held if n not in IN_DAY and (columns is None or n in columns)]
                if file is path:
                    return pl.read_parquet(path, columns=names)
                rows = pl.scan_parquet(merged).filter(pl.col("run_id") == path.stem)
                return rows.sort("position").select(names).collect()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BrokenLake(f"{file} cannot be read now: {error}") from error
            except pl.exceptions.PolarsError as error:
                if stamp(file) != seen:
                    continue  # it was replaced while it was read
                self.set_aside(file, f"cannot be read: {error}".splitlines()[0])
        return None

    def _files(self, drops: Sequence[Path]) -> list[Path]:
        """Return the files that hold these drops now, each once."""
        own = (path if path.exists() else path.with_name(folders.DAY_FILE) for path in drops)
        return [path for path in dict.fromkeys(own) if path.exists()]

    def _query(
        self,
        kind: Kind,
        drops: Sequence[Path],
        files: Sequence[Path],
        sql: str,
        parameters: Sequence[object],
    ) -> pl.DataFrame:
        self.meter.count(*files)
        columns = ", ".join(f'"{name}"' for name in SCHEMAS[kind])  # "at" is a keyword
        own = set(files)
        wanted = [str(path.with_suffix("")) for path in drops if path not in own]
        view = (
            f"WITH drops AS (SELECT {columns}, "  # noqa: S608 - our own column names
            "coalesce(run_id, parse_filename(filename, true)) AS run_id FROM "
            "read_parquet(?, union_by_name = true, hive_partitioning = false, filename = true) f "
            "WHERE f.run_id IS NULL "
            "OR parse_dirpath(filename) || '/' || f.run_id IN (SELECT unnest(?::VARCHAR[]))) "
        )
        return self.duck.frame(
            view + sql, [[str(self._seed(kind)), *map(str, files)], wanted, *parameters]
        )

    def _seed(self, kind: Kind) -> Path:
        """Return an empty drop with every declared column: older drops may lack some."""
        schema = {**SCHEMAS[kind], **IN_DAY}
        version = hashlib.sha256(repr(schema).encode()).hexdigest()[:12]
        path = self.root / "seeds" / f"{kind}-{version}.parquet"
        if not path.exists():
            temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
            self.duck.write_parquet(pl.DataFrame(schema=schema), temporary)
            publish(temporary, path)
        return path


def _is_ours(path: Path) -> bool:
    return path.suffix == ".parquet" and (is_run_id(path.stem) or path.name == folders.DAY_FILE)

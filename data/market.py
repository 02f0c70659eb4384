"""The lake: what the networks said, as Parquet drops that are never changed once published.

    offers/network=akash/day=2026-11-23/<run>.parquet     providers/…  rejects/…  the same
    runs/network=akash/day=2026-11-23/<run>.json          one record per ingest
    set-aside/…                                           files that could not be used, and why

A drop is written under a temporary name, made durable and renamed, so readers in other processes
never see half of one and nobody takes a lock. DuckDB answers SQL over many drops, Polars reads a
whole one.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
from filelock import FileLock, Timeout
from pydantic import ValidationError

from data import aside
from data.duck import DAMAGED, Duck
from data.files import TEMPORARY_SUFFIX, publish, sha256_of, sync_folder, write_text
from engine.market import OFFER_SCHEMA, PROVIDER_SCHEMA
from engine.runs import DropRecord, Kind, RunRecord, is_day, is_run_id, moment_of, run_id_after
from engine.signals import SIGNAL_SCHEMA

REJECT_SCHEMA: Mapping[str, pl.DataType] = {
    "code": pl.String(),
    "reason": pl.String(),
    "row": pl.String(),
}
SCHEMAS: Mapping[Kind, Mapping[str, pl.DataType]] = {
    "offers": OFFER_SCHEMA,
    "providers": PROVIDER_SCHEMA,
    "rejects": REJECT_SCHEMA,
    "signals": SIGNAL_SCHEMA,
}
_REQUIRED: Mapping[Kind, frozenset[str]] = {
    "offers": frozenset({"offer_id", "network", "gpu_name", "gpu_count", "usd_per_hour"}),
    "providers": frozenset({"network", "provider_id"}),
    "rejects": frozenset({"code", "reason"}),
    "signals": frozenset({"network", "signal", "at"}),
}
_ABANDONED = timedelta(hours=1)
_MAGIC = b"PAR1"
_REMEMBERED_MAX = 10_000  # checked files; some 500 are added a day
_READ_ATTEMPTS = 5  # each failed one sets at least one file aside or gives up


class Busy(Exception):
    """Another process is ingesting this network right now: let it finish."""


class BrokenLake(Exception):
    """The folder cannot be used: the message says why and what to do."""


class Lake:
    """The market folder. Many processes may open the same one; a Lake may be shared by threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._duck = Duck()
        self._usable: dict[Path, tuple[int, int]] = {}
        try:
            for name in (*SCHEMAS, "runs", "daily", "set-aside", "locks", "seeds"):
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

    def new_run_id(self, network: str, now: datetime) -> str:
        """Return the next run's id; call it while ``ingesting`` the network."""
        return run_id_after(next(self.run_ids(network), None), now)

    def save(self, kind: Kind, network: str, run_id: str, frame: pl.DataFrame) -> DropRecord:
        """Publish one drop and return its size and digest."""
        final = self._path(kind, network, run_id, ".parquet")
        final.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(final.parent.parent)
        temporary = final.with_name(f"{final.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
        self._duck.write_parquet(frame, temporary)
        record = DropRecord(
            rows=frame.height, sha256=sha256_of(temporary), bytes=temporary.stat().st_size
        )
        publish(temporary, final)
        return record

    def record(self, run: RunRecord) -> None:
        """Remember a run, after its drops are published."""
        path = self._path("runs", run.network, run.run_id, ".json")
        write_text(path, run.model_dump_json(indent=1))

    def networks(self) -> list[str]:
        """Every network with a run or a drop, by name."""
        found = {p.name for kind in ("runs", "offers") for p in self._folders(self.root / kind)}
        return sorted(name.removeprefix("network=") for name in found if "network=" in name)

    def run_ids(self, network: str) -> Iterator[str]:
        """Run ids, newest first; reads one day's folder at a time."""
        return (path.stem for path in self._newest_first("runs", network, ".json"))

    def run(self, network: str, run_id: str) -> RunRecord | None:
        """Return a run's record; one that cannot be read is set aside and counts as none."""
        path = self._path("runs", network, run_id, ".json")
        try:
            return RunRecord.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            self.set_aside(path, "not a run record")
            return None

    def newest_drop(self, kind: Kind, network: str) -> Path | None:
        """Return the newest usable drop; unusable ones on the way are set aside."""
        drops = self._newest_first(kind, network, ".parquet")
        return next((path for path in drops if self._is_usable(kind, path)), None)

    def days(self, kind: Kind, network: str) -> list[date]:
        """Return the days on which drops were published, oldest first."""
        names = (p.name.removeprefix("day=") for p in self._folders(self._of(kind, network)))
        return sorted(date.fromisoformat(name) for name in names if is_day(name))

    def drops_on(self, kind: Kind, network: str, day: date) -> list[Path]:
        """Return every usable drop of one day, newest first."""
        folder = self._of(kind, network) / f"day={day}"
        return [path for path in self._sorted(folder, ".parquet") if self._is_usable(kind, path)]

    def frame(self, kind: Kind, drops: Sequence[Path], columns: Sequence[str]) -> pl.DataFrame:
        """Return whole drops as one frame; a damaged one is set aside and left out.

        Polars reads a drop about 60 times faster than DuckDB hands one over
        (docs/decisions/0002-parquet-drops.md); SQL stays with ``query``.
        """
        schema = {name: SCHEMAS[kind][name] for name in columns}
        frames = [pl.DataFrame(schema=schema)]
        for path in drops:
            try:
                held = pl.read_parquet_schema(path)
                rows = pl.read_parquet(path, columns=[name for name in columns if name in held])
                absent = [pl.lit(None, schema[n]).alias(n) for n in columns if n not in held]
                frames.append(rows.with_columns(absent).select(columns).cast(schema))  # type: ignore[arg-type]
            except FileNotFoundError:
                continue  # another process set it aside
            except OSError as error:
                raise BrokenLake(f"{path} cannot be read now: {error}") from error
            except pl.exceptions.PolarsError as error:
                self.set_aside(path, f"cannot be read: {error}".splitlines()[0])
        return pl.concat(frames)

    def query(
        self, kind: Kind, drops: Sequence[Path], sql: str, parameters: Sequence[object] = ()
    ) -> pl.DataFrame:
        """Run SQL over the view ``drops``: these files, with every column of the declared schema.

        A file that turns out to be damaged is set aside, and the query answers without it.
        """
        remaining = list(drops)
        for _ in range(_READ_ATTEMPTS):
            try:
                return self._query(kind, remaining, sql, parameters)
            except DAMAGED as error:
                remaining = self._without_damaged(remaining, error)
        raise BrokenLake(f"{self.root}: too many damaged files at once; see set-aside/")

    def set_aside(self, path: Path, reason: str) -> None:
        """Move an unusable file out of the way, with the reason beside it."""
        aside.move(self.root, path, reason)

    def aside(self) -> dict[str, str]:
        """Return the files set aside, by name, with the reason."""
        return aside.listed(self.root)

    def tidy(self, now: datetime) -> None:
        """Set aside files that no run published: half-written ones that are old, foreign ones."""
        for kind in SCHEMAS:
            for path in (p for p in (self.root / kind).rglob("*") if p.is_file()):
                age = now.timestamp() - path.stat().st_mtime
                if path.name.endswith(TEMPORARY_SUFFIX):
                    if age > _ABANDONED.total_seconds():
                        self.set_aside(path, "never finished: its writer stopped half-way")
                elif path.suffix != ".parquet" or not is_run_id(path.stem):
                    self.set_aside(path, "not a file that Necto wrote")

    def _path(self, kind: str, network: str, run_id: str, suffix: str) -> Path:
        day = moment_of(run_id).date().isoformat()
        return self._of(kind, network) / f"day={day}" / f"{run_id}{suffix}"

    def _newest_first(self, kind: str, network: str, suffix: str) -> Iterator[Path]:
        for day in sorted(self._folders(self._of(kind, network)), reverse=True):
            yield from self._sorted(day, suffix)

    def _of(self, kind: str, network: str) -> Path:
        return self.root / kind / f"network={network}"

    @staticmethod
    def _sorted(folder: Path, suffix: str) -> list[Path]:
        """Return the files of runs in a day's folder, newest first."""
        names = folder.iterdir() if folder.is_dir() else ()
        return sorted((p for p in names if p.suffix == suffix and is_run_id(p.stem)), reverse=True)

    @staticmethod
    def _folders(parent: Path) -> list[Path]:
        return [p for p in parent.iterdir() if p.is_dir()] if parent.is_dir() else []

    def _is_usable(self, kind: Kind, path: Path) -> bool:
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            seen = (stat.st_mtime_ns, stat.st_size)
            if self._usable.get(path) == seen:
                return True
            fault = self._fault(kind, path)
            if fault is None:
                if len(self._usable) >= _REMEMBERED_MAX:
                    self._usable.clear()  # they are checked again when they are asked for
                self._usable[path] = seen
                return True
            self.set_aside(path, fault)
        return False

    def _fault(self, kind: Kind, path: Path) -> str | None:
        """Say what is wrong with a drop: not Parquet, changed since its run, or another table.

        Raises OSError when the file cannot be read now, which says nothing about the file.
        """
        with path.open("rb") as content:
            head = content.read(4)
            content.seek(max(path.stat().st_size - 4, 0))
            if head != _MAGIC or content.read(4) != _MAGIC:
                return "truncated, or not a Parquet file"
        network = path.parent.parent.name.removeprefix("network=")
        run = self.run(network, path.stem)
        if run and kind in run.drops and run.drops[kind].sha256 != sha256_of(path):
            return "changed since it was written: its digest differs from the run's record"
        try:
            names = set(pl.read_parquet_schema(path))
        except pl.exceptions.PolarsError as error:
            return f"cannot be read: {error}".splitlines()[0]
        missing = _REQUIRED[kind] - names
        return f"another table: no column {', '.join(sorted(missing))}" if missing else None

    def _without_damaged(self, drops: Sequence[Path], error: duckdb.Error) -> list[Path]:
        """Return the drops that can be read to the last value; the others are set aside."""
        whole: list[Path] = []
        for path in drops:
            try:
                pl.read_parquet(path)
                whole.append(path)
            except FileNotFoundError:
                continue
            except OSError as fault:
                raise BrokenLake(f"{path} cannot be read now: {fault}") from fault
            except pl.exceptions.PolarsError as fault:
                self.set_aside(path, f"cannot be read: {fault}".splitlines()[0])
        if len(whole) == len(drops):
            raise BrokenLake(f"{self.root} cannot be read: {error}") from error
        return whole

    def _query(
        self, kind: Kind, drops: Sequence[Path], sql: str, parameters: Sequence[object]
    ) -> pl.DataFrame:
        columns = ", ".join(SCHEMAS[kind])
        files = [str(path) for path in (self._seed(kind), *drops)]
        view = (
            f"WITH drops AS (SELECT {columns} FROM "  # noqa: S608 - our own column names
            "read_parquet(?, union_by_name = true, hive_partitioning = false)) "
        )
        return self._duck.frame(view + sql, [files, *parameters])

    def _seed(self, kind: Kind) -> Path:
        """Return an empty drop with every declared column: older drops may lack some."""
        version = hashlib.sha256(repr(SCHEMAS[kind]).encode()).hexdigest()[:12]
        path = self.root / "seeds" / f"{kind}-{version}.parquet"
        if not path.exists():
            temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
            self._duck.write_parquet(pl.DataFrame(schema=dict(SCHEMAS[kind])), temporary)
            publish(temporary, path)
        return path

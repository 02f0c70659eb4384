"""A finished day's many small drops become one file; its run records one list.

    offers/network=akash/day=2026-11-22/day.parquet    runs/…/day.jsonl

The merged file is published before the small ones go, and a reader takes a run from its own file
first, so whatever stops this half-way, every run is there and counted once; the next time cleans
up. The rows of one thing lie together, run after run: they hardly differ, so they take little room.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import duckdb

from data import folders, runs
from data.aside import keep_copy
from data.checks import RUNS_KEY, RUNS_OF_DAY
from data.duck import Damaged
from data.faults import RecordsFault
from data.files import TEMPORARY_SUFFIX, publish, sha256_of, sync_folder, write_text
from data.keeping import kept
from data.market import BrokenLake, Lake
from data.schemas import ALIKE, SCHEMAS
from engine.runs import DropRecord, Kind

DAYS_MAX = 100
_ATTEMPTS = 5  # each failed one sets at least one file aside or gives up
_ROOM = 2  # a merged day needs at most its own size again; leave as much for the readings

_SQL = """
    SELECT * EXCLUDE (filename, file_row_number), parse_filename(filename, true) AS run_id,
           file_row_number AS position
    FROM read_parquet(?, union_by_name = true, hive_partitioning = false, filename = true,
                      file_row_number = true)"""
_ALL = "SELECT * FROM read_parquet(?, hive_partitioning = false)"
_WITH_MERGED = f" UNION ALL BY NAME {_ALL}"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compaction did: days merged (one per kind), the files they were, and their size.

    ``problems``: days that could not be merged and stay as they are, each with its reason.
    """

    days: int = 0
    files: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: "Compacted") -> "Compacted":
        return Compacted(
            self.days + other.days,
            self.files + other.files,
            self.bytes_before + other.bytes_before,
            self.bytes_after + other.bytes_after,
            self.problems + other.problems,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged file that is published, and the runs whose own files go now that it holds them.

    ``name`` is the file's in the lake; ``was``: the digest of the merged file that it replaced.
    """

    network: str
    kind: Kind
    day: date
    name: str
    sha256: str
    bytes: int
    was: str | None
    runs: Mapping[str, DropRecord]


Told = Callable[[Merged], None]


def compact(
    lake: Lake,
    network: str,
    now: datetime,
    protected: Collection[str] = (),
    told: Told = lambda _: None,
) -> Compacted:
    """Merge the drops and run records of a network's finished days. Call it while ingesting.

    ``told`` hears of every merged file before the drops in it go; what it raises keeps them.

    Never the newest drop of a kind, which pages read, nor a run that is ``protected`` or that
    ``data.keeping`` names. A damaged drop is set aside with its reason and the others are merged. A
    day that cannot be merged (a full disk, say) stays as it is and is named in ``problems``. At
    most ``DAYS_MAX`` are merged at once, oldest first, so that readings do not wait; call it again.
    """
    today = now.astimezone(UTC).date()
    done = Compacted()
    for kind in SCHEMAS:
        newest = lake.newest_drop(kind, network)
        spared = {*protected, *kept(lake, network), *([newest.stem] if newest else [])}
        for day in lake.days(kind, network):
            if day < today and done.days < DAYS_MAX:
                merge = partial(_merge_day, lake, kind, network, day, spared, told)
                done += _tried(merge, f"{network} {kind} {day}")
    home = folders.of(lake.root, "runs", network)
    for day in sorted(folders.days(home)):
        if day < today and done.days < DAYS_MAX:
            merge = partial(_merge_records, lake, home / f"day={day}")
            done += _tried(merge, f"{network} runs {day}")
    return done


def _tried(merge: Callable[[], Compacted], what: str) -> Compacted:
    try:
        return merge()
    except (BrokenLake, Damaged, OSError, RecordsFault, duckdb.Error) as error:
        return Compacted(problems=(f"{what} is not merged: {error}".splitlines()[0],))


def _merge_day(
    lake: Lake, kind: Kind, network: str, day: date, spared: Collection[str], told: Told
) -> Compacted:
    own = [path for path in lake.own_files_on(kind, network, day) if path.stem not in spared]
    merged = lake.merged_on(kind, network, day)
    fresh = [path for path in own if path.stem not in merged]
    if len(fresh) + len(merged) < 2:  # noqa: PLR2004 - one file is as good as another
        fresh = []
    target = folders.of_day(lake.root, kind, network, day) / folders.DAY_FILE
    before = sum(path.stat().st_size for path in own)
    size = _size(target)
    was = sha256_of(target) if fresh and target.exists() else None
    if fresh:
        _write(lake, kind, fresh, merged, target)
    # A file of its own is gone only when the merged file, as it lies on the disk, names its run.
    # One that a decision has begun to name meanwhile stays beside it.
    now_merged, named = lake.merged_on(kind, network, day), kept(lake, network)
    gone = [path for path in own if path.stem in now_merged and path.stem not in named]
    if not gone:
        return Compacted()
    told(
        Merged(
            network=network,
            kind=kind,
            day=day,
            name=target.relative_to(lake.root).as_posix(),
            sha256=sha256_of(target),
            bytes=_size(target),
            was=was,
            runs={path.stem: now_merged[path.stem] for path in gone},
        )
    )
    _remove(gone)
    return Compacted(1 if fresh else 0, len(gone), before, max(_size(target) - size, 0))


def _write(
    lake: Lake, kind: Kind, own: Sequence[Path], merged: Mapping[str, DropRecord], target: Path
) -> None:
    """Publish the merged file of these drops and of what was merged before."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    drops = list(own)
    for _ in range(_ATTEMPTS):
        if not drops:
            return
        sql, files = _SQL, [[str(path) for path in drops]]
        if merged:
            sql, files = sql + _WITH_MERGED, [*files, [str(target)]]
        order = ", ".join(f'"{name}"' for name in (*ALIKE[kind], "run_id", "position"))
        try:
            records = {path.stem: _record(lake, path) for path in drops} | dict(merged)
            _refuse_full_disk(target, sum(record.bytes for record in records.values()))
            named = RUNS_OF_DAY.dump_json(records).decode()
            lake.duck.copy(f"{sql} ORDER BY {order}", files, temporary, **{RUNS_KEY: named})
        except Damaged as error:
            whole = lake.whole(drops)
            lake.whole([target.with_name(f"{run_id}.parquet") for run_id in merged])
            known = merged if target.exists() else {}
            if (len(whole), len(known)) == (len(drops), len(merged)):
                raise BrokenLake(f"{target.parent} cannot be merged: {error}") from error
            drops, merged = whole, known
            continue
        _refuse_other_rows(lake, temporary, sql, files)
        publish(temporary, target)
        return


def _record(lake: Lake, path: Path) -> DropRecord:
    """Return what a run's record says of its drop: rows, bytes and the digest of its own file."""
    rows = lake.duck.frame("SELECT count(*) AS rows FROM read_parquet(?)", [str(path)])
    return DropRecord(rows=rows["rows"][0], sha256=sha256_of(path), bytes=path.stat().st_size)


def _refuse_other_rows(lake: Lake, path: Path, sql: str, files: Sequence[object]) -> None:
    """Read the new file back and compare every value, run by run, before anything is removed."""
    summed = "SELECT run_id, count(*), bit_xor(hash(d)) FROM ({}) d GROUP BY run_id ORDER BY run_id"
    expected = lake.duck.frame(summed.format(sql), files)
    found = lake.duck.frame(summed.format(_ALL), [str(path)])
    if not found.equals(expected):
        path.unlink()
        raise BrokenLake(f"{path} does not hold the rows that were merged: nothing was removed")


def _refuse_full_disk(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed * _ROOM:
        raise BrokenLake(f"{target.parent} is not merged: only {free} bytes are free on the disk")


def _merge_records(lake: Lake, folder: Path) -> Compacted:
    target = folder / folders.DAY_RECORDS
    paths = [folder / f"{run_id}.json" for run_id in folders.run_ids(folder, ".json")]
    found, spoilt = runs.lines(folder)
    if not paths and not spoilt:
        return Compacted()
    if spoilt:
        keep_copy(lake.root, target, f"{len(spoilt)} lines are no run records; the others stay")
    size = _size(target)
    before = 0
    for path in paths:
        run = lake.run(folders.network_of(path), path.stem)  # sets aside what is no record
        if run and path.exists():
            before += path.stat().st_size
            found[path.stem] = run.model_dump_json()
    write_text(target, "".join(f"{found[run_id]}\n" for run_id in sorted(found)))
    _remove([path for path in paths if path.stem in found])
    return Compacted(int(bool(paths)), len(paths), before, max(_size(target) - size, 0))


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)


def _size(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0

"""What may be forgotten: the drops of days that are long over and stand in the daily tables.

Never forgotten: daily prices, bands, run records, signals (no table holds them), the newest drop of
every kind, and the runs of ``data.keeping``.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from data import folders
from data.files import sha256_of, sync_folder
from data.history import is_rolled_up
from data.keeping import kept
from data.market import Lake
from engine.runs import Kind

KINDS: tuple[Kind, ...] = ("rejects", "providers", "offers")
"""What is removed, offers last: a day that was left half-way is found again."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What retention removed; ``days_waiting`` are old, but not yet in the daily tables."""

    days: int = 0
    files: int = 0
    bytes: int = 0
    days_waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """The files of a day that go: their digests (SHA-256, hexadecimal) by name in the lake."""

    network: str
    day: date
    files: Mapping[str, str]


Told = Callable[[Retired], None]


def retain(
    lake: Lake,
    network: str,
    now: datetime,
    keep_days: int,
    protected: Collection[str] = (),
    told: Told = lambda _: None,
) -> Removed:
    """Remove a network's drops older than ``keep_days`` (0: none). Call it while ingesting.

    ``protected``: run ids to spare beside those of ``data.keeping``. A merged day stays whole when
    one of its runs is spared. ``told`` hears of every day's files before they go; what it raises
    keeps them.
    """
    if keep_days <= 0:
        return Removed()
    oldest = now.astimezone(UTC).date() - timedelta(days=keep_days)
    newest = (lake.newest_drop(kind, network) for kind in KINDS)
    spared = {*protected, *kept(lake, network), *(path.stem for path in newest if path)}
    days = sorted({day for kind in KINDS for day in lake.days(kind, network) if day < oldest})
    ready = [day for day in days if _needs_no_drops(lake, network, day)]
    sizes = [_removed(lake, network, day, spared, told) for day in ready]
    return Removed(
        days=sum(1 for found in sizes if found),
        files=sum(len(found) for found in sizes),
        bytes=sum(sum(found) for found in sizes),
        days_waiting=len(days) - len(ready),
    )


def _needs_no_drops(lake: Lake, network: str, day: date) -> bool:
    return is_rolled_up(lake, network, day) or not lake.drops_on("offers", network, day)


def _removed(lake: Lake, network: str, day: date, spared: Collection[str], told: Told) -> list[int]:
    """Remove a day's files that nobody needs; returns their sizes."""
    gone = [
        path
        for kind in KINDS
        for path in _unneeded(lake, kind, network, day, spared)
        if path.exists()
    ]
    named = kept(lake, network)  # also by a decision that was made meanwhile
    gone = [path for path in gone if path.stem not in named]
    if gone:
        names = {path.relative_to(lake.root).as_posix(): sha256_of(path) for path in gone}
        told(Retired(network=network, day=day, files=names))
    sizes: list[int] = []
    for path in gone:
        with contextlib.suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            sizes.append(size)
    for kind in KINDS:
        folder = folders.of_day(lake.root, kind, network, day)
        sync_folder(folder)
        with contextlib.suppress(OSError):  # something is left in it, or it is gone already
            folder.rmdir()
    return sizes


def _unneeded(
    lake: Lake, kind: Kind, network: str, day: date, spared: Collection[str]
) -> Iterator[Path]:
    folder = folders.of_day(lake.root, kind, network, day)
    merged = lake.merged_on(kind, network, day)
    if merged and not set(merged) & set(spared):
        yield folder / folders.DAY_FILE
    for run_id in folders.run_ids(folder, ".parquet"):
        if run_id not in spared:
            yield folder / f"{run_id}.parquet"

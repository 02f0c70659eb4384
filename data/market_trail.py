"""What happens to the lake, in the house book: each reading, what was merged, what was removed.

Files first: a reading's drops are published and its run is recorded in the lake, then its entry is
committed. Merged and old drops are removed only after the entry that tells their digests, so that a
file that is gone was either removed by Necto, which the trail says, or is lost.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice

from sqlalchemy import Connection, select

from data import folders
from data.compaction import Merged
from data.files import sha256_of
from data.market import Busy, Lake
from data.records import Records
from data.retention import Retired
from data.schemas import SCHEMAS
from data.tables import entries
from data.unit import Transaction
from engine.canonical import Json, canonical, digest, plain
from engine.commands import Command, Failed
from engine.people import Actor, job
from engine.runs import DropRecord, Kind, RunRecord, moment_of
from engine.trail import FileRef

Opened = Callable[[], Records]
"""Opens the house book, or gives the open one; raises RecordsFault."""

READ, RECOVERED = "market.read", "market.recovered"
COMPACTED, RETIRED = "market.compacted", "market.retired"
INGEST, RECOVERY, UPKEEP = job("ingest"), job("recovery"), job("upkeep")
RUNS_MAX = 50
"""So many of a network's newest runs are looked at for a missing entry; older ones stay as they
are: a lake that is older than its house book has no entries of before."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as its entry tells it."""

    network: str
    run_id: str
    body: Mapping[str, object]
    result: Mapping[str, object]
    files: tuple[FileRef, ...]
    has_failed: bool

    @property
    def key(self) -> str:
        return _key(self.network, self.run_id)


def enter_run(records: Records, run: RunRecord) -> None:
    """Commit the entry of a run whose drops are published; entering twice is entering once.

    A failed run has an entry too, which says so and what it said. Raises RecordsFault.
    """
    told = _told(run)
    records.perform(_command(told, READ, INGEST), partial(_act, run=told))


def enter_merged(records: Records, merged: Merged, actor: Actor = UPKEEP) -> None:
    """Commit which drops a merged day stands for, before they go. Raises RecordsFault."""
    body = {
        "kind": merged.kind,
        "day": merged.day,
        "runs": {run_id: f"sha256:{drop.sha256}" for run_id, drop in merged.runs.items()},
        "replaces": f"sha256:{merged.was}" if merged.was else None,
        "merged": f"sha256:{merged.sha256}",
    }
    file = FileRef(merged.name, f"sha256:{merged.sha256}", merged.bytes)
    _enter(records, COMPACTED, merged.network, body, actor, [file])


def enter_retired(records: Records, retired: Retired, actor: Actor = UPKEEP) -> None:
    """Commit which files of a day are too old and go, before they do. Raises RecordsFault."""
    body = {
        "day": retired.day,
        "files": {name: f"sha256:{sha256}" for name, sha256 in retired.files.items()},
    }
    _enter(records, RETIRED, retired.network, body, actor, [])


def recover(records: Records, lake: Lake, most: int = RUNS_MAX) -> int:
    """Enter the newest runs of every network that have no entry; returns how many.

    A network that is being read is left for the next time. Raises RecordsFault.
    """
    count = 0
    for network in lake.networks():
        if not _missing(records, lake, network, most):
            continue
        try:
            with lake.ingesting(network):
                count += _recovered(records, lake, network, most)
        except Busy:
            continue
    return count


def missing(records: Records, lake: Lake, most: int) -> int:
    """Return how many of the newest runs of every network have no entry (yet)."""
    return sum(len(_missing(records, lake, network, most)) for network in lake.networks())


def run_files(run: RunRecord) -> tuple[FileRef, ...]:
    """Return the drops of a run by their names in the lake, as they were published."""
    return tuple(_ref(run.network, run.run_id, kind, drop) for kind, drop in run.drops.items())


def drop_name(network: str, run_id: str, kind: str) -> str:
    """Return the name in the lake of a run's own file."""
    return f"{kind}/network={network}/day={moment_of(run_id):%Y-%m-%d}/{run_id}.parquet"


def _recovered(records: Records, lake: Lake, network: str, most: int) -> int:
    """Enter a network's missing runs, oldest first; nobody reads it meanwhile."""
    found = _missing(records, lake, network, most)[::-1]
    with records.transaction() as unit:
        for run_id in found:
            record = lake.run(network, run_id)
            run = _told(record) if record else _untold(lake, network, run_id)
            unit.perform(_command(run, RECOVERED, RECOVERY), partial(_act, run=run))
    return len(found)


def _missing(records: Records, lake: Lake, network: str, most: int) -> list[str]:
    """Return a network's newest runs that have no entry, newest first."""
    newest = list(islice(_run_ids(lake, network), most))
    if not newest:
        return []
    with records.reading() as view:
        known = _known(view, [_key(network, run_id) for run_id in newest])
    return [run_id for run_id in newest if _key(network, run_id) not in known]


def _known(view: Connection, keys: Sequence[str]) -> frozenset[str]:
    asked = select(entries.c.request).where(entries.c.request.in_(keys))
    return frozenset(view.execute(asked).scalars())


def _run_ids(lake: Lake, network: str) -> Iterator[str]:
    """Yield every run with a record or a drop of its own, newest first, each once."""
    drops = (_drop_ids(lake, kind, network) for kind in SCHEMAS)
    before = None
    for run_id in merge(lake.run_ids(network), *drops, reverse=True):
        if run_id != before:
            yield run_id
        before = run_id


def _drop_ids(lake: Lake, kind: Kind, network: str) -> Iterator[str]:
    for day in folders.days(folders.of(lake.root, kind, network)):
        folder = folders.of_day(lake.root, kind, network, day)
        yield from sorted(folders.run_ids(folder, ".parquet"), reverse=True)


def _told(run: RunRecord) -> _Run:
    """Return a run as it was recorded. What foreign text cannot be written is replaced."""
    body = {
        "network": run.network,
        "run": run.run_id,
        "source_kind": run.source_kind,
        "started_at": run.started_at,
    }
    result = {
        "outcome": run.outcome,
        "message": run.message.encode("utf-8", "replace").decode(),
        "finished_at": run.finished_at,
        "rows": {kind: drop.rows for kind, drop in run.drops.items()},
        "rejects": run.reject_counts,
        "reference": run.reference_digest,
    }
    return _Run(run.network, run.run_id, body, result, run_files(run), run.outcome != "ok")


def _untold(lake: Lake, network: str, run_id: str) -> _Run:
    """Return a run whose writer stopped before recording it, as its drops tell."""
    found: list[FileRef] = []
    for kind in SCHEMAS:
        path = folders.of_run(lake.root, kind, network, run_id, ".parquet")
        if path.exists():
            drop = DropRecord(rows=0, sha256=sha256_of(path), bytes=path.stat().st_size)
            found.append(_ref(network, run_id, kind, drop))
    body = {"network": network, "run": run_id, "started_at": moment_of(run_id)}
    said = "its writer stopped before the run was recorded"
    result = {"outcome": "unrecorded", "message": said}
    return _Run(network, run_id, body, result, tuple(found), has_failed=not found)


def _act(unit: Transaction, run: _Run) -> object:
    for file in run.files:
        unit.vouch(file)
    return Failed(run.result) if run.has_failed else run.result


def _command(run: _Run, action: str, actor: Actor) -> Command:
    return Command.of(run.key, action, actor, f"network/{run.network}", run.body)


def _enter(
    records: Records,
    action: str,
    network: str,
    body: Mapping[str, object],
    actor: Actor,
    files: Sequence[FileRef],
) -> None:
    """Commit what is done with drops. The same once more, after a stop half-way, is the same."""
    whole = plain({"network": network, **body})
    key = f"{action}/{digest(canonical(whole))}"

    def act(unit: Transaction) -> Json:
        for file in files:
            unit.vouch(file)
        return {"network": network}

    records.perform(Command.of(key, action, actor, f"network/{network}", whole), act)


def _ref(network: str, run_id: str, kind: str, drop: DropRecord) -> FileRef:
    return FileRef(drop_name(network, run_id, kind), f"sha256:{drop.sha256}", drop.bytes)


def _key(network: str, run_id: str) -> str:
    return f"market/{network}/{run_id}"

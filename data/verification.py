"""The whole check of a book, in parts that are reported apart, and kept in its trail."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from data import checkpoints, guards
from data.faults import RecordsFault
from data.records import Records
from data.schema import guards_of
from data.trail_keys import verifiers
from data.verify import Progress, Report, check_entries, check_tree
from data.verify_ledger import check_ledger
from engine.commands import Command, Outcome
from engine.notes import BadNote, origin_of
from engine.people import Actor

ACTION = "audit.verified"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found, and how long each part took (seconds)."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)


def verify(
    records: Records,
    home: Path,
    held: Iterable[Path] = (),
    progress: Progress | None = None,
) -> Verified:
    """Check a book within one consistent view: tree, entries and facts, ledger, checkpoints.

    ``held``: further files of checkpoints, such as one that an auditor received earlier; those in
    ``NECTO_HOME`` are always compared. Writes nothing.
    """
    report, seconds = Report(), dict[str, float]()
    name = origin_of(records.installation, records.book)
    files = [*checkpoints.files(home, records.book), *held]
    with records.reading() as view:
        parts: dict[str, Callable[[], None]] = {
            "tree": lambda: check_tree(view, report, progress),
            "entries": lambda: check_entries(view, records.installation, records.book, report),
            "ledger": lambda: check_ledger(view, report),
            "checkpoints": lambda: checkpoints.check(view, report, verifiers(view), files, name),
            "guards": lambda: guards.check(view, guards_of(view.dialect.name)),
        }
        for part, check in parts.items():
            start = time.perf_counter()
            try:
                check()
            except (RecordsFault, BadNote, ValueError) as fault:
                report.found(part, f"cannot be checked: {fault}")
            seconds[part] = time.perf_counter() - start
    return Verified(report, seconds)


def keep(records: Records, found: Verified, key: str, actor: Actor) -> Outcome:
    """Keep in the trail that somebody checked it, up to where, and what was found."""
    report = found.report
    asked = Command.of(key, ACTION, actor, f"book/{records.book}", {"size": report.size})
    result = {
        "size": report.size,
        "root": report.root.hex(),
        "facts": report.facts,
        "checkpoints": report.checkpoints,
        "problems": [{"place": p.place, "what": p.what} for p in report.problems[:20]],
        "problem_count": len(report.problems) + report.more,
    }
    return records.perform(asked, lambda _: result)

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
from engine.verdicts import PROBLEMS_TOLD, PartTold, ProblemTold, Verdict

ACTION = "audit.verified"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found; by part, how long it took (seconds) and how many problems it found."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """What is told of it: the numbers, and the first problems."""
        report = self.report
        return Verdict(
            size=report.size,
            root=report.root.hex(),
            facts=report.facts,
            checkpoints=report.checkpoints,
            problems=[
                ProblemTold(place=p.place, what=p.what) for p in report.problems[:PROBLEMS_TOLD]
            ],
            problem_count=_count(report),
            parts=[
                PartTold(part=part, milliseconds=round(took * 1000), problems=self.problems[part])
                for part, took in self.seconds.items()
            ],
        )


def verify(
    records: Records,
    home: Path | None,
    held: Iterable[Path] = (),
    progress: Progress | None = None,
    begun: Callable[[str], None] = lambda _: None,
) -> Verified:
    """Check a book within one consistent view: pages, tree, facts, ledger, checkpoints, guards.

    ``held``: further files of checkpoints, such as one that an auditor received earlier; those in
    ``NECTO_HOME`` are compared too, unless ``home`` is None. ``begun`` hears the name of each
    part. Writes nothing.
    """
    report, seconds, problems = Report(), dict[str, float](), dict[str, int]()
    name = origin_of(records.installation, records.book)
    files = [*(checkpoints.files(home, records.book) if home else ()), *held]
    with records.reading() as view:
        parts: dict[str, Callable[[], None]] = {
            "pages": lambda: check_database(records, report),
            "tree": lambda: check_tree(view, report, progress),
            "entries": lambda: check_entries(view, records.installation, records.book, report),
            "ledger": lambda: check_ledger(view, report),
            "checkpoints": lambda: checkpoints.check(view, report, verifiers(view), files, name),
            "guards": lambda: guards.check(view, guards_of(view.dialect.name)),
        }
        for part, check in parts.items():
            begun(part)
            start, before = time.perf_counter(), _count(report)
            try:
                check()
            except (RecordsFault, BadNote, ValueError) as fault:
                report.found(part, f"cannot be checked: {fault}")
            seconds[part] = time.perf_counter() - start
            problems[part] = _count(report) - before
    return Verified(report, seconds, problems)


def check_database(records: Records, report: Report) -> None:
    """Find what the database itself says is wrong with its pages, indexes and references."""
    for said in records.integrity():
        report.found("database", said)


def keep(records: Records, found: Verified, key: str, actor: Actor) -> Outcome:
    """Keep in the trail that somebody checked it, up to where, and what was found."""
    asked = Command.of(key, ACTION, actor, f"book/{records.book}", {"size": found.report.size})
    result = found.verdict.model_dump()
    return records.perform(asked, lambda _: result)


def _count(report: Report) -> int:
    return len(report.problems) + report.more

"""The whole check of a book, in parts that are reported apart, and kept in its trail."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from data import checkpoints, guards
from data.card_register import unsound
from data.faults import (
    OutcomeUnknown,
    RecordsAway,
    RecordsBusy,
    RecordsDamaged,
    RecordsFault,
    RecordsFull,
    explained,
)
from data.lake_files import lost
from data.market import Lake
from data.raw_text import read_as_it_stands
from data.records import Records
from data.schema import guards_of
from data.verify import Progress, Report, check_entries, check_tree
from data.verify_ledger import check_ledger
from data.verify_orders import check_orders
from engine.commands import Command, Failed, Outcome
from engine.notes import BadNote, origin_of
from engine.people import Actor
from engine.verdicts import PROBLEMS_TOLD, PartTold, ProblemTold, Verdict

log = logging.getLogger(__name__)

ACTION = "audit.verified"
_NO_VERDICT = (RecordsAway, RecordsBusy, RecordsFull, OutcomeUnknown)
"""These say nothing of the book: the check is not over."""


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
            checkpoint_files=report.checkpoint_files,
            filed=report.filed,
            problems=[
                ProblemTold(place=p.place, what=p.what) for p in report.problems[:PROBLEMS_TOLD]
            ],
            problem_count=_count(report),
            notes=report.notes,
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
    """Check a book within one consistent view, part by part, from its pages to its guards.

    ``held``: further files of checkpoints, such as one that an auditor received earlier; those in
    ``NECTO_HOME`` are compared too, unless ``home`` is None. ``begun`` hears the name of each
    part, ``progress`` how far it is where that can be told. Writes nothing. Raises RecordsFault
    when the records cannot be reached; whatever a changed cell leads to is a problem with a place.
    """
    report, seconds, problems = Report(), dict[str, float](), dict[str, int]()
    name = origin_of(records.installation, records.book)
    own = checkpoints.files(home, records.book) if home else None
    with records.reading() as view, read_as_it_stands(view):
        parts: dict[str, Callable[[], None]] = {
            "pages": lambda: check_database(records, report),
            "tree": lambda: check_tree(view, report, progress),
            "entries": lambda: check_entries(
                view, records.installation, records.book, report, progress
            ),
            "ledger": lambda: check_ledger(view, report, progress),
            "orders": lambda: check_orders(view, report, progress),
            "checkpoints": lambda: checkpoints.check(view, report, own, list(held), name, progress),
            "guards": lambda: guards.check(view, guards_of(view.dialect.name)),
        }
        for part, check in parts.items():
            begun(part)
            start, before = time.perf_counter(), _count(report)
            _run(check, part, view, report)
            seconds[part] = time.perf_counter() - start
            problems[part] = _count(report) - before
    return Verified(report, seconds, problems)


def _run(check: Callable[[], None], part: str, view: Connection, report: Report) -> None:
    """Do one part; what it cannot get over is a problem of the book, and the next part is done."""
    try:
        with explained(), view.begin_nested():
            check()
    except _NO_VERDICT:
        raise
    except (RecordsFault, BadNote, ValueError) as fault:
        report.found(part, f"cannot be checked: {fault}")
    except Exception as error:
        log.exception("the part %s of the check stopped", part)
        report.found(part, f"cannot be checked: {error!r:.200} (the log says where)")


def check_database(records: Records, report: Report) -> None:
    """Find what the database itself says is wrong with its pages, indexes and references."""
    for said in records.integrity():
        report.found("database", said)


def verify_files(records: Records, lake: Lake, report: Report) -> None:
    """Find files of the market and rate cards that are gone or changed without an entry."""
    try:
        found = lost(records, lake) | unsound(records, lake)
    except (RecordsFault, ValueError, TypeError, LookupError, RecursionError) as fault:
        report.found("files", f"cannot be checked: {fault}")
        return
    for name, fault_words in sorted(found.items()):
        report.found(f"file {name}", fault_words)


def keep(records: Records, found: Verified, key: str, actor: Actor) -> Outcome:
    """Keep in the trail that somebody checked it, up to where, and what was found.

    A check that found problems is one that failed.
    Raises RecordsFault; RecordsDamaged where the newest entry cannot be read.
    """
    asked = Command.of(key, ACTION, actor, f"book/{records.book}", {"size": found.report.size})
    told = found.verdict.model_dump()
    result = told if found.report.is_clean else Failed(told)
    try:
        return records.perform(asked, lambda _: result)
    except (ValueError, TypeError, LookupError) as error:
        raise RecordsDamaged(f"nothing can follow the newest entry: {error}") from error


def _count(report: Report) -> int:
    return len(report.problems) + report.more

"""Checks of whole books that go on while the person who asked for one looks elsewhere."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

from data.faults import RecordsFault
from data.records import Records
from data.verification import keep, verify
from engine.people import Actor
from engine.verdicts import Verdict

log = logging.getLogger(__name__)

_guard = threading.Lock()
_checks: dict[tuple[str, str], "Check"] = {}  # the newest of each book: few


@dataclass(slots=True)
class Check:
    """A check under way, or over; ``fault`` says why it, or keeping its result, did not work.

    ``done`` of ``total`` is how far ``part`` is; 0 of 0 where it cannot tell.
    """

    key: str
    part: str = "pages"
    done: int = 0
    total: int = 0
    verdict: Verdict | None = None
    fault: str | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over; says whether it is."""
        return self._over.wait(seconds)

    def run(self, records: Records, home: Path, actor: Actor) -> None:
        """Check the book and keep in its trail what was found."""
        try:
            found = verify(records, home, progress=self._count, begun=self._begin)
            self.verdict = found.verdict
            keep(records, found, self.key, actor)
        except RecordsFault as fault:
            self.fault = str(fault)
        except Exception:  # a thread has nobody above it who would say so
            log.exception("the check of the %s book stopped", records.book)
            self.fault = "the check stopped where it should not: the server's log says why"
        finally:
            self._over.set()

    def _begin(self, part: str) -> None:
        self.done = self.total = 0  # the next part counts other things, or nothing
        self.part = part

    def _count(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def begin(records: Records, home: Path, key: str, actor: Actor) -> Check:
    """Begin to check a book in the background, once at a time; the same key is the same check."""
    with _guard:
        known = _checks.get((records.url, records.book))
        if known and (known.key == key or not known.is_over):
            return known
        check = _checks[records.url, records.book] = Check(key)
    name = f"verify-{records.book}"
    threading.Thread(target=check.run, args=(records, home, actor), name=name, daemon=True).start()
    return check


def latest(records: Records) -> Check | None:
    """Return the newest check of a book that this process began."""
    with _guard:
        return _checks.get((records.url, records.book))

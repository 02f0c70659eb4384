"""The worker: reads every source on its own clock, so a slow one delays no other."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from connectors.base import Source
from connectors.jobs.ingest import Ingest, load_recorded
from data.market import Busy, Lake
from data.worker import HEARTBEAT_SECONDS, beat, take_refresh_request, take_test_requests
from engine.runs import RunRecord, moment_of

log = logging.getLogger(__name__)

RETRY_SECONDS = 60
"""A failed source is asked again after this, doubled per failure up to its own refresh time."""
FORCED_SECONDS = 15
"""However often people press "Refresh now", a source is not asked again before this."""
OFF_SECONDS = 5
"""How soon a source that is switched on again is read."""

Chore = Callable[[threading.Event], None]
"""Work beside the readings, in its own thread until the event is set; it logs its own faults."""


class Worker:
    """Beats, watches for refresh requests, and keeps one thread per source busy."""

    def __init__(
        self,
        home: Path,
        ingest: Ingest,
        sources: Sequence[Source],
        *,
        forced_seconds: float = FORCED_SECONDS,
        is_on: Callable[[str], bool] = lambda _name: True,
        chores: Sequence[Chore] = (),
    ) -> None:
        self.home = home
        self.ingest = ingest
        self.sources = sources
        self.forced_seconds = forced_seconds
        self.is_on = is_on
        self.chores = chores
        self._stop = threading.Event()
        self._is_told = False
        self._beaten: datetime | None = None
        self._wake = {source.name: threading.Event() for source in sources}

    def stop(self) -> None:
        """Ask every thread to end; returns at once."""
        self._stop.set()
        for wake in self._wake.values():
            wake.set()

    def tell(self) -> None:
        """Ask the worker to end within a second; safe in a signal handler, which takes no lock."""
        self._is_told = True

    def work(self, *, parent: int = 0) -> None:
        """Run until stopped: load the shipped figures, then read live ones for ever.

        With ``parent`` (a process id), also end when that process is gone, so that an app that
        was killed leaves no worker behind.
        """
        self._beat()
        is_loaded = self._prepared()
        for source in self.sources:
            threading.Thread(target=self._keep_reading, args=(source,), daemon=True).start()
        for chore in self.chores:
            threading.Thread(target=chore, args=(self._stop,), daemon=True).start()
        while not self._stop.wait(1):
            if self._beat() and not is_loaded:
                is_loaded = self._loaded()
            if self._is_told or (parent and os.getppid() != parent):
                self.stop()
                return
            self._wake_the_asked()

    def _wake_the_asked(self) -> None:
        asked = set(self._wake) if take_refresh_request(self.home) else set()
        for name in asked.union(take_test_requests(self.home)) & set(self._wake):
            self._wake[name].set()

    def _beat(self) -> bool:
        """Beat when it is time; True when it was."""
        now = self.ingest.clock()
        if self._beaten and abs(now - self._beaten) < timedelta(seconds=HEARTBEAT_SECONDS):
            return False
        self._beaten = now
        try:
            beat(self.home, os.getpid(), now)
        except OSError:  # a full disk must not end the worker; the page shows the late heartbeat
            log.exception("the heartbeat could not be written")
        return True

    def _prepared(self) -> bool:
        try:
            self.ingest.lake.tidy(self.ingest.clock())
        except OSError:
            log.exception("the lake could not be tidied")
        return self._loaded()

    def _loaded(self) -> bool:
        """Load the shipped figures; False when some are left for a later try."""
        try:
            held = load_recorded(self.ingest.lake, self.ingest.clock)
        except Exception:  # live figures may still come; the next beat tries again
            log.exception("the shipped figures could not be loaded")
            return False
        return not held

    def _keep_reading(self, source: Source) -> None:
        wake = self._wake[source.name]
        failures = 0
        pause = self._first_pause(source)
        while not self._stop.is_set():
            wake.wait(pause)
            wake.clear()
            if self._stop.is_set():
                return
            if not self.is_on(source.name):
                pause = OFF_SECONDS
                continue
            run = self._read_once(source)
            failures = 0 if run and run.outcome == "ok" else failures + 1
            pause = next_pause(source, failures, run.retry_after_seconds if run else None)
            self._stop.wait(min(self.forced_seconds, pause))
            pause = max(pause - self.forced_seconds, 0)

    def _first_pause(self, source: Source) -> float:
        try:
            return first_pause(self.ingest.lake, source, self.ingest.clock())
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("when %s was read last could not be told", source.name)
            return 0.0

    def _read_once(self, source: Source) -> RunRecord | None:
        """Read the source; None when nothing was recorded: it is tried again soon."""
        try:
            return self.ingest.run(source)
        except Busy:
            log.info("%s is being read by another process", source.name)
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("reading %s failed", source.name)
        return None


def next_pause(source: Source, failures: int, retry_after_seconds: float | None = None) -> float:
    """Return the seconds until a source is asked again; what it asked for itself counts."""
    if failures == 0:
        return float(source.refresh_seconds)
    doubled = RETRY_SECONDS * 2 ** min(failures - 1, 20)
    return max(float(min(source.refresh_seconds, doubled)), retry_after_seconds or 0.0)


def first_pause(lake: Lake, source: Source, now: datetime) -> float:
    """Return the seconds until a source is due, so that a restart does not ask again at once.

    Never longer than one pause, also when the clock has gone backwards since.
    """
    newest = next(lake.run_ids(source.name), None)
    run = lake.run(source.name, newest) if newest else None
    if run is None or run.source_kind != "live":
        return 0.0
    pause = next_pause(source, int(run.outcome != "ok"), run.retry_after_seconds)
    due = moment_of(run.run_id) + timedelta(seconds=pause)
    return min(max((due - now).total_seconds(), 0.0), pause)

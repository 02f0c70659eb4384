"""The worker: reads every source on its own clock, so a slow one delays no other."""

import logging
import os
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from connectors.base import Source
from connectors.jobs.ingest import Ingest, load_recorded
from data.market import Busy, Lake
from data.worker import HEARTBEAT_SECONDS, beat, take_refresh_request
from engine.runs import moment_of

log = logging.getLogger(__name__)

RETRY_SECONDS = 60
"""A failed source is asked again after this, doubled per failure up to its own refresh time."""


class Worker:
    """Beats, watches for refresh requests, and keeps one thread per source busy."""

    def __init__(self, home: Path, ingest: Ingest, sources: Sequence[Source]) -> None:
        self.home = home
        self.ingest = ingest
        self.sources = sources
        self._stop = threading.Event()
        self._beaten: datetime | None = None
        self._wake = {source.name: threading.Event() for source in sources}

    def stop(self) -> None:
        """Ask every thread to end; returns at once."""
        self._stop.set()
        for wake in self._wake.values():
            wake.set()

    def work(self, *, parent: int = 0) -> None:
        """Run until stopped: load the shipped figures, then read live ones for ever.

        With ``parent`` (a process id), also end when that process is gone, so that an app that
        was killed leaves no worker behind.
        """
        self._beat()
        self._prepared()
        threads = [
            threading.Thread(target=self._keep_reading, args=(source,), daemon=True)
            for source in self.sources
        ]
        for thread in threads:
            thread.start()
        while not self._stop.wait(1):
            self._beat()
            if parent and os.getppid() != parent:
                return
            if take_refresh_request(self.home):
                for wake in self._wake.values():
                    wake.set()

    def _beat(self) -> None:
        now = self.ingest.clock()
        if self._beaten and abs(now - self._beaten) < timedelta(seconds=HEARTBEAT_SECONDS):
            return
        self._beaten = now
        try:
            beat(self.home, os.getpid(), now)
        except OSError:  # a full disk must not end the worker; the page shows the late heartbeat
            log.exception("the heartbeat could not be written")

    def _prepared(self) -> None:
        self.ingest.lake.tidy(self.ingest.clock())
        try:
            load_recorded(self.ingest.lake, self.ingest.clock)
        except Busy:
            log.info("another process loads the recorded figures")

    def _keep_reading(self, source: Source) -> None:
        wake = self._wake[source.name]
        failures = 0
        pause = first_pause(self.ingest.lake, source, self.ingest.clock())
        while not self._stop.is_set():
            wake.wait(pause)
            wake.clear()
            if self._stop.is_set():
                return
            ok = self._read_once(source)
            failures = 0 if ok else failures + 1
            pause = next_pause(source, failures)

    def _read_once(self, source: Source) -> bool:
        try:
            return self.ingest.run(source).outcome == "ok"
        except Busy:
            return True
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("reading %s failed", source.name)
            return False


def next_pause(source: Source, failures: int) -> float:
    """Return the seconds until a source is asked again."""
    if failures == 0:
        return float(source.refresh_seconds)
    return float(min(source.refresh_seconds, RETRY_SECONDS * 2 ** (failures - 1)))


def first_pause(lake: Lake, source: Source, now: datetime) -> float:
    """Return the seconds until a source is due, so that a restart does not ask again at once."""
    newest = next(lake.run_ids(source.name), None)
    run = lake.run(source.name, newest) if newest else None
    if run is None or run.source_kind != "live":
        return 0.0
    due = moment_of(run.run_id) + timedelta(seconds=next_pause(source, int(run.outcome != "ok")))
    return max((due - now).total_seconds(), 0.0)

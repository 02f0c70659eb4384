"""The worker: reads every source on its own clock, so a slow one delays no other."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from connectors.base import Closed, Source
from connectors.jobs.ingest import Ingest, load_recorded
from data.market import Busy, Lake
from data.worker import (
    HEARTBEAT_SECONDS,
    beat,
    request_test,
    take_refresh_request,
    take_test_requests,
)
from engine.runs import RunRecord, moment_of

log = logging.getLogger(__name__)

RETRY_SECONDS = 60
"""A failed source is asked again after this, doubled per failure up to its own refresh time; a
source whose ``forced_seconds`` are longer waits for those."""
_RECORDS_MAX = 20
FAILED_SECONDS_MAX = 300
"""After a failed reading people need not wait longer, however seldom the source is read."""
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
        is_on: Callable[[str], bool] = lambda _name: True,
        chores: Sequence[Chore] = (),
    ) -> None:
        self.home = home
        self.ingest = ingest
        self.sources = sources
        self.is_on = is_on
        self.chores = chores
        self._stop = threading.Event()
        self._is_told = False
        self._beaten: datetime | None = None
        self._wake = {source.name: threading.Event() for source in sources}
        self._asked: set[str] = set()
        """Sources that people asked for and that may not be read yet."""
        self._began_seconds = dict.fromkeys(self._wake, -math.inf)
        """When each source was read last by this worker, on a clock that nobody can set."""

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
                break
            self._wake_the_asked()
        self._leave_the_asked()

    def _wake_the_asked(self) -> None:
        asked = set(self._wake) if take_refresh_request(self.home) else set()
        for name in asked.union(take_test_requests(self.home)) & set(self._wake):
            self._asked.add(name)
            self._wake[name].set()

    def _leave_the_asked(self) -> None:
        """Leave what people asked for and was not read to the worker that comes next."""
        for name in sorted(self._asked):
            try:
                request_test(self.home, name, self.ingest.clock())
            except OSError:  # on a full disk it is read when it is due
                log.exception("that %s was asked for could not be kept", name)

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
            held = load_recorded(self.ingest.lake, self.ingest.clock, self.ingest.house)
        except Exception:  # live figures may still come; the next beat tries again
            log.exception("the shipped figures could not be loaded")
            return False
        return not held

    def _keep_reading(self, source: Source) -> None:
        wake = self._wake[source.name]
        failures = 0
        pause = self._first_pause(source)
        while True:
            wake.wait(pause)
            if self._stop.is_set():
                return
            is_on = self.is_on(source.name)
            if is_on and (held := self._held_seconds(source)):
                self._stop.wait(held)  # whoever asks until then is remembered by ``wake``
                pause = 0.0
                continue
            wake.clear()
            pause = float(OFF_SECONDS)
            if is_on:
                run = self._read_once(source)
                failures = 0 if run and run.outcome == "ok" else failures + 1
                pause = next_pause(source, failures, run.retry_after_seconds if run else None)
            if not wake.is_set():  # not asked for again while it was read
                self._asked.discard(source.name)

    def _held_seconds(self, source: Source) -> float:
        """Return how long it may not be read yet, whoever asks and whoever read it last."""
        began = self._began_seconds[source.name]
        here = began + source.forced_seconds - time.monotonic()
        try:
            told = held_seconds(self.ingest.lake, source, self.ingest.clock())
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("when %s was read last could not be told", source.name)
            told = 0.0
        return max(here, told, 0.0)

    def _first_pause(self, source: Source) -> float:
        try:
            return first_pause(self.ingest.lake, source, self.ingest.clock())
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("when %s was read last could not be told", source.name)
            return 0.0

    def _read_once(self, source: Source) -> RunRecord | None:
        """Read the source; None when nothing was recorded: it is tried again soon."""
        began = time.monotonic()
        run = None
        try:
            run = self.ingest.run(source)
        except Busy:
            log.info("%s is being read by another process", source.name)
            return None
        except Closed:  # the worker ends
            return None
        except Exception:  # a fault of ours in one source must not end the others
            log.exception("reading %s failed", source.name)
        self._began_seconds[source.name] = began
        return run


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
    run = _last_reading(lake, source.name)
    if run is None:
        return 0.0
    pause = next_pause(source, int(run.outcome != "ok"), run.retry_after_seconds)
    due = moment_of(run.run_id) + timedelta(seconds=pause)
    return min(max((due - now).total_seconds(), 0.0), pause)


def held_seconds(lake: Lake, source: Source, now: datetime) -> float:
    """Return how long a source may not be read, whoever asks: by the record of its last reading.

    ``forced_seconds`` count from its start, what the source asked for itself from its end. After a
    reading that brought nothing they are at most ``FAILED_SECONDS_MAX``. A record of the future
    tells nothing: the clock has gone backwards since.
    """
    run = _last_reading(lake, source.name)
    if run is None:
        return 0.0
    brought = run.outcome == "ok"
    floor = source.forced_seconds if brought else min(source.forced_seconds, FAILED_SECONDS_MAX)
    waits = [
        (run.started_at, float(floor)),
        (run.finished_at, run.retry_after_seconds or 0.0),
    ]
    left = [seconds - (now - at).total_seconds() for at, seconds in waits if at <= now]
    return max([0.0, *left])


def _last_reading(lake: Lake, network: str) -> RunRecord | None:
    """Return the newest record of a live reading; shipped figures may have been loaded since."""
    newest = islice(lake.run_ids(network), _RECORDS_MAX)
    runs = (lake.run(network, run_id) for run_id in newest)
    return next((run for run in runs if run and run.source_kind == "live"), None)

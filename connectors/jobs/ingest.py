"""One ingest: ask a source, keep what it said as a drop, and remember how it went.

Whatever happens, the run is recorded with a sentence for people, and the offers of the last good
run stay: an empty market is never the answer to a broken network.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from connectors.base import (
    Closed,
    Denied,
    Http,
    Reading,
    Reject,
    Source,
    Unreachable,
    Unreadable,
)
from connectors.wire import text_of
from data import shipped
from data.faults import RecordsFault
from data.history import roll_up
from data.market import Busy, Lake
from data.market_trail import Opened, enter_run
from data.schemas import REJECT_SCHEMA
from engine.market import distinct, offers_frame, providers_frame
from engine.resources import Catalogue
from engine.runs import DropRecord, Kind, RunRecord
from engine.signals import signals_frame

log = logging.getLogger(__name__)

_MESSAGE_CHARACTERS_MAX = 300

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Ingest:
    """What every ingest needs: where to keep, how to ask, what names mean, what time it is.

    ``house`` opens the book that every run is entered in; None for a trial that is entered nowhere.
    """

    lake: Lake
    http: Http
    catalogue: Catalogue
    clock: Clock = now_utc
    house: Opened | None = None

    def run(self, source: Source) -> RunRecord:
        """Read one source now and record how it went.

        Raises Busy when another process is at it, and Closed when the client is closed meanwhile:
        then nothing is recorded. A fault of ours, or a store that cannot be written, is the outcome
        ``failed``. Records that cannot be written keep nothing from being read and kept: the entry
        follows.
        """
        with self.lake.ingesting(source.name):
            started = self.clock()
            run_id = self.lake.new_run_id(source.name, started)
            record = RunRecord(
                run_id=run_id,
                network=source.name,
                source_kind="live",
                started_at=started,
                **self._outcome(source, run_id),
                finished_at=self.clock(),
            )
            self.lake.record(record)
            _enter(self.house, record)
            self._roll_up(source.name, started)
        log.info("%s: %s (%s)", source.name, record.outcome, record.message)
        return record

    def _roll_up(self, network: str, now: datetime) -> None:
        try:
            roll_up(self.lake, network, now)
        except Exception:  # the next reading tries again; charts read the drops until then
            log.exception("the daily prices of %s could not be written", network)

    def _outcome(self, source: Source, run_id: str) -> dict[str, Any]:
        try:
            reading = self._read(source)
            drops = _kept(self.lake, source.name, run_id, reading)
        except Unreachable as error:
            later = {"retry_after_seconds": error.retry_after_seconds}
            return {"outcome": "unreachable", "message": str(error), **later}
        except Denied as error:
            return {"outcome": "denied", "message": str(error)}
        except Unreadable as error:
            return {"outcome": "unreadable", "message": str(error)}
        except Closed:
            raise
        except Exception as error:  # whatever it is, the run is recorded and the worker goes on
            log.exception("reading %s failed", source.name)
            what = f"{type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS_MAX]
            return {"outcome": "failed", "message": f"Necto itself failed, see its log. {what}"}
        counts = Counter(reject.code for reject in reading.rejects)
        message = f"{len(reading.offers)} offers" if source.has_offers else "signals read"
        message += f", {reading.notice}" if reading.notice else ""
        return {"outcome": "ok", "message": message, "drops": drops, "reject_counts": counts}

    def _read(self, source: Source) -> Reading:
        answers = source.fetch(self.http, self.catalogue)
        reading = source.parse(answers, self.clock(), self.catalogue)
        offers, twice = distinct(reading.offers)
        if not (offers if source.has_offers else reading.signals):
            what = "an offer" if source.has_offers else "a signal"
            unusable = len(reading.rejects)
            raise Unreadable(f"{source.name} answered, but none of {unusable} rows is {what}")
        repeated = [
            Reject("duplicate", "another row for the same machine is kept", o.raw or text_of(None))
            for o in twice
        ]
        return replace(reading, offers=offers, rejects=[*reading.rejects, *repeated])


def run_all(ingest: Ingest, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Read sources at the same time, each in its own thread; one row per source, in their order.

    Keys: network, outcome (``busy`` when another process reads it), message, offers, rejects.
    """

    def read(source: Source) -> dict[str, Any]:
        try:
            run = ingest.run(source)
        except Busy as busy:
            return {"network": source.name, "outcome": "busy", "message": str(busy)}
        counts = {"offers": run.offers, "rejects": sum(run.reject_counts.values())}
        return {
            "network": source.name,
            "outcome": run.outcome,
            "message": run.message,
            **counts,
        }

    with ThreadPoolExecutor(max(1, len(sources))) as pool:
        return list(pool.map(read, sources))


def load_recorded(lake: Lake, clock: Clock = now_utc, house: Opened | None = None) -> list[str]:
    """Load the shipped figures of every network that has none yet, or older shipped ones.

    Live figures are never replaced. Safe to call at every start and from several processes.
    Returns the networks that another process held: call again for them. ``house`` opens the book
    that they are entered in.
    """
    providers = shipped.recorded_providers()
    held: list[str] = []
    for network, offers in shipped.recorded_offers().items():
        try:
            _load(lake, clock, house, network, Reading(offers, providers.get(network, [])))
        except Busy:
            held.append(network)
    return held


def _load(lake: Lake, clock: Clock, house: Opened | None, network: str, reading: Reading) -> None:
    with lake.ingesting(network):
        newest = lake.newest_drop("offers", network)
        known = lake.run(network, newest.stem) if newest else None
        if newest and (known is None or known.source_kind != "recorded"):
            return
        if known and known.reference_digest == shipped.digest():
            return
        started = clock()
        run_id = lake.new_run_id(network, started)
        record = RunRecord(
            run_id=run_id,
            network=network,
            source_kind="recorded",
            outcome="ok",
            message=f"{len(reading.offers)} recorded offers",
            started_at=started,
            finished_at=clock(),
            drops=_kept(lake, network, run_id, reading),
            reference_digest=shipped.digest(),
        )
        lake.record(record)
        _enter(house, record)


def _enter(house: Opened | None, record: RunRecord) -> None:
    """Enter a run in the house book; trouble with the records is said, and the entry follows."""
    if house is None:
        return
    try:
        enter_run(house(), record)
    except RecordsFault as fault:
        log.warning("%s is kept, its entry is late: %s", record.network, fault)
    except Exception:  # a fault of ours must not lose what the network said
        log.exception("%s is kept, its entry is late", record.network)


def _kept(lake: Lake, network: str, run_id: str, reading: Reading) -> dict[Kind, DropRecord]:
    drops: dict[Kind, DropRecord] = {}
    if reading.rejects:
        drops["rejects"] = lake.save("rejects", network, run_id, _rejects_frame(reading.rejects))
    if reading.providers:
        frame = providers_frame(reading.providers)
        drops["providers"] = lake.save("providers", network, run_id, frame)
    if reading.signals:
        drops["signals"] = lake.save("signals", network, run_id, signals_frame(reading.signals))
    # Offers last: whoever sees them finds the rest already there.
    if reading.offers:
        drops["offers"] = lake.save("offers", network, run_id, offers_frame(reading.offers))
    return drops


def _rejects_frame(rejects: Sequence[Reject]) -> pl.DataFrame:
    rows = [(r.code, r.reason, r.row) for r in rejects]
    return pl.DataFrame(rows, schema=dict(REJECT_SCHEMA), orient="row")

"""One ingest: ask a source, keep what it said as a drop, and remember how it went.

Whatever happens, the run is recorded with a sentence for people, and the offers of the last good
run stay: an empty market is never the answer to a broken network.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from connectors.base import (
    Denied,
    Http,
    Reading,
    Reject,
    Source,
    SourceError,
    Unreachable,
    Unreadable,
)
from connectors.wire import text_of
from data import shipped
from data.market import REJECT_SCHEMA, Lake
from engine.market import Offer, Provider, distinct, offers_frame, providers_frame
from engine.resources import Catalogue
from engine.runs import DropRecord, Kind, Outcome, RunRecord

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Ingest:
    """What every ingest needs: where to keep, how to ask, what names mean, what time it is."""

    lake: Lake
    http: Http
    catalogue: Catalogue
    clock: Clock = now_utc

    def run(self, source: Source) -> RunRecord:
        """Read one source now; raises Busy when another process is at it."""
        with self.lake.ingesting(source.name):
            started = self.clock()
            run_id = self.lake.new_run_id(source.name, started)
            drops: dict[Kind, DropRecord] = {}
            counts: Counter[str] = Counter()
            try:
                reading = self._read(source)
            except SourceError as error:
                outcome, message = _outcome_of(error), str(error)
            else:
                outcome, message = "ok", f"{len(reading.offers)} offers"
                drops = _kept(self.lake, source.name, run_id, reading)
                counts = Counter(reject.code for reject in reading.rejects)
            record = RunRecord(
                run_id=run_id,
                network=source.name,
                source_kind="live",
                outcome=outcome,
                message=message,
                started_at=started,
                finished_at=self.clock(),
                reject_counts=dict(counts),
                drops=drops,
            )
            self.lake.record(record)
        log.info("%s: %s (%s)", source.name, record.outcome, record.message)
        return record

    def _read(self, source: Source) -> Reading:
        answers = source.fetch(self.http, self.catalogue)
        reading = source.parse(answers, self.clock(), self.catalogue)
        offers, twice = distinct(reading.offers)
        if not offers:
            unusable = len(reading.rejects)
            raise Unreadable(f"{source.name} answered, but none of {unusable} rows is an offer")
        repeated = [
            Reject("duplicate", "another row for the same machine is kept", o.raw or text_of(None))
            for o in twice
        ]
        return Reading(offers, reading.providers, [*reading.rejects, *repeated])


def load_recorded(lake: Lake, clock: Clock = now_utc) -> list[RunRecord]:
    """Load the shipped figures of every network that has none yet, or older shipped ones.

    Live figures are never replaced. Safe to call at every start and from several processes.
    """
    providers = shipped.recorded_providers()
    return [
        record
        for network, offers in shipped.recorded_offers().items()
        if (record := _load(lake, clock, network, offers, providers.get(network, [])))
    ]


def _load(
    lake: Lake, clock: Clock, network: str, offers: list[Offer], providers: list[Provider]
) -> RunRecord | None:
    with lake.ingesting(network):
        newest = lake.newest_drop("offers", network)
        known = lake.run(network, newest.stem) if newest else None
        if newest and (known is None or known.source_kind != "recorded"):
            return None
        if known and known.reference_digest == shipped.digest():
            return None
        started = clock()
        run_id = lake.new_run_id(network, started)
        record = RunRecord(
            run_id=run_id,
            network=network,
            source_kind="recorded",
            outcome="ok",
            message=f"{len(offers)} recorded offers",
            started_at=started,
            finished_at=clock(),
            drops=_kept(lake, network, run_id, Reading(offers, providers)),
            reference_digest=shipped.digest(),
        )
        lake.record(record)
        return record


def _kept(lake: Lake, network: str, run_id: str, reading: Reading) -> dict[Kind, DropRecord]:
    drops: dict[Kind, DropRecord] = {}
    if reading.rejects:
        drops["rejects"] = lake.save("rejects", network, run_id, _rejects_frame(reading.rejects))
    if reading.providers:
        frame = providers_frame(reading.providers)
        drops["providers"] = lake.save("providers", network, run_id, frame)
    # Offers last: whoever sees them finds the rest already there.
    drops["offers"] = lake.save("offers", network, run_id, offers_frame(reading.offers))
    return drops


def _rejects_frame(rejects: Sequence[Reject]) -> pl.DataFrame:
    rows = [(r.code, r.reason, r.row) for r in rejects]
    return pl.DataFrame(rows, schema=dict(REJECT_SCHEMA), orient="row")


def _outcome_of(error: SourceError) -> Outcome:
    if isinstance(error, Unreachable):
        return "unreachable"
    return "denied" if isinstance(error, Denied) else "unreadable"

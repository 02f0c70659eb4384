"""Judge the alert rules whenever there is something new: a reading, a rule, a minute of silence."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime

from connectors.jobs.ingest import Clock
from connectors.registry import PAUSES
from data import alert_facts
from data.alert_facts import Watch
from data.alert_rules import rules
from data.alerts import open_alerts, settle
from data.books import open_book
from data.market import Lake
from data.settings import Settings
from engine.alert_rules import KeptRule
from engine.alert_states import Alert
from engine.alerts import judged

log = logging.getLogger(__name__)

LOOK_SECONDS = 5
_MINUTE = 60


@dataclass(slots=True)
class Judge:
    """Judges for one process. Two at once change nothing twice: the records tell them apart."""

    settings: Settings
    lake: Lake
    watch: Watch = field(default_factory=lambda: Watch(PAUSES))
    _seen: str | None = None

    def look(self, now: datetime) -> list[Alert]:
        """Judge if anything is new; returns the alerts that opened or closed.

        Raises RecordsFault, BrokenLake: nothing was written, and the next look tries again.
        """
        records = open_book(self.settings)
        with records.reading() as view:
            kept = [rule for rule in rules(view) if rule.is_on]
            opened = {alert.rule_id: alert.evidence for alert in open_alerts(view)}
        new = self._key(kept, now) if kept else ""
        if new == self._seen:
            return []
        done: list[Alert] = []
        if kept:
            done = settle(records, judged(kept, self.watch.look(self.lake, now), opened))
            self.watch.settled()
        self._seen = new
        return done

    def _key(self, kept: list[KeptRule], now: datetime) -> str:
        """Return what changes when the rules have to be judged again; silence grows by itself."""
        asked = ",".join(f"{rule.id}/{rule.version}" for rule in kept)
        is_timed = any(rule.rule.kind == "network_silent" for rule in kept)
        minute = int(now.timestamp()) // _MINUTE if is_timed else 0
        return f"{minute} {asked} {alert_facts.key(self.lake, now)}"


def judge_once(settings: Settings, lake: Lake, now: datetime) -> list[Alert]:
    """Judge the newest readings now; for a command that reads once and ends. Never raises."""
    return _looked(Judge(settings, lake), now)


def judge_until(settings: Settings, lake: Lake, clock: Clock, stop: threading.Event) -> None:
    """Judge after every reading until stopped; a fault of ours is logged and ends no reading."""
    judge = Judge(settings, lake)
    while not stop.wait(LOOK_SECONDS):
        _looked(judge, clock())


def _looked(judge: Judge, now: datetime) -> list[Alert]:
    try:
        done = judge.look(now)
    except Exception:  # whatever it is, the readings go on, and the next look tries again
        log.exception("the alert rules could not be judged")
        return []
    for alert in done:
        log.info("alert %s: %s (%s)", alert.state, alert.sentence, alert.words)
    return done

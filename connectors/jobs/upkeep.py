"""Once a day: finished days are rolled up and merged, and old drops that may go are removed.

Files of decisions that nothing committed, or that are lost, are told.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from data.books import book_exists, open_book
from data.compaction import Compacted, compact
from data.decisions import lost, orphans
from data.faults import RecordsFault
from data.history import roll_up
from data.market import Busy, Lake
from data.market_trail import UPKEEP, Opened, enter_merged, enter_retired
from data.retention import Removed, retain
from data.sandbox_books import closed_names
from data.settings import Settings
from engine.modes import MODES
from engine.people import Actor

log = logging.getLogger(__name__)

_GARBAGE = "no entry committed this decision: garbage, unless the records are an older backup"
FIRST_SECONDS = 600
"""After a start the networks are read first; upkeep holds a network's lock for a moment."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What was done for one network; ``skipped`` says why nothing was."""

    network: str
    days_rolled_up: int = 0
    compacted: Compacted = field(default_factory=Compacted)
    removed: Removed = field(default_factory=Removed)
    skipped: str | None = None


def keep_up(
    lake: Lake, opened: Opened, now: datetime, keep_days: int, actor: Actor = UPKEEP
) -> list[Upkeep]:
    """Look after every network's history; one that is being read or that fails is skipped.

    What is merged or removed is entered in the house book first: while that cannot be written,
    nothing goes.
    """
    return [_keep_up(lake, opened, network, now, keep_days, actor) for network in lake.networks()]


def keep_up_daily(
    lake: Lake,
    opened: Opened,
    clock: Callable[[], datetime],
    stop: threading.Event,
    keep_days: int,
    first_seconds: float = FIRST_SECONDS,
    also: Callable[[datetime], object] = lambda _: None,
) -> None:
    """Keep up once a day until stopped; a fault of ours is logged and never ends the readings.

    ``also``: what else is looked after at that time.
    """
    pause = first_seconds
    while not stop.wait(pause):
        pause = DAY_SECONDS
        try:
            keep_up(lake, opened, clock(), keep_days)
            also(clock())
        except Exception:
            log.exception("the lake's upkeep failed")


def tell_of_decisions(settings: Settings, lake: Lake, now: datetime) -> dict[str, str]:
    """Return the files of decisions that are garbage, lost or changed, each with why; logs them."""
    found: dict[str, str] = {}
    for mode in MODES:
        try:
            for book in (mode, *(closed_names(settings) if mode == "sandbox" else ())):
                records = open_book(settings, book) if book_exists(settings, book) else None
                folder = records.book if records else book
                found |= dict.fromkeys(orphans(lake, folder, records, now), _GARBAGE)
                found |= lost(lake, records) if records else {}
        except (RecordsFault, OSError) as fault:
            found[f"decisions/mode={mode}"] = f"cannot be looked after now: {fault}"
    for name, why in found.items():
        log.warning("%s: %s", name, why)
    return found


def _keep_up(
    lake: Lake, opened: Opened, network: str, now: datetime, keep_days: int, actor: Actor
) -> Upkeep:
    try:
        house = opened()
        with lake.ingesting(network):
            done = Upkeep(
                network=network,
                days_rolled_up=roll_up(lake, network, now),
                compacted=compact(
                    lake, network, now, told=lambda one: enter_merged(house, one, actor)
                ),
                removed=retain(
                    lake, network, now, keep_days, told=lambda one: enter_retired(house, one, actor)
                ),
            )
    except (Busy, RecordsFault) as fault:
        log.warning("upkeep of %s is left for tomorrow: %s", network, fault)
        return Upkeep(network=network, skipped=str(fault))
    except Exception as error:  # a fault in one network's files must not keep the others from it
        log.exception("upkeep of %s failed", network)
        return Upkeep(network=network, skipped=f"{type(error).__name__}: {error}")
    for problem in done.compacted.problems:
        log.warning("%s", problem)
    log.info("upkeep of %s: %s, %s", network, done.compacted, done.removed)
    return done

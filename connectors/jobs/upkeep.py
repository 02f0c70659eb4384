"""Once a day: finished days are rolled up and merged, and old drops that may go are removed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from data.compaction import Compacted, compact
from data.faults import RecordsFault
from data.history import roll_up
from data.market import Busy, Lake
from data.market_trail import UPKEEP, Opened, enter_merged, enter_retired
from data.retention import Removed, retain
from engine.people import Actor

log = logging.getLogger(__name__)

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
) -> None:
    """Keep up once a day until stopped; a fault of ours is logged and never ends the readings."""
    pause = first_seconds
    while not stop.wait(pause):
        pause = DAY_SECONDS
        try:
            keep_up(lake, opened, clock(), keep_days)
        except Exception:
            log.exception("the lake's upkeep failed")


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

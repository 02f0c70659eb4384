"""What was published and has no entry in the house book is entered, at the start and every minute.

A process may stop, or the records may be in trouble, between publishing files and committing their
entry. Nothing is lost by that: the files say what happened.
"""

import logging
import threading

from data import card_register, market_trail
from data.faults import RecordsFault
from data.market import BrokenLake, Busy, Lake
from data.market_trail import Opened

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


def recover_until(opened: Opened, lake: Lake, stop: threading.Event) -> None:
    """Recover until stopped; trouble is said and never ends the readings."""
    while True:
        recover_once(opened, lake)
        if stop.wait(LOOK_SECONDS):
            return


def recover_once(opened: Opened, lake: Lake) -> int:
    """Enter what lacks its entry; returns how many entries were written."""
    try:
        found = market_trail.recover(opened(), lake) + card_register.recover(opened(), lake)
    except Busy as busy:
        log.info("recovery waits: %s", busy)
    except (RecordsFault, BrokenLake, OSError) as fault:
        log.warning("what was published cannot be entered in the records: %s", fault)
    except Exception:  # a fault of ours must not end the worker
        log.exception("what was published cannot be entered in the records")
    else:
        if found:
            log.info("%s entries were recovered", found)
        return found
    return 0

"""Worker processes of the chaos of orders: they work, watch and reconcile until they are killed."""

import logging
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from connectors.base import SourceError
from connectors.jobs.order_desk import Desk
from connectors.jobs.procure import work_due
from connectors.jobs.reconcile import reconcile
from connectors.jobs.watch import watch_due
from data.faults import RecordsFault
from tests.chaos.order_world import desk_of

log = logging.getLogger(__name__)

FAULTS = "faults.log"
PAUSE_SECONDS = 0.03
RECONCILED_EVERY_SECONDS = 2.0


def work(pipe: Connection, home: str) -> None:
    """Work until told to stop, or killed; every fault that nobody foresaw is in ``FAULTS``."""
    faults = logging.FileHandler(Path(home) / FAULTS)  # a file is left by those who are killed
    faults.setLevel(logging.ERROR)
    logging.getLogger().addHandler(faults)
    stop = threading.Event()
    desk = desk_of(Path(home))
    parts = [
        threading.Thread(target=_keep, args=(part, desk, stop), daemon=True)
        for part in (work_due, watch_due, _reconciled)
    ]
    for part in parts:
        part.start()
    with suppress(EOFError, BrokenPipeError):
        pipe.send("works")
        pipe.recv()
    stop.set()
    for part in parts:
        part.join()


def _keep(part, desk: Desk, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            part(desk)
        except RecordsFault:
            time.sleep(PAUSE_SECONDS)
        except Exception:
            log.exception("%s stopped", part.__name__)
        stop.wait(PAUSE_SECONDS)


def _reconciled(desk: Desk) -> None:
    with suppress(SourceError):
        reconcile(desk, "akash")
    time.sleep(RECONCILED_EVERY_SECONDS)

"""Keeps the stand-in network of the sandbox running, and hands it the market that it trades.

It is a process of its own with a book of its own: it goes on where it was when Necto starts again.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from connectors.jobs.ingest import now_utc
from connectors.jobs.sandbox_market import sandbox_market
from connectors.purchasers import SANDBOX_FOLDER
from connectors.sandbox.client import Control, Misunderstood, NotRunning
from data.market import Lake
from data.routable import market_of
from engine.prepared_market import Prepared

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
RESTART_SECONDS = 5.0


def keep_sandbox_until(home: Path, market: Callable[[], Prepared], stop: threading.Event) -> None:
    """Keep the stand-in running until stopped. Another worker's, which runs already, is left be."""
    folder = home / SANDBOX_FOLDER
    process: subprocess.Popen[bytes] | None = None
    handed = ""
    pause = 0.0
    while not stop.wait(pause):
        pause = LOOK_SECONDS
        try:
            if not is_running(folder):
                process = started(folder)
                handed = ""
                continue
            handed = hand_over(folder, market(), handed)
        except Exception:
            log.exception("the sandbox could not be looked after")
            pause = RESTART_SECONDS
    if process is not None:
        process.terminate()


def market_now(lake: Lake) -> Prepared:
    """Return the newest market, ready for routing."""
    return market_of(lake, now_utc())


def started(folder: Path) -> subprocess.Popen[bytes]:
    """Start the stand-in as a child of this process: it ends with it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "connectors.sandbox", "--home", str(folder)]
    environment = os.environ | {"NECTO_PARENT": str(os.getpid())}
    return subprocess.Popen(command, env=environment)  # noqa: S603 - ours


def is_running(folder: Path) -> bool:
    """Whether the stand-in answers."""
    try:
        with Control.at(folder) as control:
            control.status()
    except (NotRunning, Misunderstood, OSError):
        return False
    return True


def hand_over(folder: Path, market: Prepared, handed: str) -> str:
    """Hand the stand-in the market unless it has it already; returns the key of what it has."""
    if market.key == handed or market.offers.is_empty():
        return handed
    with Control.at(folder) as control:
        count = control.market(sandbox_market(market))
    log.info("the sandbox trades the offers of %d providers", count)
    return market.key

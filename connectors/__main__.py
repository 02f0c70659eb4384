"""``python -m connectors work``: the worker process that calls the networks."""

import logging
import os
import signal
import sys

from connectors.http import HttpClient
from connectors.jobs.ingest import Ingest
from connectors.jobs.schedule import Worker
from connectors.registry import sources
from data.market import BrokenLake, Lake
from data.settings import BadSettings, Settings
from data.shipped import catalogue

USAGE = "usage: python -m connectors work"


def main(arguments: list[str]) -> int:
    """Run the worker until it is told to stop or its parent (NECTO_PARENT) is gone."""
    if arguments != ["work"]:
        sys.stderr.write(USAGE + "\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses
    try:
        settings = Settings.from_env()
        lake = Lake(settings.lake)
    except (BadSettings, BrokenLake) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with HttpClient() as http:
        ingest = Ingest(lake, http, catalogue())
        worker = Worker(settings.home, ingest, sources(), keep_days=settings.keep_days)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.tell())
        parent = os.environ.get("NECTO_PARENT", "")
        worker.work(parent=int(parent) if parent.isdecimal() else 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

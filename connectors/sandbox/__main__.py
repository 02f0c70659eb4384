"""``python -m connectors.sandbox --home DIR [--port N]``: serve the sandbox's networks."""

import argparse
import logging
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from connectors.sandbox.server import AlreadyServed, Serving


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, or until the parent (NECTO_PARENT) is gone."""
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox")
    parser.add_argument("--home", type=Path, required=True, help="the folder of its book")
    parser.add_argument("--port", type=int, default=0, help="0: the last one, else a free one")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        server = Serving(chosen.home, chosen.port)
    except (AlreadyServed, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"the sandbox cannot be served: {error}\n")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: server.end())
    parent = os.environ.get("NECTO_PARENT", "")
    if parent.isdecimal():
        watch = threading.Thread(target=_end_with, args=(server, int(parent)), daemon=True)
        watch.start()
    server.run()
    return 0


def _end_with(server: Serving, parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(0.5)
    server.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

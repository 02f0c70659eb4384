"""Processes that do commands and acknowledge each after its commit, until they are killed."""

import time
from contextlib import suppress
from multiprocessing.connection import Connection

from data.faults import OutcomeUnknown, RecordsAway, RecordsFault
from data.records import Records
from tests.chaos.commands import HERE, perform

PAUSE_SECONDS = 0.05
SERVER_GONE = (RecordsAway, OutcomeUnknown)


def work(pipe: Connection, url: str, lane: str, number: int) -> None:
    """Do the commands of a lane from ``number`` on and say what became of each.

    ("done", number, place, was done before), ("fault", name), ("error", words), ("open", seconds).
    A server that is gone is waited for, and the command repeated with the same key.
    """
    with suppress(BrokenPipeError):
        book = _opened(pipe, url)
        while True:
            try:
                for n, outcome in perform(book, lane, number):
                    pipe.send(("done", n, outcome.entry_index, outcome.replayed))
                    number = n + 1
            except SERVER_GONE as fault:
                pipe.send(("fault", type(fault).__name__))
                time.sleep(PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 - nothing else may reach a caller
                pipe.send(("error", f"{lane} {number}: {type(error).__name__}: {error}"))
                return


def _opened(pipe: Connection, url: str) -> Records:
    while True:
        try:
            start = time.perf_counter()
            book = Records.open(url, "sandbox", HERE)
        except RecordsAway as fault:
            pipe.send(("fault", type(fault).__name__))
            time.sleep(PAUSE_SECONDS)
        except RecordsFault as fault:
            pipe.send(("error", f"opening: {type(fault).__name__}: {fault}"))
            raise SystemExit(1) from None
        else:
            pipe.send(("open", time.perf_counter() - start))
            return book

"""Processes of the tests' own, forked from one that has already loaded what they need.

Forked from a helper and not from the test runner, which holds open files, locks and threads.
"""

import multiprocessing
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Self

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "data.records",
        "data.documents",
        "data.ledger",
        "data.verify_ledger",
        "tests.chaos.order_workers",
        "psycopg",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.postgresql",
    ]
)
SECONDS_MAX = 60

Talk = Callable[..., None]


class Child:
    """A process that runs ``talk(pipe, *arguments)``; gone at the end of the block."""

    def __init__(self, talk: Talk, *arguments: Any) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=talk, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()

    def hears(self, word: Any) -> Any:
        """Send a word and return the answer."""
        self.pipe.send(word)
        return self.says()

    def says(self, seconds_max: float = SECONDS_MAX) -> Any:
        """Return what it says next; raises EOFError when it has ended."""
        assert self.pipe.poll(seconds_max), f"the child said nothing for {seconds_max} s"
        return self.pipe.recv()

    def said(self) -> list[Any]:
        """Return everything that it said before it ended; half a word is none."""
        found = []
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                found.append(self.pipe.recv())
        return found

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.is_alive():
            self.kill()
        self.process.join()
        self.pipe.close()


def run(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a process of its own; what it raises comes as text."""
    with Child(_run, function, *arguments) as child:
        return child.says()


def become_nobody() -> None:
    """Give up root's power to write where modes forbid it; whoever is not root has none."""
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def _run(pipe: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    try:
        pipe.send(function(*arguments))
    except Exception as error:  # noqa: BLE001 - the test reads it
        pipe.send(f"{type(error).__name__}: {error}")

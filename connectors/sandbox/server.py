"""Runs the sandbox's server: on loopback only, one per book, with its address in a private file."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
from pydantic import BaseModel, ValidationError
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.sandbox.clock import Seconds
from connectors.sandbox.network import Account, Network
from connectors.sandbox.site import Site

HOST = "127.0.0.1"
ADDRESS = "address.json"
KEEP_ALIVE_SECONDS = 75


class AlreadyServed(Exception):
    """Another server holds this book: use that one, its address is in the file."""


class Address(BaseModel):
    """``address.json``: where the sandbox is and what opens it; readable by its owner only."""

    url: str
    key: str
    owner: str
    control_token: str
    pid: int
    user_id: str = ""

    @classmethod
    def read(cls, home: Path) -> "Address | None":
        with contextlib.suppress(OSError, ValidationError):
            return cls.model_validate_json((home / ADDRESS).read_bytes())
        return None

    def write(self, home: Path) -> None:
        temporary = home / f"{ADDRESS}.{os.getpid()}.tmp"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.model_dump(), indent=1))
            file.flush()
            os.fsync(handle)
        temporary.replace(home / ADDRESS)


class _Line(H11Protocol):
    """A connection that can be cut in the middle of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            LINES[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            LINES.pop(self.client, None)
        super().connection_lost(exc)


LINES: dict[tuple[str, int], asyncio.Transport] = {}
"""The connections that are open in this process, by the other side's address and port."""


async def cut(scope: Scope) -> None:
    """End a request's connection without another byte."""
    if transport := LINES.get(tuple(scope["client"])):
        transport.abort()
    for _ in range(3):  # let the server see that it is gone, or it would answer 500
        await asyncio.sleep(0)


class Serving:
    """One server over one book, from its lock to its last request."""

    def __init__(self, home: Path, port: int = 0, machine: Seconds = time.time) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.home = home
        self._lock = Lock(home / "lock")
        known = Address.read(home)
        account = Account(**known.model_dump()) if known and known.user_id else Account.new()
        with ExitStack() as undone:
            undone.callback(self._lock.close)
            self._socket = _bound(port, known)
            undone.callback(self._socket.close)
            self.net = Network(home, account, machine)
            undone.pop_all()
        self.net.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.address = Address(url=self.net.url, pid=os.getpid(), **account.model_dump())
        self._server = uvicorn.Server(
            uvicorn.Config(
                Site(self.net, cut),
                http=_Line,
                ws="websockets-sansio",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )

    def run(self) -> None:
        """Serve until told to end; the address is published once connections are taken."""
        try:
            self.address.write(self.home)
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self.net.book.close()
            self._lock.close()

    def end(self) -> None:
        self._server.should_exit = True

    def wait_until_ready(self, thread: threading.Thread) -> None:
        while thread.is_alive() and not self._server.started:
            thread.join(0.005)


@contextmanager
def serving(home: Path, *, port: int = 0, machine: Seconds = time.time) -> Iterator[Serving]:
    """Serve a book from a thread of this process until the block ends."""
    server = Serving(home, port, machine)
    thread = threading.Thread(target=server.run, name="sandbox", daemon=True)
    thread.start()
    server.wait_until_ready(thread)
    try:
        yield server
    finally:
        server.end()
        thread.join()


class Lock:
    """Held by the one server of a book, and given back when its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise AlreadyServed(f"another server has the book in {path.parent}") from None

    def close(self) -> None:
        self._file.close()


def _bound(port: int, known: Address | None) -> socket.socket:
    """Return a socket that listens on the port asked for, the last one, or any that is free."""
    last = int(known.url.rsplit(":", 1)[1]) if known and not port else port
    for wanted in dict.fromkeys((last, port)):
        # Without its protocol named, asyncio leaves Nagle on: 40 ms an answer.
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, wanted))
        except OSError:
            found.close()
            if wanted == port:
                raise
            continue
        found.listen(2048)
        return found
    raise AssertionError("the last port tried either binds or raises")

"""The web process: ``streamlit run app.py``. Serves pages, health and metrics; calls no network."""

import contextlib
import gc
import importlib
import logging
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import components
from data.books import close_books
from data.settings import Settings
from data.status import Status, metrics_text

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
RESTART_SECONDS = 2.0


class WorkerKeeper:
    """Starts the worker process and starts it again when it ends, until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._places = {
            "NECTO_HOME": str(settings.home),
            "NECTO_LAKE": str(settings.lake),
            "NECTO_PARENT": str(os.getpid()),
        }
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end, and make sure of it after five seconds."""
        self._stop.set()
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
        if self._thread.is_alive():
            self._thread.join(5)

    def _keep(self) -> None:
        environment = os.environ | self._places
        command = [sys.executable, "-m", "connectors", "work"]
        while not self._stop.is_set():
            try:
                self._process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603 - ours
                ended = f"with {self._process.wait()}"
            except OSError as error:
                ended = f"before it began: {error}"
            if not self._stop.is_set():
                log.warning("the worker ended %s; starting it again", ended)
                self._stop.wait(RESTART_SECONDS)


def refuse_unsafe_address(address: str | None) -> None:
    """Raise SystemExit for an address that others can reach while there is no sign-in."""
    if address not in LOOPBACK:
        raise SystemExit(
            f"server.address is {address!r}: Necto has no sign-in yet and answers on this machine "
            "only. Set it to 127.0.0.1 and put a proxy with sign-in in front for others."
        )


class LoopbackOnly:
    """Answers only what reaches this machine's own address, however the server was started."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        if scope["type"] == "lifespan" or server is None or server[0] in LOOPBACK:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = PlainTextResponse("Necto answers on its own machine only.\n", 403)
            await refusal(scope, receive, send)


def warm_up() -> None:
    """Import what pages draw with, then keep it out of every later garbage collection.

    Streamlit collects all garbage after each run of a page (0.1 to 0.2 s over the libraries'
    objects, in which nothing is sent): frozen objects are not looked at.
    """
    for module in pkgutil.iter_modules(components.__path__, "components."):
        if module.name != "components.frame":  # a script, which Streamlit runs
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    refuse_unsafe_address(st.get_option("server.address"))
    settings = Settings.from_env()
    keeper = WorkerKeeper(settings)
    if settings.worker == "internal":
        keeper.start()
    threading.Thread(target=warm_up, daemon=True).start()
    try:
        yield {}
    finally:
        keeper.stop()
        close_books()


def healthz(_request: Request) -> Response:
    """200 when ready, 503 with the reasons when not; answering at all is being live."""
    status = Status.now(Settings.from_env())
    reasons = status.reasons_not_ready()
    return JSONResponse(
        {"live": True, "ready": not reasons, "reasons": reasons},
        status_code=503 if reasons else 200,
    )


def metrics(_request: Request) -> Response:
    """Prometheus text format."""
    status = Status.now(Settings.from_env())
    return PlainTextResponse(metrics_text(status), media_type="text/plain; version=0.0.4")


def not_found(_request: Request) -> Response:
    """Say so in JSON: Streamlit itself would answer 200 with its page."""
    return JSONResponse({"error": "not found"}, status_code=404)


ROUTES = [
    Route("/healthz", healthz),
    Route("/metrics", metrics),
    *(
        Route(path, not_found, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        for path in ("/api", "/api/{rest:path}", "/webhooks", "/webhooks/{rest:path}")
    ),
]

app = st.App(
    "components/frame.py",
    lifespan=lifespan,
    middleware=[Middleware(LoopbackOnly)],
    routes=ROUTES,
)

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
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

import components
from data.books import close_books
from data.settings import BadSettings, Settings
from data.sign_in import read_sign_in, sign_in_file
from data.status import Status, metrics_text

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
RESTART_SECONDS = 2.0
METRICS = "/metrics"


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


def refuse_unsafe_address(address: str | None, *, has_sign_in: bool = False) -> None:
    """Raise SystemExit for an address that others can reach while there is no sign-in."""
    if address not in LOOPBACK and not has_sign_in:
        raise SystemExit(
            f"server.address is {address!r}: without sign-in Necto answers on this machine only. "
            "Set it to 127.0.0.1, or set up sign-in (docs/people.md)."
        )


class LoopbackOnly:
    """Answers only what reaches this machine's own address, however the server was started.

    With sign-in it answers elsewhere too, all but what nobody signs in for: the metrics.
    """

    def __init__(self, app: ASGIApp, env: Mapping[str, str] = os.environ) -> None:
        self._app, self._env = app, env
        self._has_sign_in: bool | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        is_here = scope["type"] == "lifespan" or server is None or server[0] in LOOPBACK
        if is_here or (self._is_open() and scope.get("path") != METRICS):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = PlainTextResponse("Necto answers on its own machine only.\n", 403)
            await refusal(scope, receive, send)

    def _is_open(self) -> bool:
        if self._has_sign_in is None:
            self._has_sign_in = read_sign_in(self._env) is not None
        return self._has_sign_in


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


def started_settings() -> Settings:
    """Return the settings; raises SystemExit, in words, for those that nothing can start with."""
    try:
        return Settings.from_env()
    except BadSettings as fault:
        raise SystemExit(str(fault)) from None


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    settings = started_settings()
    has_sign_in = settings.sign_in is not None
    refuse_unsafe_address(st.get_option("server.address"), has_sign_in=has_sign_in)
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
        {
            "live": True,
            "ready": not reasons,
            "reasons": reasons,
            "orders": status.orders.json() if status.orders else None,
        },
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
    Route(METRICS, metrics),
    *(
        Route(path, not_found, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        for path in ("/api", "/api/{rest:path}", "/webhooks", "/webhooks/{rest:path}")
    ),
]

# Streamlit reads sign-in from the very file that was checked, before its routes are made.
config.set_option("secrets.files", [str(sign_in_file())])
app = st.App(
    "components/frame.py",
    lifespan=lifespan,
    middleware=[Middleware(LoopbackOnly)],
    routes=ROUTES,
)

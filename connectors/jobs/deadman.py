"""Telling an outside monitor, every minute, that the worker lives and its desk works.

The monitor calls somebody when it hears nothing: a worker that died cannot. The address counts as a
secret, since monitors know their senders by it: what is logged names the server only.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from connectors.base import Delivers, SourceError
from connectors.http import Limits
from connectors.jobs.ingest import now_utc
from connectors.notify.posting import http_address, server_of
from data.faults import RecordsFault
from data.order_status import figures_now
from data.settings import Settings
from data.worker import heartbeat

log = logging.getLogger(__name__)

VARIABLE = "NECTO_DEADMAN_URL"
EVERY_SECONDS = 60.0
LATE_AFTER = timedelta(minutes=10)
"""A worker that leaves an order alone for so long does not work, though it lives."""
LIMITS = Limits(
    connect_timeout_seconds=5.0, read_timeout_seconds=5.0, total_timeout_seconds=10.0,
    attempts_max=1, body_bytes_max=64 * 1024,
)  # fmt: skip


_OK, _REDIRECTS = 200, 300


class BadDeadman(ValueError):
    """The address cannot be used: the message says what to write."""


def deadman_url(env: Mapping[str, str] = os.environ) -> str:
    """Return the address to call, empty where none is set. Raises BadDeadman."""
    text = env.get(VARIABLE, "").strip()
    if not text:
        return ""
    try:
        return http_address(text, secure=True)
    except ValueError as error:
        raise BadDeadman(f"{VARIABLE}: {error}") from None


def why_silent(settings: Settings, now: datetime) -> str | None:
    """Return why the monitor must not hear that all is well; None when it is."""
    beat = heartbeat(settings.home)
    if beat is None or beat.is_late(now):
        return "the worker's heartbeat is late"
    try:
        figures = figures_now(settings, now)
    except RecordsFault as fault:
        return f"the book of the orders cannot be used: {fault}"
    if figures and figures.late_seconds > LATE_AFTER.total_seconds():
        return f"an order has waited {figures.late_seconds:.0f} seconds to be looked at"
    return None


def signal(http: Delivers, url: str, settings: Settings, now: datetime) -> bool:
    """Call the monitor once if all is well; returns whether it was reached. Never raises."""
    if reason := why_silent(settings, now):
        log.error("the monitor is not called: %s", reason)
        return False
    try:
        reply = http.deliver(url, body=b"", media_type="text/plain", body_bytes_max=0)
    except SourceError as fault:
        log.warning("%s was not reached: %s", server_of(url), type(fault).__name__)
        return False
    if not _OK <= reply.status < _REDIRECTS:
        log.warning("%s answered %d: compare the address", server_of(url), reply.status)
        return False
    return True


def signal_until(
    http: Delivers,
    url: str,
    settings: Settings,
    stop: threading.Event,
    clock: Callable[[], datetime] = now_utc,
) -> None:
    """Call the monitor every minute until stopped."""
    pause = min(EVERY_SECONDS, 5.0)  # after the first heartbeat
    while not stop.wait(pause):
        pause = EVERY_SECONDS
        try:
            signal(http, url, settings, clock())
        except Exception as fault:  # noqa: BLE001 - its words may hold the address
            log.error("%s was not called: %s", server_of(url), type(fault).__name__)  # noqa: TRY400

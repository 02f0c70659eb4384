"""Calling what a job serves, to see whether it answers: one more sign of its health.

Off unless NECTO_PROBE_HOSTS names the endings of host names that may be called. The name is looked
up once, every address found must be public, and the connection goes to one of exactly those: a name
server that answers otherwise a moment later is not asked again. No redirect is followed, no body is
read, nothing is sent but a GET.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from connectors.bodies import Deadline, watchdog
from connectors.jobs.order_desk import Desk
from data.orders import Seen, listed
from engine.probing import NotProbed, Target, is_public, suffixes_of, target_of

log = logging.getLogger(__name__)

VARIABLE = "NECTO_PROBE_HOSTS"
TOTAL_SECONDS = 3.0
EVERY_SECONDS = 30.0
PROBED_MAX = 50
"""So many jobs are called in one round, one after the other; the next round goes on after them."""
LOOKED_AT_MAX = 2_000
"""Of running jobs the newest; older ones are not called."""
_SERVER_ERRORS = 500

Resolve = Callable[[str, int], Sequence[str]]


class BadProbeHosts(ValueError):
    """The setting cannot be used: the message says what to write."""


class NoAnswer(Exception):
    """The job did not answer as a server that works does: the message says how."""


def probe_hosts(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return which endings of host names may be called; empty: none. Raises BadProbeHosts."""
    try:
        return suffixes_of(env.get(VARIABLE, ""))
    except ValueError as error:
        raise BadProbeHosts(f"{VARIABLE}: {error}") from None


@dataclass(slots=True)
class Board:
    """What was found of each job: how often in a row it did not answer. Shared by threads."""

    _failures: dict[str, int] = field(default_factory=dict)
    _callable: frozenset[str] | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def failures(self, order_id: str) -> int | None:
        """Return how often in a row a job did not answer: 0 for one that may not be called.

        None before its first call: what another worker found of it stays.
        """
        with self._guard:
            if self._callable is not None and order_id not in self._callable:
                return 0
            return self._failures.get(order_id)

    def told(self, order_id: str, *, answered: bool) -> None:
        with self._guard:
            before = self._failures.get(order_id, 0)
            self._failures[order_id] = 0 if answered else before + 1

    def keep_only(self, order_ids: Sequence[str]) -> None:
        """Forget jobs that run no longer, or may not be called."""
        with self._guard:
            self._callable = known = frozenset(order_ids)
            self._failures = {k: v for k, v in self._failures.items() if k in known}


def looked_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, asked once; raises NoAnswer.

    The system's look-up has no time-out: it is left behind when it takes too long.
    """
    found: list[str] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return
        found.extend(str(row[4][0]) for row in rows)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(TOTAL_SECONDS)
    if not found:
        raise NoAnswer("its name has no address")
    return tuple(found)


def probe(target: Target, resolve: Resolve, transport: httpx.BaseTransport | None = None) -> int:
    """GET a job's address once and return the status; raises NotProbed, NoAnswer."""
    deadline = Deadline(target.host, time.monotonic() + TOTAL_SECONDS, time.monotonic)
    addresses = resolve(target.host, target.port)
    if not addresses or not all(map(is_public, addresses)):
        raise NotProbed("its name leads to an address that not everybody can reach")
    try:
        with (
            watchdog(deadline) as hooks,
            httpx.Client(transport=transport, trust_env=False, timeout=TOTAL_SECONDS) as client,
            client.stream(
                "GET",
                _url(target, addresses[0]),
                headers={"Host": target.host, "Connection": "close"},
                follow_redirects=False,
                extensions={**hooks, "sni_hostname": target.host},
            ) as response,
        ):
            status = response.status_code
    except httpx.InvalidURL:
        raise NotProbed("its path is none that can be asked for") from None
    except (httpx.TransportError, RuntimeError) as error:
        raise NoAnswer(type(error).__name__) from None
    if status >= _SERVER_ERRORS:
        raise NoAnswer(f"it answered {status}")
    return status


def _url(target: Target, address: str) -> httpx.URL:
    path = target.path.encode("ascii")
    return httpx.URL(scheme=target.scheme, host=address, port=target.port, raw_path=path)


def probe_round(
    desk: Desk, board: Board, hosts: Sequence[str], after: str, resolve: Resolve = looked_up,
    transport: httpx.BaseTransport | None = None,
) -> str:  # fmt: skip
    """Call the next jobs that may be called; returns the last one's id, to go on after it."""
    with desk.records.reading() as view:
        heads = listed(view, ["active"], LOOKED_AT_MAX)
    mine = {head.order_id: found for head in heads if (found := _target(head, hosts))}
    board.keep_only(list(mine))
    names = sorted(mine)
    turn = [name for name in names if name > after] + [name for name in names if name <= after]
    for name in turn[:PROBED_MAX]:
        try:
            probe(mine[name], resolve, transport)
        except NotProbed as reason:
            log.info("%s is not called: %s", name, reason)
        except NoAnswer as reason:
            log.info("%s does not answer: %s", name, reason)
            board.told(name, answered=False)
        else:
            board.told(name, answered=True)
        after = name
    return after


def probe_until(
    desk: Callable[[], Desk], board: Board, hosts: Sequence[str], stop: threading.Event
) -> None:
    """Call jobs every half minute until stopped; a fault of ours is logged."""
    after = ""
    while not stop.wait(EVERY_SECONDS):
        try:
            after = probe_round(desk(), board, hosts, after)
        except Exception:
            log.exception("what jobs serve could not be called")


def _target(head: Seen, hosts: Sequence[str]) -> Target | None:
    """Return the first address of a job that may be called."""
    services = (head.observed or {}).get("services") or ()
    for address in (one for service in services for one in service.get("addresses") or ()):
        try:
            return target_of(str(address), hosts)
        except NotProbed:
            continue
    return None

"""A job's lines and events, read from its provider's gateway by WebSocket, bounded in every way.

Providers' own addresses are never called: they are theirs to choose, mostly with certificates that
they signed themselves, and a worker calls only what this installation has configured. The stand-in
serves the documented gateway below its own address. Akash's public proxy speaks WebSocket in a form
that is not documented, so on the real network the Console shows the lines.

Paths, query and messages: akash-network/provider afc4dd7c gateway/rest (router.go).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal
from urllib.parse import urlencode

from pydantic import Field, SecretStr, ValidationError
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from connectors.base import Denied, SourceError, Unreachable, Unreadable
from connectors.networks.akash.chain_wire import Lcd
from connectors.networks.akash.console_wire import LeaseId
from engine.buying import LogLine

Stream = Literal["logs", "kubeevents"]
LINES_MAX = 10_000
LINE_CHARACTERS_MAX = 4_000
_MESSAGE_BYTES_MAX = 64 * 1024
_OPEN_SECONDS = 10.0
_QUIET_SECONDS = 2.0
"""A gateway that says nothing for so long has told what it has."""
_TOTAL_SECONDS = 20.0
_LEASE_NOT_FOUND, _UNAVAILABLE = 4001, 4002


class _Line(Lcd):
    name: str = ""
    message: str


class _Object(Lcd):
    kind: str = ""
    name: str = ""


class _Event(Lcd):
    type: str = ""
    reason: str = ""
    note: str = ""
    object: _Object = Field(default_factory=_Object)
    at: str | None = Field(default=None, alias="lastTimestamp")


def read_stream(
    base_url: str,
    lease: LeaseId,
    stream: Stream,
    token: SecretStr,
    lines_max: int,
    clock: Callable[[], float] = time.monotonic,
) -> Sequence[LogLine]:
    """Return the newest lines of a lease, at most ``lines_max``; hostile text, kept as it is.

    ``base_url``: of our own configuration; below it providers' gateways are served. Raises
    Unreachable, Denied or Unreadable.
    """
    most = max(1, min(lines_max, LINES_MAX))
    uri = _address(base_url, lease, stream, most)
    try:
        with connect(
            uri,
            additional_headers={"Authorization": f"Bearer {token.get_secret_value()}"},
            open_timeout=_OPEN_SECONDS,
            close_timeout=1.0,
            max_size=_MESSAGE_BYTES_MAX,
            max_queue=16,
            compression=None,
            proxy=None,
        ) as connection:
            return [_line(stream, text) for text in _texts(connection, most, clock)][-most:]
    except ConnectionClosed as error:
        raise _closed(error) from error
    except InvalidStatus as error:
        raise _refused(error.response.status_code) from error
    except (OSError, WebSocketException) as error:  # a TimeoutError is an OSError
        raise Unreachable(
            f"the provider's gateway gave no lines: {type(error).__name__}"
        ) from error


def no_gateway(dseq: str) -> str:
    """Say where lines are read when nothing that may be called has them."""
    return (
        "Necto does not read lines from Akash's providers: their addresses are theirs to choose, "
        "and Akash's proxy for them is not documented. Read them in the Console, at deployment "
        f"{dseq}"
    )


def _address(base_url: str, lease: LeaseId, stream: Stream, lines_max: int) -> str:
    scheme, _, rest = base_url.rstrip("/").partition("://")
    secure = {"http": "ws", "https": "wss"}[scheme]
    asked = {"follow": "false"} | ({"tail": str(lines_max)} if stream == "logs" else {})
    path = f"lease/{lease.dseq}/{lease.gseq}/{lease.oseq}/{stream}"
    return f"{secure}://{rest}/{lease.provider}/{path}?{urlencode(asked)}"


def _texts(
    connection: ClientConnection, lines_max: int, clock: Callable[[], float]
) -> Iterator[str]:
    """Give messages until the gateway ends, falls quiet, or has said enough."""
    ends_at = clock() + _TOTAL_SECONDS
    for _ in range(lines_max):
        left = min(_QUIET_SECONDS, ends_at - clock())
        try:
            message = connection.recv(timeout=max(0.0, left))
        except TimeoutError:
            return
        except ConnectionClosed as error:
            if error.rcvd and error.rcvd.code in {1000, 1001, 1005}:
                return
            raise
        yield message if isinstance(message, str) else message.decode("utf-8", "replace")


def _line(stream: Stream, text: str) -> LogLine:
    """Read one message; one that is not in the documented form is a line as it stands."""
    try:
        told = json.loads(text)
        if stream == "logs":
            line = _Line.model_validate(told)
            return LogLine(source=_cut(line.name), text=_cut(line.message))
        event = _Event.model_validate(told)
    except (ValueError, ValidationError, RecursionError):
        return LogLine(source="", text=_cut(text))
    source = "/".join(filter(None, (event.object.kind, event.object.name)))
    said = " ".join(filter(None, (event.type, event.reason)))
    return LogLine(source=_cut(source), text=_cut(f"{said}: {event.note}"), at=_cut(event.at or ""))


def _cut(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()[:LINE_CHARACTERS_MAX]


def _closed(error: ConnectionClosed) -> SourceError:
    code = error.rcvd.code if error.rcvd else 0
    if code == _LEASE_NOT_FOUND:
        return Unreadable("the provider does not know this lease")
    if code == _UNAVAILABLE:
        return Unreachable("the provider cannot reach the job now")
    return Unreachable(f"the provider's gateway hung up ({code or 'without a word'})")


def _refused(status: int) -> SourceError:
    if status in {401, 403}:
        return Denied("the provider's gateway does not take our token")
    if status == 404:  # noqa: PLR2004
        return Unreadable("the provider does not know this lease")
    return Unreachable(f"the provider's gateway answered {status}")

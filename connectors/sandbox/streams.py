"""Logs and events of a lease by WebSocket, as a provider's gateway sends them.

Query (gateway/rest requestStreamParams): ``service`` (names with commas), ``follow``, ``tail``.
Close codes: 4001 no such lease, 4002 unavailable.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from connectors.sandbox.gateway import NotAllowed, check, chosen, events, logs
from connectors.sandbox.life import sweep
from connectors.sandbox.network import Network
from connectors.sandbox.router import LEASE, MARK
from connectors.sandbox.wire import Json, Route

SCOPES = {"logs": "logs", "kubeevents": "events"}
POLL_SECONDS = 0.25
_PATH = Route("GET", LEASE + "/{what}", lambda *_: NotImplemented).pattern()
NOT_FOUND, UNAVAILABLE = 4001, 4002


async def stream(net: Network, scope: Scope, receive: Receive, send: Send) -> None:
    """Send one message per line, then close, or go on while ``follow``."""
    await receive()
    found = _PATH.fullmatch(scope["path"])
    if not found or found["what"] not in SCOPES:
        await _deny(send, 404, "Not Found")
        return
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    authorization = headers.get("authorization", "")
    try:
        check(net, authorization, found["address"], SCOPES[found["what"]])
    except NotAllowed as error:
        await _deny(send, error.status, error.text)
        return
    await send({"type": "websocket.accept", "headers": [(b"x-necto-sandbox", b"1")]})
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    try:
        code = await _lines(net, found.groupdict(), query, receive, send)
    except NotAllowed:
        code = NOT_FOUND
    if code:
        await send({"type": "websocket.close", "code": code, "reason": ""})


async def _lines(
    net: Network,
    named: Mapping[str, str],
    query: Mapping[str, str],
    receive: Receive,
    send: Send,
) -> int:
    """Return the code to close with; 0 when the other side has gone."""
    tail = int(query["tail"]) if re.fullmatch(r"-?[0-9]{1,6}", query.get("tail", "")) else -1
    follows, last = query.get("follow") == "true", ""
    while True:
        lines = await run_in_threadpool(_read, net, named, query.get("service", ""))
        if lines is None:
            return UNAVAILABLE
        texts = [json.dumps(line) for line in chosen(lines, "", tail if not last else -1)]
        for text in texts[texts.index(last) + 1 if last in texts else 0 :]:
            await send({"type": "websocket.send", "text": text})
            last = text
        if not follows:
            return 1000
        try:
            if (await asyncio.wait_for(receive(), POLL_SECONDS))["type"] == "websocket.disconnect":
                return 0
        except TimeoutError:
            continue


def _read(net: Network, named: Mapping[str, str], service: str) -> list[Json] | None:
    with net.used():
        if net.faults.dead(named["address"]):
            return None
        read = logs if named["what"] == "logs" else events
        lease = (named["address"], named["dseq"], int(named["gseq"]))
        lines = read(net, *lease, sweep(net))
    return [line for line in lines if not service or line["service"] in service.split(",")]


async def _deny(send: Send, status: int, text: str) -> None:
    headers = [
        (b"content-type", b"text/plain"),
        *((k.encode(), v.encode()) for k, v in MARK.items()),
    ]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})

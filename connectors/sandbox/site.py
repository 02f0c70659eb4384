"""The network as an ASGI application: the faults of transport, then the answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from connectors.sandbox.errors import NO_BALANCE, envelope
from connectors.sandbox.forms import Fault, FaultKind
from connectors.sandbox.network import Network
from connectors.sandbox.router import MARK, answer
from connectors.sandbox.streams import stream
from connectors.sandbox.wire import Answer, Call

BODY_BYTES_MAX = 64 * 1024 * 1024
Cut = Callable[[Scope], Awaitable[None]]
"""Ends a request's connection without another byte."""
BEFORE: tuple[FaultKind, ...] = (
    "slow", "outage", "cut_before", "status", "html_403", "text_404",
    "wallet_402", "wallet_409", "wallet_503",
)  # fmt: skip
AROUND: tuple[FaultKind, ...] = ("duplicate", "lost_answer", "wrong_types", "garbage")
BAD_GATEWAY = 502
HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
WALLET = {
    "wallet_402": (402, NO_BALANCE),
    "wallet_409": (409, "Wallet is not activated yet, retry later"),
    "wallet_503": (503, "Service temporarily unavailable"),
}


class Site:
    """Serves one network."""

    def __init__(self, net: Network, cut: Cut) -> None:
        self.net = net
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await stream(self.net, scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = await _call_of(scope, receive)
        if call.path.startswith("/_sandbox/"):
            await _send(send, await run_in_threadpool(answer, self.net, call))
            return
        strikes = await run_in_threadpool(self._strikes, call)
        for fault in strikes:
            await asyncio.sleep(fault.seconds if fault.kind in {"slow", "provider_dead"} else 0)
        if any(f.kind in {"outage", "cut_before", "provider_dead"} for f in strikes):
            await self._cut(scope)
            return
        if canned := next(filter(None, map(_canned, strikes)), None):
            await _send(send, canned)
            return
        kinds = {fault.kind for fault in strikes}
        found = await run_in_threadpool(answer, self.net, call)
        if "duplicate" in kinds:
            await run_in_threadpool(answer, self.net, call)
        if "lost_answer" in kinds:
            await self._cut(scope)
            return
        await _send(send, _spoilt(found, kinds))

    def _strikes(self, call: Call) -> list[Fault]:
        if not self.net.faults.are_on:
            return []
        with self.net.used():
            drawn = self.net.faults.drawn(BEFORE, call.path, call.method)
            if not drawn or all(fault.kind == "slow" for fault in drawn):
                drawn += self.net.faults.drawn(AROUND, call.path, call.method)
            if call.path.startswith("/provider/"):
                dead = self.net.faults.dead(call.path.split("/")[2])
                drawn += [dead] if dead else []
            return drawn


def _canned(fault: Fault) -> Answer | None:
    """Return the answer that a fault gives instead of doing anything."""
    if fault.kind in WALLET:
        status, message = WALLET[fault.kind]
        return Answer(envelope(status, message), status)
    if fault.kind == "html_403":
        return Answer(HTML, 403, {"cf-mitigated": "challenge"}, "text/html; charset=utf-8")
    if fault.kind == "text_404":
        return Answer("Provider not found.", 404, media_type="text/plain")
    if fault.kind != "status":
        return None
    headers = {"retry-after": str(int(fault.seconds))} if fault.seconds else {}
    code = "database_timeout" if fault.status == BAD_GATEWAY else None
    message = "Database connection timeout" if code else "The sandbox was told to fail"
    return Answer(envelope(fault.status, message, code=code), fault.status, headers)


def _spoilt(found: Answer, kinds: set[FaultKind]) -> Answer:
    """Return an answer as a broken server would give it."""
    if "garbage" in kinds:
        return Answer(b'{"data":{"deployments":[{"deployment":\x00', found.status)
    if "wrong_types" in kinds:
        return Answer(_wrong(json.loads(found.encoded())), found.status)
    return found


def _wrong(value: object) -> object:
    """Return a tree of the same shape in which texts are numbers and numbers are texts."""
    if isinstance(value, dict):
        return {key: _wrong(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_wrong(one) for one in value]
    return len(value) if isinstance(value, str) else {"was": str(value)}


async def _call_of(scope: Scope, receive: Receive) -> Call:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > BODY_BYTES_MAX:
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Call(
        method=scope["method"],
        path=unquote(scope["raw_path"].decode("ascii", "replace")),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=bytes(body),
    )


async def _send(send: Send, found: Answer) -> None:
    body = found.encoded()
    headers = {
        "content-type": found.media_type,
        "content-length": str(len(body)),
        **MARK,
        **found.headers,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": found.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})

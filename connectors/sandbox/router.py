"""From a request to its answer: who may ask, which handler answers, what is committed."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import replace

from connectors.sandbox import account, chain, control, public
from connectors.sandbox.errors import Refused
from connectors.sandbox.gateway import NotAllowed, check, lease_status
from connectors.sandbox.life import sweep
from connectors.sandbox.network import KEY_PREFIX, Network
from connectors.sandbox.wire import Answer, Call, Route

CONTROL_HEADER = "x-sandbox-token"
RESET = "/_sandbox/reset"
LEASE = "/provider/{address}/lease/{dseq}/{gseq}/{oseq}"
MARK = {"x-necto-sandbox": "1"}


def document(_: object, __: Call) -> Answer:
    """Return a short note of our own on what is served, in OpenAPI's form."""
    paths: dict[str, dict[str, object]] = {}
    for route in (*account.ROUTES, *public.ROUTES, *chain.ROUTES):
        paths.setdefault(route.path, {})[route.method.lower()] = {
            "security": [{"ApiKeyAuth": []}] if route.needs_key else [],
            "responses": {"default": {"description": "as the Console API"}},
        }
    info = {"title": "Sandbox Akash: a stand-in with play money", "version": "1"}
    return Answer({"openapi": "3.0.0", "info": info, "paths": paths})


def gateway_status(net: Network, call: Call) -> Answer:
    """Return what a provider's gateway says of a lease; its refusals are plain text."""
    address, dseq = call.named["address"], call.named["dseq"]
    try:
        check(net, call.headers.get("authorization", ""), address, "status")
        found = lease_status(net, address, dseq, call.number("gseq", 1), sweep(net))
    except NotAllowed as error:
        return Answer(error.text, error.status, media_type="text/plain")
    return Answer(found) if found else Answer("unavailable", 503, media_type="text/plain")


ROUTES = (
    *account.ROUTES,
    *public.ROUTES,
    *chain.ROUTES,
    *control.ROUTES,
    Route("GET", "/v1/doc", document),
    Route("GET", LEASE + "/status", gateway_status),
)
_PATTERNS: Sequence[tuple[Route, re.Pattern[str]]] = [(r, r.pattern()) for r in ROUTES]


def answer(net: Network, call: Call) -> Answer:
    """Answer one request; what it does is committed before this returns."""
    try:
        if call.path.startswith("/_sandbox/"):
            _must_control(net, call)
            if (call.method, call.path) == ("POST", RESET):
                return Answer({"book": net.reset()})
        route, call = _routed(call)
        if route.needs_key:
            _must_hold_key(net, call)
        with net.used():
            return route.handler(net, call)
    except Refused as error:
        return Answer(error.body(), error.status)


def _routed(call: Call) -> tuple[Route, Call]:
    for route, pattern in _PATTERNS:
        if route.method == call.method and (found := pattern.fullmatch(call.path)):
            if len(call.body) > route.body_bytes_max:
                raise Refused(413, "Request body too large")
            return route, replace(call, named=found.groupdict())
    raise Refused(404, "Not Found")


def _must_control(net: Network, call: Call) -> None:
    given = call.headers.get(CONTROL_HEADER, "")
    if not hmac.compare_digest(given.encode(), net.account.control_token.encode()):
        raise Refused(401, f"The control interface needs its token in the header {CONTROL_HEADER}")


def _must_hold_key(net: Network, call: Call) -> None:
    """As the Console: one of two headers, never both; a key is no bearer token."""
    key, bearer = call.headers.get("x-api-key"), call.headers.get("authorization")
    if key and bearer:
        raise Refused(400, "Authorization and X-Api-Key headers are mutually exclusive")
    if bearer:
        raise Refused(401, "Invalid token")
    if not key:
        raise Refused(401, "Unauthorized")
    is_ours = hmac.compare_digest(key.encode(), net.account.key.encode())
    if not (key.startswith(KEY_PREFIX) and is_ours):
        raise Refused(401, "Invalid API key")

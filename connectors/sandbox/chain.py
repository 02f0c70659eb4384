"""The chain's own REST answers (LCD), with groups by name, and closed deployments too."""

import base64
import binascii
from typing import Any

from connectors.sandbox import views
from connectors.sandbox.errors import Invalid
from connectors.sandbox.held import all_held, held, held_by_dseq
from connectors.sandbox.life import sweep
from connectors.sandbox.network import Network
from connectors.sandbox.wire import Answer, Call, Json, Route, fault

PAGE = 100
PAGE_MAX = 1_000
KEY_BYTES = 9
LEASE_STATES = ("active", "insufficient_funds", "closed", "reclaiming")


def deployments(net: Network, call: Call) -> Answer:
    height = sweep(net)
    state = _state(call, ("active", "closed"))
    rows, pages = _page(net, call, "deployments", {"state": state}) if _is_ours(net, call) else NONE
    found = [views.chain_deployment(net, one, height) for one in all_held(net.book, rows)]
    return Answer({"deployments": found, "pagination": pages})


def deployment(net: Network, call: Call) -> Answer:
    height = sweep(net)
    one = held(net.book, call.query.get("id.dseq", ""))
    if one is None or call.query.get("id.owner") != net.account.owner:
        return Answer({"code": 5, "message": "deployment not found", "details": []}, 404)
    return Answer(views.chain_deployment(net, one, height))


def leases(net: Network, call: Call) -> Answer:
    height = sweep(net)
    wanted = {"state": _state(call, LEASE_STATES)}
    wanted |= {name: call.query.get(f"filters.{name}", "") for name in ("dseq", "gseq", "provider")}
    rows, pages = _page(net, call, "leases", wanted) if _is_ours(net, call) else NONE
    owners = {one.dseq: one for one in held_by_dseq(net.book, [row["dseq"] for row in rows])}
    found = [views.chain_lease(net, owners[row["dseq"]], row, height) for row in rows]
    return Answer({"leases": found, "pagination": pages})


NONE: tuple[list[Json], Json] = ([], {"next_key": None, "total": "0"})


def _is_ours(net: Network, call: Call) -> bool:
    return call.query.get("filters.owner", net.account.owner) == net.account.owner


def _state(call: Call, states: tuple[str, ...]) -> str:
    state = call.query.get("filters.state", "")
    if state and state not in states:
        raise fault("filters.state", f"Expected one of {', '.join(states)}")
    return state


def _page(
    net: Network, call: Call, table: str, wanted: dict[str, str]
) -> tuple[list[dict[str, Any]], Json]:
    """Return one page by number, with the key of the next; the total only when it is asked for."""
    limit = call.number("pagination.limit", PAGE, least=1)
    offset = call.number("pagination.offset", 0)
    is_reverse = call.query.get("pagination.reverse") == "true"
    named = {name: value for name, value in wanted.items() if value}
    where = "".join(f" AND {name} = ?" for name in named)
    after = _after(call.query.get("pagination.key", ""))
    edge = "" if after is None else f" AND n {'<' if is_reverse else '>'} {after}"
    order = "DESC" if is_reverse else "ASC"
    rows = net.book.all(
        f"SELECT * FROM {table} WHERE 1{where}{edge} ORDER BY n {order} LIMIT ? OFFSET ?",  # noqa: S608 - our own names
        *named.values(), min(limit, PAGE_MAX) + 1, offset,
    )  # fmt: skip
    more, rows = len(rows) > min(limit, PAGE_MAX), rows[: min(limit, PAGE_MAX)]
    total = "0"
    if call.query.get("pagination.count_total") == "true":
        found = net.book.one(f"SELECT count(*) AS n FROM {table} WHERE 1{where}", *named.values())  # noqa: S608 - our own names
        total = str(found["n"]) if found else "0"
    return rows, {"next_key": _key(rows[-1]["n"]) if more else None, "total": total}


def _key(number: int) -> str:
    return base64.b64encode(b"n" + number.to_bytes(8)).decode()


def _after(key: str) -> int | None:
    if not key:
        return None
    try:
        content = base64.b64decode(key, validate=True)
    except binascii.Error:
        content = b""
    if len(content) != KEY_BYTES or content[:1] != b"n":
        raise Invalid([{"code": "custom", "path": ["pagination.key"], "message": "Invalid key"}])
    return int.from_bytes(content[1:])


ROUTES = (
    Route("GET", "/akash/deployment/{version}/deployments/list", deployments),
    Route("GET", "/akash/deployment/{version}/deployments/info", deployment),
    Route("GET", "/akash/market/{version}/leases/list", leases),
)

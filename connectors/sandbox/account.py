"""What the account's key opens: deployments, bids, leases, deposits, settings, tokens."""

import re
import uuid
from decimal import ROUND_HALF_UP, Decimal

from connectors.sandbox import acts, views
from connectors.sandbox.clock import iso
from connectors.sandbox.errors import BID_NOT_OPEN, Refused, envelope
from connectors.sandbox.gateway import token
from connectors.sandbox.held import RETRY_BLOCKS, RUNWAY_BLOCKS, Held, all_held
from connectors.sandbox.life import sweep
from connectors.sandbox.network import Network
from connectors.sandbox.units import ATTO, BLOCK_SECONDS, UACT_PER_USD, usd
from connectors.sandbox.wire import (
    UUID,
    Answer,
    Call,
    DepositBody,
    Handler,
    Json,
    LeaseBody,
    Route,
    SdlBody,
    SettingsBody,
    SwitchBody,
    TokenBody,
    data,
    fault,
    read,
)

WEEK_BLOCKS = 7 * 14_400


def me(net: Network, _: Call) -> Answer:
    user = net.account.user_id
    return data(
        {
            "id": user,
            "userId": f"sandbox|{user}",
            "username": "sandbox",
            "email": "sandbox@sandbox.invalid",
            "emailVerified": True,
            "subscribedToNewsletter": False,
        }
    )


def wallets(net: Network, call: Call) -> Answer:
    user = call.query.get("userId", "")
    if not re.fullmatch(UUID, user):
        raise fault("userId", "Invalid uuid")
    if user != net.account.user_id:
        return data([])
    wallet = {
        "id": 1,
        "userId": user,
        "creditAmount": net.balance(),
        "address": net.account.owner,
        "denom": "uact",
        "isTrialing": False,
        "topUpMinAmountUsd": 20,
        "createdAt": iso(net.rate.genesis),
    }
    return data([wallet])


def create(net: Network, call: Call) -> Answer:
    body = read(call, SdlBody).data
    uact = None if body.deposit is None else _uact(body.deposit)
    if uact is not None and uact < acts.DEPOSIT_UACT:
        raise Refused(400, "Failed to create deployment: Deposit too low")
    dseq, manifest, transaction = acts.create(net, body.sdl, uact, sweep(net))
    signed = {"code": 0, "transactionHash": transaction, "rawLog": "sandbox"}
    return data({"dseq": dseq, "manifest": manifest, "signTx": signed}, 201)


def listed(net: Network, call: Call) -> Answer:
    skip, limit = call.number("skip", 0), call.number("limit", 1000, least=1)
    height = sweep(net)
    found = net.book.one("SELECT count(*) AS n FROM deployments WHERE state = 'active'")
    total = found["n"] if found else 0
    rows = net.book.all(
        "SELECT * FROM deployments WHERE state = 'active' ORDER BY n LIMIT ? OFFSET ?",
        min(limit, 1000), skip,
    )  # fmt: skip
    shown = [views.whole(net, one, height, with_status=False) for one in all_held(net.book, rows)]
    pages = {
        "total": total,
        "skip": skip,
        "limit": limit,
        "hasMore": skip + len(rows) < total,
    }
    return data({"deployments": shown, "pagination": pages})


def detail(net: Network, call: Call) -> Answer:
    height = sweep(net)
    return _whole(net, acts.known(net, call.dseq()), height)


def update(net: Network, call: Call) -> Answer:
    height = sweep(net)
    one = acts.known(net, call.dseq())
    problem = acts.update(net, one, read(call, SdlBody).data.sdl, height)
    return _unavailable(problem) if problem else _whole(net, one, height)


def close(net: Network, call: Call) -> Answer:
    height = sweep(net)
    acts.close_now(net, acts.known(net, call.dseq()), height)
    return data({"success": True})


def bids(net: Network, call: Call) -> Answer:
    dseq, height = call.dseq(), sweep(net)
    acts.known(net, dseq)
    return data(views.bids(net, dseq, height))


def lease(net: Network, call: Call) -> Answer:
    body = read(call, LeaseBody)
    height = sweep(net)
    first = acts.known(net, body.leases[0].dseq)
    chosen = [acts.Chosen(bid.dseq, bid.gseq, bid.oseq, bid.provider) for bid in body.leases]
    if not first.live and net.faults.drawn(("vanishing_bids",), call.path, call.method):
        net.book.write("UPDATE bids SET state = 'closed' WHERE dseq = ?", first.dseq)
        return Answer(envelope(400, f"Failed to create lease: {BID_NOT_OPEN}"), 400)
    problem = acts.lease(net, body.manifest, chosen, height)
    return _unavailable(problem) if problem else _whole(net, acts.known(net, first.dseq), height)


def deposit(net: Network, call: Call) -> Answer:
    body, height = read(call, DepositBody).data, sweep(net)
    one = acts.known(net, body.dseq)
    acts.add_deposit(net, one, _uact(body.deposit), height)
    return _whole(net, one, height)


def add_settings(net: Network, call: Call) -> Answer:
    body, height = read(call, SettingsBody).data, sweep(net)
    one = acts.known(net, body.dseq)
    return data(_switched(net, one, height, on=body.autoTopUpEnabled), 201)


def settings(net: Network, call: Call) -> Answer:
    height = sweep(net)
    one = acts.known(net, call.dseq())
    return data(_settings(net, one, height))


def set_settings(net: Network, call: Call) -> Answer:
    body, height = read(call, SwitchBody).data, sweep(net)
    one = acts.known(net, call.dseq())
    _settings(net, one, height)
    return data(_switched(net, one, height, on=body.autoTopUpEnabled))


def weekly_cost(net: Network, _: Call) -> Answer:
    rows = net.book.all("SELECT * FROM deployments WHERE state = 'active' AND auto = 1")
    rates = [sum(one.prices.values()) for one in all_held(net.book, rows, with_groups=False)]
    return data({"weeklyCost": usd(sum(rates) * WEEK_BLOCKS // ATTO)})


def make_token(net: Network, call: Call) -> Answer:
    body = read(call, TokenBody).data
    return data({"token": token(net, body.ttl, body.leases)}, 201)


def _switched(net: Network, one: Held, height: int, *, on: bool) -> Json:
    moment = net.date(height)
    net.book.write(
        "INSERT INTO toppings VALUES (?, ?, ?, ?) "
        "ON CONFLICT (dseq) DO UPDATE SET updated = excluded.updated",
        one.dseq, str(uuid.uuid4()), moment, moment,
    )  # fmt: skip
    if on and not one.row["auto"]:
        one.row["tried"] = height
    one.row["auto"] = int(on)
    one.save(net.book)
    return _settings(net, one, height)


def _settings(net: Network, one: Held, height: int) -> Json:
    row = net.book.one("SELECT * FROM toppings WHERE dseq = ?", one.dseq)
    if row is None:
        raise Refused(404, "Deployment setting not found")
    rate = sum(one.prices.values()) if one.row["auto"] else 0
    missing = -(-rate * RUNWAY_BLOCKS // ATTO) - one.at(height)[0].funds if rate else 0
    return {
        "id": row["id"],
        "userId": net.account.user_id,
        "dseq": one.dseq,
        "autoTopUpEnabled": bool(one.row["auto"]),
        "estimatedTopUpAmount": max(0, missing),
        "topUpFrequencyMs": RETRY_BLOCKS * BLOCK_SECONDS * 1000,
        "createdAt": row["created"],
        "updatedAt": row["updated"],
    }


def _whole(net: Network, one: Held, height: int) -> Answer:
    return data(views.whole(net, one, height, with_status=True))


def _unavailable(problem: str) -> Answer:
    """What was done stands; only the provider did not take the manifest."""
    status = 400 if problem.startswith("manifest") else 503
    return Answer(envelope(status, problem), status)


def _uact(deposit: Decimal) -> int:
    return int((deposit * UACT_PER_USD).to_integral_value(ROUND_HALF_UP))


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(method, path, handler, needs_key=True)


ROUTES = (
    _route("GET", "/v1/user/me", me),
    _route("GET", "/v1/wallets", wallets),
    _route("POST", "/v1/deployments", create),
    _route("GET", "/v1/deployments", listed),
    _route("GET", "/v1/deployments/{dseq}", detail),
    _route("PUT", "/v1/deployments/{dseq}", update),
    _route("DELETE", "/v1/deployments/{dseq}", close),
    _route("GET", "/v1/bids", bids),
    _route("GET", "/v1/bids/{dseq}", bids),
    _route("POST", "/v1/leases", lease),
    _route("POST", "/v1/deposit-deployment", deposit),
    _route("POST", "/v2/deployment-settings", add_settings),
    _route("GET", "/v2/deployment-settings/{dseq}", settings),
    _route("PATCH", "/v2/deployment-settings/{dseq}", set_settings),
    _route("GET", "/v1/weekly-cost", weekly_cost),
    _route("POST", "/v1/create-jwt-token", make_token),
)

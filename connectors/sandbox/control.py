"""The control interface under ``/_sandbox``: what no real network has, with a token of its own."""

import json
from typing import Any

from connectors.sandbox import acts
from connectors.sandbox.book import Row
from connectors.sandbox.errors import Refused
from connectors.sandbox.forms import Fault, Fill, Grant, LeaseAct, Market, Pace, Seed
from connectors.sandbox.held import Held, all_held
from connectors.sandbox.life import end_lease, sweep
from connectors.sandbox.market import replace_market
from connectors.sandbox.network import Network
from connectors.sandbox.units import BLOCK_SECONDS
from connectors.sandbox.views import chain_lease
from connectors.sandbox.wire import Answer, Call, Route, read

Json = dict[str, Any]
LEASES_MAX = 20_000


def status(net: Network, _: Call) -> Answer:
    """Return clock, counts, money and faults; ``money`` adds up: granted = all the others."""
    height = sweep(net)
    counts = net.book.all("SELECT state, count(*) AS n FROM leases GROUP BY state")
    states = net.book.all("SELECT state, count(*) AS n FROM deployments GROUP BY state")
    providers = net.book.one("SELECT count(*) AS n FROM providers")
    return Answer(
        {
            "book": net.book.path.name,
            "owner": net.account.owner,
            "time": net.date(height),
            "height": height,
            "factor": net.rate.factor,
            "providers": providers["n"] if providers else 0,
            "deployments": {row["state"]: row["n"] for row in states},
            "leases": {row["state"]: row["n"] for row in counts},
            "money": money(net, height),
            "faults": net.faults.listed(),
        }
    )


def money(net: Network, height: int) -> dict[str, int]:
    """Return where all uact ever granted are, to the last one."""
    rows = net.book.all("SELECT * FROM deployments")
    every = all_held(net.book, rows, with_groups=False)
    accounts = [one.at(height)[0] for one in every]
    return {
        "granted": net.book.number("granted"),
        "balance": net.balance(),
        "escrow": sum(max(0, one.funds) for one in accounts),
        "transferred": sum(one.transferred for one in accounts),
        "owed": sum(one.owed for one in accounts),
    }


def leases(net: Network, call: Call) -> Answer:
    """Return every lease with what it cost so far, whole uact: what a chaos test checks against."""
    height = sweep(net)
    after = call.number("after", 0)
    rows = net.book.all(
        "SELECT DISTINCT d.* FROM deployments d JOIN leases l ON l.dseq = d.dseq "
        "WHERE d.n > ? ORDER BY d.n LIMIT ?", after, LEASES_MAX,
    )  # fmt: skip
    found = [
        _lease(net, one, row, height) for one in all_held(net.book, rows) for row in one.leases
    ]
    return Answer({"leases": found, "next": rows[-1]["n"] if len(rows) == LEASES_MAX else None})


def _lease(net: Network, one: Held, row: Row, height: int) -> Json:
    told = chain_lease(net, one, row, height)
    names = {group["gseq"]: json.loads(group["spec"])["name"] for group in one.groups}
    return {
        "dseq": row["dseq"],
        "group": names[row["gseq"]],
        "gseq": row["gseq"],
        "provider": row["provider"],
        "state": row["state"],
        "reason": row["reason"],
        "price": told["lease"]["price"]["amount"],
        "created": row["created"],
        "closed": row["closed"],
        "paid_uact": int(told["escrow_payment"]["state"]["withdrawn"]["amount"]),
        "has_manifest": row["manifest"] is not None,
    }


def market(net: Network, call: Call) -> Answer:
    return Answer({"providers": replace_market(net, read(call, Market))})


def clock(net: Network, call: Call) -> Answer:
    form = read(call, Pace)
    if form.advance_seconds:
        net.pace(net.rate.advanced(net.machine(), form.advance_seconds))
    if form.factor is not None:
        net.pace(net.rate.paced(net.machine(), form.factor))
    return status(net, call)


def faults(net: Network, _: Call) -> Answer:
    return Answer({"faults": net.faults.listed()})


def add_fault(net: Network, call: Call) -> Answer:
    return Answer({"id": net.faults.add(read(call, Fault))}, 201)


def clear_faults(net: Network, call: Call) -> Answer:
    number = call.number("id", 0) if "id" in call.named else None
    return Answer({"cleared": net.faults.clear(number)})


def seed(net: Network, call: Call) -> Answer:
    net.faults.seed(read(call, Seed).seed)
    return Answer({"seeded": True})


def act(net: Network, call: Call) -> Answer:
    """Let something happen to the live leases of a deployment, as a provider or the money would."""
    form, height = read(call, LeaseAct), sweep(net)
    one = acts.known(net, call.dseq())
    if not one.live:
        raise Refused(409, "No live lease")
    if form.act == "exhaust":
        drain(net, one, height)
    for row in one.live if form.act != "exhaust" else []:
        if form.act == "close":
            end_lease(net, one, row, height, form.reason)
        else:
            _reclaim(net, row, height, form.window_seconds)
    one.save(net.book)
    return Answer({"leases": [_lease(net, one, row, height) for row in one.leases]})


def drain(net: Network, one: Held, height: int) -> None:
    """Take what is left out of the escrow, back to the account: the next block cannot be paid."""
    left = one.at(height)[0].funds
    one.escrow = one.escrow.without(left)
    net.pay(-left)
    net.event(height, "sandbox_drained", one.dseq, note=f"{left} uact")


def _reclaim(net: Network, row: Row, height: int, seconds: int | None) -> None:
    window = row["window"] if seconds is None else seconds
    row.update(state="reclaiming", reclaimed=height)
    row["deadline"] = height + max(1, -(-window // BLOCK_SECONDS))
    net.book.write(
        "UPDATE leases SET state = 'reclaiming', reclaimed = ?, deadline = ? WHERE n = ?",
        height, row["deadline"], row["n"],
    )  # fmt: skip
    net.event(height, "lease_reclaiming", row["dseq"], gseq=row["gseq"], provider=row["provider"])


def grant(net: Network, call: Call) -> Answer:
    uact = read(call, Grant).uact
    if net.balance() + uact < 0:
        raise Refused(409, "The account does not hold that much")
    net.book.add("balance", uact)
    net.book.add("granted", uact)
    return Answer({"balance": net.balance()})


def fill(net: Network, call: Call) -> Answer:
    """Make leases at once, each from an SDL with its cheapest bid, for measurements."""
    form, height = read(call, Fill), sweep(net)
    made = []
    for sdl in form.sdls:
        dseq, manifest, _ = acts.create(net, sdl, form.deposit_uact, height)
        net.book.write("UPDATE bids SET opens = ? WHERE dseq = ?", height, dseq)
        chosen = acts.cheapest(net, dseq)
        if not chosen:
            raise Refused(409, "No provider of the market fits this SDL")
        acts.lease(net, manifest, chosen, height)
        made.append({"dseq": dseq, "provider": chosen[0].provider})
    return Answer({"made": made}, 201)


ROUTES = (
    Route("GET", "/_sandbox/status", status),
    Route("GET", "/_sandbox/leases", leases),
    Route("PUT", "/_sandbox/market", market, body_bytes_max=64 * 1024 * 1024),
    Route("POST", "/_sandbox/clock", clock),
    Route("GET", "/_sandbox/faults", faults),
    Route("POST", "/_sandbox/faults", add_fault),
    Route("DELETE", "/_sandbox/faults", clear_faults),
    Route("DELETE", "/_sandbox/faults/{id}", clear_faults),
    Route("POST", "/_sandbox/seed", seed),
    Route("POST", "/_sandbox/leases/{dseq}", act),
    Route("POST", "/_sandbox/grant", grant),
    Route("POST", "/_sandbox/fill", fill, body_bytes_max=64 * 1024 * 1024),
)

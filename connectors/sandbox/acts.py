"""What the account's owner does: create, update, deposit, lease, close; all take effect at once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.sandbox.book import Row
from connectors.sandbox.errors import BID_NOT_OPEN, NO_BALANCE, ORDER_NOT_OPEN, Refused
from connectors.sandbox.held import BID_BLOCKS, Held, held
from connectors.sandbox.life import close, deposit
from connectors.sandbox.market import Ask, ask_of, cap_of, seller, sellers, take
from connectors.sandbox.network import Network
from connectors.sandbox.sdl import Asked, asked_of, digest_of
from connectors.sandbox.units import ATTO

DEPOSIT_UACT = 500_000
"""What the Console puts in when nothing is asked: $0.50."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bid that a lease is made of."""

    dseq: str
    gseq: int
    oseq: int
    provider: str


def create(net: Network, sdl: str, uact: int | None, height: int) -> tuple[str, str, str]:
    """Make a deployment; return its number, manifest and transaction hash."""
    asked = asked_of(sdl)
    amount = DEPOSIT_UACT if uact is None else uact
    if amount > net.balance():
        raise Refused(402, NO_BALANCE)
    dseq = net.next_dseq()
    net.book.write(
        "INSERT INTO deployments (n, dseq, state, hash, created, deposits, transferred, returned, "
        "owed, settled, escrow) VALUES (?, ?, 'active', ?, ?, '[]', 0, 0, 0, ?, 'open')",
        net.book.add("deployments", 1), dseq, asked.digest, height, height,
    )  # fmt: skip
    net.book.write_many(
        "INSERT INTO groups VALUES (?, ?, 'open', 'open', ?, ?)",
        [
            (dseq, gseq, json.dumps(spec), json.dumps(asked.services[spec["name"]]))
            for gseq, spec in enumerate(asked.groups, 1)
        ],
    )
    transaction = net.event(height, "deployment_created", dseq)
    _ask_for_bids(net, dseq, asked, height)
    one = known(net, dseq)
    deposit(net, one, height, amount)
    one.save(net.book)
    return dseq, asked.manifest, transaction


def _ask_for_bids(net: Network, dseq: str, asked: Asked, height: int) -> None:
    if net.faults.drawn(("no_bids",), "/v1/deployments"):
        return
    raised = [fault.percent for fault in net.faults.drawn(("price_up",), "/v1/deployments")]
    dearer = sum(raised, Decimal(0))
    market = sellers(net)
    for gseq, spec in enumerate(asked.groups, 1):
        cap = cap_of(spec)
        asks = [ask_of(one, spec, asked.reclamation_seconds) for one in market]
        for ask in filter(None, asks):
            price = ask.price + int(ask.price * dearer / 100)
            if price <= cap:
                _bid(net, dseq, gseq, ask, price, height)


def _bid(net: Network, dseq: str, gseq: int, ask: Ask, price: int, height: int) -> None:
    """Keep a bid that comes one to three blocks later, by a number that is the same every time."""
    later = hashlib.sha256(f"{dseq}/{ask.provider}".encode()).digest()[0] % 3 + 1
    net.book.write(
        "INSERT INTO bids VALUES (?, ?, ?, ?, ?, 'open', ?, ?)",
        dseq, gseq, ask.provider, height + later, str(price),
        json.dumps({"resources": ask.resources, "needs": ask.needs}), ask.window,
    )  # fmt: skip


def known(net: Network, dseq: str) -> Held:
    """Return a deployment; raises Refused 404."""
    one = held(net.book, dseq)
    if one is None:
        raise Refused(404, "Deployment not found")
    return one


def bid_state(bid: Row, height: int) -> str | None:
    """Return a bid's state at a height; None before it has come."""
    if bid["opens"] > height:
        return None
    is_late = bid["state"] == "open" and height >= bid["opens"] + BID_BLOCKS
    return "closed" if is_late else str(bid["state"])


def lease(net: Network, manifest: str, chosen: Sequence[Chosen], height: int) -> str | None:
    """Make leases of bids and hand over the manifest; what is leased already is left as it is.

    Returns why the manifest was not taken (the leases stand), None when it was.
    """
    for bid in chosen:
        one = known(net, bid.dseq)
        if not any(_is_lease_of(row, bid) for row in one.live):
            _make_lease(net, one, bid, height)
    problems = [hand_over(net, known(net, dseq), manifest, height) for dseq in _dseqs(chosen)]
    return next((problem for problem in problems if problem), None)


def _dseqs(chosen: Sequence[Chosen]) -> list[str]:
    return list(dict.fromkeys(bid.dseq for bid in chosen))


def _is_lease_of(row: Row, bid: Chosen) -> bool:
    return bool(row["gseq"] == bid.gseq and row["provider"] == bid.provider and bid.oseq == 1)


def _make_lease(net: Network, one: Held, bid: Chosen, height: int) -> None:
    if not one.is_active:
        raise Refused(400, "Failed to create lease: Deployment closed")
    row = net.book.one(
        "SELECT * FROM bids WHERE dseq = ? AND gseq = ? AND provider = ?",
        bid.dseq, bid.gseq, bid.provider,
    )  # fmt: skip
    group = next((each for each in one.groups if each["gseq"] == bid.gseq), None)
    if group is None or group["orders"] == "active" or bid.oseq != 1:
        raise Refused(400, f"Failed to create lease: {ORDER_NOT_OPEN}")
    if row is None or bid_state(row, height) != "open" or not _has_room(net, row):
        raise Refused(400, f"Failed to create lease: {BID_NOT_OPEN}")
    needs = json.loads(row["offer"])["needs"]
    one.settle(net.book, height)
    net.book.write(
        "INSERT INTO leases (n, dseq, gseq, provider, state, price, created, reason, window, needs)"
        " VALUES (?, ?, ?, ?, 'active', ?, ?, 'lease_closed_invalid', ?, ?)",
        net.book.add("leases", 1), bid.dseq, bid.gseq, bid.provider, row["price"], height,
        row["window"], json.dumps(needs),
    )  # fmt: skip
    take(net, bid.provider, needs, 1)
    net.book.write(
        "UPDATE bids SET state = CASE provider WHEN ? THEN 'active' ELSE 'lost' END "
        "WHERE dseq = ? AND gseq = ? AND state = 'open'", bid.provider, bid.dseq, bid.gseq,
    )  # fmt: skip
    net.book.write(
        "UPDATE groups SET orders = 'active' WHERE dseq = ? AND gseq = ?", bid.dseq, bid.gseq
    )
    net.event(height, "lease_created", bid.dseq, gseq=bid.gseq, provider=bid.provider)
    again = known(net, bid.dseq)
    again.escrow = one.escrow
    again.save(net.book)


def _has_room(net: Network, bid: Row) -> bool:
    one = seller(net, bid["provider"])
    return bool(one and one.form.is_online and one.has_room(json.loads(bid["offer"])["needs"]))


def hand_over(net: Network, one: Held, manifest: str, height: int) -> str | None:
    """Give the manifest to every provider of the deployment; return why one did not take it."""
    if digest_of(manifest) != one.row["hash"]:
        return "manifest version validation failed"
    problem = None
    for row in one.live:
        path = f"/provider/{row['provider']}/manifest"
        if net.faults.dead(row["provider"]) or net.faults.drawn(("no_manifest",), path):
            problem = f"Provider {row['provider']} did not take the manifest"
        elif row["manifest"] is None:
            row["manifest"] = height
            net.book.write("UPDATE leases SET manifest = ? WHERE n = ?", height, row["n"])
            net.event(
                height, "manifest_accepted", one.dseq, gseq=row["gseq"], provider=row["provider"]
            )
    one.save(net.book)
    return problem


def update(net: Network, one: Held, sdl: str, height: int) -> str | None:
    """Replace the manifest; provider and reserved resources stay. Returns as ``hand_over``."""
    if not one.is_active:
        raise Refused(400, "Failed to create deployment: Deployment closed")
    asked = asked_of(sdl)
    old = [json.loads(group["spec"]) for group in one.groups]
    if [_reserved(spec) for spec in old] != [_reserved(spec) for spec in asked.groups]:
        raise Refused(400, "Invalid deployment version: the groups or their resources differ")
    one.row["hash"] = asked.digest
    one.row["version"] += 1
    for row in one.live:
        row["manifest"] = height
        net.book.write("UPDATE leases SET manifest = ? WHERE n = ?", height, row["n"])
    net.event(height, "deployment_updated", one.dseq)
    one.save(net.book)
    return hand_over(net, one, asked.manifest, height)


def _reserved(spec: Row) -> object:
    return spec["name"], [
        (unit["count"], {k: unit["resource"][k] for k in ("cpu", "memory", "storage", "gpu")})
        for unit in spec["resources"]
    ]


def add_deposit(net: Network, one: Held, uact: int, height: int) -> None:
    """Deposit by the owner; not idempotent, as on the real network."""
    if not one.is_active:
        raise Refused(400, "Deployment closed")
    if uact > net.balance():
        raise Refused(402, NO_BALANCE)
    deposit(net, one, height, uact)
    one.save(net.book)


def close_now(net: Network, one: Held, height: int) -> None:
    """Close; what is closed already stays as it is."""
    if one.is_active:
        close(net, one, height)
        one.save(net.book)


def cheapest(net: Network, dseq: str) -> list[Chosen]:
    """Return each group's cheapest bid, whether it has come or not: for ``Fill`` only."""
    rows = net.book.all(
        "SELECT gseq, provider, price FROM bids WHERE dseq = ? AND state = 'open'", dseq
    )
    best: dict[int, Row] = {}
    for row in sorted(rows, key=lambda one: (int(one["price"]) // ATTO, one["provider"])):
        best.setdefault(row["gseq"], row)
    return [Chosen(dseq, gseq, 1, row["provider"]) for gseq, row in sorted(best.items())]

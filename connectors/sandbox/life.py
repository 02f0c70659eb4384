"""What happens by itself, each at its own block, whenever somebody looks: nothing ticks.

Every deployment keeps the next height at which something is due; ``sweep`` lets everything happen
that is due by now, in the order of the blocks, so the outcome does not depend on who asks when.
"""

import json
from dataclasses import replace

from connectors.sandbox.book import Row
from connectors.sandbox.held import (
    LOOK_AHEAD_BLOCKS,
    MANIFEST_BLOCKS,
    ORDER_BLOCKS,
    RETRY_BLOCKS,
    RUNWAY_BLOCKS,
    Held,
    held,
)
from connectors.sandbox.market import take
from connectors.sandbox.network import Network
from connectors.sandbox.units import ATTO

OWNER = "lease_closed_owner"
DRY = "lease_closed_reason_insufficient_funds"
NO_MANIFEST = "lease_closed_reason_manifest_timeout"
DECOMMISSION = "lease_closed_reason_decommission"


def sweep(net: Network) -> int:
    """Let everything happen that is due; return the height."""
    height = net.height()
    find = "SELECT dseq, due FROM deployments WHERE due <= ? ORDER BY due, n LIMIT 1"
    while found := net.book.one(find, height):
        one = held(net.book, found["dseq"])
        assert one is not None
        _step(net, one, found["due"])
        one.save(net.book)
        assert one.row["due"] is None or one.row["due"] > found["due"], "time goes on"
    return height


def _step(net: Network, one: Held, at: int) -> None:
    if one.at(at)[0].owed:
        overdraw(net, one, at)
        return
    for lease in one.live:
        if lease["manifest"] is None and at >= lease["created"] + MANIFEST_BLOCKS:
            end_lease(net, one, lease, at, NO_MANIFEST)
        elif lease["deadline"] is not None and at >= lease["deadline"]:
            end_lease(net, one, lease, at, DECOMMISSION)
    if at >= one.row["created"] + ORDER_BLOCKS:
        for group in one.groups:
            if group["orders"] == "open":
                set_group(net, group, orders="closed")
    top_up(net, one, at)


def top_up(net: Network, one: Held, at: int) -> int:
    """Fund a deployment with auto top-up to its runway, if it is short; return the whole uact.

    A balance that does not suffice is not told to anybody, as on the real network.
    """
    if not (one.is_active and one.row["auto"] and one.live and at >= one.row["tried"]):
        return 0
    if one.runway(at) >= LOOK_AHEAD_BLOCKS:
        return 0
    one.row["tried"] = at + RETRY_BLOCKS
    funds = one.at(at)[0].funds
    missing = -(-sum(one.prices.values()) * RUNWAY_BLOCKS // ATTO) - funds
    if missing <= 0 or net.balance() < missing:
        net.event(at, "top_up_failed", one.dseq, note=f"{missing} uact")
        return 0
    deposit(net, one, at, missing)
    return missing


def deposit(net: Network, one: Held, at: int, uact: int) -> None:
    """Move whole uact from the account to a deployment's escrow."""
    net.pay(uact)
    one.escrow = one.escrow.with_deposit(at, uact)
    net.event(at, "deposit", one.dseq, note=f"{uact} uact")


def end_lease(net: Network, one: Held, lease: Row, at: int, reason: str) -> None:
    """End one lease; what is due is settled first, and the room goes back to the provider."""
    one.settle(net.book, at)
    state = "insufficient_funds" if reason == DRY else "closed"
    lease.update(state=state, closed=at, reason=reason)
    net.book.write(
        "UPDATE leases SET state = ?, closed = ?, reason = ? WHERE n = ?",
        state, at, reason, lease["n"],
    )  # fmt: skip
    take(net, lease["provider"], json.loads(lease["needs"]), -1)
    net.event(
        at, "lease_closed", one.dseq, gseq=lease["gseq"], provider=lease["provider"], note=reason
    )
    for group in one.groups:
        if group["gseq"] == lease["gseq"]:
            set_group(net, group, state="paused", orders="closed")


def overdraw(net: Network, one: Held, at: int) -> None:
    """End a deployment whose escrow cannot pay: nothing comes back, the funds show the debt."""
    one.settle(net.book, at)
    for lease in one.live:
        end_lease(net, one, lease, at, DRY)
    _shut(net, one, at, escrow="overdrawn", group="insufficient_funds")


def close(net: Network, one: Held, at: int) -> int:
    """End a deployment for its owner; return the whole uact that came back."""
    one.settle(net.book, at)
    for lease in one.live:
        end_lease(net, one, lease, at, OWNER)
    left = one.escrow.funds
    one.escrow = replace(one.escrow, returned=one.escrow.returned + left)
    net.pay(-left)
    _shut(net, one, at, escrow="closed", group="closed")
    return left


def set_group(net: Network, group: Row, **changes: str) -> None:
    group.update(changes)
    net.book.write(
        "UPDATE groups SET state = ?, orders = ? WHERE dseq = ? AND gseq = ?",
        group["state"], group["orders"], group["dseq"], group["gseq"],
    )  # fmt: skip


def _shut(net: Network, one: Held, at: int, *, escrow: str, group: str) -> None:
    for each in one.groups:
        set_group(net, each, state=group, orders="closed")
    net.book.write("UPDATE bids SET state = 'closed' WHERE dseq = ? AND state = 'open'", one.dseq)
    one.row.update(state="closed", closed=at, escrow=escrow)
    net.event(at, "deployment_closed", one.dseq, note=escrow)

"""What there is of an order at Akash, and the one write that comes next: reads only.

An order's only tag is its group's name. The account's own list lacks names; the one that has them
comes from an index some blocks behind, so what it shows is read again by its number. A deployment
with a lease is the order; others of the same tag are closed. A deployment whose bids have all gone,
or whose manifest nobody has any more, is closed before another is created.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connectors.base import Unreadable
from connectors.networks.akash.bidding import Judged, judged
from connectors.networks.akash.console import Console
from connectors.networks.akash.console_wire import Bid, DeploymentRow, LeaseRow, NamedRow
from connectors.networks.akash.facts import usd_per_hour
from connectors.networks.akash.lease_states import (
    UNIT,
    digits,
    is_open,
    last_lease,
    lease_of,
    live_lease,
    reason_of,
)
from connectors.networks.akash.memory import LEASE_REPEATS_MAX, Memory
from engine.buying import Declined, Leased, Look, Next, Step, Wait, Wanted

ATTEMPTS_MAX = 5
"""So many deployments are made for one order: each was closed without a lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """``gather``: how long after the first good bid others are waited for.

    ``orphaned_after``: how long a deployment is left to another worker, which may have ended.
    ``create`` gives the step that creates an order; ``bid_reasons`` says in words why nobody bid.
    """

    console: Console
    memory: Memory
    gather: timedelta
    orphaned_after: timedelta
    create: Callable[[Wanted], Step]
    bid_reasons: Callable[[Wanted], tuple[str, ...]]

    def look(self, wanted: Wanted, handle: str | None, now: datetime) -> Look:
        """See ``connectors.buying.Purchaser.look``."""
        row = self.console.deployment(handle) if handle else None
        if row and is_open(row):
            return self._of_open(wanted, row, now)
        rows = tagged(self.console, wanted.order_id, ("active", "closed"))
        alive = sorted((row for row in rows if is_open(row)), key=_leased_first)
        if len(alive) > 1:
            return Next(step=close_step(alive[-1].dseq, "another deployment serves the order"))
        if alive:
            return self._of_open(wanted, alive[0], now)
        if handle and row is None and not rows:
            return Wait(why=f"Akash does not show deployment {handle} now", handle=handle)
        return self._of_none(wanted, rows, handle, now)

    def _of_none(
        self, wanted: Wanted, closed: Sequence[DeploymentRow], handle: str | None, now: datetime
    ) -> Look:
        for row in closed:
            if lease := last_lease(row):
                return Declined(reasons=(_ended(lease),), handle=row.dseq)
        if len(closed) >= ATTEMPTS_MAX or (closed and now >= wanted.bids_until):
            tried = f"{len(closed)} deployments were made for it, and none came to a lease"
            return Declined(reasons=(tried, *self.bid_reasons(wanted)), handle=handle)
        if not self.console.is_reachable():
            return Wait(why="Akash cannot send transactions now: its Console has lost the chain")
        return Next(step=self.create(wanted))

    def _of_open(self, wanted: Wanted, row: DeploymentRow, now: datetime) -> Look:
        if lease := live_lease(row):
            return self._of_leased(row, lease)
        if ended := last_lease(row):
            return Declined(reasons=(_ended(ended),), handle=row.dseq)
        if self.memory.of(row.dseq) is None:
            return self._of_strange(wanted, row, now)
        return self._of_bids(wanted, row, judged(wanted, *self.console.bids(row.dseq)), now)

    def _of_strange(self, wanted: Wanted, row: DeploymentRow, now: datetime) -> Look:
        """Leave it to the worker that created it for a while: only that one has its manifest."""
        since = self.memory.strange_since(row.dseq, now)
        if now - since < self.orphaned_after and now < wanted.bids_until:
            return Wait(why="the worker that placed it goes on with it", handle=row.dseq)
        return Next(step=close_step(row.dseq, "its manifest is not known any more"))

    def _of_leased(self, row: DeploymentRow, lease: LeaseRow) -> Look:
        known = self.memory.of(row.dseq)
        if known and 0 < known.sends < LEASE_REPEATS_MAX and lease.state == "active":
            return Next(
                step=_lease_step(lease)
            )  # its answer never came: the manifest may be missing
        self.memory.forget(row.dseq)
        return Leased(lease=lease_of(lease))

    def _of_bids(self, wanted: Wanted, row: DeploymentRow, bids: Judged, now: datetime) -> Look:
        is_late = now >= wanted.bids_until
        if bids.takeable:
            if is_late or bids.is_complete or self._has_gathered(row.dseq, now):
                return self._lease(wanted, row, bids.takeable[0])
            return Wait(why="more providers may bid in a moment", handle=row.dseq)
        if is_late:
            reasons = (*bids.refused, *self.bid_reasons(wanted))
            return Declined(reasons=reasons, handle=row.dseq)
        if bids.gone:
            return Next(step=close_step(row.dseq, "its bids were withdrawn or have expired"))
        some = f": {len(bids.refused)} bids may not be taken" if bids.refused else ""
        return Wait(why=f"providers are asked to bid{some}", handle=row.dseq)

    def _has_gathered(self, dseq: str, now: datetime) -> bool:
        known = self.memory.of(dseq)
        if known is None:
            return True
        known.first_bid_at = known.first_bid_at or now
        return now - known.first_bid_at >= self.gather

    def _lease(self, wanted: Wanted, row: DeploymentRow, bid: Bid) -> Look:
        """Take a bid, unless the order has another deployment: then that is settled first."""
        others = [
            other
            for other in tagged(self.console, wanted.order_id, ("active",))
            if is_open(other) and other.dseq != row.dseq
        ]
        if any(live_lease(other) for other in others):
            return Next(step=close_step(row.dseq, "another deployment serves the order"))
        if others:
            return Next(step=close_step(others[0].dseq, "another deployment serves the order"))
        return Next(step=_lease_step(bid))


def tagged(
    console: Console, order_id: str, states: Sequence[Literal["active", "closed"]]
) -> list[DeploymentRow]:
    """Return the deployments with an order's name, each as its own address shows it now.

    Raises Unreadable where one is listed and not shown: it is not taken for absent.
    """
    numbers = {row.deployment.id.dseq for row in _named(console, order_id, states)}
    found: list[DeploymentRow] = []
    for dseq in sorted(numbers, key=int):
        if (row := console.deployment(dseq)) is None:
            raise Unreadable(f"Akash lists deployment {dseq} and does not show it")
        found.append(row)
    return found


def close_step(dseq: str, why: str) -> Step:
    """Return the write that ends a deployment: whatever is in its escrow comes back."""
    return Step(name="close", handle=dseq, details={"why": why}, is_safe=True)


def _named(
    console: Console, order_id: str, states: Sequence[Literal["active", "closed"]]
) -> Iterator[NamedRow]:
    for state in states:
        yield from (row for row in console.named(state) if order_id in row.names)


def _leased_first(row: DeploymentRow) -> tuple[bool, int]:
    return live_lease(row) is None, int(row.dseq)


def _lease_step(row: Bid | LeaseRow) -> Step:
    """Return the write that makes a lease of a bid, or sends its manifest once more."""
    price = row.price.amount
    details = {
        "gseq": str(row.id.gseq),
        "oseq": str(row.id.oseq),
        "provider": row.id.provider,
        "price": digits(price),
        "unit": UNIT,
        "usd_per_hour": digits(usd_per_hour(price)),
    }
    return Step(name="lease", handle=row.id.dseq, details=details, is_safe=True)


def _ended(lease: LeaseRow) -> str:
    """Say how a lease ended that the order had before anybody knew it ran."""
    why = (reason_of(lease) or "unspecified").replace("_", " ")
    return f"it had a lease with {lease.id.provider}, which ended: {why}"

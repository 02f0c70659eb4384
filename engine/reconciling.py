"""What a network has against what the book knows: strangers, leaks, doubles, zombies, drift.

Nothing that the book does not know is touched: it may be a colleague's lease, another
installation's, or bought after the backup that this book was restored from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from engine.buying import Found
from engine.canonical import Json, plain
from engine.orders import OPEN, Order, State, deadline, is_overdue

FindingKind = Literal[
    "stranger", "leak", "double", "zombie", "drift", "unknown", "overdue", "bill"
]  # fmt: skip
CLOSED_BY_US: frozenset[FindingKind] = frozenset({"leak", "double"})
"""What carries the tag of an order of this book and should not be there: it is closed."""

BILL_TOLERANCE_USD = Decimal("0.01")
"""The network's own account of a day has two decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that is not as the book says. ``since``: as long as it is known to be so.

    ``owner``: who sees to it. ``handle``: the network's name of it.
    """

    kind: FindingKind
    network: str
    words: str
    owner: str
    since: datetime
    order_id: str | None = None
    handle: str | None = None

    def json(self) -> dict[str, Json]:
        """Return it as the book keeps it."""
        return {
            "kind": self.kind, "network": self.network, "words": self.words, "owner": self.owner,
            "since": plain(self.since), "order_id": self.order_id, "handle": self.handle,
        }  # fmt: skip


def compared(
    network: str,
    found: Sequence[Found],
    orders: Iterable[Order],
    states: Mapping[str, State],
    now: datetime,
) -> list[Discrepancy]:
    """Return what differs.

    ``found``: all that is open on the network; ``orders``: the book's open ones there; ``states``:
    of every order of this book that ``found`` names.
    """
    known = {order.order_id: order for order in orders}
    told = [one for each in found for one in _of_found(network, each, known, states, now)]
    handles = {one.handle for one in found}
    told += [one for order in known.values() for one in _of_order(network, order, handles, now)]
    return told


def _of_found(
    network: str,
    one: Found,
    known: Mapping[str, Order],
    states: Mapping[str, State],
    now: datetime,
) -> Iterator[Discrepancy]:
    state = states.get(one.tag or "")
    if state is None:
        tag = f"tagged {one.tag}" if one.tag else "without a tag of ours"
        words = f"{one.handle} ({tag}) runs on {network} and is not in this book: it is not touched"
        yield _told("stranger", network, words, "finance", now, None, one.handle)
        return
    order = known.get(one.tag or "")
    if order is None or state not in OPEN:
        words = f"{one.handle} runs on {network} although its order is {state}: it is closed"
        yield _told("leak", network, words, "the worker", now, one.tag, one.handle)
    elif order.handle not in {None, one.handle} and one.lease is None:
        words = f"{one.handle} was created for this order as well as {order.handle}: it is closed"
        yield _told("double", network, words, "the worker", now, one.tag, one.handle)
    elif order.handle == one.handle and order.lease and one.lease:
        yield from _drift(network, order, one, now)


def _drift(network: str, order: Order, one: Found, now: datetime) -> Iterator[Discrepancy]:
    assert order.lease
    assert one.lease
    if one.lease.price != order.lease.price:
        words = (
            f"its lease costs {one.lease.price} {one.lease.unit} on {network}, and was taken at "
            f"{order.lease.price}"
        )
        yield _told("drift", network, words, "the buyer", now, order.order_id, one.handle)
    if one.lease.provider_id != order.lease.provider_id:
        words = f"it runs at {one.lease.provider_id}, and was leased of {order.lease.provider_id}"
        yield _told("drift", network, words, "the buyer", now, order.order_id, one.handle)


def _of_order(
    network: str, order: Order, handles: set[str], now: datetime
) -> Iterator[Discrepancy]:
    if order.intent is not None and order.intent.is_lost:
        words = (
            f"the answer to its {order.intent.step.name} never came ({order.intent.why}): it is "
            "looked for until it is known"
        )
        at = order.intent.at
        yield _told("unknown", network, words, "the worker", at, order.order_id, order.handle)
    if order.state == "active" and order.handle not in handles:
        words = (
            f"it should run on {network}, which has no open {order.handle}: its end is looked for"
        )
        yield _told("zombie", network, words, "the worker", now, order.order_id, order.handle)
    by = deadline(order)
    if is_overdue(order, now) and by.at is not None:
        words = f"{by.owner} should {by.what}, and has not"
        yield _told("overdue", network, words, by.owner, by.at, order.order_id, order.handle)


def _told(
    kind: FindingKind,
    network: str,
    words: str,
    owner: str,
    since: datetime,
    order_id: str | None,
    handle: str | None,
) -> Discrepancy:
    return Discrepancy(
        kind=kind, network=network, words=words, owner=owner, since=since, order_id=order_id,
        handle=handle,
    )  # fmt: skip


def bill_differences(
    network: str, billed: Mapping[str, Decimal], counted: Mapping[str, Decimal], now: datetime
) -> list[Discrepancy]:
    """Return the days on which a network charged something else than was counted, in USD by day.

    A reading taken around midnight counts on the day on which it was taken.
    """
    found = []
    for day in sorted({*billed, *counted}):
        theirs, ours = billed.get(day, Decimal(0)), counted.get(day, Decimal(0))
        if abs(theirs - ours) > BILL_TOLERANCE_USD:
            words = f"{network} charged ${theirs:.2f} on {day}, and ${ours:.6f} was counted"
            found.append(_told("bill", network, words, "finance", now, None, day))
    return found

"""Necto's book against the stand-in's own: what must hold after every chaos of orders."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from connectors.sandbox.client import SandboxLease
from data import ledger
from data.order_money import hold_of
from data.orders import KeptEvent, Seen, events, listed
from data.records import Records
from data.verification import verify
from engine.orders import OPEN, cents_of

LEASES_END = "closed", "insufficient_funds"


def problems(records: Records, leases: Sequence[SandboxLease], network: Path) -> list[str]:
    """Return everything that is not as it must be."""
    with records.reading() as view:
        heads = {one.order_id: one for one in listed(view, most=100_000)}
        told = {name: events(view, name) for name in heads}
        found = [*_never_twice(leases), *_known(leases, heads)]
        for head in heads.values():
            mine = [one for one in leases if one.group == head.order_id]
            found += _settled(view, head, mine)
        found += _money(view)
    found += _vouched(told, network)
    found += [f"{one.place}: {one.what}" for one in verify(records, None).report.problems]
    return found


def _never_twice(leases: Sequence[SandboxLease]) -> Iterator[str]:
    for order, count in Counter(one.group for one in leases).items():
        if count > 1:
            yield f"{order} has {count} leases: it was bought more than once"


def _known(leases: Sequence[SandboxLease], heads: dict[str, Seen]) -> Iterator[str]:
    for lease in leases:
        head = heads.get(lease.group)
        if lease.state not in LEASES_END and (head is None or head.handle != lease.dseq):
            yield f"lease {lease.dseq} of {lease.group} is paid for and not known"
        if lease.state not in LEASES_END and head and head.state != "active":
            yield f"lease {lease.dseq} runs, and its order {lease.group} is {head.state}"


def _settled(view: Connection, head: Seen, leases: list[SandboxLease]) -> Iterator[str]:
    """The bill to the last unit, the cents that follow it, the hold."""
    name, bill = head.order_id, sum(one.paid_uact for one in leases)
    if head.units != bill:
        yield f"{name} ({head.state}) counted {head.units} uact, the network {bill}"
    if head.cents != cents_of(head.units, 1_000_000):
        yield f"{name}: {head.cents} cents were posted for {head.units} uact"
    if head.state in OPEN and head.state != "active":
        yield f"{name} is still {head.state}: {head}"
    if head.state == "active" and all(one.state in LEASES_END for one in leases):
        yield f"{name} is active, and nothing runs"
    hold = hold_of(view, name)
    if hold is None or hold.is_closed != (head.state not in OPEN):
        yield f"{name} is {head.state}, and its hold is {hold}"


def _money(view: Connection) -> Iterator[str]:
    balances = ledger.balances_at(view)
    if sum(balances.values()) != 0:
        yield f"the ledger does not sum to zero: {balances}"


def _vouched(told: dict[str, list[KeptEvent]], network: Path) -> Iterator[str]:
    """Nothing was done at the network without an intent that was committed before."""
    asked = "SELECT g.spec ->> 'name' AS name, count(*) FROM groups g GROUP BY name"
    with closing(sqlite3.connect(f"file:{network}?mode=ro", uri=True)) as book:
        made = {str(name): int(count) for name, count in book.execute(asked)}
    for name, kept in told.items():
        steps = Counter(str(one.event.detail["step"]) for one in kept if one.event.kind == "intent")
        if made.get(name, 0) > 2 * steps["create"]:  # an answered request may be doubled
            yield f"{name}: {made[name]} deployments for {steps['create']} intents"

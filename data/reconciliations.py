"""What reconciling found: the newest of each network, kept with who looked and when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import Connection, func, select

from data.documents import current, put
from data.records import Records
from data.tables import order_heads, orders, usage
from data.unit import Transaction
from engine.canonical import Json, canonical, digest, plain
from engine.commands import Command
from engine.orders import State
from engine.people import Actor
from engine.reconciling import Discrepancy

KIND = "reconciliation"
MADE, CLOSING = "reconciliation.made", "reconciliation.closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One network, compared at one moment; ``digest`` names exactly these findings."""

    network: str
    at: datetime
    by: str
    found: tuple[Mapping[str, Any], ...]
    digest: str


def keep(
    records: Records, network: str, found: Sequence[Discrepancy], who: Actor, key: str
) -> Reconciled:
    """Keep what was found; what was known before keeps the moment since when it is."""
    with records.reading() as view:
        before = {_name(one): one["since"] for r in reconciled(view, network) for one in r.found}
    rows = [one.json() for one in found]
    rows = [row | {"since": before.get(_name(row), row["since"])} for row in rows]
    command = Command.of(key, MADE, who, f"network/{network}", {"found": rows})

    def act(unit: Transaction) -> Json:
        put(unit, KIND, network, {"at": unit.at, "by": who.name, "found": rows})
        return {"found": str(len(rows)), "digest": _digest(rows)}

    records.perform(command, act)
    with records.reading() as view:
        return reconciled(view, network)[0]


def reconciled(view: Connection, network: str | None = None) -> list[Reconciled]:
    """Return the newest reconciliation of every network, or of one."""
    found = []
    for document in current(view, KIND):
        if network not in {None, document.id}:
            continue
        body = json.loads(canonical(document.body))
        found.append(
            Reconciled(
                network=document.id,
                at=datetime.fromisoformat(body["at"]),
                by=body["by"],
                found=tuple(body["found"]),
                digest=_digest(body["found"]),
            )
        )
    return found


def closing(records: Records, one: Discrepancy, who: Actor, key: str) -> None:
    """Say, before it is done, that something of ours is closed that should not be there."""
    assert one.order_id
    body = plain({"handle": one.handle, "kind": one.kind, "words": one.words})
    command = Command.of(key, CLOSING, who, f"order/{one.order_id}", body)
    records.perform(command, lambda _: {"handle": one.handle})


def counted_on(view: Connection, network: str, day: str, units_per_usd: int) -> Decimal:
    """Return what the orders on a network cost by the readings of a day (UTC), in USD, exactly.

    Of every order: what it had come to by the day's last reading, less what it had before.
    """
    first, after = f"{day}T00:00:00", f"{day}T99"
    at, of = usage.c.at, usage.c.order_id
    ids = select(of).where(at >= first, at < after).distinct().scalar_subquery()
    here = select(orders.c.order_id).where(orders.c.network == network).scalar_subquery()

    def upto(end: str) -> int:
        newest = select(func.max(usage.c.units).label("units")).where(
            of.in_(ids), of.in_(here), at < end
        )
        sums = newest.group_by(of).subquery()
        return int(view.execute(select(func.sum(sums.c.units))).scalar() or 0)

    with localcontext(prec=50):
        return Decimal(upto(after) - upto(first)) / units_per_usd


def states_of(view: Connection, order_ids: Sequence[str]) -> dict[str, State]:
    """Return the states of those of these orders that the book knows."""
    heads, found = order_heads.c, dict[str, State]()
    for first in range(0, len(order_ids), 500):
        part = order_ids[first : first + 500]
        rows = view.execute(select(heads.order_id, heads.state).where(heads.order_id.in_(part)))
        found |= {row.order_id: row.state for row in rows}
    return found


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    return digest(canonical(plain(list(rows))))


def _name(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (row["kind"], row["order_id"], row["handle"])

"""A network in memory that leases, refuses and loses answers as it is told; and a desk."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.base import Denied, Unreachable
from connectors.buying import Purchaser, Uncertain
from connectors.jobs.order_desk import Desk
from connectors.jobs.procure import worked
from data.claims import hurry
from data.ordering import place
from data.orders import KeptEvent, Seen, events, seen
from data.records import Records
from data.treasury import begin_play_money
from engine.buying import (
    Declined,
    Found,
    Lease,
    Leased,
    Look,
    Next,
    Observation,
    Step,
    Wait,
    Wanted,
)
from engine.orders import Order
from tests.chaos.order_world import HERE, INES
from tests.chaos.order_world import wanted as any_order

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LOST, CUT, DENIED, AWAY = "applied, answer lost", "not applied, answer lost", "refused", "not sent"


class Clock:
    """The time of a test, which goes on when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Shop:
    """One network. ``goes_wrong``: what becomes of the next writes of a name, in their order."""

    things: dict[str, Found] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)
    goes_wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    writes: list[str] = field(default_factory=list)
    has_bids: bool = True
    refuses: tuple[str, ...] = ()
    is_silent: bool = False
    network = "akash"
    networks = ("akash",)
    unit = "uact"
    units_per_usd = 1_000_000
    settles_after_seconds = 180

    def of(self, _network: str) -> Purchaser:
        return self  # type: ignore[return-value]

    def refusals(self, _wanted: Wanted) -> tuple[str, ...]:
        return self.refuses

    def secrets_needed(self, _wanted: Wanted) -> Sequence[str]:
        return ()

    def look(self, wanted: Wanted, _handle: str | None, now: datetime) -> Look:
        mine = self.find(wanted.order_id)
        alive = [one for one in mine if one.is_open]
        if not alive:
            return Next(step=Step(name="create", details={"placement": wanted.order_id}))
        if alive[0].lease:
            return Leased(lease=alive[0].lease)
        if self.has_bids:
            return Next(step=Step(name="lease", handle=alive[0].handle, is_safe=True))
        if now >= wanted.bids_until:
            return Declined(reasons=("nobody bid",), handle=alive[0].handle)
        return Wait(why="bids may come", handle=alive[0].handle)

    def act(self, wanted: Wanted, step: Step, _secrets: Mapping[str, Any]) -> str | None:
        self.writes.append(step.name)
        fate = self.goes_wrong[step.name].pop(0) if self.goes_wrong[step.name] else ""
        if fate == DENIED:
            raise Denied("the network refuses it")
        if fate == AWAY:
            raise Unreachable("nobody is there")
        if fate != CUT:
            handle = self._apply(wanted, step)
        if fate in {LOST, CUT}:
            raise Uncertain("no answer came")
        return handle

    def find(self, order_id: str) -> list[Found]:
        if self.is_silent:
            raise Unreachable("the network is away")
        return [one for one in self.things.values() if one.tag == order_id]

    def everything(self) -> list[Found]:
        return [one for one in self.things.values() if one.is_open]

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        if self.is_silent:
            raise Unreachable("the network is away")
        return {name: self._seen(self.things[name]) for name in handles if name in self.things}

    def health(self, handle: str) -> Observation | None:
        raise Unreachable(f"the provider of {handle} is away")

    def deposit_step(self, found: Found, usd_cents: int) -> Step:
        before = str(found.units_deposited)
        return Step(name="deposit", handle=found.handle,
                    details={"cents": str(usd_cents), "before": before})  # fmt: skip

    def was_made(self, step: Step, found: Found | None) -> bool | None:
        return found.units_deposited > int(step.details["before"]) if found else None

    def close_step(self, handle: str) -> Step:
        return Step(name="close", handle=handle, is_safe=True)

    def billed(self, _since: datetime, _until: datetime) -> list[Any]:
        return []

    def runs(self, tag: str | None, handle: str = "77", *, lease: bool = True) -> Found:
        """Something that Necto did not make runs here."""
        made = Found(handle=handle, tag=tag, is_open=True, lease=_lease(handle) if lease else None,
                     units_deposited=1_000_000, units_spent=0)  # fmt: skip
        self.things[handle] = made
        return made

    def change(self, handle: str, **changes: Any) -> None:
        self.things[handle] = replace(self.things[handle], **changes)

    def _apply(self, wanted: Wanted, step: Step) -> str | None:
        if step.name == "create":
            handle = str(100 + len(self.things))
            units = int(wanted.first_deposit_usd * self.units_per_usd)
            self.things[handle] = Found(
                handle=handle, tag=wanted.order_id, is_open=True, lease=None,
                units_deposited=units, units_spent=0,
            )  # fmt: skip
            return handle
        known = self.things[str(step.handle)]
        if step.name == "lease":
            self.change(known.handle, lease=known.lease or _lease(known.handle))
        elif step.name == "close":
            self.change(known.handle, is_open=False)
        else:
            more = int(step.details["cents"]) * self.units_per_usd // 100
            self.change(known.handle, units_deposited=known.units_deposited + more)
        return step.handle

    def _seen(self, one: Found) -> Observation:
        word = ("active" if one.lease else None) if one.is_open else "closed"
        told = {"word": word} | self.words
        return Observation(
            handle=one.handle, lease=one.lease, units_deposited=one.units_deposited,
            units_spent=one.units_spent, units_left=one.units_deposited - one.units_spent,
            at="100", **told,
        )  # fmt: skip


def _lease(handle: str) -> Lease:
    return Lease(handle=handle, provider_id="akash1alder", price=Decimal(3333), unit="uact/block",
                 usd_per_hour=Decimal(2), since="100")  # fmt: skip


@dataclass
class Bench:
    """A book, a shop and a worker's desk, with one order of ten hours in it."""

    records: Records
    shop: Shop
    desk: Desk
    clock: Clock
    name: str = ""

    def order(self) -> Order:
        return self.desk.order(self.name)

    def head(self) -> Seen:
        with self.records.reading() as view:
            found = seen(view, self.name)
        assert found
        return found

    def kept(self) -> list[KeptEvent]:
        with self.records.reading() as view:
            return events(view, self.name)

    def kinds(self) -> list[str]:
        return [one.event.kind for one in self.kept()]

    def place(self, **changes: Any) -> Order:
        usual = {"runs_hours": Decimal(10), "hold_cents": 2600, "first_deposit_cents": 1040,
                 "approval_above_usd": None, "approval_expires_at": None,
                 "quote_expires_at": self.clock() + timedelta(minutes=30)}  # fmt: skip
        base = any_order(1, random.Random(0), self.clock())
        made = base.model_copy(update=usual | changes)
        self.name = made.order_id
        return place(self.records, made, INES, f"place-{made.order_id}")

    def work(self, steps: int = 1) -> Order:
        """Take the order some steps further."""
        for _ in range(steps):
            worked(self.desk, self.name)
        return self.order()

    def leased(self, **changes: Any) -> Order:
        self.place(**changes)
        order = self.work(3)
        assert order.state == "active", order
        return order

    def due(self) -> None:
        hurry(self.records, [self.name])

    def another(self) -> Desk:
        """The desk of another worker."""
        return replace(self.desk, worker="another")


def bench(folder: Any) -> Bench:
    clock, shop = Clock(), Shop()
    records = Records.open(f"sqlite:///{folder / 'sandbox.sqlite'}", "sandbox", HERE, clock)
    begin_play_money(records)
    desk = Desk(records=records, sellers=shop, secrets_of=lambda _names: {}, now=clock,
                worker="one", jitter=lambda: 0.5)  # fmt: skip
    return Bench(records, shop, desk, clock)

"""Small orders of a small decision, books to place them in, and what becomes of them there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import select

from data.metering import Reading, meter
from data.order_money import funded, settled
from data.ordering import place
from data.orders import happened, order
from data.records import Records
from data.tables import usage
from data.treasury import begin_play_money
from engine.buying import Lease, Step, StepName
from engine.commands import Command
from engine.decision_record import DecisionRecord
from engine.order_events import lease_detail, step_detail
from engine.orders import Event, Kind, Order, Placed
from engine.people import Actor, job
from engine.placing import From, Terms, placed_of
from tests.kept import small_record
from tests.route_worlds import NOW

INES = Actor("ines", frozenset({"viewer", "buyer", "approver"}), authenticated=False)
TOM = Actor("tom", frozenset({"approver"}), authenticated=False)
KOFI = Actor("kofi", frozenset({"viewer", "finance", "admin", "buyer"}), authenticated=False)
PIA = Actor("pia", frozenset({"viewer", "compliance", "buyer", "approver"}), authenticated=False)
"""Who imported the policy, and might do the rest as well."""
WORKER = job("procure")
TERMS = Terms(cost_centre="CC-1", hours=Decimal(10), usd_per_hour_max=Decimal(16))
MACHINE = {"gpu_name": "h100 80Gi SXM5", "vcpu": 16.0, "memory_gib": 256.0, "storage_gib": None}
LEASE = Lease(
    handle="900", provider_id="of-a-cheap", price=Decimal("5264.5"), unit="uact/block",
    usd_per_hour=Decimal("3.1587"), since="100",
)  # fmt: skip
UACT = 1_000_000  # of a dollar


@dataclass
class Clock:
    """The time of a test, which goes on when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **by: float) -> None:
        self.now += timedelta(**by)


@cache
def decided() -> DecisionRecord:
    return small_record()


def made_of(terms: Terms = TERMS, now: datetime = NOW, name: str = "sbx-1") -> Placed:
    """The order of the cheapest quote on these terms."""
    made_from = From(record=decided(), digest="sha256:1", policy_editor="pia")
    quote = decided().quotes[0]
    return placed_of(name, made_from, quote, MACHINE, terms, "ines", now, is_simulated=True)


def wanted(name: str = "sbx-1", **changes: Any) -> Placed:
    """An order of $160 for 10 hours, changed as asked."""
    return made_of(name=name).model_copy(update=changes)


def waiting(name: str = "sbx-1", **changes: Any) -> Placed:
    """An order that waits for a second person."""
    by = NOW + timedelta(hours=24)
    terms = {"approval_above_usd": Decimal(100), "approval_expires_at": by, "quote_expires_at": by}
    return wanted(name, **(terms | changes))


def opened(url: str, clock: Clock | None = None, book: str = "sandbox") -> Records:
    """A book of the sandbox with its play money."""
    records = Records.open(url, book, "here", clock or Clock())
    begin_play_money(records)
    return records


def tell(records: Records, known: Order, kind: Kind, also: Any = None, **detail: Any) -> Order:
    """What the worker writes down of an order, and what that does to the money."""
    command = Command.of(
        f"{known.order_id}/{known.ordinal + 1}/{kind}", f"order.{kind}", WORKER,
        f"order/{known.order_id}", detail,
    )  # fmt: skip

    def act(unit):
        then = happened(unit, known, kind, detail)
        if also:
            also(unit, then)
        return {"state": then.state}

    records.perform(command, act)
    return reread(records, known.order_id)


def reread(records: Records, name: str = "sbx-1") -> Order:
    with records.reading() as view:
        return order(view, name)


def step(name: StepName, handle: str | None = None) -> dict[str, Any]:
    """An intent's detail."""
    return dict(step_detail(Step(name=name, handle=handle)))


def running(records: Records, name: str = "sbx-1", handle: str = "900", **changes: Any) -> Order:
    """Place an order, have it bought and leased; its first deposit lies at the network."""
    known = place(records, wanted(name, **changes), INES, f"place-{name}")
    known = tell(records, known, "intent", **step("create"))
    known = tell(
        records, known, "made", handle=handle,
        also=lambda unit, then: funded(unit, then, then.placed.first_deposit_cents),
    )  # fmt: skip
    known = tell(records, known, "intent", **step("lease", handle))
    known = tell(records, known, "made", handle=handle)
    return tell(records, known, "leased", **(dict(lease_detail(LEASE)) | {"handle": handle}))


def closed(records: Records, known: Order) -> Order:
    """End an order that runs, and settle it."""
    if known.state == "active":
        known = tell(records, known, "ended", by="", reasons=["its time is over"])
    return tell(records, known, "closed", also=settled)


def reading(units: int, name: str = "sbx-1", **changes: Any) -> Reading:
    """A network's word that so many micro-dollars were used."""
    fields: Mapping[str, Any] = {
        "order_id": name, "clock": "200", "deposited": 64_000_000, "units": units,
        "units_per_usd": UACT, "observed": {"word": "active"},
        "due_at": NOW + timedelta(minutes=1), **changes,
    }  # fmt: skip
    return Reading(**fields)


def read(records: Records, *readings: Reading) -> int:
    """Meter, under a key of what is read."""
    told = "/".join(f"{one.order_id}-{one.units}" for one in readings)
    return meter(records, readings, WORKER, f"meter/{told}"[:200])


def happens(name: str, ordinal: int, kind: Kind, **detail: Any) -> Event:
    """One event of an order, as many minutes after its placement as there were events before."""
    at = NOW + timedelta(minutes=ordinal - 1)
    return Event(order_id=name, ordinal=ordinal, kind=kind, at=at, detail=detail)


def usages(view: Any, order_id: str) -> list[Any]:
    """Return what the order had cost at every reading that was posted, oldest first."""
    asked = select(usage).where(usage.c.order_id == order_id)
    return list(view.execute(asked.order_by(usage.c.ordinal)))

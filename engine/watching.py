"""What a running order's readings mean: health, runway, what to do, and when to look again.

A missed answer is not a death: health changes only after several readings say the same, and only
the network's own word ends a lease.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from engine.buying import Observation, Service
from engine.canonical import Json, plain
from engine.orders import Order
from engine.placing import DEPOSIT_CENTS_MIN, DEPOSIT_HOURS, cents_up

Health = Literal["starting", "serving", "degraded", "silent", "unknown"]

LOOK_EVERY = timedelta(seconds=60)
LOOK_SOON = timedelta(seconds=15)
"""A job that does not serve yet is looked at more often."""
SILENT_AFTER = 3
"""So many readings without an answer of the provider in a row make it silent."""
PROBES_FAILED = 3
"""So many calls of what it serves without an answer in a row make a job degraded, never ended."""
STARTS_WITHIN = timedelta(minutes=15)
RUNWAY_LOW = Decimal(2)
"""Hours. Below it more is deposited, out of the hold, up to ``DEPOSIT_HOURS``."""
LEAVE_BEFORE = timedelta(minutes=10)
"""A machine that is taken back is left so long before the deadline."""

ASKED_SHARE = 0.2

_SENTENCES: Mapping[Health, str] = {
    "starting": "its services start",
    "serving": "every service answers",
    "degraded": "not every service answers",
    "silent": "its provider does not answer",
    "unknown": "its provider has not been asked yet",
}


_MUTE = "its services are ready, and what they serve does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What of an order its readings are judged by. ``hold_cents``: the most that it may cost."""

    order_id: str
    usd_per_hour: Decimal
    since: datetime
    until: datetime | None
    hold_cents: int


def running(order: Order) -> Running:
    """Return what an order that was leased is judged by."""
    assert order.lease, "it was leased"
    return Running(
        order_id=order.order_id,
        usd_per_hour=order.lease.usd_per_hour,
        since=order.leased_at or order.since,
        until=order.runs_until,
        hold_cents=order.hold_cents,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What lists show of a running order. ``missed``: readings in a row without services.

    ``runway_hours``: how long what lies at the network lasts; None: it cannot be told.
    """

    word: str | None
    health: Health
    missed: int
    services: tuple[Service, ...] | None
    units_left: int
    runway_hours: Decimal | None
    reclaimed_by: datetime | None
    served_at: datetime | None = None
    probes_failed: int = 0
    """How often in a row what it serves did not answer when it was called."""

    @property
    def is_mute(self) -> bool:
        """Whether its services are ready, and what they serve does not answer."""
        is_ready = bool(self.services) and all(s.ready >= s.total for s in self.services or ())
        return self.health == "degraded" and is_ready and self.probes_failed >= PROBES_FAILED

    def json(self) -> dict[str, Json]:
        """Return it as ``order_heads.observed`` keeps it."""
        services = None
        if self.services is not None:
            services = [
                {"name": s.name, "ready": s.ready, "total": s.total, "addresses": list(s.addresses)}
                for s in self.services
            ]
        told = plain({
            "word": self.word, "health": self.health, "missed": self.missed, "services": services,
            "units_left": str(self.units_left), "runway_hours": self.runway_hours,
            "reclaimed_by": self.reclaimed_by, "served_at": self.served_at,
            "said": _MUTE if self.is_mute else _SENTENCES[self.health],
            "probes_failed": self.probes_failed,
        })  # fmt: skip
        assert isinstance(told, dict)
        return told


def watched(
    order: Running,
    seen: Observation | None,
    before: Mapping[str, Any] | None,
    now: datetime,
    *,
    units_per_usd: int,
    asked_services: bool,
    probes_failed: int | None = None,
) -> Watched:
    """Return what a reading means, after what was known ``before`` (as ``json`` gave it).

    ``seen`` None: the network did not speak of the order. ``asked_services``: its provider was
    asked too; otherwise what is known of services stays. ``probes_failed``: how often in a row what
    it serves did not answer, None where this worker has not called it yet: what is known stays.
    """
    known = dict(before or {})
    services = seen.services if seen and asked_services else _services(known)
    missed = int(known.get("missed", 0))
    if asked_services:
        missed = 0 if seen and seen.services is not None else missed + 1
    served_at = _moment(known.get("served_at"))
    health = _health(order, services, missed, served_at, now)
    if health == "serving" and served_at is None:
        served_at = now
    failed = int(known.get("probes_failed", 0)) if probes_failed is None else probes_failed
    if health == "serving" and failed >= PROBES_FAILED:
        health = "degraded"
    return Watched(
        word=seen.word if seen else None,
        health=health,
        missed=missed,
        services=services,
        units_left=seen.units_left if seen else int(known.get("units_left", 0)),
        runway_hours=_runway(order, seen, units_per_usd),
        reclaimed_by=(seen.reclaimed_by if seen else None) or _moment(known.get("reclaimed_by")),
        served_at=served_at,
        probes_failed=failed,
    )


def look_again(what: Watched, now: datetime, jitter: float) -> datetime:
    """Return when to look at an order again; ``jitter`` (0 to 1) spreads many of them."""
    every = LOOK_EVERY if what.health == "serving" else LOOK_SOON
    return now + every * (0.75 + jitter / 2)


def asks_provider(before: Mapping[str, Any] | None, chance: float) -> bool:
    """Say whether a provider is asked too: always until its job serves, then one time in five.

    ``chance`` is 0 to 1: asking all of many providers every minute would be a load to them.
    """
    return before is None or before.get("health") != "serving" or chance < ASKED_SHARE


def end_reasons(
    order: Running, what: Watched, seen: Observation | None, now: datetime
) -> list[str]:
    """Return why a running order has ended or must end now; empty: it goes on."""
    found = []
    if seen and seen.word == "closed":
        found.append(_CLOSED.get(seen.reason or "unspecified", _CLOSED["unspecified"]))
    elif seen and seen.word == "insufficient_funds":
        found.append(_CLOSED["insufficient_funds"])
    if order.until is not None and order.until <= now:
        found.append("its time is over")
    if what.reclaimed_by is not None and what.reclaimed_by - LEAVE_BEFORE <= now:
        found.append("its provider takes the machine back")
    return found


_CLOSED: Mapping[str, str] = {
    "owner": "the network says that its owner closed it",
    "insufficient_funds": "the money at the network was used up",
    "unstable": "its provider gave it up: unstable",
    "decommission": "its provider took the machine away",
    "manifest_timeout": "its provider never got what to run",
    "unspecified": "the network closed it and does not say why",
}


def top_up_cents(order: Running, what: Watched, deposited_cents: int, now: datetime) -> int:
    """Return how much to deposit now, in cents: enough for ``DEPOSIT_HOURS``, within the hold.

    0 while the runway lasts, when the job ends before it would, and when the hold has no more.
    """
    runway = what.runway_hours
    if (
        what.word != "active"
        or runway is None
        or runway >= RUNWAY_LOW
        or _ends_first(order, runway, now)
    ):
        return 0
    wanted = max(cents_up(order.usd_per_hour * DEPOSIT_HOURS), DEPOSIT_CENTS_MIN)
    amount = min(wanted, order.hold_cents - deposited_cents)
    return amount if amount >= DEPOSIT_CENTS_MIN else 0


def runway_warning(order: Running, what: Watched, now: datetime) -> str | None:
    """Return the warning for a job whose money ends before its time; None: all is well."""
    runway = what.runway_hours
    if runway is None or runway >= RUNWAY_LOW or _ends_first(order, runway, now):
        return None
    return (
        f"what lies at the network lasts {runway:.1f} hours and nothing more is set aside: "
        "extend the order, or it ends then"
    )


def _ends_first(order: Running, runway_hours: Decimal, now: datetime) -> bool:
    return order.until is not None and order.until - now <= timedelta(hours=float(runway_hours))


def _health(
    order: Running,
    services: tuple[Service, ...] | None,
    missed: int,
    served_at: datetime | None,
    now: datetime,
) -> Health:
    if missed >= SILENT_AFTER:
        return "silent"
    if services is None:
        return "unknown"
    if services and all(service.ready >= service.total for service in services):
        return "serving"
    is_young = now - order.since <= STARTS_WITHIN
    return "starting" if served_at is None and is_young else "degraded"


def _runway(order: Running, seen: Observation | None, units_per_usd: int) -> Decimal | None:
    """Return the hours that what lies at the network lasts at the lease's price."""
    if seen is None or order.usd_per_hour <= 0:
        return None
    an_hour = order.usd_per_hour * units_per_usd
    return (Decimal(seen.units_left) / an_hour).quantize(Decimal("0.01"))


def _services(known: Mapping[str, Any]) -> tuple[Service, ...] | None:
    told = known.get("services")
    if told is None:
        return None
    return tuple(
        Service(
            name=one["name"], ready=one["ready"], total=one["total"],
            addresses=tuple(one["addresses"]),
        )
        for one in told
    )  # fmt: skip


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None

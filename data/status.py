"""How Necto is doing, for the health check and for Prometheus."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Self

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from data import card_register, market_trail
from data.books import open_book
from data.chosen import chosen
from data.faults import RecordsFault
from data.market import BrokenLake, Lake
from data.offers import latest, states
from data.order_status import OrderFigures, figures_now
from data.settings import Settings
from data.worker import connections, heartbeat
from engine.runs import NetworkState
from engine.sources import SourceStatus, source_statuses

_RUNS_LOOKED_AT = 5  # of each network, the newest: a look must stay cheap


@cache
def _lake(root: Path) -> Lake:
    """Open the folder once: a Lake keeps its connection and what it has checked."""
    return Lake(root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One look at the stores and the worker."""

    at: datetime
    sources: tuple[SourceStatus, ...]
    set_aside: int
    heartbeat_age_seconds: float | None
    worker_is_late: bool
    fault: str | None = None
    records_fault: str | None = None
    entries_missing: int = 0
    orders: OrderFigures | None = None
    orders_fault: str | None = None

    @classmethod
    def now(cls, settings: Settings) -> Self:
        """Look at everything; a store that cannot be opened is a fault, not an error."""
        at = datetime.now(UTC)
        beat = heartbeat(settings.home)
        linked = connections(settings.home, chosen(settings))
        fault: str | None = None
        found: list[NetworkState] = []
        aside = late = 0
        try:
            lake = _lake(settings.lake)
            found = states(lake, latest(lake, at))
            aside, late = len(set_aside(settings, lake)), entries_missing(settings, lake)
        except (BrokenLake, OSError) as error:
            fault = str(error)
        orders, orders_fault = order_figures(settings, at)
        return cls(
            at=at,
            sources=tuple(source_statuses(found, linked, at)),
            set_aside=aside,
            heartbeat_age_seconds=(at - beat.at).total_seconds() if beat else None,
            worker_is_late=beat is None or beat.is_late(at),
            fault=fault,
            records_fault=records_fault(settings),
            entries_missing=late,
            orders=orders,
            orders_fault=orders_fault,
        )

    def reasons_not_ready(self) -> list[str]:
        """Return why pages cannot serve figures, in words; empty when they can."""
        reasons = [f"the market cannot be read: {self.fault}"] if self.fault else []
        if self.records_fault:
            reasons.append(f"the house book of the records cannot be used: {self.records_fault}")
        if self.orders_fault:
            reasons.append(f"the book of the orders cannot be used: {self.orders_fault}")
        shown = (s.state for s in self.sources if s.state)
        if not self.fault and not any(s.offers or s.contract_offers for s in shown):
            reasons.append("the market is empty: the worker has not loaded any figures yet")
        if self.worker_is_late:
            reasons.append("the worker shows no sign of life: start python -m connectors work")
        return reasons


def set_aside(settings: Settings, lake: Lake) -> dict[str, str]:
    """Return the files that cannot be used, by name, with the reason.

    Those moved out of the lake, and registered ones that are gone or no longer the same.
    """
    found = lake.aside()
    with contextlib.suppress(RecordsFault):  # which is told as such
        found |= card_register.unsound(open_book(settings, "house"), lake)
    return found


def entries_missing(settings: Settings, lake: Lake) -> int:
    """Return how much was published and has no entry in the house book yet, as far as is looked.

    0 while the book cannot be read, which is told as such.
    """
    with contextlib.suppress(RecordsFault):
        house = open_book(settings, "house")
        late = market_trail.missing(house, lake, _RUNS_LOOKED_AT)
        return late + card_register.unregistered(house, lake)
    return 0


def records_fault(settings: Settings) -> str | None:
    """Return why the house book cannot be opened and used, in words; None when it can."""
    try:
        open_book(settings, "house").check()
    except RecordsFault as fault:
        return str(fault)
    return None


def order_figures(settings: Settings, at: datetime) -> tuple[OrderFigures | None, str | None]:
    """Return the orders of the mode in numbers, or why they cannot be told."""
    try:
        return figures_now(settings, at), None
    except RecordsFault as fault:
        return None, str(fault)


def metrics_text(status: Status) -> str:
    """Return the status in the Prometheus text format."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"necto_{name}", text, labels, registry=registry)

    offers = gauge("offers", "Offers shown", "network", "status")
    contracts = gauge("contract_offers", "Prices of rate cards that hold today", "network")
    age = gauge("figures_age_seconds", "Age of the newest figure", "network")
    failing = gauge("network_failing", "1 when the last reading failed", "network")
    reading = gauge("network_reads", "1 when it is on and has the key it needs", "network")
    for source in status.sources:
        reads = source.connection.reads if source.connection else False
        reading.labels(source.name).set(int(reads))
        if not (state := source.state):
            continue
        offers.labels(source.name, source.word).set(state.offers)
        contracts.labels(source.name).set(state.contract_offers)
        failing.labels(state.network).set(int(state.failing))
        if state.observed_at:
            age.labels(state.network).set((status.at - state.observed_at).total_seconds())
    gauge("files_set_aside", "Unusable files moved out of the lake").set(status.set_aside)
    late = gauge("entries_missing", "Readings and cards kept without an entry in the house book")
    late.set(status.entries_missing)
    usable = gauge("records_usable", "1 when the house book can be opened and used")
    usable.set(int(status.records_fault is None))
    if status.orders:
        _tell_orders(status.orders, gauge)
    gauge("ready", "1 when /healthz is 200").set(int(not status.reasons_not_ready()))
    if status.heartbeat_age_seconds is not None:
        beat = gauge("worker_heartbeat_age_seconds", "Since the worker's last sign of life")
        beat.set(status.heartbeat_age_seconds)
    return generate_latest(registry).decode()


def _tell_orders(found: OrderFigures, gauge: Callable[..., Gauge]) -> None:
    in_state = gauge("orders_open", "Open orders", "state")
    for state, count in found.open.items():
        in_state.labels(state).set(count)
    for name, text, value in (
        ("orders_overdue", "Open orders past their deadline", found.overdue),
        ("orders_lost_writes", "Writes whose answer never came", found.lost_writes),
        ("orders_late_seconds", "How late the worker looks at orders", found.late_seconds),
        ("reconciliation_findings", "What networks and book differ in", found.findings),
        ("buying_stopped", "1 while nothing may be bought", int(found.is_stopped)),
    ):
        gauge(name, text).set(value)
    if found.reconciled_age_seconds is not None:
        age = gauge("reconciled_age_seconds", "Since the networks were compared with the book")
        age.set(found.reconciled_age_seconds)

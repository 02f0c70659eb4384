"""Watching what runs: read in bulk, metered to the last unit, topped up in small steps, ended.

A missed answer is not a death (``engine.watching``). Only the network's own word ends a lease, or
its time, or a person.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from connectors.base import SourceError
from connectors.buying import Purchaser
from connectors.jobs.order_desk import Desk
from connectors.jobs.procure import resolved, written
from data.claims import claimed, released
from data.metering import READINGS_MAX, Reading, WentDown, meter
from data.orders import Outdated, Seen, events, seen_many
from engine.buying import Found, Observation
from engine.orders import Order, OrderRefused, cents_of
from engine.watching import (
    Running,
    Watched,
    asks_provider,
    end_reasons,
    look_again,
    runway_warning,
    top_up_cents,
    watched,
)

log = logging.getLogger(__name__)

AT_ONCE = 10_000
"""Each round reads the network's whole list: one round for all of them is the cheapest."""
CLAIM_LASTS = timedelta(seconds=150)
EVERY = timedelta(seconds=1)
AWAY = timedelta(seconds=30)
PROVIDERS_ASKED_MAX = 50
"""So many providers are asked in one round: each is a call of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One order in one round: what was known, what was read, what that means."""

    head: Seen
    order: Running
    seen: Observation | None
    what: Watched
    due_at: datetime


def watch_due(desk: Desk, most: int = AT_ONCE) -> int:
    """Read every running order that is due and that nobody else reads; returns how many."""
    ids = claimed(desk.records, desk.worker, ["active"], most, CLAIM_LASTS)
    with desk.records.reading() as view:
        heads = seen_many(view, ids)
    due: dict[str, datetime] = {}
    for network in sorted({head.network for head in heads}):
        mine = [head for head in heads if head.network == network]
        due |= _watched(desk, network, mine)
    released(desk.records, desk.worker, {name: due.get(name, desk.now() + AWAY) for name in ids})
    return len(ids)


def watch_until(desk: Callable[[], Desk], stop: threading.Event) -> None:
    """Watch what runs until stopped; a fault of ours is logged."""
    while not stop.wait(EVERY.total_seconds()):
        try:
            opened = desk()
            while not stop.is_set() and watch_due(opened):
                pass
        except Exception:
            log.exception("what runs could not be watched")


def _watched(desk: Desk, network: str, heads: Sequence[Seen]) -> Mapping[str, datetime]:
    """Read the orders of one network; returns when to look at each again."""
    purchaser = desk.purchaser(network)
    if purchaser is None:
        return {}
    try:
        found = purchaser.observe([head.handle for head in heads if head.handle])
    except SourceError as fault:
        log.warning("%s did not say how its %d orders are: %s", network, len(heads), fault)
        return {}
    rounds = [_round(desk, purchaser, head, found) for head in _limited(desk, heads)]
    _metered(desk, purchaser, rounds)
    return {one.head.order_id: _acted(desk, purchaser, one) for one in rounds}


def _limited(desk: Desk, heads: Sequence[Seen]) -> list[tuple[Seen, bool]]:
    """Say for each order whether its provider is asked too; only so many in a round."""
    asked, found = 0, []
    for head in heads:
        is_asked = asked < PROVIDERS_ASKED_MAX and asks_provider(head.observed, desk.jitter())
        asked += is_asked
        found.append((head, is_asked))
    return found


def _round(
    desk: Desk, purchaser: Purchaser, one: tuple[Seen, bool], found: Mapping[str, Observation]
) -> Round:
    head, is_asked = one
    seen = found.get(head.handle or "")
    if is_asked and head.handle and seen is not None:
        seen = _with_services(purchaser, head.handle, seen)
    now, order = desk.now(), _running(head)
    what = watched(
        order, seen, head.observed, now, units_per_usd=purchaser.units_per_usd,
        asked_services=is_asked or seen is None, probes_failed=desk.probed(head.order_id),
    )  # fmt: skip
    due_at = look_again(what, now, desk.jitter())
    return Round(head=head, order=order, seen=seen, what=what, due_at=due_at)


def _with_services(purchaser: Purchaser, handle: str, seen: Observation) -> Observation:
    """Ask the provider too; one that does not answer changes nothing of what is known."""
    try:
        return purchaser.health(handle) or seen
    except SourceError as fault:
        log.info("the provider of %s does not answer: %s", handle, fault)
        return seen


def _running(head: Seen) -> Running:
    return Running(
        order_id=head.order_id,
        usd_per_hour=Decimal(head.usd_per_hour or 0),
        since=head.since,
        until=head.deadline,
        hold_cents=head.hold_cents,
    )


def _metered(desk: Desk, purchaser: Purchaser, rounds: Sequence[Round]) -> None:
    """Keep what the network said of money, many readings in one command."""
    readings = [_reading(purchaser, one, one.seen) for one in rounds if one.seen is not None]
    for first in range(0, len(readings), READINGS_MAX):
        part = readings[first : first + READINGS_MAX]
        key = f"meter/{desk.worker}/{desk.now().timestamp():.6f}/{first}"
        try:
            meter(desk.records, part, desk.who, key)
        except WentDown as fault:
            log.warning("%s: a person must look at %s", fault, purchaser.network)


def _reading(purchaser: Purchaser, one: Round, seen: Observation) -> Reading:
    return Reading(
        order_id=one.head.order_id, clock=seen.at, deposited=seen.units_deposited,
        units=seen.units_spent, units_per_usd=purchaser.units_per_usd, observed=one.what.json(),
        due_at=one.due_at,
    )  # fmt: skip


def _acted(desk: Desk, purchaser: Purchaser, one: Round) -> datetime:
    """Do what a reading asks for; returns when to look again. Never raises."""
    now = desk.now()
    try:
        if one.head.writing is not None:
            resolved(desk, purchaser, desk.order(one.head.order_id))
            return now + EVERY
        return _answered(desk, purchaser, one, now)
    except (Outdated, OrderRefused) as meanwhile:  # somebody acted on it since it was read
        log.info("order %s is looked at again: %s", one.head.order_id, meanwhile)
        return now + EVERY
    except SourceError as fault:
        log.warning("order %s waits: %s", one.head.order_id, fault)
        return now + AWAY
    except Exception:
        log.exception("order %s could not be watched", one.head.order_id)
        return now + AWAY


def _answered(desk: Desk, purchaser: Purchaser, one: Round, now: datetime) -> datetime:
    order_id, what = one.head.order_id, one.what
    if what.word == "reclaiming" and what.reclaimed_by is not None:
        order = desk.order(order_id)
        if order.reclaimed_by is None:
            until = what.json()["reclaimed_by"]
            desk.tell(order, "reclaiming", {"until": until}, due_at=one.due_at)
    if reasons := end_reasons(one.order, what, one.seen, now):
        desk.tell(desk.order(order_id), "ended", {"by": "", "reasons": reasons})
        return now
    if one.seen is None:
        return one.due_at
    cents = cents_of(one.seen.units_deposited, purchaser.units_per_usd)
    if more := top_up_cents(one.order, what, cents, now):
        order = desk.order(order_id)
        written(desk, purchaser, order, purchaser.deposit_step(_found(order, one.seen), more))
        return now + EVERY
    if words := runway_warning(one.order, what, now):
        _warn_once(desk, desk.order(order_id), "runway", words, one.due_at)
    return one.due_at


def _found(order: Order, seen: Observation) -> Found:
    return Found(
        handle=seen.handle, tag=order.order_id, is_open=True, lease=order.lease,
        units_deposited=seen.units_deposited, units_spent=seen.units_spent,
    )  # fmt: skip


def _warn_once(desk: Desk, order: Order, what: str, words: str, due_at: datetime) -> None:
    """Warn of one thing once, until something was done about it."""
    with desk.records.reading() as view:
        kept = [one.event for one in events(view, order.order_id)]
    for event in reversed(kept):
        if event.kind in {"enlarged", "made"}:
            break
        if event.kind == "warned" and event.detail.get("what") == what:
            return
    desk.tell(order, "warned", {"what": what, "words": words}, due_at=due_at)

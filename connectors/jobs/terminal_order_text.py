"""Orders as a terminal shows them: a row, one whole, and a draft before it is confirmed."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from engine.attention import health, needs, runway_hours
from engine.names import network_name
from engine.order_story import STATE_WORDS, story
from engine.order_words import clock, dollars, hourly, machine, told_before
from engine.orders import deadline
from engine.terminal import line_text

if TYPE_CHECKING:
    from data.order_life import Life
    from data.ordering_from import Draft
    from data.orders import Seen

COLUMNS = (
    "order", "job", "state", "network", "provider", "cost_usd", "usd_per_hour", "runway_hours",
    "health", "deadline", "read_at",
)  # fmt: skip


def row_of(head: "Seen", now: datetime) -> dict[str, object]:
    """Return an order as a list shows it; amounts are text, what is not known is empty."""
    hours = runway_hours(head.observed)
    return {
        "order": head.order_id,
        "job": head.title,
        "state": head.state,
        "network": head.network,
        "provider": head.provider_id,
        "cost_centre": head.cost_centre,
        "cost_usd": _usd(head.cents),
        "held_usd": _usd(head.hold_cents),
        "usd_per_hour": head.usd_per_hour,
        "runway_hours": None if hours is None else f"{hours:f}",
        "health": health(head.observed) if head.state == "active" else None,
        "needs": [need.sentence for need in needs([head], now)],
        "placed_at": head.placed_at.isoformat(),
        "deadline": head.deadline.isoformat() if head.deadline else None,
        "read_at": head.observed_at.isoformat() if head.observed_at else None,
    }


def order_told(found: "Life", now: datetime) -> dict[str, object]:
    """Return one order whole, for programs."""
    order, placed, hold = found.order, found.order.placed, found.hold
    by = deadline(order)
    told = row_of(found.head, now) | {
        "decision": placed.decision,
        "offer": placed.offer_id,
        "machine": machine(placed),
        "country": placed.country_code,
        "requester": placed.requester,
        "po_number": placed.po_number,
        "policy": placed.policy,
        "approved_by": order.approved_by,
        "usd_per_hour_quoted": f"{placed.usd_per_hour:f}",
        "usd_per_hour_max": f"{placed.usd_per_hour_max:f}",
        "runs_hours": None if order.runs_hours is None else f"{order.runs_hours:f}",
        "owner": by.owner,
        "next": by.what,
        "handle": order.handle,
        "reasons": list(order.reasons),
        "observed": found.head.observed,
    }
    if hold is not None:
        left = 0 if hold.is_closed else hold.remaining
        told["hold"] = {"spent_usd": _usd(hold.spent), "left_usd": _usd(left)}
    lines = story(placed, [kept.event for kept in found.events])
    told["events"] = [
        {
            "at": step.at.isoformat(),
            "kind": step.kind,
            "words": step.sentence,
            "more": list(step.more),
            "entry": kept.entry_index,
        }
        for step, kept in zip(lines, found.events, strict=True)
    ]
    return told


def order_text(found: "Life", now: datetime) -> str:
    """Return one order whole, for people."""
    lines = [line_text(line) for line in _lines(found, now)]
    steps = story(found.order.placed, [kept.event for kept in found.events])
    for step, kept in zip(steps, found.events, strict=True):
        at = f"{step.at:%Y-%m-%d %H:%M:%S}"
        lines.append(f"  {at}  {line_text(step.sentence)} [entry {kept.entry_index}]")
        lines += [f"{'':23}{line_text(more)}" for more in step.more]
    return "\n".join(lines) + "\n"


def draft_text(draft: "Draft") -> str:
    """Return what a person must know before confirming."""
    lines = [f"Order {draft.placed.order_id}: {line_text(draft.placed.title)}"]
    for part in told_before(draft.placed, draft.quote, draft.around):
        lines.append(f"\n{part.title}{' (look twice)' if part.has_warning else ''}")
        lines += [f"  {line_text(line)}" for line in part.lines]
    lines += [f"\nIt would be refused now: {line_text(why)}" for why in draft.refusals]
    return "\n".join(lines)


def _lines(found: "Life", now: datetime) -> Iterator[str]:
    order, placed, head = found.order, found.order.placed, found.head
    by = deadline(order)
    yield f"{order.order_id}: {placed.title}, {STATE_WORDS[order.state]}"
    yield f"{machine(placed)} on {network_name(placed.network)}"
    if order.lease:
        yield f"from {order.lease.provider_id} for {hourly(order.lease.usd_per_hour)} an hour"
    left = dollars(found.hold.remaining) if found.hold and not found.hold.is_closed else "$0.00"
    yield (
        f"cost {dollars(head.cents)} so far; {dollars(order.hold_cents)} set aside, {left} of it "
        f"left; paid by {placed.cost_centre}"
    )
    if order.is_open:
        until = f" until {clock(by.at)}" if by.at else ""
        yield f"next: {by.owner} must {by.what}{until}"
    yield from (f"needs you: {need.sentence}" for need in needs([head], now))
    yield from (f"because {reason}" for reason in order.reasons)
    services = (head.observed or {}).get("services") or ()
    for service in services:
        where = ", ".join(map(str, service.get("addresses", ()))) or "no address"
        yield f"service {service['name']}: {service['ready']} of {service['total']} ready, {where}"
    yield ""


def _usd(cents: int) -> str:
    return dollars(cents).replace("$", "").replace(",", "").replace("−", "-")

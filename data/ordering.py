"""What people do to orders: place, approve, reject, stop, extend. Each is one command.

Only the intent is committed here; the worker calls the network and commits what came of it.
A refusal is in the trail too, with its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection

from data.budgets import spent
from data.order_money import enlarge_hold, open_hold, settled
from data.orders import WOKEN, add_placed, happened, order, seen
from data.records import Records
from data.stops import stops
from data.unit import Transaction
from engine.budgets import check_budget
from engine.canonical import Json, plain
from engine.commands import Command, Outcome, Refused
from engine.modes import mode_of_book
from engine.orders import Kind, Order, OrderRefused, Placed
from engine.people import Actor
from engine.permissions import apart
from engine.placing import needs_approval
from engine.plain_models import exact_parts

PLACED, APPROVED, REJECTED = "order.placed", "order.approved", "order.rejected"
STOPPED, EXTENDED = "order.stopped", "order.extended"

CLOCKS_DIFFER = timedelta(minutes=1)

_Act = Callable[[Transaction, Order], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More time, more money: for ``hours`` more (None: open-ended), ``cents`` more set aside."""

    hours: Decimal | None
    cents: int


def place(records: Records, wanted: Placed, who: Actor, key: str) -> Order:
    """Place an order: its hold, its intent and its entry are committed together, or none is.

    The same key again gives the same order. Raises Refused with the reason, which is kept: buying
    is frozen, the budget or the treasury has too little, the quote is too old, the requester wrote
    the policy, or is somebody else. Raises OtherCommand, RecordsFault.
    """
    command = Command(
        key, PLACED, who, f"order/{wanted.order_id}", plain(exact_parts(wanted)),
        policy=wanted.policy, may_be_refused=True,
    )  # fmt: skip

    def act(unit: Transaction) -> Json:
        _refuse_stopped(unit.connection)
        _refuse_unfit(unit, wanted, who)
        _refuse_over_budget(unit.connection, wanted, wanted.hold_cents)
        open_hold(unit, wanted)
        made = add_placed(unit, wanted)
        return {"order": made.order_id, "state": made.state, "held_cents": str(made.hold_cents)}

    return _done(records, records.perform(command, act), wanted.order_id)


def approve(records: Records, order_id: str, who: Actor, key: str) -> Order:
    """Approve an order that waits for a second person. Raises Refused, NoOrder, RecordsFault."""

    def act(unit: Transaction, known: Order) -> Json:
        placed = known.placed
        apart(requester=placed.requester, editor=placed.policy_editor, approver=who.name)
        expires = placed.approval_expires_at
        if expires is not None and expires <= unit.now:
            raise Refused("the time to approve this order is over: order it again")
        if placed.quote_expires_at <= unit.now:
            raise Refused("its quote has expired, prices may have changed: order it again")
        _refuse_stopped(unit.connection)
        return {"state": happened(unit, known, "approved", {"by": who.name}, WOKEN).state}

    return _acted(records, APPROVED, order_id, who, key, {}, act)


def reject(records: Records, order_id: str, why: str, who: Actor, key: str) -> Order:
    """Say no to an order that waits; what was set aside is free again. Raises as ``approve``."""
    words = _words(why, "why it is rejected")

    def act(unit: Transaction, known: Order) -> Json:
        detail = {"by": who.name, "reasons": [f"{who.name} rejected it: {words}"]}
        then = happened(unit, known, "rejected", detail)
        return {"state": then.state, "freed_cents": str(settled(unit, then))}

    return _acted(records, REJECTED, order_id, who, key, {"why": words}, act)


def stop(records: Records, order_id: str, why: str, who: Actor, key: str) -> Order:
    """End an order in any state. What has not reached a network ends at once.

    What has is closed by the worker: the network goes on charging until then. One that is being
    ended already goes on ending. Raises Refused for an order that has ended, NoOrder, RecordsFault.
    """
    words = _words(why, "why it is stopped")

    def act(unit: Transaction, known: Order) -> Json:
        reasons = [f"{who.name} stopped it: {words}"]
        told: dict[str, Json] = {"by": who.name, "reasons": list(reasons)}
        if known.state in {"waiting", "placed"}:
            then = happened(unit, known, "cancelled", told, WOKEN)
            return {"state": then.state, "freed_cents": str(settled(unit, then))}
        if known.is_open and (known.stopped_by is not None or known.state == "closing"):
            return {"state": known.state, "is_stopping": "yes"}  # why it ends stays as it was
        kind: Kind = "ended" if known.state == "active" else "stop_asked"
        then = happened(unit, known, kind, told, WOKEN)
        return {"state": then.state}

    return _acted(records, STOPPED, order_id, who, key, {"why": words}, act)


def extend(records: Records, order_id: str, more: Extension, who: Actor, key: str) -> Order:
    """Let an order run longer: more is set aside for it, within the budget.

    Above the policy's amount only somebody else than the requester may. Raises Refused, NoOrder.
    """

    def act(unit: Transaction, known: Order) -> Json:
        placed, total = known.placed, known.hold_cents + more.cents
        if more.cents <= 0:
            raise Refused("an extension sets more aside: name the amount")
        if more.hours is not None and more.hours <= 0:
            raise Refused("an extension is for more hours: name how many")
        if needs_approval(total, placed.approval_above_usd):
            apart(requester=placed.requester, editor=placed.policy_editor, approver=who.name)
        _refuse_stopped(unit.connection)
        _refuse_over_budget(unit.connection, placed, more.cents)
        hours = known.runs_hours
        longer = None if hours is None else hours + (more.hours or Decimal(0))
        detail = {"by": who.name, "hold_cents": str(total), "runs_hours": plain(longer)}
        enlarge_hold(unit, known, more.cents, f"{EXTENDED} by {who.name}")
        then = happened(unit, known, "enlarged", detail, WOKEN)
        return {"state": then.state, "held_cents": str(total)}

    body = {"hours": plain(more.hours), "cents": str(more.cents)}
    return _acted(records, EXTENDED, order_id, who, key, body, act)


def _acted(
    records: Records, action: str, order_id: str, who: Actor, key: str, body: Json, act: _Act
) -> Order:
    """Do a person's command on an order as it is inside the unit of work."""
    command = replace(Command.of(key, action, who, f"order/{order_id}", body), may_be_refused=True)

    def whole(unit: Transaction) -> Json:
        known = order(unit.connection, order_id)
        unit.was({"state": known.state, "ordinal": str(known.ordinal)})
        try:
            return act(unit, known)
        except OrderRefused as refused:
            raise Refused(str(refused)) from refused

    with records.reading() as view:
        order(view, order_id)  # NoOrder is no refusal: nothing is kept of it
    return _done(records, records.perform(command, whole), order_id)


def _done(records: Records, outcome: Outcome, order_id: str) -> Order:
    if outcome.outcome == "refused":
        result = outcome.result
        raise Refused(str(result["reason"]) if isinstance(result, dict) else "refused")
    with records.reading() as view:
        return order(view, order_id)


def _refuse_stopped(view: Connection) -> None:
    if why := stops(view):
        raise Refused("; ".join(why))


def _refuse_unfit(unit: Transaction, wanted: Placed, who: Actor) -> None:
    """Refuse what nobody makes of a decision: another's name, another mode, no second person."""
    if wanted.requester != who.name:
        raise Refused(f"{wanted.requester} asked for this order, not {who.name}: place your own")
    if seen(unit.connection, wanted.order_id) is not None:
        raise Refused(f"order {wanted.order_id} is placed already: nothing is bought twice")
    apart(requester=who.name, editor=wanted.policy_editor)
    is_sandbox = mode_of_book(unit.book) == "sandbox"
    if wanted.is_simulated != is_sandbox or wanted.order_id.startswith("sbx-") != is_sandbox:
        raise Refused(f"order {wanted.order_id} is not of the {unit.book} book: order it there")
    waits = needs_approval(wanted.hold_cents, wanted.approval_above_usd)
    if waits and wanted.approval_expires_at is None:
        raise Refused("so much money needs a second person: route the job again, then order")
    if wanted.quote_expires_at <= unit.now:
        raise Refused("the quote has expired: route the job again, then order")
    if wanted.placed_at > unit.now + CLOCKS_DIFFER:
        raise Refused("the order is of a later time than now: set the clock right")


def _refuse_over_budget(view: Connection, placed: Placed, cents: int) -> None:
    month = f"{placed.placed_at:%Y-%m}"
    stands = spent(view, placed.cost_centre, month)
    check_budget(placed.cost_centre, month, stands.limit_cents, stands.committed_cents, cents)


def _words(text: str, what: str) -> str:
    words = " ".join(text.split())[:300]
    if not words:
        raise Refused(f"say {what}: others will read it")
    return words

"""What happened to an order, told step by step as people say it.

Texts of networks and people stand in it as they came: whoever shows them makes them inert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from engine.order_words import clock, dollars, hourly
from engine.orders import Event, Kind, Placed, State

Tone = Literal["done", "doing", "waits", "warns", "failed", "ended"]

STATE_WORDS: Mapping[State, str] = {
    "waiting": "waits for approval",
    "placed": "to be bought",
    "buying": "being bought",
    "active": "runs",
    "closing": "being closed",
    "closed": "closed",
    "declined": "declined",
    "cancelled": "cancelled",
    "expired": "expired",
}
"""What a state is called."""

_TONES: Mapping[Kind, Tone] = {
    "placed": "done", "approved": "done", "rejected": "failed", "expired": "failed",
    "cancelled": "ended", "intent": "doing", "made": "done", "unmade": "warns", "lost": "warns",
    "leased": "done", "declined": "failed", "stop_asked": "waits", "reclaiming": "warns",
    "ended": "ended", "enlarged": "done", "warned": "warns", "closed": "ended",
}  # fmt: skip
_WRITES: Mapping[str, tuple[str, str]] = {
    "create": ("asks the network for bids", "The network was asked for bids"),
    "lease": ("takes a bid and sends what to run", "A bid was taken and the job was sent"),
    "deposit": ("deposits money at the network", "Money was deposited at the network"),
    "close": ("closes it at the network", "It was closed at the network"),
}
"""A step while it is made, and when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the story: when, in which tone, the sentence, and what more there is to say."""

    at: datetime
    kind: Kind
    tone: Tone
    sentence: str
    more: tuple[str, ...] = ()


def story(placed: Placed, events: Sequence[Event]) -> list[Step]:
    """Return what happened, in its order; one line for every event."""
    told: list[Step] = []
    doing = ""
    for event in events:
        doing = str(event.detail.get("step") or doing)
        told.append(_step(placed, event, doing))
    return told


def _step(placed: Placed, event: Event, doing: str) -> Step:
    sentence = _sentence(placed, event, doing)
    reasons = event.detail.get("reasons")
    more = tuple(str(one) for one in reasons) if isinstance(reasons, list) else ()
    if event.kind in {"lost", "unmade"} and (why := event.detail.get("why")):
        more = (*more, str(why))
    return Step(at=event.at, kind=event.kind, tone=_TONES[event.kind], sentence=sentence, more=more)


def _sentence(placed: Placed, event: Event, doing: str) -> str:
    if event.kind in {"intent", "made", "unmade", "lost"}:
        return _write(event, doing)
    detail, by = event.detail, str(event.detail.get("by", "somebody"))
    match event.kind:
        case "placed":
            waits = ", which waits for a second person" if placed.approval_expires_at else ""
            held = dollars(placed.hold_cents)
            return f"{placed.requester} placed the order{waits}; {held} was set aside"
        case "leased":
            return _leased(detail)
        case "reclaiming":
            until = datetime.fromisoformat(str(detail["until"]))
            return f"Its provider takes the machine back at {clock(until)}"
        case _:
            pass
    said = {"total": "", "words": str(detail.get("words") or detail.get("what") or "look at it")}
    if event.kind == "enlarged":
        said["total"] = dollars(int(detail["hold_cents"]))
    return _OTHERS[event.kind].format(by=by, **said)


def _write(event: Event, doing: str) -> str:
    whiles, done = _WRITES.get(doing, ("writes to the network", "The network did it"))
    handle = event.detail.get("handle")
    number = f" ({handle})" if handle and doing == "create" else ""
    return {
        "intent": f"The worker {whiles}",
        "made": f"{done}{number}",
        "unmade": f"It did not come about that the worker {whiles}",
        "lost": f"The answer never came when the worker {whiles}: it looks whether it was done",
    }[event.kind]


def _leased(detail: Mapping[str, Any]) -> str:
    try:
        price = f" for {hourly(Decimal(str(detail.get('usd_per_hour'))))} an hour"
    except InvalidOperation:
        price = ""
    return f"It is leased from {detail.get('provider_id', 'a provider')}{price}"


_OTHERS: Mapping[Kind, str] = {
    "approved": "{by} approved it",
    "rejected": "{by} rejected it; what was set aside is free again",
    "expired": "Its time to be bought was over; what was set aside is free again",
    "cancelled": "{by} cancelled it; what was set aside is free again",
    "declined": "It was declined; what was set aside is free again",
    "stop_asked": "{by} asked for its end",
    "ended": "It has ended; it is to be closed at the network",
    "enlarged": "{by} extended it: {total} is set aside in all",
    "warned": "Warning: {words}",
    "closed": "Closed: what was left came back and is free again",
}

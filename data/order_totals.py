"""What all orders of a book come to: what they cost an hour and this month, which need a person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, exists, func, or_, select

from data.orders import Seen, seen
from data.tables import order_events, order_heads, orders, usage
from engine.attention import UNREAD_AFTER, Need, needs
from engine.canonical import plain
from engine.orders import OPEN

LOOKED_AT_MAX = 200
"""So many orders that may need a person are looked at: more are a common cause."""
_LOW = (
    '%"health":"silent"%', '%"reclaimed_by":"%', '%"runway_hours":"-%',
    '%"runway_hours":"0%', '%"runway_hours":"1.%', '%"runway_hours":"1"%',
)  # fmt: skip
"""What the observed JSON (canonical, so without spaces) of such orders contains, as LIKE says it;
``engine.attention`` judges them then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """``usd_per_hour``: all that runs now; ``month_cents``: used since the month began (UTC).

    ``held_cents``: the most that the open orders may cost in all.
    """

    running: int
    usd_per_hour: Decimal
    month_cents: int
    held_cents: int


def totals(view: Connection, now: datetime) -> Totals:
    """Return what the orders come to now."""
    heads = order_heads.c
    asked = select(heads.usd_per_hour, func.count()).where(heads.state.in_(["active", "closing"]))
    priced = [(usd, int(count)) for usd, count in view.execute(asked.group_by(heads.usd_per_hour))]
    held = select(func.sum(heads.hold_cents)).where(heads.state.in_(sorted(OPEN)))
    return Totals(
        running=sum(count for _, count in priced),
        usd_per_hour=sum((Decimal(usd) * count for usd, count in priced if usd), Decimal(0)),
        month_cents=used_since(view, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)),
        held_cents=int(view.execute(held).scalar() or 0),
    )


def used_since(view: Connection, start: datetime) -> int:
    """Return what was used since a moment, in cents: of orders that were open then or later.

    What an order has cost is cumulated, so what it had cost before is taken off.
    """
    heads, since = order_heads.c, str(plain(start))
    before = (
        select(usage.c.cents)
        .where(usage.c.order_id == heads.order_id, usage.c.at < since)
        .order_by(usage.c.ordinal.desc())
        .limit(1)
        .correlate(order_heads)
        .scalar_subquery()
    )
    asked = select(func.sum(heads.cents - func.coalesce(before, 0))).where(
        or_(heads.state.in_(sorted(OPEN)), heads.since >= since)
    )
    return int(view.execute(asked).scalar() or 0)


def needing(view: Connection, now: datetime) -> list[Need]:
    """Return what of the open orders needs a person now, the most urgent first."""
    heads, lost = order_heads.c, lost_writes(view)
    late = str(plain(now - UNREAD_AFTER))
    asked = select(heads.order_id).where(
        heads.state.in_(sorted(OPEN)),
        or_(
            heads.state == "waiting",
            heads.deadline < str(plain(now)),
            func.coalesce(heads.observed_at, heads.since) < late,
            *(heads.observed.like(words) for words in _LOW),
            heads.order_id.in_(list(lost)[:LOOKED_AT_MAX]),
        ),
    )
    ids = view.execute(asked.order_by(heads.placed_at).limit(LOOKED_AT_MAX)).scalars().all()
    found: list[Seen] = [head for name in ids if (head := seen(view, name)) is not None]
    return needs(found, now, lost)


def countries_of(view: Connection, order_ids: Sequence[str]) -> dict[str, str | None]:
    """Return the country of the offer that each of these orders is of, at most a page of them."""
    asked = select(orders.c.order_id, orders.c.body).where(orders.c.order_id.in_(order_ids))
    return {name: json.loads(body)["country_code"] for name, body in view.execute(asked)}


def lost_writes(view: Connection) -> Mapping[str, str]:
    """Return the open orders with a write to their network whose answer never came."""
    events, later = order_events, order_events.alias()
    answered = exists().where(
        later.c.order_id == events.c.order_id,
        later.c.ordinal > events.c.ordinal,
        later.c.kind.in_(["made", "unmade", "intent"]),
    )
    asked = (
        select(events.c.order_id, events.c.kind)
        .join(order_heads, order_heads.c.order_id == events.c.order_id)
        .where(events.c.kind == "lost", order_heads.c.state.in_(sorted(OPEN)), ~answered)
        .limit(LOOKED_AT_MAX)
    )
    return {str(name): "a write" for name, _ in view.execute(asked)}

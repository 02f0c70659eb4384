"""From a decision to an order: what is bought, for how much at most, and until when it holds."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from engine.assets import USD, minor_units
from engine.commands import Refused
from engine.decision_record import DecisionRecord
from engine.modes import PREFIX, Mode
from engine.money import Money
from engine.names import network_name
from engine.orders import KeptBidder, Order, Placed
from engine.quotes import Quote
from engine.requirement import Requirement

BUYABLE = ("akash",)
"""The networks that an order can be placed on; the others are compared only."""
_ID_LENGTH = 26
QUOTE_HOLDS = timedelta(minutes=30)
"""An older decision is made again before it is ordered: prices have moved."""
BUY_WITHIN = timedelta(minutes=30)
APPROVE_WITHIN = timedelta(hours=24)
DEPOSIT_HOURS = 4
"""So many hours lie at the network at first and after every top-up: more would be lost with it."""
DEPOSIT_CENTS_MIN = 50
"""Akash takes no smaller one (a default of its managed wallet; shared facts, section 1.8)."""
OPEN_ENDED_HOURS = Decimal(72)
"""An open-ended job is funded for so long unless its buyer says otherwise."""
CEILING_ROOM = Decimal("1.05")
"""A bid is for the very machine that is asked for: it may be so much dearer than the quote."""
_ZERO, _CENT = Decimal(0), Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a buyer decides when ordering.

    ``hours``: how long it runs, None: open-ended; ``funded_hours``: what is set aside for an
    open-ended one. ``usd_per_hour_max``: dearer is never bought; None: the quoted price and 5 %.
    ``any_bidder``: whoever passed the same gates on that network may serve it, up to that price;
    otherwise only the quoted provider. ``own_sdl``: the buyer's own deployment file.
    """

    cost_centre: str
    hours: Decimal | None
    po_number: str | None = None
    funded_hours: Decimal = OPEN_ENDED_HOURS
    usd_per_hour_max: Decimal | None = None
    any_bidder: bool = True
    own_sdl: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """What an order is made from: a kept decision, its digest, and who wrote its policy."""

    record: DecisionRecord
    digest: str
    policy_editor: str | None


def order_id_of(mode: Mode, installation: str, key: str) -> str:
    """Return the id of the order that a click's key makes: the same key is the same order.

    It is a label in a network's names: lower-case letters, digits and one dash.
    """
    told = hashlib.sha256(f"{installation}|{key}".encode()).digest()
    return f"{PREFIX[mode]}-{base64.b32encode(told).decode().lower()[:_ID_LENGTH]}"


def chosen_quote(record: DecisionRecord, offer_id: str | None) -> Quote:
    """Return the quote to be ordered: the one of this offer, else the first that can be bought.

    Raises Refused, with why there is none.
    """
    able = ", ".join(map(network_name, BUYABLE))
    if offer_id is None:
        for quote in record.quotes:
            if quote.network in BUYABLE:
                return quote
        if not record.quotes:
            raise Refused("no offer may be taken: the decision says why; change what is asked for")
        names = ", ".join(sorted({network_name(quote.network) for quote in record.quotes}))
        raise Refused(
            f"the offers that may be taken are of {names}; Necto buys on {able} so far: route "
            "the job there (networks), or order at the network itself"
        )
    found = next((quote for quote in record.quotes if quote.offer_id == offer_id), None)
    if found is None:
        raise Refused(_not_quoted(record, offer_id))
    if found.network not in BUYABLE:
        raise Refused(
            f"Necto cannot buy on {network_name(found.network)} yet, only on {able}: choose an "
            "offer there, or order at the network itself"
        )
    return found


def _not_quoted(record: DecisionRecord, offer_id: str) -> str:
    if offer_id in record.other_quotes:
        return (
            f"offer {offer_id[:100]} is too far down the list to be ordered: ask for it by its "
            "provider, and route again"
        )
    for refused in record.refused:
        if offer_id in refused.offer_ids:
            return f"offer {offer_id[:100]} was refused ({', '.join(refused.codes)}): see why"
    return f"the decision knows no offer {offer_id[:100]!r}: take its id from the decision"


def placed_of(
    order_id: str,
    made_from: From,
    quote: Quote,
    offer: Mapping[str, Any],
    terms: Terms,
    requester: str,
    now: datetime,
    *,
    is_simulated: bool = False,
) -> Placed:
    """Return the order that this quote and these terms make; ``offer`` is its row in the market.

    Raises Refused, with what to change: a decision too old or without this quote, terms amiss.
    """
    record, need = made_from.record, made_from.record.requirement
    _refuse_quote(record, quote, now)
    _refuse_terms(made_from, quote, terms)
    ceiling = _ceiling(quote, terms, need)
    hold, first = _set_aside(ceiling, terms)
    above = record.policy.approval_above_usd
    expires = now + APPROVE_WITHIN if needs_approval(hold, above) else None
    return Placed(
        order_id=order_id,
        decision=made_from.digest,
        **_machine(need, quote, offer),
        requirement=need,
        bidders=bidders_of(record.quotes, quote, ceiling, any_bidder=terms.any_bidder),
        usd_per_hour=quote.usd_per_hour,
        usd_per_hour_max=ceiling,
        hold_cents=hold,
        first_deposit_cents=first,
        runs_hours=terms.hours,
        requester=requester,
        cost_centre=terms.cost_centre,
        po_number=terms.po_number,
        policy=record.policy_version or None,
        policy_editor=made_from.policy_editor,
        approval_above_usd=above,
        approval_expires_at=expires,
        placed_at=now,
        quote_expires_at=expires or now + BUY_WITHIN,
        own_sdl=terms.own_sdl,
        is_simulated=is_simulated,
    )


def bidders_of(
    quotes: Sequence[Quote], chosen: Quote, ceiling: Decimal, *, any_bidder: bool
) -> tuple[KeptBidder, ...]:
    """Return who may serve the order, the cheapest quote first: a provider stands once."""
    found: dict[str, KeptBidder] = {}
    for quote in [chosen, *quotes]:
        is_wanted = quote.network == chosen.network and quote.usd_per_hour <= ceiling
        if quote.provider_id is None or quote.provider_id in found or not is_wanted:
            continue
        found[quote.provider_id] = KeptBidder(
            provider_id=quote.provider_id,
            offer_id=quote.offer_id,
            usd_per_hour=quote.usd_per_hour,
        )
        if not any_bidder:
            break
    return tuple(found.values())


def extension_cents(order: Order, hours: Decimal) -> int:
    """Return what is set aside for so many hours more: at the ceiling that was agreed to."""
    return max(cents_up(order.placed.usd_per_hour_max * hours), 1)


def cents_up(usd: Decimal) -> int:
    """Return dollars as cents, rounded up: what is set aside is never too little."""
    return minor_units(Money(usd), USD, ROUND_UP)


def needs_approval(hold_cents: int, above_usd: Decimal | None) -> bool:
    """Say whether so much money needs a second person: above the policy's amount, not at it."""
    return above_usd is not None and hold_cents > above_usd * 100


def _set_aside(ceiling: Decimal, terms: Terms) -> tuple[int, int]:
    """Return the hold, and what of it lies at the network at first, in cents."""
    hours = terms.funded_hours if terms.hours is None else terms.hours
    hold = max(cents_up(ceiling * hours), DEPOSIT_CENTS_MIN)
    first = max(cents_up(ceiling * DEPOSIT_HOURS), DEPOSIT_CENTS_MIN)
    return hold, min(first, hold)


def _refuse_quote(record: DecisionRecord, quote: Quote, now: datetime) -> None:
    if record.now + QUOTE_HOLDS <= now:
        minutes = int(QUOTE_HOLDS.total_seconds() // 60)
        raise Refused(f"the decision is older than {minutes} minutes: route the job again")
    if quote not in record.quotes:
        raise Refused(f"the decision does not quote {quote.offer_id}: choose one of its quotes")
    if quote.provider_id is None:
        raise Refused("this offer names no provider: it cannot be ordered through Necto")
    if record.requirement.nodes > 1:
        raise Refused(
            f"the job needs {record.requirement.nodes} machines and an order is of one: plan the "
            "job (necto plan) and order its parts"
        )


def _refuse_terms(made_from: From, quote: Quote, terms: Terms) -> None:
    policy, limit = made_from.record.policy, made_from.record.requirement.usd_per_hour_max
    if not terms.cost_centre.strip():
        raise Refused("name the cost centre that pays: every order has one")
    if policy.po_number_required and not terms.po_number:
        raise Refused(f"policy {policy.name} requires a PO number: enter it")
    if terms.usd_per_hour_max is not None and terms.usd_per_hour_max < quote.usd_per_hour:
        raise Refused(
            f"the ceiling of ${terms.usd_per_hour_max} an hour is below the quoted "
            f"${quote.usd_per_hour}: nobody would serve it"
        )
    if limit is not None and terms.usd_per_hour_max is not None and terms.usd_per_hour_max > limit:
        raise Refused(
            f"the ceiling of ${terms.usd_per_hour_max} an hour is above the ${limit} that the job "
            "itself allows: lower it, or route the job with more"
        )
    for name, hours in (("hours", terms.hours), ("funded hours", terms.funded_hours)):
        if hours is not None and hours <= _ZERO:
            raise Refused(f"{name} must be more than nothing")


def _ceiling(quote: Quote, terms: Terms, need: Requirement) -> Decimal:
    """Return the approved ceiling: what the buyer says, else the quote with room for the bid."""
    if terms.usd_per_hour_max is not None:
        return terms.usd_per_hour_max
    with_room = cents_up(quote.usd_per_hour * CEILING_ROOM) * _CENT
    own = need.usd_per_hour_max
    return with_room if own is None else min(with_room, own)


def _machine(need: Requirement, quote: Quote, offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return which machine it is, in the words of its network, and where."""
    return {
        "network": quote.network,
        "offer_id": quote.offer_id,
        "gpu_name": str(offer["gpu_name"]),
        "gpu_model": quote.gpu_model,
        "gpu_count": need.gpus.count,
        "country_code": quote.country_code,
        **_shape(need, offer),
    }


def _shape(need: Requirement, offer: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return what is asked of one machine: the job's own minimum, or the priced shape.

    An offer on Akash is priced by bids for a machine of a tenth of a CPU: no less than what a
    container needs to start is asked for.
    """
    found = {}
    for name, smallest in _SMALLEST.items():
        asked, priced = getattr(need, f"{name}_min"), offer.get(name)
        if asked is not None:
            found[name] = Decimal(repr(float(asked)))
        else:
            found[name] = max(smallest, Decimal(repr(float(priced or 0))))
    return found


_SMALLEST = {"vcpu": Decimal(1), "memory_gib": Decimal(4), "storage_gib": Decimal(20)}
"""Asked for where neither the job nor the offer says: enough for a container to start."""

"""What goes beyond quotes and refusals, as a decision keeps it: what-if, hyperscalers, price moves.

Each part is a list of objects that say themselves in a ``sentence`` for people; the other fields
are for programs: amounts exact as text, fractions as text with four decimals.
"""

import math
from decimal import Decimal

from pydantic import JsonValue

from engine.decision import Decision
from engine.decision_words import price
from engine.export import number_text
from engine.failover_plan import failover_plan
from engine.named_offers import NAMES, names_told
from engine.names import network_name
from engine.price_moves import PriceMoves
from engine.relaxations import Relaxation
from engine.same_job import ALL_DIFFERENCES, SameJob
from engine.what_if import what_if

Part = list[JsonValue]


def further_of(decision: Decision) -> dict[str, Part]:
    """Return the parts by name: what_if, hyperscalers, price_moves, failover, sellers' names."""
    answers = what_if(decision)
    return {
        "what_if": [_relaxed(one) for one in answers.relaxations],
        "hyperscalers": [_compared(one) for one in answers.same_job],
        "price_moves": [_moved(one) for one in answers.price_moves],
        "failover": _failover(decision),
        NAMES: names_told(decision),
    }


def _relaxed(one: Relaxation) -> JsonValue:
    cost = f"{price(one.landed_usd_per_hour)} USD an hour with {one.offer_id}"
    if one.saving is None:
        says = f"{_offers(one.offers)} would pass, the cheapest at {cost}"
    elif one.saving:
        says = f"{_signed(-one.saving)} ({cost})"
    else:
        says = "saves nothing"
    by = f"; asked by {' and '.join(one.stated_by)}" if one.stated_by else ""
    return {
        "code": one.code,
        "value": one.value,
        "label": one.label,
        "stated_by": list(one.stated_by),
        "offers": one.offers,
        "offer_id": one.offer_id,
        "landed_usd_per_hour": number_text(one.landed_usd_per_hour),
        "saving": _fraction(one.saving),
        "sentence": f"{one.label}: {says}{by}",
    }


def _compared(one: SameJob) -> JsonValue:
    return {
        "baseline": one.baseline,
        "offer_id": one.offer_id,
        "machine": one.machine,
        "region": one.region,
        "gpu_model": one.gpu_model,
        "gpu_count": one.gpu_count,
        "term": one.term,
        "landed_usd_per_hour": _amount(one.landed_usd_per_hour),
        "saving": _fraction(one.saving),
        "confidence": one.confidence,
        "differences": list(one.differences),
        "sentence": _comparison(one),
    }


def _comparison(one: SameJob) -> str:
    name = network_name(one.baseline)
    if one.landed_usd_per_hour is None:
        return f"{name}: sells nothing that fits"
    said = f"{name}: {price(one.landed_usd_per_hour)} USD an hour with {one.offer_id}"
    if one.saving is None:
        return said
    differences = ", ".join(ALL_DIFFERENCES.get(code, code) for code in one.differences)
    like = f", confidence {one.confidence}{f': {differences}' if differences else ''}"
    if one.saving > 0:
        return f"{said}; the cheapest quote costs {_percent(one.saving)} less{like}"
    return f"{said}; the cheapest quote costs {'more' if one.saving else 'the same'}{like}"


def _moved(one: PriceMoves) -> JsonValue:
    whose = "all prices" if one.network is None else f"{network_name(one.network)}'s prices"
    said = f"{whose} may move as they like: the same offer stays cheapest"
    if one.switches_at is not None:
        said = f"{whose} at {_signed(one.switches_at)}: {one.next_offer_id} becomes cheapest"
    return {
        "network": one.network,
        "winners": [
            {
                "move": _fraction(winner.move),
                "offer_id": winner.offer_id,
                "landed_usd_per_hour": f"{winner.landed_usd_per_hour:.8f}",
            }
            for winner in one.winners
        ],
        "switches_at": _fraction(one.switches_at),
        "next_offer_id": one.next_offer_id,
        "sentence": said,
    }


def _failover(decision: Decision) -> Part:
    """Return the offer that is taken first and those that stand by, then what is not known."""
    plan = failover_plan(decision)
    quotes = [plan.primary, *plan.standbys] if plan.primary else []
    rows: Part = []
    for place, quote in enumerate(quotes):
        role = f"standby {place}" if place else "first"
        cost = f"{price(quote.landed_usd_per_hour)} USD an hour"
        rows.append(
            {
                "role": role,
                "offer_id": quote.offer_id,
                "network": quote.network,
                "provider_id": quote.provider_id,
                "landed_usd_per_hour": number_text(quote.landed_usd_per_hour),
                "sentence": f"{role}: {quote.offer_id}, {cost}",
            }
        )
    notes: Part = [{"role": "note", "offer_id": None, "sentence": note} for note in plan.notes]
    return [*rows, *notes]


def _offers(count: int) -> str:
    return f"{count:,} offer{'' if count == 1 else 's'}"


def _fraction(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else number_text(value)


def _percent(fraction: float) -> str:
    """A tenth of a percent, rounded down so that no saving looks larger than it is."""
    return f"{math.floor(fraction * 1000 + 1e-9) / 10:g} %"


def _signed(fraction: float) -> str:
    return f"{'−' if fraction < 0 else '+'}{_percent(abs(fraction))}"

"""What else a decision says, ready to be kept with it: what-if, hyperscalers, standbys, names.

Every entry says itself in a ``sentence``, for those who only print; numbers are text, so that what
is opened again is what was kept.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from pydantic import JsonValue

from engine.decision import Decision
from engine.failover_plan import FailoverPlan, failover_plan
from engine.names import TERM_NAMES, network_name
from engine.price_moves import PriceMoves
from engine.quotes import Quote
from engine.relaxations import Relaxation
from engine.same_job import ALL_DIFFERENCES, SameJob
from engine.what_if import what_if

QUOTES_NAMED = 200
EXAMPLES_NAMED = 3
RELAXATIONS_MAX = 20

Rows = list[JsonValue]


def further_of(decision: Decision) -> dict[str, JsonValue]:
    """Return what other parts say of a decision, for ``engine.decision_record.record_of``.

    ``what_if``, ``hyperscalers``, ``price_moves``, ``failover``: lists of objects; ``names``: who
    sells the offers that are told, by offer id.
    """
    answers = what_if(decision)
    return {
        "what_if": [_relaxation(one) for one in answers.relaxations[:RELAXATIONS_MAX]],
        "hyperscalers": [_same_job(one, decision) for one in answers.same_job],
        "price_moves": [*_moves(answers.price_moves, decision)],
        "failover": [*_failover(failover_plan(decision))],
        "names": _names(decision),
    }


def percent(fraction: float) -> str:
    """Return a change as people say it: −12 %, +8 %, less than 1 %."""
    whole = Decimal(repr(fraction * 100)).quantize(Decimal(1), ROUND_HALF_UP)
    if not whole:
        return "less than 1 %" if fraction else "no change"
    return f"{'−' if whole < 0 else '+'}{abs(whole)} %"


def _hourly(usd: Decimal) -> str:
    return f"{usd.quantize(Decimal('0.001'), ROUND_HALF_UP):,} USD an hour"


def _relaxation(one: Relaxation) -> JsonValue:
    return {
        "code": one.code,
        "value": one.value,
        "label": one.label,
        "stated_by": [*one.stated_by],
        "offers": one.offers,
        "offer_id": one.offer_id,
        "landed_usd_per_hour": str(one.landed_usd_per_hour),
        "saving": None if one.saving is None else repr(one.saving),
        "sentence": _relaxed(one),
    }


def _relaxed(one: Relaxation) -> str:
    more = "1 more offer" if one.offers == 1 else f"{one.offers:,} more offers"
    said = f"{one.label}: {more}, the cheapest at {_hourly(one.landed_usd_per_hour)}"
    if one.saving is None:
        return said
    return f"{said} ({percent(-one.saving) if one.saving else 'not cheaper'})"


def _same_job(one: SameJob, decision: Decision) -> JsonValue:
    return {
        "baseline": one.baseline,
        "offer_id": one.offer_id,
        "machine": one.machine,
        "region": one.region,
        "term": one.term,
        "landed_usd_per_hour": None
        if one.landed_usd_per_hour is None
        else str(one.landed_usd_per_hour),
        "saving": None if one.saving is None else repr(one.saving),
        "confidence": one.confidence,
        "differences": [*one.differences],
        "sentence": _compared(one, decision),
    }


def _compared(one: SameJob, decision: Decision) -> str:
    name = network_name(one.baseline)
    if one.landed_usd_per_hour is None:
        return f"{name} sells nothing that fits"
    gpus = f"{decision.requirement.gpus.count} x {one.gpu_model or 'GPU'}"
    where = " in ".join(filter(None, (one.machine, one.region)))
    term = TERM_NAMES.get(one.term or "", one.term or "")
    said = f"{name} {where}, {gpus}, {term}: {_hourly(one.landed_usd_per_hour)}"
    if one.saving is None:
        return said
    differing = "; ".join(ALL_DIFFERENCES[code] for code in one.differences)
    word = "saved" if one.saving >= 0 else "dearer than it"
    share = percent(abs(one.saving)).removeprefix("+")
    label = f"label {one.confidence}" if one.confidence else "not labelled"
    return f"{said}; {share} {word}, {label}" + (f" ({differing})" if differing else "")


def _moves(moves: Sequence[PriceMoves], decision: Decision) -> Iterator[JsonValue]:
    """Yield what it takes for another offer to win; a move of all prices changes nothing often."""
    best = decision.quotes[0].network if len(decision.quotes) else None
    for one in moves:
        if one.network is None or one.switches_at is None:
            continue
        verb = "rise" if one.switches_at > 0 else "fall"
        change = percent(abs(one.switches_at)).removeprefix("+")
        whose = network_name(one.network)
        mark = "its" if one.network == best else "their"
        yield {
            "network": one.network,
            "switches_at": repr(one.switches_at),
            "offer_id": one.next_offer_id,
            "sentence": f"{whose}: {mark} prices must {verb} by {change} for another offer to win",
        }


def _failover(plan: FailoverPlan) -> Iterator[JsonValue]:
    if plan.primary is not None:
        yield _member("primary", plan.primary, "first")
    for place, quote in enumerate(plan.standbys, 1):
        yield _member("standby", quote, f"standby {place}")
    for note in plan.notes:
        yield {"role": "note", "sentence": note}


def _member(role: str, quote: Quote, called: str) -> JsonValue:
    where = quote.country_code or "country not known"
    gpus = f"{quote.gpu_count} x {quote.gpu_model or 'GPU not named'}"
    return {
        "role": role,
        "offer_id": quote.offer_id,
        "network": quote.network,
        "provider_id": quote.provider_id,
        "gpus": gpus,
        "country_code": quote.country_code,
        "landed_usd_per_hour": str(quote.landed_usd_per_hour),
        "sentence": f"{called}: {quote.offer_id} ({network_name(quote.network)}, {gpus}, {where}), "
        f"{_hourly(quote.landed_usd_per_hour)}",
    }


def _names(decision: Decision) -> JsonValue:
    """Return the names of those who sell what is told: the first quotes, and examples."""
    told = [quote.offer_id for quote in decision.quotes[:QUOTES_NAMED]]
    for code in decision.counts:
        told += [offer_id for offer_id, _ in decision.examples(code, EXAMPLES_NAMED)]
    rows = [decision.market.row_of(offer_id) for offer_id in sorted(set(told))]
    named = decision.market.offers.select("offer_id", "provider_name")[rows]
    return dict(named.drop_nulls().iter_rows())

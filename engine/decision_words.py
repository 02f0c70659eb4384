"""A decision's parts in words and rounded figures, for the text and the PDF that people read.

Amounts are rounded here once, half up, for the eye only: what is kept is exact.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pydantic import BaseModel

from engine.decision_record import DecisionRecord
from engine.gates import gate_of
from engine.names import TERM_NAMES, network_name
from engine.quotes import Quote
from engine.told_json_text import told_of

FURTHER: Mapping[str, str] = {
    "what_if": "What if",
    "failover": "Failover plan",
    "hyperscalers": "The same job at the hyperscalers",
    "price_moves": "If prices move",
}
"""The parts of ``engine.decision_further``, in the order in which they are told."""

COST_NAMES = {
    "compute": "compute",
    "storage": "storage",
    "egress": "data out",
    "ingress": "data in",
    "network_fee": "network fee",
    "platform_fee": "platform fee",
    "conversion": "conversion",
    "interruption": "interruptions",
}
_CENT = Decimal("0.01")
_PRICE = Decimal("0.0001")
_NAMES = {
    "gpus": "GPUs",
    "gpu": "GPU",
    "vcpu": "vCPU",
    "gib": "GiB",
    "gb": "GB",
    "usd": "USD",
    "po": "PO",
    "bf16": "bf16",
    "tflops": "TFLOPS",
}


class Fact(NamedTuple):
    """One line of a list: what it is about, and what is said."""

    name: str
    text: str


class GateRow(NamedTuple):
    """One code: in words, how many offers it refused, and one of them with the reason."""

    code: str
    title: str
    refused: int
    offer_id: str
    sentence: str


def usd(amount: Decimal) -> str:
    """Return an amount to the cent: 14,414.40; what is less than one but not zero: < 0.01."""
    if 0 < amount < _CENT / 2:
        return "< 0.01"
    return f"{amount.quantize(_CENT, ROUND_HALF_UP):,}"


def price(amount: Decimal) -> str:
    """Return a price an hour with at least two and at most four decimals: 2.5025, 18.20."""
    whole, _, cents = f"{amount.quantize(_PRICE, ROUND_HALF_UP):,}".partition(".")
    return f"{whole}.{cents[:2]}{cents[2:].rstrip('0')}"


def title(record: DecisionRecord) -> str:
    """Return the answer in one sentence."""
    offers, quoted = record.market.offers, record.quoted
    if not offers:
        return "There were no offers to choose from."
    if not quoted:
        return f"None of {count(offers, 'offer')} may be taken."
    best = record.quotes[0]
    cost = f"{usd(best.total_usd)} USD in all" if best.total_usd is not None else (
        f"{price(best.landed_usd_per_hour)} USD an hour"
    )  # fmt: skip
    return f"{quoted:,} of {count(offers, 'offer')} may be taken; the first costs {cost}."


def heads(record: DecisionRecord, digest: str) -> list[Fact]:
    """Return when, by which rules, and of what it was decided."""
    policy = record.policy.title or record.policy.name
    version = f"{record.policy_version}: " if record.policy_version else ""
    return [
        Fact("Decided as of", f"{record.now:%Y-%m-%d %H:%M:%S} UTC"),
        Fact("Policy", f"{version}{policy}"),
        Fact("Market", f"{count(record.market.offers, 'offer')}"),
        Fact("Digest", digest),
    ]


def stated(value: BaseModel) -> list[Fact]:
    """Return everything that a requirement or a policy states, beside what always holds."""
    facts = (Fact(name, text) for name, text in _flat(told_of(value), ()))
    return [fact for fact in facts if fact.name not in ("name", "title")]


def quote_line(quote: Quote) -> str:
    """Return what is offered: GPUs, where, by whom and how."""
    gpu = f"{quote.gpu_count} x {quote.gpu_model or 'GPU not named'}"
    place = quote.country_code or "country not known"
    term = TERM_NAMES.get(quote.term, quote.term)
    parts = [network_name(quote.network), gpu, place, term]
    return ", ".join([*parts, *([f"provider {quote.provider_id}"] if quote.provider_id else [])])


def amount(quote: Quote) -> str:
    """Return the landed cost: of the job, or of an hour where it is open-ended."""
    return price(quote.landed_usd_per_hour) if quote.total_usd is None else usd(quote.total_usd)


def band_of(quote: Quote) -> str:
    """Return between what the cost may lie; empty where it is certain."""
    shown = price if quote.total_usd is None else usd
    low, high = shown(quote.low_usd), shown(quote.high_usd)
    return "" if low == high else f"{low} to {high}"


def hourly(quote: Quote) -> str:
    """Return the prices an hour: asked for the machine, and landed for it and for one GPU."""
    return (
        f"{price(quote.usd_per_hour)} asked; {price(quote.landed_usd_per_hour)} landed, "
        f"{price(quote.landed_usd_per_gpu_hour)} per GPU"
    )


def observed(quote: Quote) -> str:
    """Return from when the price is."""
    return f"{quote.observed_at:%Y-%m-%d %H:%M} UTC"


def refused(record: DecisionRecord) -> list[GateRow]:
    """Return every code that refused offers, most first."""
    rows = [
        GateRow(code, _gate_title(code), number, *_example(record, code))
        for code, number in record.counts.items()
    ]
    return sorted(rows, key=lambda row: -row.refused)


def further(record: DecisionRecord) -> Iterator[tuple[str, list[str]]]:
    """Yield what other parts say, by title: what-if, failover plan."""
    for name, heading in FURTHER.items():
        rows = record.further.get(name)
        if isinstance(rows, list) and rows:
            yield heading, [str(row["sentence"]) for row in rows if isinstance(row, dict)]


def inputs(record: DecisionRecord) -> list[str]:
    """Return the names of what the decision was made from, so that it can be made again."""
    blocked = [f"blocked: {offer}" for offer in record.blocked]
    return [*(record.market.drops or (record.market.key,)), *blocked]


def counted_refusals(record: DecisionRecord) -> str:
    """Return how many offers were refused, in words."""
    refused_now = record.market.offers - record.quoted
    return f"{count(refused_now, 'offer')} refused, each by every gate that it fails"


def _example(record: DecisionRecord, code: str) -> tuple[str, str]:
    first = record.examples[code][0]
    return first.offer_id, first.reason.sentence


def _gate_title(code: str) -> str:
    gate = gate_of(code)
    return gate.title if code == gate.code else f"{gate.title} not known"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: 1 offer, 2 offers."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _flat(value: object, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _flat(one, (*place, str(name)))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, one in enumerate(value, 1):
            yield from _flat(one, (*place, str(number)))
    else:
        yield _label(place), _shown(value)


def _label(place: tuple[str, ...]) -> str:
    words = [_NAMES.get(word, word) for step in place for word in step.split("_")]
    return " ".join(words)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

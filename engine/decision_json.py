"""A decision as JSON for programs: what ``necto route --json`` prints. ``docs/route.md`` tells it.

Amounts are text, exact; moments are UTC. It is written piece by piece: every refusal of a market of
a million offers is a line.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Literal, get_args

from engine.decision import Decision
from engine.decision_further import Part
from engine.export import number_text, plain
from engine.gates import codes_of
from engine.quotes import CostTerm, Quote
from engine.told_json_text import told_of

Refusals = Literal["all", "sample", "counts"]
"""Which refusals are told: every one, a few of each code with their sentences, or only counts."""
REFUSALS: tuple[Refusals, ...] = get_args(Refusals)
SAMPLE = 3

_QUOTE = tuple(field.name for field in fields(Quote))
_TERM = tuple(field.name for field in fields(CostTerm))


def answer(
    decision: Decision,
    quotes: Iterable[Quote],
    *,
    refusals: Refusals = "all",
    further: Mapping[str, Part],
    more: Mapping[str, object],
) -> Iterator[str]:
    """Yield the text of one JSON object, in pieces.

    ``quotes``: those to tell, in order; ``further``: see ``engine.decision_further``; ``more``:
    what the caller adds.
    """
    told: dict[str, Iterator[str]] = {
        "quotes": _rows(map(quote_told, quotes)),
        "refusals": _refusals(decision, refusals),
        "counts": _value(dict(decision.counts)),
        **{name: _part(part) for name, part in further.items()},
        "notes": _value(list(decision.notes)),
        "now": _value(plain(decision.now)),
        "policy": _value(decision.policy.name),
        "policy_version": _value(decision.policy_version or None),
        "offers": _value(decision.market.offers.height),
        "requirement": _value(told_of(decision.requirement)),
        **{name: _value(value) for name, value in more.items()},
    }
    for at, (name, pieces) in enumerate(told.items()):
        yield f"{',' if at else '{'}\n {json.dumps(name)}: "
        yield from pieces
    yield "\n}\n"


def quote_told(quote: Quote) -> dict[str, object]:
    """Return a quote's fields for JSON."""
    told: dict[str, object] = {name: _plain(getattr(quote, name)) for name in _QUOTE}
    told["terms"] = [{name: _plain(getattr(term, name)) for name in _TERM} for term in quote.terms]
    told["score_terms"] = dict(quote.score_terms)
    return told


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return number_text(value)
    return list(value) if isinstance(value, tuple) else plain(value)


def _refusals(decision: Decision, which: Refusals) -> Iterator[str]:
    if which == "counts":
        return iter(["[]"])
    if which == "sample":
        return _rows(_sample(decision))
    return _lines(_every(decision))


def _every(decision: Decision) -> Iterator[str]:
    """Yield a line per refused offer: few distinct masks, so their codes are written once each."""
    codes = {
        mask: json.dumps(codes_of(mask)) for mask in decision.refused["mask"].unique().to_list()
    }
    for offer_id, mask in decision.refused.select("offer_id", "mask").iter_rows():
        name = json.dumps(offer_id, ensure_ascii=False)
        yield f'{{"offer_id": {name}, "reasons": {codes[mask]}}}'


def _sample(decision: Decision) -> Iterator[dict[str, object]]:
    """Yield the first offers that each code refused, each once, with their sentences."""
    chosen = dict.fromkeys(
        offer_id for code in decision.counts for offer_id, _ in decision.examples(code, SAMPLE)
    )
    for offer_id in chosen:
        reasons = decision.reasons(offer_id)
        yield {
            "offer_id": offer_id,
            "reasons": list(dict.fromkeys(reason.code for reason in reasons)),
            "sentences": [reason.sentence for reason in reasons],
        }


def _part(rows: Part) -> Iterator[str]:
    return _lines(json.dumps(row, ensure_ascii=False) for row in rows)


def _value(value: object) -> Iterator[str]:
    yield json.dumps(value, ensure_ascii=False)


def _rows(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    return _lines(json.dumps(row, ensure_ascii=False) for row in rows)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    yield "["
    is_empty = True
    for line in lines:
        yield f"{'' if is_empty else ','}\n  {line}"
        is_empty = False
    yield "]" if is_empty else "\n ]"


def faults_told(faults: Sequence[tuple[str, int | None, str, str]]) -> str:
    """Return what is wrong with the input as JSON: file, line, path and message of each fault."""
    names = ("file", "line", "path", "message")
    rows = [dict(zip(names, fault, strict=True)) for fault in faults]
    return "".join(["{\n ", '"faults": ', *_rows(rows), "\n}\n"])

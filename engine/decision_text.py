"""A decision as plain text: the whole of it for the file, the short of it for a terminal."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from engine import decision_words as words
from engine.decision_record import DecisionRecord, digest_of
from engine.decision_words import COST_NAMES, Fact, usd
from engine.quotes import CostTerm, Quote

WIDTH = 100
TOLD = 20
"""So many quotes are told with every term; the others are counted."""
SUMMED_UP = 6
"""So many lines of each further part are printed in a terminal."""
_INDENT = "  "


def decision_text(record: DecisionRecord) -> str:
    """Return the decision as text, always the same for the same record."""
    name = record.requirement.name
    parts = [
        [f"Decision: {name}", "=" * (len(name) + 10), words.title(record)],
        [*_facts(words.heads(record, digest_of(record)))],
        ["Job", *_facts(words.stated(record.requirement))],
        ["Policy", *(_facts(words.stated(record.policy)) or [f"{_INDENT}no rules"])],
        [_quotes_title(record), *_quotes(record)],
        [f"Refusals: {words.counted_refusals(record)}", *_refusals(record)],
        *([heading, *_listed(lines)] for heading, lines in words.further(record)),
        *([["Notes", *_listed(record.notes)]] if record.notes else []),
        ["Made from", *_listed(words.inputs(record))],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def summary_text(record: DecisionRecord, top: int) -> str:
    """Return the decision as a person reads it in a terminal: the first quotes and the counts."""
    parts = [words.title(record)]
    if shown := record.quotes[:top]:
        more = record.quoted - len(shown)
        rest = [f"and {more:,} more"] if more else []
        parts.append("\n".join([*_aligned(map(_row, shown)), *rest]))
    if record.counts:
        lines = "\n".join(
            f"{row.refused:>9,}  {row.title}: {row.sentence}" for row in words.refused(record)
        )
        parts.append(f"{words.counted_refusals(record)}\n{lines}")
    for heading, sentences in words.further(record):
        parts.append("\n".join([heading, *_listed(sentences[:SUMMED_UP])]))
    if record.notes:
        parts.append("\n".join(["Notes", *_listed(record.notes)]))
    return "\n\n".join(parts) + "\n"


def _row(quote: Quote) -> tuple[str, ...]:
    unit = "an hour" if quote.total_usd is None else "in all"
    band = words.band_of(quote)
    return (
        words.price(quote.usd_per_hour),
        f"{words.amount(quote)} {unit}",
        f"({band})" if band else "",
        f"{quote.gpu_count} x {quote.gpu_model or '?'}",
        quote.country_code or "?",
        quote.term,
        {True: "free", None: "free?", False: "taken"}[quote.available],
        "estimate" if quote.is_estimate else "",
        quote.offer_id,
    )


def _aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows in columns; ids come last and whole, so that they can be copied."""
    table = [("USD/hour", "landed", "", "GPUs", "in", "term", "", "", "offer"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield "  ".join(cells).rstrip()


def _quotes_title(record: DecisionRecord) -> str:
    if not record.quoted:
        return "Quotes: none"
    shown = min(TOLD, len(record.quotes))
    rest = "" if shown == record.quoted else f"the first {shown} of {record.quoted:,}, "
    order = "cheapest first" if record.policy.objective == "cost" else "best first"
    return f"Quotes: {rest}{order}, in USD"


def _quotes(record: DecisionRecord) -> Iterator[str]:
    for place, quote in enumerate(record.quotes[:TOLD], 1):
        yield f"{place:>4}. {quote.offer_id}"
        yield from _wrapped(words.quote_line(quote), 6)
        band = words.band_of(quote)
        unit = "an hour" if quote.total_usd is None else "in all"
        cost = f"{unit:<14} {words.amount(quote):>14}"
        yield f"      {cost}   {band}".rstrip()
        yield f"      {'USD an hour':<14} {words.hourly(quote)}"
        for term in quote.terms:
            yield from _term(term)
        if quote.deposit_usd:
            cash = usd(quote.deposit_usd)
            yield f"      {'deposit':<14} {cash:>14}   cash that is bound, not spent"
        yield f"      {'price as read':<14} {words.observed(quote)}"
        for note in quote.notes:
            yield from _wrapped(f"note: {note}", 6)


def _term(term: CostTerm) -> Iterator[str]:
    head = f"      {COST_NAMES[term.code]:<14} {usd(term.usd):>14}   {term.evidence:<11}"
    notes = wrap(term.note, WIDTH + 20 - len(head)) or [""]
    yield (head + notes[0]).rstrip()
    for line in notes[1:]:
        yield " " * len(head) + line


def _refusals(record: DecisionRecord) -> Iterator[str]:
    for row in words.refused(record):
        head = f"{_INDENT}{row.refused:>9,}  {row.title} ({row.code})"
        yield head
        yield from _wrapped(f"e.g. {row.offer_id}: {row.sentence}", 13)


def _facts(facts: Iterable[Fact]) -> list[str]:
    rows = list(facts)
    width = max((len(name) for name, _ in rows), default=0)
    lines: list[str] = []
    for name, text in rows:
        first, *rest = wrap(text, WIDTH - width - 4) or [""]
        lines.append(f"{_INDENT}{name:<{width}}  {first}")
        lines += [" " * (width + 4) + line for line in rest]
    return lines


def _listed(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from _wrapped(line, len(_INDENT))


def _wrapped(text: str, indent: int) -> list[str]:
    """Return the text in lines; a word that is longer than one, such as an id, stays whole."""
    return wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip

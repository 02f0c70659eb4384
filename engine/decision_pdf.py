"""A decision as PDF for those who approve and pay: A4, one to three pages, always the same bytes.

It holds the answer, the first quotes with every term of the first ones' cost, what was refused and
why, and the digest under which the whole decision is kept; long lists are cut and say so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reportlab.platypus import Flowable, KeepTogether, Spacer  # type: ignore[import-untyped]

from engine import decision_words as words
from engine.decision_record import DecisionRecord, digest_of
from engine.decision_words import COST_NAMES, Fact, usd
from engine.pdf import (
    ABOVE,
    ANSWER,
    BODY,
    GAP,
    HEADING,
    LABEL,
    LABEL_RIGHT,
    NUMBER,
    STRONG,
    STRONG_NUMBER,
    TITLE,
    Cell,
    document,
    line,
    table,
)
from engine.quotes import Quote

PAGES_MAX = 3
_WHOLE = "the whole is in the decision as JSON"
_LINE = 200  # characters of a heading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """How much of each part is told, and how many characters a cell has."""

    facts: int
    quotes: int
    with_terms: int
    gates: int
    lines: int
    fact: int
    cell: int


_ROOMY = _Room(facts=23, quotes=10, with_terms=2, gates=10, lines=8, fact=160, cell=320)
_TIGHT = _Room(facts=7, quotes=5, with_terms=1, gates=6, lines=3, fact=70, cell=140)


def decision_pdf(record: DecisionRecord) -> bytes:
    """Return the decision as a PDF file; the same record gives the same bytes."""
    file, pages = _made(record, _ROOMY)
    return file if pages <= PAGES_MAX else _made(record, _TIGHT)[0]


def _made(record: DecisionRecord, room: _Room) -> tuple[bytes, int]:
    digest = digest_of(record)
    return document(
        _Story(record, room).parts(digest),
        title=f"Routing decision: {record.requirement.name}",
        subject=digest,
        foot=f"{record.now:%Y-%m-%d %H:%M} UTC   {digest}",
    )


class _Story:
    """The parts of the document, one after the other."""

    def __init__(self, record: DecisionRecord, room: _Room) -> None:
        self._record = record
        self._room = room

    def parts(self, digest: str) -> Iterator[Flowable]:
        record, room = self._record, self._room
        yield line("Routing decision", ABOVE, _LINE)
        yield line(record.requirement.name, TITLE, _LINE)
        yield line(words.title(record), ANSWER, _LINE)
        heads = [[(name, LABEL), (text, BODY)] for name, text in words.heads(record, digest)]
        yield table(heads, (0.16, 0.84), has_head=False, most=room.cell)
        yield line("What the job needs", HEADING, _LINE)
        yield self._facts(words.stated(record.requirement))
        if rules := words.stated(record.policy):
            yield line(f"What the policy says: {record.policy.name}", HEADING, _LINE)
            yield self._facts(rules)
        yield from self._quotes()
        for place, quote in enumerate(record.quotes[: room.with_terms], 1):
            yield self._terms(place, quote)
        yield from self._refusals()
        for heading, sentences in words.further(record):
            yield from self._list(heading, sentences)
        if record.notes:
            yield from self._list("Notes", record.notes)
        yield from self._list("Made from", words.inputs(record))

    def _facts(self, facts: Sequence[Fact]) -> Flowable:
        """What is stated, two facts side by side."""
        shown = list(facts[: self._room.facts])
        if len(facts) > len(shown):
            shown.append(Fact("", f"and {len(facts) - len(shown)} more; {_WHOLE}"))
        half = -(-len(shown) // 2)
        rows = [
            [cell for fact in pair for cell in ((fact.name, LABEL), (fact.text, BODY))]
            for pair in zip_longest(shown[:half], shown[half:], fillvalue=Fact("", ""))
        ]
        return table(rows, (0.22, 0.28, 0.22, 0.28), has_head=False, most=self._room.fact)

    def _quotes(self) -> Iterator[Flowable]:
        shown, quoted = self._record.quotes[: self._room.quotes], self._record.quoted
        if not shown:
            return
        rest = "" if len(shown) == quoted else f": the first {len(shown)} of {quoted:,}"
        yield line(f"Quotes{rest}, in USD", HEADING, _LINE)
        unit = "landed, an hour" if shown[0].total_usd is None else "landed, in all"
        head = [
            *((name, LABEL) for name in ("", "offer", "GPUs", "in")),
            *((name, LABEL_RIGHT) for name in ("USD an hour", unit, "may lie in")),
        ]
        yield table(
            [head, *(_quote(place, quote) for place, quote in enumerate(shown, 1))],
            (0.04, 0.34, 0.18, 0.05, 0.10, 0.12, 0.17),
            has_head=True,
            most=self._room.fact,
        )

    def _terms(self, place: int, quote: Quote) -> Flowable:
        """What quote no. ``place`` is made of."""
        unit = "USD an hour" if quote.total_usd is None else "USD in all"
        head = [("cost", LABEL), (unit, LABEL_RIGHT), GAP, ("evidence", LABEL),
                ("how it comes about", LABEL)]  # fmt: skip
        rows: list[list[Cell]] = [
            [(COST_NAMES[term.code], BODY), (usd(term.usd), NUMBER), GAP, (term.evidence, BODY),
             (term.note, BODY)]
            for term in quote.terms
        ]  # fmt: skip
        rows.append([("landed cost", STRONG), (words.amount(quote), STRONG_NUMBER), GAP, GAP,
                     (words.hourly(quote), BODY)])  # fmt: skip
        if quote.deposit_usd:
            rows.append([("deposit", LABEL), (usd(quote.deposit_usd), NUMBER), GAP, GAP,
                         ("cash that is bound, not spent", BODY)])  # fmt: skip
        said = "; ".join((f"price read {words.observed(quote)}", *quote.notes))
        shares = (0.13, 0.13, 0.02, 0.13, 0.59)
        return KeepTogether(
            [
                line(f"Cost of quote {place}: {words.quote_line(quote)}", HEADING, _LINE),
                table([head, *rows], shares, has_head=True, most=self._room.cell),
                Spacer(0, 2),
                line(said, LABEL, self._room.cell),
            ]
        )

    def _refusals(self) -> Iterator[Flowable]:
        rows = words.refused(self._record)
        if not rows:
            return
        shown = rows[: self._room.gates]
        yield line(f"Refusals: {words.counted_refusals(self._record)}", HEADING, _LINE)
        head = [("offers", LABEL_RIGHT), ("gate", LABEL), ("for example", LABEL)]
        cells: list[list[Cell]] = [
            [(f"{row.refused:,}", NUMBER), (row.title, BODY),
             (f"{row.offer_id}: {row.sentence}", BODY)]
            for row in shown
        ]  # fmt: skip
        if more := len(rows) - len(shown):
            cells.append([GAP, GAP, (f"and {words.count(more, 'more gate')}; {_WHOLE}", LABEL)])
        yield table([head, *cells], (0.09, 0.21, 0.70), has_head=True, most=self._room.cell)

    def _list(self, heading: str, lines: Sequence[str]) -> Iterator[Flowable]:
        yield line(heading, HEADING, _LINE)
        for one in lines[: self._room.lines]:
            yield line(one, BODY, self._room.cell)
        if len(lines) > self._room.lines:
            yield line(f"and {len(lines) - self._room.lines} more; {_WHOLE}", LABEL, _LINE)


def _quote(place: int, quote: Quote) -> list[Cell]:
    text, number = (STRONG, STRONG_NUMBER) if place == 1 else (BODY, NUMBER)
    band = words.band_of(quote)
    return [
        (str(place), LABEL),
        (quote.offer_id, text),
        (f"{quote.gpu_count} x {quote.gpu_model or 'not named'}", BODY),
        (quote.country_code or "?", BODY),
        (words.price(quote.usd_per_hour), NUMBER),
        (words.amount(quote), number),
        (band, NUMBER) if band else ("certain", LABEL_RIGHT),
    ]

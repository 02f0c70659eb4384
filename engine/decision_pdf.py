"""A decision as PDF for those who approve and pay: A4, one to three pages, always the same bytes.

It holds the answer, the first quotes with every term of the first ones' cost, what was refused and
why, and the digest under which the whole decision is kept; long lists are cut and say so.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.enums import TA_RIGHT  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from engine import decision_words as words
from engine.decision_record import DecisionRecord, digest_of
from engine.decision_words import COST_NAMES, Fact, usd
from engine.quotes import Quote

QUOTES = 10
"""So many quotes are told, the first ``WITH_TERMS`` with every term of their cost."""
WITH_TERMS = 2
_FACTS_MAX, _GATES_MAX, _LINES_MAX = 23, 10, 8
_CHARACTERS_MAX = 320  # of one cell
_WHOLE = "the whole is in the decision as JSON"

_SANS, _BOLD = "Necto", "Necto-Bold"
_INK, _SOFT, _RULE, _SHADE = (HexColor(one) for one in ("#1B2430", "#5B6776", "#C9D1DA", "#F3F5F8"))
_MARGIN, _FOOT = 18 * mm, 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PAD = 2.2
_FRAME = 6  # points that reportlab's frame keeps free on every side
_BODY = ParagraphStyle("body", fontName=_SANS, fontSize=7.4, leading=10, textColor=_INK)
_NUMBER = ParagraphStyle("number", _BODY, alignment=TA_RIGHT)
_LABEL = ParagraphStyle("label", _BODY, textColor=_SOFT)
_LABEL_RIGHT = ParagraphStyle("label right", _LABEL, alignment=TA_RIGHT)
_STRONG = ParagraphStyle("strong", _BODY, fontName=_BOLD)
_STRONG_NUMBER = ParagraphStyle("strong number", _STRONG, alignment=TA_RIGHT)
_HEADING = ParagraphStyle(
    "heading", _STRONG, fontSize=9.2, leading=12, spaceBefore=9, spaceAfter=3, keepWithNext=1
)
_ABOVE = ParagraphStyle("above", _LABEL, fontSize=8, leading=11)
_TITLE = ParagraphStyle("title", _STRONG, fontSize=16, leading=21)
_ANSWER = ParagraphStyle("answer", _BODY, fontSize=9.6, leading=13, spaceAfter=6)

Cell = tuple[str, ParagraphStyle]
_GAP: Cell = ("", _BODY)


def decision_pdf(record: DecisionRecord) -> bytes:
    """Return the decision as a PDF file; the same record gives the same bytes."""
    _register()
    digest = digest_of(record)
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN - _FRAME,
        rightMargin=_MARGIN - _FRAME,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 6 * mm,
        invariant=1,
        title=_text(f"Routing decision: {record.requirement.name}"),
        author="Necto",
        subject=digest,
        creator="Necto",
        lang="en",
    )
    foot = f"{record.now:%Y-%m-%d %H:%M} UTC   {digest}"
    document.build([*_story(record, digest)], canvasmaker=_numbered(foot))
    return file.getvalue()


def _story(record: DecisionRecord, digest: str) -> Iterator[Flowable]:
    yield Paragraph("Routing decision", _ABOVE)
    yield Paragraph(_markup(record.requirement.name), _TITLE)
    yield Paragraph(_markup(words.title(record)), _ANSWER)
    yield _heads(words.heads(record, digest))
    yield Paragraph("What the job needs", _HEADING)
    yield _facts(words.stated(record.requirement))
    if rules := words.stated(record.policy):
        yield Paragraph(f"What the policy says: {_markup(record.policy.name)}", _HEADING)
        yield _facts(rules)
    yield from _quotes(record)
    for place, quote in enumerate(record.quotes[:WITH_TERMS], 1):
        yield _terms(place, quote)
    yield from _refusals(record)
    for heading, sentences in words.further(record):
        yield from _list(heading, sentences)
    if record.notes:
        yield from _list("Notes", record.notes)
    yield from _list("Made from", words.inputs(record))


def _heads(facts: Sequence[Fact]) -> Table:
    rows = [[(fact.name, _LABEL), (fact.text, _BODY)] for fact in facts]
    return _table(rows, (0.16, 0.84), has_head=False)


def _facts(facts: Sequence[Fact]) -> Table:
    """What is stated, two facts side by side."""
    shown = list(facts[:_FACTS_MAX])
    if len(facts) > _FACTS_MAX:
        shown.append(Fact("", f"and {len(facts) - _FACTS_MAX} more; {_WHOLE}"))
    half = -(-len(shown) // 2)
    rows = [
        [cell for fact in pair for cell in ((fact.name, _LABEL), (fact.text, _BODY))]
        for pair in zip_longest(shown[:half], shown[half:], fillvalue=Fact("", ""))
    ]
    return _table(rows, (0.22, 0.28, 0.22, 0.28), has_head=False)


def _quotes(record: DecisionRecord) -> Iterator[Flowable]:
    shown = record.quotes[:QUOTES]
    rest = "" if len(shown) == record.quoted else f": the first {len(shown)} of {record.quoted:,}"
    if not shown:
        return
    yield Paragraph(f"Quotes{rest}, in USD", _HEADING)
    unit = "landed, an hour" if shown[0].total_usd is None else "landed, in all"
    head = [
        *((name, _LABEL) for name in ("", "offer", "GPUs", "in")),
        *((name, _LABEL_RIGHT) for name in ("USD an hour", unit, "may lie in")),
    ]
    yield _table(
        [head, *(_quote(place, quote) for place, quote in enumerate(shown, 1))],
        (0.04, 0.34, 0.18, 0.05, 0.10, 0.12, 0.17),
        has_head=True,
    )


def _quote(place: int, quote: Quote) -> list[Cell]:
    strong = (_STRONG, _STRONG_NUMBER) if place == 1 else (_BODY, _NUMBER)
    return [
        (str(place), _LABEL),
        (quote.offer_id, strong[0]),
        (f"{quote.gpu_count} x {quote.gpu_model or 'not named'}", _BODY),
        (quote.country_code or "?", _BODY),
        (words.price(quote.usd_per_hour), _NUMBER),
        (words.amount(quote), strong[1]),
        (words.band_of(quote) or "certain", _NUMBER if words.band_of(quote) else _LABEL_RIGHT),
    ]


def _terms(place: int, quote: Quote) -> Flowable:
    """What quote no. ``place`` is made of."""
    unit = "USD an hour" if quote.total_usd is None else "USD in all"
    head = [("cost", _LABEL), (unit, _LABEL_RIGHT), _GAP, ("evidence", _LABEL),
            ("how it comes about", _LABEL)]  # fmt: skip
    rows: list[list[Cell]] = [
        [(COST_NAMES[term.code], _BODY), (usd(term.usd), _NUMBER), _GAP, (term.evidence, _BODY),
         (term.note, _BODY)]
        for term in quote.terms
    ]  # fmt: skip
    rows.append([("landed cost", _STRONG), (words.amount(quote), _STRONG_NUMBER), _GAP, _GAP,
                 (words.hourly(quote), _BODY)])  # fmt: skip
    if quote.deposit_usd:
        rows.append([("deposit", _LABEL), (usd(quote.deposit_usd), _NUMBER), _GAP, _GAP,
                     ("cash that is bound, not spent", _BODY)])  # fmt: skip
    said = "; ".join((f"price read {words.observed(quote)}", *quote.notes))
    return KeepTogether(
        [
            Paragraph(f"Cost of quote {place}: {_markup(words.quote_line(quote))}", _HEADING),
            _table([head, *rows], (0.13, 0.13, 0.02, 0.13, 0.59), has_head=True),
            Spacer(0, 2),
            Paragraph(_markup(_cut(said, _CHARACTERS_MAX)), _LABEL),
        ]
    )


def _refusals(record: DecisionRecord) -> Iterator[Flowable]:
    rows = words.refused(record)
    if not rows:
        return
    yield Paragraph(f"Refusals: {words.counted_refusals(record)}", _HEADING)
    head = [("offers", _LABEL_RIGHT), ("gate", _LABEL), ("for example", _LABEL)]
    cells: list[list[Cell]] = [
        [(f"{row.refused:,}", _NUMBER), (row.title, _BODY),
         (f"{row.offer_id}: {row.sentence}", _BODY)]
        for row in rows[:_GATES_MAX]
    ]  # fmt: skip
    if len(rows) > _GATES_MAX:
        said = f"and {len(rows) - _GATES_MAX} more gates; {_WHOLE}"
        cells.append([("", _NUMBER), ("", _BODY), (said, _LABEL)])
    yield _table([head, *cells], (0.09, 0.21, 0.70), has_head=True)


def _list(heading: str, lines: Sequence[str]) -> Iterator[Flowable]:
    yield Paragraph(_markup(heading), _HEADING)
    for line in lines[:_LINES_MAX]:
        yield Paragraph(_markup(_cut(line, _CHARACTERS_MAX)), _BODY)
    if len(lines) > _LINES_MAX:
        yield Paragraph(f"and {len(lines) - _LINES_MAX} more; {_WHOLE}", _LABEL)


def _table(rows: Iterable[Sequence[Cell]], shares: Sequence[float], *, has_head: bool) -> Table:
    cells = [
        [Paragraph(_markup(_cut(text, _CHARACTERS_MAX)), style) for text, style in row]
        for row in rows
    ]
    table = Table(
        cells, [share * _WIDTH for share in shares], repeatRows=int(has_head), hAlign="LEFT"
    )
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), _PAD),
        ("BOTTOMPADDING", (0, 0), (-1, -1), _PAD),
        ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
    ]
    if has_head:
        style += [
            ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
            ("LINEABOVE", (0, 0), (-1, 0), 0.8, _INK),
        ]
    table.setStyle(TableStyle(style))
    return table


def _numbered(foot: str) -> type[Canvas]:
    """Return a canvas that writes the foot of every page once it knows how many there are."""

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)
            self._pages: list[dict[str, object]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(_SANS, 6.4)
                self.setFillColor(_SOFT)
                self.setStrokeColor(_RULE)
                self.setLineWidth(0.4)
                self.line(_MARGIN, _FOOT + 9, A4[0] - _MARGIN, _FOOT + 9)
                self.drawString(_MARGIN, _FOOT, foot)
                self.drawRightString(
                    A4[0] - _MARGIN, _FOOT, f"Necto   page {number} of {len(self._pages)}"
                )
                Canvas.showPage(self)
            Canvas.save(self)

    return Numbered


@cache
def _register() -> frozenset[int]:
    """Make the fonts known (Bitstream Vera, which comes with reportlab); return what they draw."""
    pdfmetrics.registerFont(TTFont(_BOLD, "VeraBd.ttf"))
    font = TTFont(_SANS, "Vera.ttf")
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _markup(text: str) -> str:
    return escape(_text(text))


def _text(text: str) -> str:
    """Return the text with what the font cannot draw written as its code point."""
    known = _register()
    return "".join(
        char if ord(char) in known or char == " " else f"[U+{ord(char):04X}]"
        for char in " ".join(text.split())
    )

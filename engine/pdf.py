"""Documents as PDF: one look, A4, always the same bytes for the same content.

reportlab draws; its fonts (Bitstream Vera) come with it and are put into every file, so that a
document looks the same everywhere and in ten years. What they cannot draw is told by code point.
"""

import io
from collections.abc import Iterable, Sequence
from functools import cache
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
    Paragraph,
    SimpleDocTemplate,
    Table,
    TableStyle,
)

_SANS, _BOLD = "Necto", "Necto-Bold"
_INK, _SOFT, _RULE, _SHADE = (HexColor(one) for one in ("#1B2430", "#5B6776", "#C9D1DA", "#F3F5F8"))
_MARGIN, _FOOT = 18 * mm, 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PAD = 2.2
_FRAME = 6  # points that reportlab's frame keeps free on every side

BODY = ParagraphStyle("body", fontName=_SANS, fontSize=7.4, leading=10, textColor=_INK)
NUMBER = ParagraphStyle("number", BODY, alignment=TA_RIGHT)
LABEL = ParagraphStyle("label", BODY, textColor=_SOFT)
LABEL_RIGHT = ParagraphStyle("label right", LABEL, alignment=TA_RIGHT)
STRONG = ParagraphStyle("strong", BODY, fontName=_BOLD)
STRONG_NUMBER = ParagraphStyle("strong number", STRONG, alignment=TA_RIGHT)
HEADING = ParagraphStyle(
    "heading", STRONG, fontSize=9.2, leading=12, spaceBefore=9, spaceAfter=3, keepWithNext=1
)
ABOVE = ParagraphStyle("above", LABEL, fontSize=8, leading=11)
TITLE = ParagraphStyle("title", STRONG, fontSize=16, leading=21)
ANSWER = ParagraphStyle("answer", BODY, fontSize=9.6, leading=13, spaceAfter=6)

Cell = tuple[str, ParagraphStyle]
GAP: Cell = ("", BODY)


def document(
    story: Iterable[Flowable], *, title: str, subject: str, foot: str
) -> tuple[bytes, int]:
    """Return the file and how many pages it has; ``foot`` stands on each with its number."""
    _fonts()
    file = io.BytesIO()
    made = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN - _FRAME,
        rightMargin=_MARGIN - _FRAME,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 6 * mm,
        invariant=1,
        title=drawable(title),
        author="Necto",
        subject=subject,
        creator="Necto",
        lang="en",
    )
    made.build(list(story), canvasmaker=_numbered(foot))
    return file.getvalue(), made.page


def line(text: str, style: ParagraphStyle, most: int) -> Paragraph:
    """Return a paragraph of at most so many characters."""
    _fonts()
    return Paragraph(escape(drawable(_cut(text, most))), style)


def table(
    rows: Iterable[Sequence[Cell]], shares: Sequence[float], *, has_head: bool, most: int
) -> Table:
    """Return a table over the width of the page; cells have at most so many characters."""
    cells = [[line(text, style, most) for text, style in row] for row in rows]
    made = Table(
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
        style.append(("BACKGROUND", (0, 0), (-1, 0), _SHADE))
        style.append(("LINEABOVE", (0, 0), (-1, 0), 0.8, _INK))
    made.setStyle(TableStyle(style))
    return made


def drawable(text: str) -> str:
    """Return the text on one line, with what the font cannot draw written as its code point."""
    known = _fonts()
    return "".join(
        char if ord(char) in known else f"[U+{ord(char):04X}]" for char in " ".join(text.split())
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


@cache
def _fonts() -> frozenset[int]:
    """Make the fonts known, once; return the code points that they draw."""
    pdfmetrics.registerFont(TTFont(_BOLD, "VeraBd.ttf"))
    font = TTFont(_SANS, "Vera.ttf")
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


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
                said = f"Necto   page {number} of {len(self._pages)}"
                self.drawRightString(A4[0] - _MARGIN, _FOOT, said)
                Canvas.showPage(self)
            Canvas.save(self)

    return Numbered

"""Rows as text for a terminal, which hostile text in them cannot steer."""

import json
import re
from collections.abc import Collection, Mapping, Sequence

CELL_CHARACTERS_MAX = 44


# What JSON leaves as it is and a terminal obeys: control characters, marks that turn text around.
_STEERING = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def json_text(value: object) -> str:
    written = json.dumps(value, indent=1, ensure_ascii=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n"


def line_text(text: str) -> str:
    """Return text as one line: what is not printable in it is shown as its code."""
    if text.isprintable():
        return text
    shown = (one if one.isprintable() else ascii(one)[1:-1] for one in " ".join(text.split()))
    return "".join(shown)


def table_text(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str], whole: Collection[str] = ()
) -> str:
    """Return the columns of the rows, aligned, long cells cut; says so when there are none.

    The cells of the columns in ``whole`` are never cut.
    """
    cells = [[_cell(row.get(c), is_whole=c in whole) for c in columns] for row in rows]
    widths = [max([len(c), *(len(line[i]) for line in cells)]) for i, c in enumerate(columns)]
    lines = [
        "  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip()
        for line in (columns, *cells)
    ]
    return "\n".join(lines) + ("" if rows else "\nnothing found") + "\n"


def _cell(value: object, *, is_whole: bool) -> str:
    text = line_text(" ".join(str("" if value is None else value).split()))
    return text if is_whole else text[:CELL_CHARACTERS_MAX]

"""Rows as text for a terminal."""

import json
from collections.abc import Collection, Mapping, Sequence

CELL_CHARACTERS_MAX = 44


def json_text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


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
    text = " ".join(str("" if value is None else value).split())
    return text if is_whole else text[:CELL_CHARACTERS_MAX]

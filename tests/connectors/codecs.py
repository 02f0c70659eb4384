"""How a text becomes a document that a test changes, and the changed document a text: JSON, CSV.

Which one it is, the name of the file says.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Codec:
    loads: Callable[[str], Any]
    dumps: Callable[[Any], str]
    with_token: Callable[[str, Place, str], str]
    """A text with a JSON text, valid or not, in the place of one value."""


def codec_of(file_name: str) -> Codec:
    return CSV if file_name.endswith(".csv") else JSON


def at(document: Any, place: Place) -> Any:
    return reduce(lambda part, step: part[step], place, document)


def put(document: Any, place: Place, value: object) -> None:
    at(document, place[:-1])[place[-1]] = value


def _json_with_token(text: str, place: Place, token: str) -> str:
    document = json.loads(text)
    put(document, place, "@here@")
    return json.dumps(document).replace('"@here@"', token)


def _csv_loads(text: str) -> Any:
    """Lines of another width (metadata), then the names of the columns, then rows by name."""
    lines = list(csv.reader(io.StringIO(text, newline="")))
    start = next(n for n, line in enumerate(lines) if len(line) > 2)
    rows = [dict(zip(lines[start], line, strict=True)) for line in lines[start + 1 :]]
    return {"metadata": lines[:start], "columns": lines[start], "rows": rows}


def _csv_dumps(document: Any) -> str:
    """Anything that is not of this shape any more becomes a line of its own."""
    rows = document["rows"] if isinstance(document["rows"], list) else [document["rows"]]
    columns = document["columns"]
    if isinstance(columns, list):
        extra = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
        columns = [*columns, *(name for name in extra if name not in columns)]
        rows = [[row.get(c) for c in columns] if isinstance(row, dict) else row for row in rows]
    metadata = document["metadata"] if isinstance(document["metadata"], list) else []
    lines = [line if isinstance(line, list) else [line] for line in [*metadata, columns, *rows]]
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[_cell(value) for value in line] for line in lines])
    return written.getvalue()


def _cell(value: object) -> str:
    """A CSV has only text: a JSON value becomes its text, nothing an empty cell."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "backslashreplace").decode()


def _csv_with_token(text: str, place: Place, token: str) -> str:
    document = _csv_loads(text)
    is_text = token.startswith('"') or token == "null"
    put(document, place, json.loads(token) if is_text else token)
    return _csv_dumps(document)


JSON = Codec(json.loads, json.dumps, _json_with_token)
CSV = Codec(_csv_loads, _csv_dumps, _csv_with_token)

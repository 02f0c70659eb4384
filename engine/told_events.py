"""The pieces that a YAML or JSON text is made of, one after the other, each with its line."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from engine.money import exact

Scalar = str | int | Decimal | bool | None

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASES = ((re.compile(r"0o[0-7]+"), 8), (re.compile(r"0x[0-9a-fA-F]+"), 16))
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BASED_MAX = 20  # characters: 64 bits in octal are 22, no field takes as many


@dataclass(frozen=True, slots=True)
class Event:
    """One piece. ``text``: a scalar as it is written, which is what it means as a key.

    ``name``: the anchor that it carries; of an alias, the one that it repeats. ``fault``: why the
    piece cannot be used.
    """

    kind: Literal["map", "list", "end", "leaf", "alias"]
    line: int
    value: Scalar = None
    text: str = ""
    name: str | None = None
    fault: str | None = None


class Unreadable(Exception):
    """The text is not YAML or JSON from a line on: nothing after it can be told."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def plain_value(text: str) -> Scalar:
    """Return what unquoted text means by the core schema of YAML 1.2: ``NO`` is Norway, not false.

    https://yaml.org/spec/1.2.2/#103-core-schema. Raises ValueError for a number that is none.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(exact(text))
    for form, base in _BASES:
        if form.fullmatch(text) and len(text) <= _BASED_MAX:
            return int(text[2:], base)
    if _NO_NUMBER.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    return exact(text) if _FLOAT.fullmatch(text) else text

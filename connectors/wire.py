"""From bytes to typed rows: the border. A bad answer is Unreadable, a bad row is a Reject."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ValidationError

from connectors.base import Answer, Reject, Unreadable

ROW_CHARACTERS_MAX = 4000
"""How much of a row is kept as provenance or with a reject."""

_EXPONENT_MAX = 100
_REASON_CHARACTERS_MAX = 300
_MARK = "\ue000"  # a private-use character: JSON from a network may hold it, which is harmless
_MARKED = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a moment is text, not a number")  # noqa: TRY004 - pydantic's convention
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text_only)]
"""A moment as text with its offset; a bare number is not taken for seconds since 1970."""


def json_of(answer: Answer) -> object:
    """Return the JSON of an answer with every fraction as an exact Decimal.

    Raises Unreadable, saying what arrived instead, for anything else.
    """
    try:
        return json.loads(answer.body, parse_float=_fraction, parse_constant=_not_a_number)
    except (ValueError, RecursionError, InvalidOperation):
        start = answer.body[:60].decode("utf-8", "replace").strip()
        what = "a web page" if start.startswith("<") else f"{len(answer.body)} bytes"
        raise Unreadable(f"{_address(answer)} did not answer with JSON but {what}") from None


def page_of(answer: Answer, model: type[M]) -> M:
    """Return the answer as its wire model; raises Unreadable, naming the first wrong field."""
    try:
        return model.model_validate(json_of(answer))
    except ValidationError as error:
        raise Unreadable(
            f"{_address(answer)} is not in the documented form: {first_fault(error)}"
        ) from None


def rows_of(
    rows: Iterable[object], read: Callable[[object], Iterator[T]], rejects: list[Reject]
) -> Iterator[T]:
    """Read each row on its own; one that cannot be read is kept in ``rejects`` with its reason."""
    for row in rows:
        try:
            yield from list(read(row))
        except ValidationError as error:
            rejects.append(Reject("unreadable", first_fault(error), text_of(row)))
        except (ValueError, ArithmeticError) as error:
            reason = str(error)[:_REASON_CHARACTERS_MAX]
            rejects.append(Reject("impossible", reason, text_of(row)))


def first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    text = f"{place}: {fault['msg']}" if place else fault["msg"]
    return text[:_REASON_CHARACTERS_MAX]


def text_of(row: object) -> str:
    """Return a row as JSON text with its numbers as written, cut to ``ROW_CHARACTERS_MAX``."""
    try:
        quoted = json.dumps(row, default=_marked, ensure_ascii=False, indent=1)
    except RecursionError:
        return "nested too deeply to be shown"
    text = _MARKED.sub(r"\1", quoted).encode("utf-8", "backslashreplace").decode()
    if len(text) > ROW_CHARACTERS_MAX:
        return text[:ROW_CHARACTERS_MAX] + " … (cut)"
    return text


def _marked(value: object) -> str:
    """Mark a Decimal's text, so that its quotes can be taken off again."""
    return f"{_MARK}{value}{_MARK}"


def _fraction(text: str) -> Decimal:
    """Return the number exactly; one with an absurd exponent is none.

    Turning "1e99999999" into an int would take minutes and gigabytes.
    """
    number = Decimal(text)
    return number if abs(number.adjusted()) <= _EXPONENT_MAX else Decimal("NaN")


def _not_a_number(name: str) -> Decimal:
    return Decimal(name.replace("Infinity", "inf"))  # refused where a price is read, row by row


def _address(answer: Answer) -> str:
    return answer.url.split("?", 1)[0]

"""A file that a person wrote as a checked value: every fault of every kind at once.

What is wrong is taken out and the rest is judged again, so that one mistake hides no other one; a
fault that is only there because something was taken out is not told.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.policy import POLICY_NAME
from engine.requirement import PRINTABLE, Conflict
from engine.secret_names import ENV_NAME
from engine.told_faults import BadFile, Fault, Place, in_order, path_text, shown
from engine.told_files import NOWHERE, Told, Value, told
from engine.told_shape import Schema, Shape

ROUNDS_MAX = 12
M = TypeVar("M", bound=BaseModel)

_WORDS = {
    "greater_than": "{input} must be above {gt}",
    "greater_than_equal": "{input} must be at least {ge}",
    "less_than_equal": "{input} must be at most {le}",
    "string_too_short": "is empty: write a text, or remove the line",
    "string_too_long": "has more than {max_length} characters: shorten it",
    "too_long": "has more than {max_length} entries: shorten the list",
    "decimal_max_places": "{input} has more than {decimal_places} decimals: round it",
    "decimal_max_digits": "{input} has more than {max_digits} digits: round it",
    "decimal_whole_digits": "{input} has more than {whole_digits} digits before the point",
    "string_pattern_mismatch": "{input} has characters that are not allowed: {pattern}",
    "datetime_from_date_parsing": "{input} is no time that there is: write 2026-11-24T09:00:00Z",
    "datetime_parsing": "{input} is no time that there is: write 2026-11-24T09:00:00Z",
}
_CONTROL = "leave out line breaks, tabs and other control characters"
_PATTERNS = {
    PRINTABLE: _CONTROL,
    PRINTABLE.replace("+$", "*$"): _CONTROL,
    ENV_NAME: "use letters, digits and _ . -, and begin with no digit",
    POLICY_NAME: "use small letters, digits and hyphens, 63 at most, and begin with a letter or "
    "digit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[M]):
    """What came of a file: ``value`` is whole when there are no ``faults``.

    With faults it is what is left without what is wrong (fields that must be there are stood in
    for), good for further checks and nothing else; None when nothing is left.
    """

    name: str
    value: M | None
    faults: tuple[Fault, ...]
    told: Told = NOWHERE

    def whole(self) -> M:
        """Return the value; raises BadFile when anything is wrong with the file."""
        if self.faults or self.value is None:
            raise BadFile(self.name, self.faults)
        return self.value


def read_as(
    model: type[M], schema: Schema, text: str, name: str, stand_ins: Mapping[Place, Value]
) -> Reading[M]:
    """Read a text as a model; raises BadFile when nothing can be made of it.

    ``schema``: the model's own JSON Schema. ``stand_ins``: what is put where a field that must be
    there is missing or wrong, outer ones first.
    """
    return read_told(model, schema, told(text, name), name, stand_ins)


def read_told(
    model: type[M], schema: Schema, source: Told, name: str, stand_ins: Mapping[Place, Value]
) -> Reading[M]:
    """Read what a file says as a model, as ``read_as`` does with the file's text."""
    shape = Shape(schema)
    value = shape.fitted(_without(source.value, source.lost))
    sieve = _Sieve(source.lost)
    for place, message in shape.wrong:
        sieve.add(place, message, [place])
    sieve.close()
    left = _built(model, value, sieve, shape.kept, stand_ins) if isinstance(value, dict) else None
    faults = [Fault(source.line(at), path_text(at), message) for at, message in sieve.wrong]
    return Reading(name=name, value=left, faults=in_order([*source.faults, *faults]), told=source)


class _Sieve:
    """Gathers faults, without those that another fault brings about."""

    def __init__(self, lost: frozenset[Place]) -> None:
        self.wrong: list[tuple[Place, str]] = []
        self._lost: set[Place] = set()
        self._around: set[Place] = set()
        """What is lost, and everything that it stands in: both ways in one look."""
        self._new: list[Place] = [*lost]
        self.close()

    def add(self, place: Place, message: str, about: list[Place]) -> None:
        if not any(map(self._touches, about)):
            self.wrong.append((place, message))
        self._new += about

    def close(self) -> None:
        """End a round: what it found is known to the next one."""
        self._lost.update(self._new)
        self._around.update(place[:at] for place in self._new for at in range(len(place) + 1))
        self._new = []

    def _touches(self, place: Place) -> bool:
        return place in self._around or any(
            place[:at] in self._lost for at in range(len(place) + 1)
        )


def _built(
    model: type[M],
    value: dict[str, Value],
    sieve: _Sieve,
    kept: Mapping[Place, list[int]],
    stand_ins: Mapping[Place, Value],
) -> M | None:
    for _ in range(ROUNDS_MAX):
        _stand_in(value, stand_ins)
        try:
            return model.model_validate(value)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=True)
        for detail in details:
            for place, message, about in _faults(detail, kept):
                sieve.add(place, message, about)
            _drop(value, detail)
        sieve.close()
    return None


def _faults(
    detail: ErrorDetails, kept: Mapping[Place, list[int]]
) -> Iterator[tuple[Place, str, list[Place]]]:
    place = _as_written(_place(detail), kept)
    conflict = detail.get("ctx", {}).get("error")
    if isinstance(conflict, Conflict):
        for fields, sentence in conflict.parts:
            about = [(*place, field) for field in fields]
            yield about[0], sentence, about
    else:
        yield place, _in_words(detail), [place]


def _place(detail: ErrorDetails) -> Place:
    """Return what an error is about; of a name that the writer chose, what stands under it."""
    place = detail["loc"]
    return place[:-1] if place[-1:] == ("[key]",) else place


def _as_written(loc: Place, kept: Mapping[Place, list[int]]) -> Place:
    """Return where in the file a value stands that the model knows without what was left out."""
    place: Place = ()
    for step in loc:
        stood = kept.get(place)
        place = (*place, stood[step] if stood and isinstance(step, int) else step)
    return place


def _in_words(detail: ErrorDetails) -> str:
    words = _WORDS.get(detail["type"])
    if words is None:
        return detail["msg"][:1].lower() + detail["msg"][1:]
    limits = {name: _limit(value) for name, value in detail.get("ctx", {}).items()}
    return words.format(input=shown(detail["input"]), **limits)


def _limit(value: object) -> str:
    text = str(value)
    return _PATTERNS.get(text, text.removesuffix(".0"))


def _drop(value: dict[str, Value], detail: ErrorDetails) -> None:
    """Take out what an error is about; where a field is missing, what it is missing in."""
    place = _place(detail)
    conflict = detail.get("ctx", {}).get("error")
    if isinstance(conflict, Conflict):
        blamed = [_removed(value, (*place, fields[0])) for fields, _ in conflict.parts]
        if not any(blamed):
            _removed(value, place)
    else:
        _removed(value, place[:-1] if detail["type"] == "missing" else place)


def _removed(value: dict[str, Value], place: Place) -> bool:
    """Take a field out, of a list the whole list; return whether it was there."""
    while place and isinstance(place[-1], int):
        place = place[:-1]
    around: Any = value
    for step in place[:-1]:
        around = _inside(around, step)
    return isinstance(around, dict) and bool(place) and around.pop(place[-1], None) is not None


def _inside(around: Any, step: str | int) -> Any:  # noqa: ANN401 - a file's own value
    if isinstance(step, int):
        return around[step] if isinstance(around, list) and step < len(around) else None
    return around.get(step) if isinstance(around, dict) else None


def _stand_in(value: dict[str, Value], stand_ins: Mapping[Place, Value]) -> None:
    for place, instead in stand_ins.items():
        around: Any = value
        for step in place[:-1]:
            around = around[step]
        around.setdefault(place[-1], deepcopy(instead))


def _without(value: Value, lost: frozenset[Place], place: Place = ()) -> Value:
    if isinstance(value, dict):
        return {
            name: _without(one, lost, (*place, name))
            for name, one in value.items()
            if (*place, name) not in lost
        }
    if isinstance(value, list):
        return [_without(one, lost, (*place, at)) for at, one in enumerate(value)]
    return value

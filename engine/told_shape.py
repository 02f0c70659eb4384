"""Whether what a file says has the form that its JSON Schema asks for, value by value.

The form is all that is judged here (kinds of values, names, lists): what a number may be is the
model's business. No value is bent into another kind: "no" is a text, never false.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.money import exact
from engine.told_faults import Place, shown
from engine.told_files import Value

Schema = Mapping[str, Any]
Wrong = tuple[Place, str]

NUMBER_TEXT = r"^[0-9]{1,28}(\.[0-9]{1,18})?$"
"""A number in quotes: digits and a point, nothing else."""
_NUMBER_TEXT = re.compile(NUMBER_TEXT)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_CLOSE = 0.6
_NAME_MAX = 60
_KINDS = {
    "object": "names with values under it",
    "array": "a list: [a, b], or one to a line after a dash",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_FOUND = _KINDS | {"boolean": "a yes or no"}


class Shape:
    """Goes through a value with its schema; ``wrong`` gathers what does not fit, with places.

    ``kept``: of each list, where the values that are left stood.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.wrong: list[Wrong] = []
        self.kept: dict[Place, list[int]] = {}

    def fitted(self, value: Value) -> Value:
        """Return the value as a model takes it, without what does not fit."""
        return self._fit(value, self._schema, ())

    def _fit(self, value: Value, schema: Schema, place: Place) -> Value:
        forms = {form["type"]: form for form in self._forms(schema)}
        kind, value = _fitting(value, forms)
        form = forms.get(kind)
        if form is None:
            self.wrong.append((place, _other_kind(value, forms)))
            return None
        if isinstance(value, dict):
            return self._map(value, form, place)
        if isinstance(value, list):
            return self._list(value, form, place)
        if "enum" in form and value not in form["enum"]:
            self.wrong.append((place, none_of(value, form["enum"])))
        elif isinstance(value, str):
            return self._text(value, forms, place)
        return value

    def _map(self, value: dict[str, Value], form: Schema, place: Place) -> Value:
        known: Mapping[str, Schema] = form.get("properties", {})
        others = form.get("additionalProperties")
        names = list(known) or list(form.get("propertyNames", {}).get("enum", ()))
        own = next(iter(form.get("patternProperties", {}).values()), None)  # the writer's names
        found: dict[str, Value] = {}
        for name, inner in value.items():
            if own is None and name not in names:
                self.wrong.append(((*place, name), _stranger(name, names)))
                continue
            schema = known.get(name, own or others)
            assert isinstance(schema, Mapping), "a schema without names says what its values are"
            before = len(self.wrong)
            fitted = self._fit(inner, schema, (*place, name))
            if len(self.wrong) == before or isinstance(fitted, dict | list):
                found[name] = fitted
        for name in form.get("required", ()):
            if name not in value:
                self.wrong.append(((*place, name), "is missing: add it"))
        return found

    def _list(self, value: list[Value], form: Schema, place: Place) -> Value:
        found: list[Value] = []
        kept = self.kept[place] = []
        for at, one in enumerate(value):
            before = len(self.wrong)
            fitted = self._fit(one, form["items"], (*place, at))
            if len(self.wrong) == before or isinstance(fitted, dict):
                found.append(fitted)
                kept.append(at)
        if form.get("uniqueItems"):
            self._refuse_twins(value, place)
        return found

    def _refuse_twins(self, value: list[Value], place: Place) -> None:
        seen: set[str] = set()
        for at, one in enumerate(value):
            if isinstance(one, str) and one in seen:
                self.wrong.append(((*place, at), f"{shown(one)} is listed twice: remove one"))
            elif isinstance(one, str):
                seen.add(one)

    def _text(self, value: str, forms: Mapping[str, Schema], place: Place) -> Value:
        if "number" in forms:
            if _NUMBER_TEXT.fullmatch(value):
                return exact(value)
            said = f"{shown(value)} is no number: write digits and a point, as 2.50"
            self.wrong.append((place, said))
        elif forms["string"].get("format") == "date-time" and not _MOMENT.fullmatch(value):
            said = f"{shown(value)} is no time: write day, time and zone, as 2026-11-24T09:00:00Z"
            self.wrong.append((place, said))
        return value

    def _forms(self, schema: Schema) -> Iterator[Schema]:
        """Yield the forms that a value may have, each of one type."""
        if "$ref" in schema:
            schema = self._schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        for one in schema.get("anyOf", ()):
            yield from self._forms(one)
        if "type" in schema:
            yield schema


def none_of(value: object, known: Sequence[object]) -> str:
    """Return that a value is none of the known ones, with the closest ones."""
    names = [str(one) for one in known]
    return f"{shown(value)} is none of {', '.join(names)}{closest(str(value), names)}"


def closest(text: str, known: Iterable[str]) -> str:
    """Return ": did you mean …?" where a known name is near, else nothing."""
    by_key = {_plain(name): name for name in known}
    found = difflib.get_close_matches(_plain(text[:_NAME_MAX]), by_key, n=3, cutoff=_CLOSE)
    return f": did you mean {' or '.join(by_key[key] for key in found)}?" if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _stranger(name: str, known: list[str]) -> str:
    if name == "<<":
        return "merge keys (<<) are not part of YAML 1.2: write the fields out"
    hint = closest(name, known) or f": write one of {', '.join(sorted(known))}"
    return f"{shown(name)} is no field here{hint}"


def _fitting(value: Value, forms: Mapping[str, Schema]) -> tuple[str, Value]:
    """Return the kind of a value, as its schema knows it: 8.0 is a whole number, 8 a number."""
    kind = _kind(value)
    if isinstance(value, Decimal) and "number" not in forms and value == int(value):
        return "integer", int(value)
    return ("number" if kind == "integer" and "integer" not in forms else kind), value


def _kind(value: Value) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}
    return "null" if value is None else kinds.get(type(value), "number")


def _other_kind(value: Value, forms: Mapping[str, Schema]) -> str:
    kinds = [kind for kind in forms if kind != "null"]
    if "number" in kinds:
        kinds = ["number"]  # also in quotes, which nobody needs to be told
    wanted = " or ".join(_KINDS[kind] for kind in kinds)
    if value is None:
        return f"is empty: write {wanted}, or remove the line"
    if isinstance(value, dict | list):
        return f"is {'a list' if isinstance(value, list) else 'a map'}: write {wanted}"
    if kinds == ["string"]:
        return f"is read as {_FOUND[_kind(value)]} ({_plainly(value)}): put what is meant in quotes"
    found = _FOUND[_kind(value)]
    return f"{_plainly(value)} is {found}: write {wanted}"


def _plainly(value: Value) -> str:
    return shown(value) if isinstance(value, str) else str(value).lower()

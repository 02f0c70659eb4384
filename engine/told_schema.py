"""The JSON Schema of what a person may write, with every field in words."""

from typing import Any, TypeGuard

from pydantic import BaseModel

from engine.told_shape import NUMBER_TEXT
from engine.told_words import Fields

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[BaseModel], fields: Fields, noun: str, words: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a model; ``fields`` says what each field asks."""
    raw = model.model_json_schema()
    named = {model.__name__: raw} | raw.get("$defs", {})
    for name, part in named.items():
        part.pop("description", None)
        for field, schema in part["properties"].items():
            schema["description"] = fields[name][field].words
    return {
        "$schema": _DRAFT,
        "$id": f"urn:necto:schema:{noun}:1",
        "title": noun.capitalize(),
        "description": words,
    } | _tidy(raw)


def _tidy(part: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that only repeat names; amounts in quotes are digits and a point."""
    found = {
        key: _inner(key, value)
        for key, value in part.items()
        if key != "title" or isinstance(value, dict)
    }
    if _is_amount(found.get("anyOf")):
        for form in found["anyOf"]:
            if form["type"] == "string":
                form["pattern"] = NUMBER_TEXT
    return found


def _inner(key: str, value: object) -> Any:  # noqa: ANN401 - a schema is any JSON
    if isinstance(value, dict) and key != "default":
        return _tidy(value)
    if isinstance(value, list) and key == "anyOf":
        return [_tidy(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_amount(forms: object) -> TypeGuard[list[dict[str, Any]]]:
    kinds = {form["type"] for form in forms if "type" in form} if isinstance(forms, list) else set()
    return {"number", "string"} <= kinds

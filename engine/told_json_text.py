"""A checked value as a file again: the same value, whoever writes it and whenever."""

import json
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel


def json_text_of(value: BaseModel) -> str:
    """Return a requirement or a policy as JSON that reads back as the same value.

    Only what differs from the defaults; lists without an order are sorted; amounts are texts, so
    that no reader makes them inexact.
    """
    return json.dumps(told_of(value), indent=2, ensure_ascii=False) + "\n"


def told_of(value: BaseModel) -> dict[str, object]:
    """Return a value as plain JSON values, only what differs from the defaults."""
    return {
        name: _plain(getattr(value, name))
        for name, field in type(value).model_fields.items()
        if field.is_required()
        or getattr(value, name) != field.get_default(call_default_factory=True)
    }


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return told_of(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return [_plain(one) for one in value] if isinstance(value, tuple) else value

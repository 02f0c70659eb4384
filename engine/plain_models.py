"""Models as JSON that is kept: sets in order, exact numbers and fractions as text."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from pydantic import BaseModel


def exact_parts(value: Any) -> Any:  # noqa: ANN401 - any part of a model
    """Return models as mappings, sets in order, and floats as the text they are read back from."""
    if isinstance(value, BaseModel):
        return {name: exact_parts(getattr(value, name)) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {name: exact_parts(member) for name, member in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [exact_parts(one) for one in value]
    return repr(value) if isinstance(value, float) else value

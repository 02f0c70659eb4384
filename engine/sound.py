"""What no store can hold is refused where a value is made, with a sentence."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

NUMBER_MAX = 10**12
"""No count, size or uptime is larger; NaN and infinities are not below it either."""


def refuse_unsound(row: Any) -> None:  # noqa: ANN401 - any dataclass
    """Raise ValueError for a field with an absurd number, broken text or an impossible date."""
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, str) and not value.isascii():
            value.encode()  # a lone half of a pair is a UnicodeEncodeError, which is a ValueError
        elif isinstance(value, datetime):
            _refuse_edge_of_time(field.name, value)
        elif isinstance(value, int | float) and not abs(value) <= NUMBER_MAX:
            raise ValueError(f"{field.name} {value:.6g} cannot be right")


def _refuse_edge_of_time(name: str, value: datetime) -> None:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} {value} is no date that can be kept") from None

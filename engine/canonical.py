"""Values as bytes in one way only, so that a digest means the same everywhere and for ever.

JSON by RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785), narrowed: no floats, because money is
text and a float's text is somebody's choice; no whole number that a float could not hold.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

import orjson
import rfc8785

from engine.money import exact

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

INT_MAX = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly; a larger one is text."""
DEPTH_MAX = 64
"""How many lists and objects may stand inside each other: deeper ones are an attack."""

_SHOWN_MAX = 40  # characters of a refused value in its message
_HIDDEN = "Secret(hidden)"
_BEYOND_U_E000 = re.compile(rb"[\xee-\xff]")  # first UTF-8 bytes of U+E000 and above
_SINGLE = {str, bool, type(None)}
_TEXT = {str}
_QUOTED = json.encoder.encode_basestring

T = TypeVar("T")


class Secret(Generic[T]):
    """A value that can be used and never shown: not printed, formatted, pickled or written."""

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value = value

    def reveal(self) -> T:
        """Return the value, for the one call that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return _HIDDEN

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not copied or pickled: reveal() it where it is used")


def canonical(value: Json, *, inside: int = 0) -> bytes:
    """Return the value as RFC 8785 JSON, the only bytes that stand for it.

    ``inside``: in how many lists and objects these bytes will stand, which count as nesting.
    Raises TypeError for a float, a secret or anything else that JSON as we write it does not have,
    and ValueError for a whole number beyond ``INT_MAX``, for text that is no Unicode (half a
    surrogate pair) and for nesting beyond ``DEPTH_MAX``; the message says where the value stands.
    """
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # _check finds it again and names its place
        data = b""
    is_sorted = data.isascii() or not _BEYOND_U_E000.search(data)
    if data and is_sorted and _is_ordinary(value, DEPTH_MAX - inside):
        return data
    _check(value, "", inside)
    return rfc8785.dumps(value)


def quoted(text: str) -> str:
    """Return text as RFC 8785 writes it; raises ValueError for half a surrogate pair."""
    if not text.isascii():
        _check_text(text, "")
    return _QUOTED(text)


def plain(value: object) -> Json:
    """Return the value as JSON has it: exact numbers and moments as text.

    Decimal -> its digits; an aware datetime -> "2026-11-24T19:00:00.000000Z", always UTC; a date ->
    "2026-11-24"; an Enum -> its value; mappings and sequences member by member. Raises TypeError
    for anything else (float, naive datetime, bytes, set, secret) and ValueError for a Decimal that
    is no amount and for nesting beyond ``DEPTH_MAX``, naming where it stands.
    """
    return _plain(value, "", 0)


def digest(data: bytes) -> str:
    """Return "sha256:" and the hexadecimal SHA-256 of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _is_ordinary(value: object, deepest: int) -> bool:
    """Say whether orjson gives RFC 8785 for this value, which it writes ten times as fast.

    It does for the plain types, but sorts names by code point: the standard sorts by UTF-16, which
    differs from U+E000 on. Level by level, so that nesting is bounded.
    """
    level: list[Any] = [value]
    for _ in range(deepest + 1):
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind in _SINGLE:
                continue
            if kind is dict and _TEXT.issuperset(map(type, one)):
                below += one.values()
            elif kind is list:
                below += one
            elif kind is not int or abs(one) > INT_MAX:
                return False
        if not below:
            return True
        level = below
    return False


def _check(value: object, path: str, depth: int) -> None:
    _check_depth(path, depth)
    if isinstance(value, dict):
        for name, member in value.items():
            _check_name(name, path)
            _check(member, f"{path}.{name}", depth + 1)
    elif isinstance(value, list | tuple):
        for position, member in enumerate(value):
            _check(member, f"{path}[{position}]", depth + 1)
    else:
        _check_single(value, path)


def _check_single(value: object, path: str) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):  # bool is one
        if abs(value) > INT_MAX:
            raise ValueError(f"{_place(path)}: a whole number beyond 2^53 - 1 must be text")
    elif value is not None:
        _refuse(value, path)


def _check_depth(path: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        place = _place(path)[:_SHOWN_MAX]
        raise ValueError(f"{place}…: more than {DEPTH_MAX} lists or objects in each other")


def _check_text(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{_place(path)}: half a surrogate pair is no text") from None


def _check_name(name: object, path: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{_place(path)}: the name {_shown(name)} of a member is not text")
    _check_text(name, path)


def _plain(value: object, path: str, depth: int) -> Json:
    _check_depth(path, depth)
    if isinstance(value, Enum):
        return _plain(value.value, path, depth)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        for name in value:
            _check_name(name, path)
        return {name: _plain(member, f"{path}.{name}", depth + 1) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(one, f"{path}[{place}]", depth + 1) for place, one in enumerate(value)]
    return _plain_text(value, path)


def _plain_text(value: object, path: str) -> str:
    if isinstance(value, Decimal):
        return f"{exact(value):f}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return _refuse(value, path)


def _refuse(value: object, path: str) -> NoReturn:
    shown = f"{_place(path)}: {_shown(value)} is a {type(value).__name__}"
    if isinstance(value, float):
        raise TypeError(f"{shown}; give exact numbers as Decimal or text")
    if isinstance(value, datetime):
        raise TypeError(f"{shown} without a time zone; make it aware")
    raise TypeError(f"{shown}, which JSON does not have")


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_MAX]


def _place(path: str) -> str:
    return path.removeprefix(".") or "the value"

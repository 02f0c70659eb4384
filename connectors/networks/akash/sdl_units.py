"""Amounts as an SDL writes them: ``500m`` CPUs, ``2Gi`` bytes, ``24h``; exact, and within limits.

Limits of one unit: akash-network/chain-sdk 55f1c683. Suffixes: Kubernetes' quantities without the
lower-case ``m`` of bytes.
"""

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal, localcontext

from pydantic_core import PydanticCustomError

from engine.told_faults import shown

_KI, _K = 1024, 1000
_BYTES = {"": 1, "k": _K, "M": _K**2, "G": _K**3, "T": _K**4, "P": _K**5, "E": _K**6} | {
    "Ki": _KI, "Mi": _KI**2, "Gi": _KI**3, "Ti": _KI**4, "Pi": _KI**5, "Ei": _KI**6,
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)([A-Za-z]{0,2})")
_WINDOW = re.compile(r"([1-9][0-9]{0,9})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}

MILLICORES = (10, 384_000)
MEMORY = (_KI**2, 2 * _KI**4)
STORAGE = (5 * _KI**2, 32 * _KI**4)
WINDOW_SECONDS = (3600, 720 * 3600)
"""The least and the most that the chain takes."""


def millicores_of(text: str) -> int:
    """Return thousandths of a CPU, rounded up; raises ValueError for another form."""
    number, suffix = _parts(text)
    if suffix not in ("", "m"):
        raise ValueError(text)
    return _up(number, 1 if suffix else 1000)


def bytes_of_size(text: str) -> int:
    """Return bytes, rounded up; raises ValueError for another form."""
    number, suffix = _parts(text)
    if suffix not in _BYTES:
        raise ValueError(text)
    return _up(number, _BYTES[suffix])


def seconds_of(window: str) -> int:
    """Return a window's seconds; raises ValueError for anything but a number and one unit."""
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise ValueError(window)
    return int(found[1]) * _SECONDS[found[2]]


def cpu_text(text: str) -> str:
    return _within(
        text, millicores_of, MILLICORES, "CPUs as 500m, 0.5 or 2", "10m (a hundredth) to 384"
    )


def memory_text(text: str) -> str:
    return _within(text, bytes_of_size, MEMORY, "a size as 512Mi or 16Gi", "1Mi to 2Ti")


def storage_text(text: str) -> str:
    return _within(text, bytes_of_size, STORAGE, "a size as 512Mi or 100Gi", "5Mi to 32Ti")


def window_text(text: str) -> str:
    words = "a whole number and one of s, m, h, as 24h"
    return _within(text, seconds_of, WINDOW_SECONDS, words, "1h to 720h")


def _within(
    text: str, read: Callable[[str], int], limits: tuple[int, int], form: str, span: str
) -> str:
    """Return the text as it is; raises what pydantic tells where it is no such amount."""
    try:
        amount = read(text)
    except ValueError:
        said = f"{shown(text)} is not {form}"
    else:
        if limits[0] <= amount <= limits[1]:
            return text
        said = f"{shown(text)} is out of the network's limits: {span}"
    raise PydanticCustomError("sdl_amount", "{said}", {"said": said})


def _parts(text: str) -> tuple[Decimal, str]:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Decimal(found[1]), found[2]


def _up(number: Decimal, unit: int) -> int:
    with localcontext(prec=80):
        return int((number * unit).to_integral_value(ROUND_CEILING))

"""An SDL as YAML: the same text for the same SDL, whoever reads it and by which YAML.

A text stands without quotes only where no version of YAML could take it for anything else (1.1
reads ``off`` as false); in quotes it is JSON's, which YAML reads.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from pydantic import SecretStr

from connectors.networks.akash.sdl_model import Sdl
from connectors.networks.akash.sdl_secrets import with_secrets

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@\-]*(:[A-Za-z0-9_./@\-]+)*")
_WORDS = frozenset(
    "y n yes no on off true false null inf nan".split()  # noqa: SIM905 - one line to read
)
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def sdl_text(sdl: Sdl) -> str:
    """Return the SDL as YAML; secrets stand as ``${secret:NAME}``."""
    told = sdl.model_dump(by_alias=True, exclude_defaults=True)
    return "".join(f"{line}\n" for line in _map(told))


def resolved(sdl: Sdl, secrets: Mapping[str, SecretStr]) -> str:
    """Return the SDL as YAML with the secrets' texts in place; raises ValueError for a missing one.

    Only at the moment of sending: this text is neither stored, logged nor shown.
    """
    return sdl_text(with_secrets(sdl, secrets))


def _lines(value: object) -> Iterator[str]:
    """Yield the lines of a value that does not fit behind its name."""
    yield from _map(value) if isinstance(value, dict) else _list(value)


def _map(value: Mapping[str, object]) -> Iterator[str]:
    for name, one in value.items():
        if _is_long(one):
            yield f"{_scalar(name)}:"
            yield from (f"  {line}" for line in _lines(one))
        else:
            yield f"{_scalar(name)}: {_scalar(one)}"


def _list(values: object) -> Iterator[str]:
    assert isinstance(values, list | tuple), "only maps and lists have lines"
    for one in values:
        lines = list(_lines(one)) if _is_long(one) else [_scalar(one)]
        yield f"- {lines[0]}"
        yield from (f"  {line}" for line in lines[1:])


def _is_long(value: object) -> bool:
    return isinstance(value, dict | list | tuple) and bool(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if is_plain else _quoted(value)
    if isinstance(value, Decimal):
        return _amount(value)
    if isinstance(value, dict | list | tuple):
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value)


def _amount(value: Decimal) -> str:
    """Return an amount as digits in quotes, which no reader makes inexact; whole ones bare."""
    return f"{value:.0f}" if value == int(value) else _quoted(f"{value.normalize():f}")


def _quoted(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", written)

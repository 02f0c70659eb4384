"""A user's own SDL as a checked value: YAML 1.2, every fault at once, each with line and remedy.

In YAML 1.2 ``off`` is a text and a bare 2.0 a number. Where the published schema takes a number or
a text, an object or a list, a list or nothing, one of them is meant: it is made that first.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from connectors.networks.akash.sdl_checks import faults_of
from connectors.networks.akash.sdl_model import Sdl
from engine.told_faults import BadFile, Fault, Place
from engine.told_files import Told, Value, told
from engine.told_models import read_told

_ANY = "*"
_AS_TEXT: tuple[Place, ...] = (
    ("services", _ANY, "credentials", "password"),  # what is wrong with a number would show it
    ("profiles", "compute", _ANY, "resources", "cpu", "units"),
    ("profiles", "compute", _ANY, "resources", "cpu", "attributes", _ANY),
    ("profiles", "placement", _ANY, "attributes", _ANY),
)
_AS_NUMBER: tuple[Place, ...] = (("profiles", "compute", _ANY, "resources", "gpu", "units"),)
_AS_YES_OR_NO: tuple[Place, ...] = (
    ("profiles", "compute", _ANY, "resources", "storage", _ANY, "attributes", "persistent"),
)
_AS_LIST: tuple[Place, ...] = (("profiles", "compute", _ANY, "resources", "storage"),)
_MAY_BE_EMPTY: tuple[Place, ...] = tuple(
    ("services", _ANY, field) for field in ("command", "args", "env", "expose")
)
_GPU = ("profiles", "compute", _ANY, "resources", "gpu", "attributes", "vendor")
_NO_KINDS: tuple[Place, ...] = ((*_GPU, "nvidia"),)
_STAND_INS: dict[Place, Value] = {
    ("version",): "2.1",
    ("services",): {},
    ("profiles",): {},
    ("profiles", "compute"): {},
    ("profiles", "placement"): {},
    ("deployment",): {},
}
_YES_OR_NO = {"true": True, "false": False}


def read_sdl(text: str, file: str) -> Sdl:
    """Return the SDL that a text states; raises BadFile with everything that is wrong with it.

    ``file``: its name, for messages; one that ends in .json is read as JSON.
    """
    return checked_sdl(text, file)[0]


def checked_sdl(text: str, file: str) -> tuple[Sdl, tuple[Fault, ...]]:
    """Return the SDL, and what a person should look at all the same (warnings); raises BadFile."""
    source = _plainly(told(text, file))
    reading = read_told(Sdl, sdl_schema(), source, file, _STAND_INS)
    found: tuple[Fault, ...] = ()
    if reading.value is not None:
        found = faults_of(reading.value, source, reading.faults)
    wrong = [fault for fault in found if not fault.is_warning]
    if wrong:
        raise BadFile(file, [*reading.faults, *wrong])
    return reading.whole(), found


@cache
def sdl_schema() -> dict[str, Any]:
    """Return the JSON Schema of our own model."""
    return Sdl.model_json_schema()


def _plainly(source: Told) -> Told:
    """Return what a file says with one way of saying each thing; lines stay where they were."""
    lines: dict[Place, int] = {}

    def plain(value: Value, place: Place, written: Place) -> Value:
        """Return a value as it is read at a place, of what is written at another one."""
        if written in source.lines:
            lines[place] = source.lines[written]
        if isinstance(value, dict):
            if _is_at(place, _AS_LIST):
                return [plain(value, (*place, 0), written)]
            kept = {
                name: [] if one is None and _is_at((*place, name), _NO_KINDS) else one
                for name, one in value.items()
                if one is not None or not _is_at((*place, name), _MAY_BE_EMPTY)
            }
            return {
                name: plain(one, (*place, name), (*written, name)) for name, one in kept.items()
            }
        if isinstance(value, list):
            return [plain(one, (*place, at), (*written, at)) for at, one in enumerate(value)]
        return _leaf(value, place)

    value = plain(source.value, (), ())
    return replace(source, value=value, lines=lines)


def _leaf(value: Value, place: Place) -> Value:
    if value is None:
        return None
    if not isinstance(value, str) and _is_at(place, _AS_TEXT):
        return str(value).lower() if isinstance(value, bool) else f"{value}"
    if isinstance(value, str) and _is_at(place, _AS_NUMBER) and value.isdecimal():
        return int(value) if value.isascii() and len(value) < 10 else value  # noqa: PLR2004
    if isinstance(value, str) and _is_at(place, _AS_YES_OR_NO):
        return _YES_OR_NO.get(value, value)
    return value


def _is_at(place: Place, patterns: tuple[Place, ...]) -> bool:
    return any(
        len(place) == len(pattern)
        and all(want in (step, _ANY) for want, step in zip(pattern, place, strict=True))
        for pattern in patterns
    )

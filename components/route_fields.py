"""A requirement as the form's fields and back: their names in the address are the file's own.

What the form cannot hold exactly (ports, env, a command, a number with more digits than a field
has) stands as YAML in the field ``also``, so that form, address and file always say the same.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from components.text import NETWORK_NAMES, TERM_NAMES
from engine.provider_search import ANY_AUDITOR, statement
from engine.requirement import Requirement
from engine.told_json_text import told_of

Values = Mapping[str, Any]
"""What the form holds, by field; nothing, False and an empty list ask for nothing."""

ALSO, ATTRIBUTES, SIGNED_BY = "also", "attributes", "signed_by"
DAYS = {"1": "1 day", "7": "7 days", "30": "30 days"}
SIGNERS = {ANY_AUDITOR: "any auditor"}
_SHARE = "uptime_min"


@dataclass(frozen=True, slots=True)
class Part:
    """A field of the form. ``most``: the largest number it takes; ``names``: shown for values."""

    key: str
    kind: Literal["names", "text", "number", "whole", "flag", "choice"]
    of_gpus: bool = False
    most: float = 1e9
    names: Mapping[str, str] | None = None

    @property
    def field(self) -> str:
        """Its name in the file."""
        return self.key.removeprefix("gpu_") if self.of_gpus else self.key


PARTS = (
    Part("models", "names", of_gpus=True),
    Part("gpu_count", "whole", of_gpus=True, most=1024),
    Part("gpu_memory_gib_min", "number", of_gpus=True),
    Part("form_factors", "names", of_gpus=True),
    Part("bf16_tflops_min", "number", of_gpus=True),
    Part("generation_min", "choice", of_gpus=True),
    Part("vcpu_min", "number"),
    Part("memory_gib_min", "number"),
    Part("storage_gib_min", "number"),
    Part("duration_hours", "number", most=100_000),
    Part("interruptible", "flag"),
    Part("checkpoint_minutes", "number"),
    Part("usd_per_hour_max", "number"),
    Part("usd_total_max", "number"),
    Part("countries", "names"),
    Part("policy", "choice"),
    Part("data_class", "choice"),
    Part("egress_gb", "number"),
    Part("ingress_gb", "number"),
    Part("terms", "names", names=TERM_NAMES),
    Part("networks", "names", names=NETWORK_NAMES),
    Part("networks_banned", "names", names=NETWORK_NAMES),
    Part("providers", "names"),
    Part("providers_banned", "names"),
    Part("datacenter_only", "flag"),
    Part(_SHARE, "number", most=100),
    Part("uptime_days", "choice", names=DAYS),
    Part("name", "text"),
    Part("image", "text"),
    Part("owner", "text"),
    Part("cost_centre", "text"),
    Part("po_number", "text"),
)
PART = {part.key: part for part in PARTS}
KEYS = (*PART, ATTRIBUTES, SIGNED_BY, ALSO)
"""Every field of the form, by its name in the address."""


def empty(key: str) -> Any:  # noqa: ANN401 - a widget's own value
    """Return what a field holds that asks for nothing."""
    others = {ATTRIBUTES: "names", SIGNED_BY: "choice", ALSO: "text"}
    kind = PART[key].kind if key in PART else others[key]
    return {"names": [], "flag": False, "text": ""}.get(kind)


def values_of(requirement: Requirement) -> dict[str, Any]:
    """Return what the form holds for a requirement: every field, also those without a value."""
    told = told_of(requirement)
    gpus = dict(told.pop("gpus"))  # type: ignore[call-overload]
    values = {key: empty(key) for key in KEYS}
    values |= _taken(gpus, of_gpus=True)
    if gpus:  # one of them does not fit: they stand together
        values |= {part.key: empty(part.key) for part in PARTS if part.of_gpus}
        told["gpus"] = told_of(requirement)["gpus"]
    values |= _taken(told, of_gpus=False) | _attributes(told)
    values[ALSO] = "".join(f"{name}: {_text(value)}\n" for name, value in told.items())
    return values


def requirement_text(values: Values) -> tuple[str, int]:
    """Return the form as a requirement file in YAML, and in how many lines come before ``also``."""
    gpus = dict(_told(values, of_gpus=True))
    if gpus:
        gpus.setdefault("count", "1")
    lines = ["gpus:", *(f"  {name}: {text}" for name, text in gpus.items())] if gpus else []
    lines += [f"{name}: {text}" for name, text in _told(values, of_gpus=False)]
    stated = values.get(ATTRIBUTES) or []
    if stated:
        lines.append("attributes:")
        lines += [f"  - {_attribute(text, values.get(SIGNED_BY))}" for text in stated]
    also = str(values.get(ALSO) or "").strip("\n")
    return "".join(f"{line}\n" for line in lines) + (f"{also}\n" if also else ""), len(lines)


def is_blank(values: Values) -> bool:
    """Whether nothing at all was asked yet."""
    return not any(values.get(key) for key in KEYS)


def query_of(values: Values) -> dict[str, str | list[str]]:
    """Return the address's part for these values, as the widgets would write it."""
    told: dict[str, str | list[str]] = {}
    for key, value in values.items():
        if isinstance(value, list):
            told |= {key: value} if value else {}
        elif value not in (None, "", False):
            told[key] = "true" if value is True else str(value)
    return told


def number_word(value: float) -> str:
    """Return a number as a file states it: 72, 0.25."""
    return f"{Decimal(str(value)).normalize():f}"


def _taken(told: dict[str, Any], *, of_gpus: bool) -> dict[str, Any]:
    """Take what the form can hold out of a told requirement."""
    values = {}
    for part in PARTS:
        if part.of_gpus is of_gpus and part.field in told:
            value = _value(part, told[part.field])
            if value is not None:
                values[part.key] = value
                del told[part.field]
    return values


def _value(part: Part, told: Any) -> Any:  # noqa: ANN401 - a widget's own value
    """Return a field's value, None where it would not say exactly the same."""
    names = part.names or {}
    if part.kind == "names":
        return [names.get(one, one) for one in told]
    if part.kind in ("text", "flag"):
        return told
    if part.kind == "choice":
        return names.get(str(told), str(told))
    exact = Decimal(str(told)) * (100 if part.key == _SHARE else 1)
    value = int(exact) if part.kind == "whole" else float(exact)
    return value if Decimal(str(value)) == exact and value <= part.most else None


def _told(values: Values, *, of_gpus: bool) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every field that asks for something."""
    for part in PARTS:
        value = values.get(part.key)
        if part.of_gpus is of_gpus and value not in (None, "", False, [], frozenset()):
            yield part.field, _field_text(part, value)


def _field_text(part: Part, value: Any) -> str:  # noqa: ANN401 - a widget's own value
    codes = {shown: code for code, shown in (part.names or {}).items()}
    if part.kind == "names":
        return _text(sorted(codes.get(one, one) for one in value))
    if part.key == _SHARE:
        return f"{(Decimal(str(value)) / 100).normalize():f}"
    if part.kind in ("number", "whole"):
        return number_word(value)
    if part.key == "uptime_days":
        return str(codes.get(value, value))
    return _text(value)


def _attributes(told: dict[str, Any]) -> dict[str, Any]:
    """Take the attributes that one signer, or nobody, must have signed."""
    stated: list[dict[str, str]] = told.get(ATTRIBUTES, [])
    signers = {one.get("signed_by") for one in stated}
    pairs = [statement(one["key"], one["value"]) for one in stated]
    keys = [pair.partition(" = ")[0] for pair in pairs]
    if len(signers) != 1 or keys != [one["key"] for one in stated]:
        return {}
    del told[ATTRIBUTES]
    signer = signers.pop()
    return {ATTRIBUTES: pairs, SIGNED_BY: SIGNERS.get(signer or "", signer)}


def _attribute(text: str, signer: str | None) -> str:
    key, _, value = text.partition(" = ")
    codes = {shown: code for code, shown in SIGNERS.items()}
    signed = {"signed_by": codes.get(signer, signer)} if signer else {}
    return _text({"key": key, "value": value, **signed})


def _text(value: object) -> str:
    """Return a value as YAML on one line, which JSON is."""
    return json.dumps(value, ensure_ascii=False)

"""What relaxing a condition means for the form: which fields hold what then, if the form states it.

Only what the job itself states can be relaxed here; a policy's rule needs a new version of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.route_fields import DAYS, values_of
from components.text import NETWORK_NAMES, TERM_NAMES
from engine.conditions import JOB
from engine.requirement import Requirement

Row = Mapping[str, Any]
"""One entry of a decision's ``what_if``, as ``engine.decision_further`` tells it."""
Values = dict[str, Any]

_NUMBERS = {
    "vcpu": "vcpu_min",
    "memory": "memory_gib_min",
    "storage": "storage_gib_min",
    "gpu_memory": "gpu_memory_gib_min",
    "tflops": "bf16_tflops_min",
    "price": "usd_per_hour_max",
    "total": "usd_total_max",
}
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "country": ("countries", {}),
    "gpu_model": ("models", {}),
    "form_factor": ("form_factors", {}),
}


def relaxed(row: Row, requirement: Requirement, networks: Sequence[str]) -> Values | None:
    """Return the form's fields after a relaxation; None where the form cannot say it.

    ``networks``: those with offers, for a hyperscaler to take part beside them.
    """
    if [*row["stated_by"]] != [JOB]:
        return None
    code, value = row["code"], row["value"]
    held = values_of(requirement)
    if code in _NUMBERS:
        return {_NUMBERS[code]: None if value is None else float(value)}
    if code in _LISTS:
        return _longer(held, *_LISTS[code], value)
    act = _ACTS.get(code)
    return act(held, value, networks) if act else None


def _longer(held: Values, key: str, names: Mapping[str, str], value: str | None) -> Values | None:
    """A list of what is allowed with one more; without a value it allows everything."""
    if value is None:
        return {key: []} if key != "models" else None  # a job names at least its GPU
    if not held[key]:
        return None
    return {key: sorted({*held[key], names.get(value, value)})}


def _network(held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    if value is None:
        return {"networks": [], "networks_banned": []}
    name = NETWORK_NAMES.get(value, value)
    allowed = [*held["networks"], name] if held["networks"] else []
    banned = [one for one in held["networks_banned"] if one != name]
    return {"networks": allowed, "networks_banned": banned}


def _hyperscaler(held: Values, value: str | None, networks: Sequence[str]) -> Values | None:
    """One that is named takes part; the networks must then be named beside it."""
    if value is None:
        return None
    beside = held["networks"] or [NETWORK_NAMES.get(one, one) for one in networks]
    return {"networks": sorted({*beside, NETWORK_NAMES.get(value, value)})}


def _provider(held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    if value is None:
        return {"providers": [], "providers_banned": []}
    if value not in held["providers_banned"] and not held["providers"]:
        return None  # it is banned by another of its names
    allowed = [*held["providers"], value] if held["providers"] else []
    banned = [one for one in held["providers_banned"] if one != value]
    return {"providers": allowed, "providers_banned": banned}


def _count(_held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    return None if value is None else {"gpu_count": int(value)}


def _generation(_held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    return {"generation_min": value}


def _term(held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    if value is None:
        return None
    terms = held["terms"] or ["on demand", "contract"]
    more = {"interruptible": True} if value == "spot" else {}
    return more | {"terms": sorted({*terms, TERM_NAMES.get(value, value)})}


def _uptime(_held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    if value in DAYS and value != "1":
        return {"uptime_days": DAYS[value]}
    return {"uptime_min": None if value is None else round(float(value) * 100, 6)}


def _datacenter(_held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    return {"datacenter_only": False} if value is None else None


def _attribute(held: Values, value: str | None, _networks: Sequence[str]) -> Values | None:
    if value is None:
        return {"attributes": []}
    left = [one for one in held["attributes"] if one != value]
    return {"attributes": left} if left != held["attributes"] else None


_ACTS: Mapping[str, Callable[[Values, str | None, Sequence[str]], Values | None]] = {
    "network_banned": _network,
    "baseline": _hyperscaler,
    "provider_banned": _provider,
    "gpu_count": _count,
    "generation": _generation,
    "term": _term,
    "uptime": _uptime,
    "datacenter": _datacenter,
    "attribute": _attribute,
}

"""A job as an SDL: one service, one placement that bears the order's id, one price cap.

The placement's name is the only tag that Akash keeps (it is the group's name on the chain), so an
order is found by it. What an SDL cannot say holds because only the
decision's own bidders are taken.
"""

from collections.abc import Iterator
from decimal import Decimal

from connectors.networks.akash.facts import FACTS, per_block_within
from connectors.networks.akash.screening import bytes_of, millicores
from connectors.networks.akash.sdl_limits import (
    RECLAMATION_KEY,
    TEE_KEY,
    auditor_addresses,
    one_country,
    stated,
)
from connectors.networks.akash.sdl_model import Sdl
from engine.buying import Wanted
from engine.requirement import EnvVar, Port, Requirement
from engine.screening import GpuWanted

_HTTP = 80
_GIB, _MIB = 1024**3, 1024**2
SERVICE = "job"
"""What the one service and its profile are called."""


def sdl_of(wanted: Wanted) -> Sdl:
    """Return the SDL that buys it; raises ValueError for a price or a GPU that no SDL can state.

    The requirement must be one that ``sdl_limits.refusals`` says nothing about.
    """
    resources = {
        "cpu": {"units": _cpu(wanted.vcpu)},
        "memory": {"size": _size(wanted.memory_gib)},
        "storage": [{"size": _size(wanted.storage_gib)}],
        "gpu": _gpu(wanted.gpu_name, wanted.gpu_count),
    }
    window = stated(wanted.requirement, RECLAMATION_KEY)
    return Sdl.model_validate(
        {
            "version": "2.1",
            "services": {SERVICE: _service(wanted.requirement)},
            "profiles": {
                "compute": {SERVICE: {"resources": resources}},
                "placement": {wanted.order_id: _placement(wanted)},
            },
            "deployment": {SERVICE: {wanted.order_id: {"profile": SERVICE, "count": 1}}},
            "reclamation": {"min_window": window} if window else None,
        }
    )


def price_cap(usd_per_hour_max: Decimal, units: int) -> int:
    """Return the most that each unit may cost per block, so that all together keep the ceiling.

    In whole uact (micro-USD), rounded down; raises ValueError where nothing is left.
    """
    cap = min(per_block_within(usd_per_hour_max) // units, FACTS.unit_price_max)
    if cap < 1:
        raise ValueError(f"{usd_per_hour_max:f} USD an hour is less than the least price")
    return cap


def _service(requirement: Requirement) -> dict[str, object]:
    tee = stated(requirement, TEE_KEY)
    return {
        "image": requirement.image,
        "command": requirement.command,
        "env": tuple(map(_variable, requirement.env)),
        "expose": list(_exposed(requirement.ports)),
        "params": {"tee": tee} if tee else None,
    }


def _variable(one: EnvVar) -> str:
    return f"{one.name}=${{secret:{one.secret}}}" if one.secret else f"{one.name}={one.value}"


def _exposed(ports: tuple[Port, ...]) -> Iterator[dict[str, object]]:
    """Yield the public ports: others are reached within the container anyway."""
    for one in ports:
        if one.is_public and one.protocol == "http":
            yield {"port": one.port, "as": _HTTP, "to": [{"global": True}]}
        elif one.is_public:
            proto = one.protocol.upper()
            yield {"port": one.port, "as": one.port, "proto": proto, "to": [{"global": True}]}


def _placement(wanted: Wanted) -> dict[str, object]:
    asked = wanted.requirement
    attributes: dict[str, str] = {}
    if country := one_country(asked):
        attributes["country"] = country
    if asked.datacenter_only:
        attributes["location-type"] = "datacenter"
    own = (TEE_KEY, RECLAMATION_KEY)
    attributes |= {one.key: one.value for one in asked.attributes if one.key not in own}
    any_of, all_of = auditor_addresses(asked)
    signed = {"allOf": all_of, "anyOf": any_of} if any_of or all_of else None
    price = {"denom": FACTS.usd_denom, "amount": Decimal(price_cap(wanted.usd_per_hour_max, 1))}
    return {
        "attributes": dict(sorted(attributes.items())),
        "signedBy": signed,
        "pricing": {SERVICE: price},
    }


def _gpu(name: str, count: int) -> dict[str, object]:
    gpu = GpuWanted.named(name)
    kind = {
        "model": gpu.model,
        "ram": f"{gpu.ram_gib}Gi" if gpu.ram_gib else None,
        "interface": gpu.interface,
    }
    return {"units": count, "attributes": {"vendor": {"nvidia": [kind]}}}


def _cpu(vcpu: Decimal) -> str:
    units = millicores(vcpu)
    return f"{units}m" if units % 1000 else str(units // 1000)


def _size(gib: Decimal) -> str:
    size = bytes_of(gib)
    return f"{-(-size // _MIB)}Mi" if size % _GIB else f"{size // _GIB}Gi"

"""A user's own SDL as an order: renamed to it, capped, and as the resources that it asks for."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, localcontext

from connectors.networks.akash.facts import per_block_within
from connectors.networks.akash.gpus import gpu_of
from connectors.networks.akash.sdl_compute import GpuKind, Resources
from connectors.networks.akash.sdl_model import Deployed, Placement, Price, Sdl, Service
from connectors.networks.akash.sdl_units import bytes_of_size, millicores_of, seconds_of

_GIB = 1024**3
_HTTP, _PORT, _LEASED_IP = 0, 1, 2
"""The chain's kinds of endpoints."""
_Endpoint = dict[str, int]


class NotOrderable(ValueError):
    """An SDL that is sound cannot be one order: the sentence says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdlAsk:
    """What an SDL asks for in all: units, CPUs, GiB (2**30 bytes), GPUs and their names.

    ``gpu_names``: as offers name them, each that will do; without any, any GPU will.
    """

    units: int
    vcpu: Decimal
    memory_gib: Decimal
    storage_gib: Decimal
    gpu_count: int
    gpu_names: tuple[str, ...]


def with_order(sdl: Sdl, order_id: str, usd_per_hour_max: Decimal) -> Sdl:
    """Return a user's SDL as one order: its placement bears the id, all units keep the ceiling.

    Prices are taken as uact and lowered in proportion where together they exceed the ceiling; they
    are never raised. Raises NotOrderable.
    """
    placements = sdl.profiles.placement
    if len(placements) != 1:
        raise NotOrderable(
            f"an order is one placement, and this SDL has {len(placements)}: split it into as many "
            "files"
        )
    name, placement = next(iter(placements.items()))
    units = _units_by_profile(sdl, name)
    priced = _capped(placement, units, per_block_within(usd_per_hour_max))
    profiles = sdl.profiles.model_copy(update={"placement": {order_id: priced}})
    deployment = {
        service: {order_id: placed[name]} for service, placed in sdl.deployment.items() if placed
    }
    return sdl.model_copy(update={"profiles": profiles, "deployment": deployment})


def ask_of(sdl: Sdl) -> SdlAsk:
    """Return what all units of the deployment ask for together, exactly."""
    units = [(_profile(sdl, one.profile), one.count) for _, _, one in _deployed(sdl)]
    with localcontext(prec=80):
        return SdlAsk(
            units=sum(count for _, count in units),
            vcpu=sum((Decimal(_cpu(one)) * n / 1000 for one, n in units), Decimal(0)),
            memory_gib=sum((Decimal(_memory(one)) * n / _GIB for one, n in units), Decimal(0)),
            storage_gib=sum((Decimal(_storage(one)) * n / _GIB for one, n in units), Decimal(0)),
            gpu_count=sum(one.gpu_count * n for one, n in units),
            gpu_names=tuple(dict.fromkeys(name for one, _ in units for name in _gpu_names(one))),
        )


def group_resources(sdl: Sdl) -> tuple[dict[str, object], ...]:
    """Return each placement's name, requirements and resources, as bid screening asks for them.

    The chain's group specs hold the same (chain-sdk 55f1c683): services by name, units of one
    profile together.
    """
    return tuple(_group(sdl, name, placement) for name, placement in _placements(sdl))


def reclamation_seconds(sdl: Sdl) -> int | None:
    """Return the notice that every provider must give, None where none is asked for."""
    return seconds_of(sdl.reclamation.min_window) if sdl.reclamation else None


def _units_by_profile(sdl: Sdl, placement: str) -> dict[str, int]:
    units: dict[str, int] = {}
    for _, where, one in _deployed(sdl):
        if where == placement:
            units[one.profile] = units.get(one.profile, 0) + one.count
    return units


def _capped(placement: Placement, units: dict[str, int], ceiling: int) -> Placement:
    amounts = {profile: placement.pricing[profile].amount for profile in units}
    for profile, amount in amounts.items():
        if amount <= 0:
            raise NotOrderable(f"the price of {profile} is 0: nobody bids for that, raise it")
    with localcontext(prec=80):
        total = sum((amount * units[name] for name, amount in amounts.items()), Decimal(0))
        if total > ceiling:
            amounts = {
                name: (amount * ceiling / total).to_integral_value(ROUND_FLOOR)
                for name, amount in amounts.items()
            }
    if any(amount == 0 for amount in amounts.values()):
        raise NotOrderable(
            f"its prices come to {total:f} uact a block and the approved ceiling is {ceiling}: "
            "lowered in proportion, one of them would be nothing. Change them, or the ceiling"
        )
    pricing = {name: Price(denom="uact", amount=amount) for name, amount in amounts.items()}
    return placement.model_copy(update={"pricing": pricing})


def _placements(sdl: Sdl) -> list[tuple[str, Placement]]:
    used = {where for _, where, _ in _deployed(sdl)}
    return sorted((name, one) for name, one in sdl.profiles.placement.items() if name in used)


def _group(sdl: Sdl, name: str, placement: Placement) -> dict[str, object]:
    attributes = dict(placement.attributes)
    units: dict[str, _Units] = {}
    for service, where, one in _deployed(sdl):
        if where == name:
            params = sdl.services[service].params
            attributes |= {"tee/type": params.tee} if params and params.tee else {}
            found = list(_endpoints(sdl.services[service], _addresses(sdl)))
            units.setdefault(one.profile, _Units()).add(one.count, found)
    signed = placement.signed_by
    return {
        "name": name,
        "requirements": {
            "signedBy": {
                "allOf": list(signed.all_of) if signed else [],
                "anyOf": list(signed.any_of) if signed else [],
            },
            "attributes": _pairs(attributes),
        },
        "resources": [
            {
                "resource": _unit(number, _profile(sdl, profile), one.endpoints),
                "count": one.count,
                "price": _price(placement, profile),
            }
            for number, (profile, one) in enumerate(units.items(), 1)
        ],
    }


@dataclass(slots=True)
class _Units:
    """The units of one profile, with the endpoints of every service that runs on it."""

    count: int = 0
    endpoints: list[_Endpoint] = field(default_factory=list)

    def add(self, count: int, endpoints: list[_Endpoint]) -> None:
        if self.count:  # the chain's parser sorts only what it puts together
            endpoints = sorted(
                [*self.endpoints, *endpoints], key=lambda one: one["sequence_number"]
            )
        self.count += count
        self.endpoints = endpoints


def _price(placement: Placement, profile: str) -> dict[str, str]:
    """Return a price as it is asked for: whole numbers only."""
    price = placement.pricing[profile]
    return {"denom": price.denom, "amount": str(int(price.amount))}


def _unit(number: int, one: Resources, endpoints: list[_Endpoint]) -> dict[str, object]:
    gpu: dict[str, object] = {"units": {"val": str(one.gpu_count)}}
    if one.gpu and one.gpu.attributes:
        kinds = one.gpu.attributes.vendor.nvidia or (GpuKind(),)
        gpu["attributes"] = [{"key": key, "value": "true"} for key in sorted(map(_key, kinds))]
    cpu: dict[str, object] = {"units": {"val": str(_cpu(one))}}
    if one.cpu.attributes:
        cpu["attributes"] = _pairs(one.cpu.attributes)
    return {
        "id": number,
        "cpu": cpu,
        "memory": {"quantity": {"val": str(_memory(one))}},
        "gpu": gpu,
        "storage": list(_volumes(one)),
        "endpoints": endpoints,
    }


def _volumes(one: Resources) -> Iterator[dict[str, object]]:
    for volume in one.storage:
        told: dict[str, object] = {
            "name": volume.name,
            "quantity": {"val": str(bytes_of_size(volume.size))},
        }
        if volume.attributes is not None:
            persistent = str(volume.attributes.persistent).lower()
            told["attributes"] = _pairs({"class": volume.attributes.kind, "persistent": persistent})
        yield told


def _addresses(sdl: Sdl) -> list[str]:
    """Return the leased address of every use, sorted: the chain numbers each by its last use."""
    exposes = [one for service in sdl.services.values() for one in service.expose]
    return sorted(to.ip for one in exposes for to in one.to if to.ip is not None)


def _endpoints(service: Service, addresses: list[str]) -> Iterator[_Endpoint]:
    for expose in service.expose:
        for to in expose.to:
            if to.is_global:
                yield {"kind": _HTTP if expose.is_http else _PORT, "sequence_number": 0}
            if to.ip is not None:
                yield {"kind": _LEASED_IP, "sequence_number": bisect_right(addresses, to.ip)}


def _pairs(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(attributes.items())]


def _key(kind: GpuKind) -> str:
    parts = (("ram", kind.ram), ("interface", kind.interface))
    told = "".join(f"/{name}/{value}" for name, value in parts if value)
    return f"vendor/nvidia/model/{kind.model or '*'}{told}"


def _gpu_names(one: Resources) -> Iterator[str]:
    kinds = one.gpu.attributes.vendor.nvidia if one.gpu and one.gpu.attributes else ()
    for kind in kinds:
        gpu = gpu_of(_key(kind))
        if gpu is not None and gpu.is_known:
            yield gpu.name


def _deployed(sdl: Sdl) -> Iterator[tuple[str, str, Deployed]]:
    """Yield every service with its placement and units, by name, as the chain orders them."""
    for service in sorted(sdl.deployment):
        for placement, one in sdl.deployment[service].items():
            yield service, placement, one


def _profile(sdl: Sdl, name: str) -> Resources:
    return sdl.profiles.compute[name].resources


def _cpu(one: Resources) -> int:
    return millicores_of(one.cpu.units)


def _memory(one: Resources) -> int:
    return bytes_of_size(one.memory.size)


def _storage(one: Resources) -> int:
    return sum(bytes_of_size(volume.size) for volume in one.storage)

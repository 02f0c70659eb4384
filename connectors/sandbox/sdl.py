"""Reads an SDL as the Console does: groups to trade, the manifest, or every reason to refuse."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from connectors.sandbox.errors import UNIT_PRICE, Refused
from connectors.sandbox.manifest import manifest_of
from connectors.sandbox.sdl_form import (
    Deployed,
    Gpu,
    GpuModel,
    Params,
    Placement,
    Resources,
    Sdl,
    Service,
)
from connectors.sandbox.units import DENOM, UNIT_PRICE_MAX, atto, decimals

AUDITOR = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63"
SDL_BYTES_MAX = 512 * 1024
TEE_ATTRIBUTE = "tee/type"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an SDL asks of the network; env, commands and credentials are only in the manifest."""

    groups: list[Json]
    """Group specifications in the chain's form, with the Console's auditor and denom."""
    services: dict[str, Json]
    """By group: each service's replicas and exposed ports."""
    manifest: str
    reclamation_seconds: int

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def digest_of(manifest: str) -> str:
    """Return the deployment's hash as the chain writes it, over the manifest as given out."""
    return base64.b64encode(hashlib.sha256(manifest.encode()).digest()).decode()


def asked_of(text: str) -> Asked:
    """Read an SDL; raises Refused 400 with every fault found."""
    tree = _tree(text)
    try:
        sdl = Sdl.model_validate(tree)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise _refused(faults) from None
    if faults := [*_cross_faults(sdl), *_resource_faults(sdl)]:
        raise _refused(faults)
    if any(
        p.amount > UNIT_PRICE_MAX
        for g in sdl.profiles.placement.values()
        for p in g.pricing.values()
    ):
        raise Refused(400, f"Failed to create deployment: {UNIT_PRICE}")
    names = sorted({group for placed in sdl.deployment.values() for group in placed})
    placed = {name: _placed_in(sdl, name) for name in names}
    groups = [_group(sdl, name, placed[name]) for name in names]
    return Asked(
        groups=groups,
        services={name: _services(sdl, placed[name]) for name in names},
        manifest=json.dumps(manifest_of(sdl, tree, placed, groups), separators=(",", ":")),
        reclamation_seconds=sdl.reclamation.seconds if sdl.reclamation else 0,
    )


def _tree(text: str) -> Json:
    if len(text.encode("utf-8", "replace")) > SDL_BYTES_MAX:
        raise _refused([f"larger than {SDL_BYTES_MAX} bytes"])
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        # JSON is YAML 1.2, and read a hundred times faster.
        tree = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise _refused([str(error).splitlines()[0]]) from None
    if not isinstance(tree, dict):
        raise _refused(["not a mapping"])
    return tree


def _refused(faults: list[str]) -> Refused:
    return Refused(400, f"Invalid SDL: {', '.join(faults[:50])}")


def _placed_in(sdl: Sdl, group: str) -> dict[str, Deployed]:
    return {
        name: placed[group] for name, placed in sorted(sdl.deployment.items()) if group in placed
    }


def _cross_faults(sdl: Sdl) -> Iterator[str]:
    for name, placed in sdl.deployment.items():
        if name not in sdl.services:
            yield f"deployment.{name}: service is not declared"
        for group, deployed in placed.items():
            placement = sdl.profiles.placement.get(group)
            if placement is None:
                yield f"deployment.{name}.{group}: placement is not declared"
            elif deployed.profile not in placement.pricing:
                yield f"profiles.placement.{group}.pricing: no price for {deployed.profile}"
            if deployed.profile not in sdl.profiles.compute:
                yield f"deployment.{name}.{group}: profile {deployed.profile} is not declared"
    yield from _endpoint_faults(sdl)


def _endpoint_faults(sdl: Sdl) -> Iterator[str]:
    targets = [t for s in sdl.services.values() for e in s.expose for t in e.to]
    used = {target.ip for target in targets if target.ip}
    for name in sorted(sdl.endpoints.keys() - used):
        yield f"endpoints.{name}: is not used"
    for name in sorted(used - sdl.endpoints.keys()):
        yield f"endpoints.{name}: is not declared"
    if any(target.ip and not target.is_global for target in targets):
        yield "expose.to: an ip needs global: true"


def _resource_faults(sdl: Sdl) -> Iterator[str]:
    for name, compute in sdl.profiles.compute.items():
        gpu = compute.resources.gpu
        if gpu and bool(gpu.units) != bool(gpu.attributes):
            yield f"profiles.compute.{name}.gpu: attributes are needed for units > 0 and only then"
    for name, service in sdl.services.items():
        for deployed in sdl.deployment.get(name, {}).values():
            if deployed.profile in sdl.profiles.compute:
                wanted = sdl.profiles.compute[deployed.profile].resources
                yield from _service_faults(name, service.params or Params(), wanted)


def _service_faults(name: str, params: Params, wanted: Resources) -> Iterator[str]:
    if params.tee == "cpu-gpu" and not (wanted.gpu and wanted.gpu.units):
        yield f"services.{name}.params.tee: cpu-gpu needs a gpu"
    for volume in wanted.storage:
        if volume.is_persistent and volume.name not in params.storage:
            yield f"services.{name}: volume {volume.name} is persistent without a mount"


def _services(sdl: Sdl, placed: Mapping[str, Deployed]) -> Json:
    return {
        name: {
            "count": deployed.count,
            "ports": [
                {
                    "port": e.port,
                    "external": e.external or e.port,
                    "web": e.is_web,
                    "proto": e.proto,
                }
                for e in sdl.services[name].expose
                if e.is_global
            ],
        }
        for name, deployed in placed.items()
    }


def _group(sdl: Sdl, name: str, placed: Mapping[str, Deployed]) -> Json:
    placement = sdl.profiles.placement[name]
    tees = {s.params.tee for n in placed if (s := sdl.services[n]).params and s.params.tee}
    attributes = placement.attributes | ({TEE_ATTRIBUTE: max(tees)} if tees else {})
    return {
        "name": name,
        "requirements": {
            "signed_by": {
                "all_of": placement.signed_by.all_of,
                "any_of": list(dict.fromkeys([*placement.signed_by.any_of, AUDITOR])),
            },
            "attributes": [{"key": k, "value": v} for k, v in sorted(attributes.items())],
        },
        "resources": [
            _unit(sdl, number, sdl.services[service], deployed, placement)
            for number, (service, deployed) in enumerate(placed.items(), 1)
        ],
    }


def _unit(
    sdl: Sdl, number: int, service: Service, deployed: Deployed, placement: Placement
) -> Json:
    wanted = sdl.profiles.compute[deployed.profile].resources
    price = placement.pricing[deployed.profile]
    return {
        "resource": {
            "id": number,
            "cpu": {"units": {"val": str(wanted.cpu.units)}, "attributes": []},
            "memory": {"quantity": {"val": str(wanted.memory.size)}, "attributes": []},
            "storage": [
                {
                    "name": volume.name,
                    "quantity": {"val": str(volume.size)},
                    "attributes": [
                        {"key": key, "value": str(value).lower()}
                        for key, value in sorted(volume.attributes.items())
                    ],
                }
                for volume in wanted.storage
            ],
            "gpu": {
                "units": {"val": str(wanted.gpu.units if wanted.gpu else 0)},
                "attributes": [{"key": key, "value": "true"} for key in _gpu_keys(wanted.gpu)],
            },
            "endpoints": _endpoints(service),
        },
        "count": deployed.count,
        "price": {"denom": DENOM, "amount": decimals(atto(price.amount))},
    }


def _gpu_keys(gpu: Gpu | None) -> list[str]:
    if not gpu or not gpu.units or not gpu.attributes:
        return []
    return [
        f"vendor/nvidia/model/{model.model or '*'}"
        + (f"/ram/{model.ram}" if model.ram else "")
        + (f"/interface/{model.interface}" if model.interface else "")
        for model in gpu.attributes.vendor.nvidia or [GpuModel()]
    ]


def _endpoints(service: Service) -> list[Json]:
    found: list[Json] = []
    for expose in service.expose:
        if expose.is_global:
            kind = "SHARED_HTTP" if expose.is_web else "RANDOM_PORT"
            found.append({"kind": kind, "sequence_number": 0})
        found += [{"kind": "LEASED_IP", "sequence_number": 1} for target in expose.to if target.ip]
    return found

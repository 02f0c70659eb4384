"""The manifest that a provider gets: the only place where env, commands and credentials go.

It is given out and compared by its hash, never kept. Form: akash-network/chain-sdk 55f1c683,
ts fixtures (``*.manifest.json``); the Console writes ``quantity`` where a provider reads ``size``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sandbox.sdl_form import Deployed, Expose, Sdl

Json = dict[str, Any]
_HTTP = {
    "maxBodySize": 1_048_576,
    "readTimeout": 60_000,
    "sendTimeout": 60_000,
    "nextTries": 3,
    "nextTimeout": 0,
    "nextCases": ["error", "timeout"],
}


def manifest_of(
    sdl: Sdl, tree: Json, placed: Mapping[str, Mapping[str, Deployed]], groups: Sequence[Json]
) -> list[Json]:
    """Return the manifest's groups, in the order of the deployment's."""
    return [
        {
            "name": group["name"],
            "services": [
                _service(sdl, tree["services"][name], name, deployed, unit["resource"])
                for (name, deployed), unit in zip(
                    placed[group["name"]].items(), group["resources"], strict=True
                )
            ],
        }
        for group in groups
    ]


def _service(sdl: Sdl, given: Json, name: str, deployed: Deployed, resource: Json) -> Json:
    return {
        "name": name,
        "image": given["image"],
        "command": given.get("command"),
        "args": given.get("args"),
        "env": given.get("env"),
        "resources": {
            "id": resource["id"],
            "cpu": {"units": resource["cpu"]["units"]},
            "memory": {"quantity": resource["memory"]["quantity"]},
            "storage": [
                {"name": v["name"], "quantity": v["quantity"]} for v in resource["storage"]
            ],
            "gpu": resource["gpu"],
            "endpoints": resource["endpoints"],
        },
        "count": deployed.count,
        "expose": [entry for e in sdl.services[name].expose for entry in _exposed(e, given)],
        "params": given.get("params"),
        "credentials": given.get("credentials"),
    }


def _exposed(expose: Expose, given: Json) -> list[Json]:
    options = given.get("http_options") or _HTTP
    return [
        {
            "port": expose.port,
            "externalPort": expose.external or 0,
            "proto": expose.proto,
            "service": target.service,
            "global": target.is_global,
            "hosts": expose.accept,
            "httpOptions": options,
            "ip": target.ip,
            "endpointSequenceNumber": 1 if target.ip else 0,
        }
        for target in expose.to
    ]

"""The providers as the Console lists them, from what was handed in; the rest is unknown or plain.

Form: console-api.openapi.json d84c9e93 plus what the real answers add (``stats`` in the list,
``uptime*`` null for 0 %). ``hostUri`` is this server's own gateway: nothing done in a sandbox ever
calls a real provider; the real address is kept as ``sandboxHostUri``.
"""

from collections.abc import Sequence
from typing import Any

from connectors.sandbox.book import Row
from connectors.sandbox.forms import MarketGpu
from connectors.sandbox.market import Seller, ask_of, cap_of, gpu_name
from connectors.sandbox.network import Network
from connectors.sandbox.sdl import AUDITOR
from connectors.sandbox.units import DENOM

Json = dict[str, Any]
VERSION = "0.0.0-sandbox"


def host_uri(net: Network, address: str) -> str:
    return f"{net.url}/provider/{address}"


def provider(net: Network, one: Seller, leases: int) -> Json:
    form = one.form
    values = {a["key"]: a["value"] for a in one.attributes}
    dead = net.faults.dead(form.address) is not None
    is_online = form.is_online and not dead
    return {
        "owner": form.address,
        "name": (form.name or form.host_uri or form.address) if is_online else None,
        "hostUri": host_uri(net, form.address),
        "sandboxHostUri": form.host_uri,
        "createdHeight": one.created,
        "email": values.get("email"),
        "website": values.get("website"),
        "lastCheckDate": net.date(net.height()),
        "deploymentCount": leases,
        "leaseCount": leases,
        "cosmosSdkVersion": VERSION,
        "akashVersion": VERSION,
        "isValidVersion": True,
        "isOnline": is_online,
        "lastOnlineDate": net.date(net.height()) if is_online else None,
        "isAudited": any(AUDITOR in a["auditedBy"] for a in one.attributes),
        "gpuModels": [_model(gpu) for gpu in form.gpus],
        "attributes": one.attributes,
        "stats": _stats(one),
        "organization": form.organization or values.get("organization"),
    } | _places(one, values)


def _places(one: Seller, values: dict[str, str]) -> Json:
    form = one.form
    return {
        "ipRegion": None,
        "ipRegionCode": None,
        "ipCountry": None,
        "ipCountryCode": form.country,
        "ipLat": None,
        "ipLon": None,
        "uptime1d": form.uptime_1d or None,
        "uptime7d": form.uptime_7d or None,
        "uptime30d": form.uptime_30d or None,
        "host": values.get("host"),
        "statusPage": values.get("status-page"),
        "locationRegion": values.get("location-region"),
        "country": values.get("country"),
        "city": values.get("city"),
        "timezone": values.get("timezone"),
        "locationType": values.get("location-type"),
        "hostingProvider": values.get("hosting-provider"),
        "hardwareCpu": values.get("capabilities/cpu"),
        "hardwareCpuArch": values.get("capabilities/cpu/arch"),
        "hardwareGpuVendor": values.get("capabilities/gpu"),
        "hardwareGpuModels": sorted({gpu.model for gpu in form.gpus}),
        "hardwareDisk": [],
        "featPersistentStorage": values.get("feat-persistent-storage") == "true",
        "featPersistentStorageType": [],
        "hardwareMemory": values.get("capabilities/memory"),
        "networkProvider": values.get("network-provider"),
        "networkSpeedDown": 0,
        "networkSpeedUp": 0,
        "tier": values.get("tier"),
        "featEndpointCustomDomain": values.get("feat-endpoint-custom-domain") == "true",
        "workloadSupportChia": False,
        "workloadSupportChiaCapabilities": [],
        "featEndpointIp": values.get("feat-endpoint-ip") == "true",
    }


def _model(gpu: MarketGpu) -> Json:
    return {"vendor": gpu.vendor, "model": gpu.model, "ram": gpu.ram, "interface": gpu.interface}


def _quantity(one: Seller, what: str) -> dict[str, int]:
    available, active = max(0, one.free(what)), one.taken.get(what, 0)
    return {"active": active, "available": available, "pending": 0, "total": available + active}


def _stats(one: Seller) -> Json:
    gpus = [_quantity(one, gpu_name(gpu)) for gpu in one.form.gpus]
    none = {"active": 0, "available": 0, "pending": 0, "total": 0}
    disk = _quantity(one, "storage")
    return {
        "cpu": _quantity(one, "cpu"),
        "memory": _quantity(one, "memory"),
        "gpu": {name: sum(gpu[name] for gpu in gpus) for name in none},
        "storage": {"ephemeral": disk, "persistent": none, "total": disk},
    }


def leases_by_provider(net: Network) -> dict[str, int]:
    rows = net.book.all(
        "SELECT provider, count(*) AS leases FROM leases "
        "WHERE state IN ('active', 'reclaiming') GROUP BY provider"
    )
    return {row["provider"]: row["leases"] for row in rows}


def screened(net: Network, market: Sequence[Seller], asked: Row) -> list[Json]:
    """Return who could bid on a ``POST /v1/bid-screening``, as placed orders are matched."""
    wanted = asked.get("requirements") or {}
    signed = wanted.get("signedBy") or {}
    spec = {
        "requirements": {
            "attributes": wanted.get("attributes") or [],
            "signed_by": {
                "any_of": signed.get("anyOf") or [],
                "all_of": signed.get("allOf") or [],
            },
        },
        "resources": [
            unit | {"price": {"denom": DENOM, "amount": unit["price"]["amount"]}}
            for unit in asked["resources"]
        ],
    }
    window = int(asked.get("reclamationWindow") or 0)
    fitting = [
        one for one in market if (ask := ask_of(one, spec, window)) and ask.price <= cap_of(spec)
    ]
    return [
        {
            "owner": one.form.address,
            "hostUri": host_uri(net, one.form.address),
            "isAudited": one.form.is_audited,
            "createdAt": net.date(one.created),
            "location": one.form.region,
            "organization": one.form.organization,
            "incidents": [],
        }
        for one in fitting
    ]


def attribute_schema(keys: Sequence[str]) -> Json:
    return {
        key: {"key": key, "type": "string", "required": False, "description": "sandbox"}
        for key in keys
    }

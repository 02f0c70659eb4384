"""Who can bid on Akash right now: ``POST /v1/bid-screening`` of the Console (keyless).

The only place that packs an order onto the free parts of each machine, so it foretells who can bid
(AEP-67); it tells no price. Numbers are sent as strings of integers: millicores, bytes, whole uact
per block. Paths and fields: akash-network/console d84c9e93 apps/api/swagger/openapi.json.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

from pydantic import Field

from connectors.base import Http, Reject
from connectors.networks.akash.facts import FACTS, per_block_within
from connectors.networks.akash.wire import Wire
from connectors.wire import Moment, page_of, rows_of
from engine.screening import Bidder, GpuWanted, ScreeningAsk

PATH = "/v1/bid-screening"
_GIB = 1024**3
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Screening:
    """Who can bid, and each answered provider that could not be read."""

    bidders: tuple[Bidder, ...]
    rejects: tuple[Reject, ...]


def who_can_bid(http: Http, base_url: str, ask: ScreeningAsk) -> Screening:
    """Ask the Console; raises Unreachable, Denied or Unreadable."""
    answer = http.post(base_url.rstrip("/") + PATH, body=json.dumps(question(ask)).encode())
    rejects: list[Reject] = []
    bidders = tuple(rows_of(page_of(answer, _Answer).providers, _bidder, rejects))
    return Screening(bidders, tuple(rejects))


def question(ask: ScreeningAsk) -> dict[str, object]:
    """Return the request's body as the Console documents it."""
    stated = {"country": ask.country_code, "location-region": ask.region}
    return {
        "requirements": {
            "signedBy": {"allOf": [], "anyOf": list(ask.signed_by_any)},
            "attributes": [{"key": k, "value": v} for k, v in stated.items() if v],
        },
        "resources": [
            {
                "resource": {
                    "id": 1,
                    "cpu": {"units": {"val": str(millicores(ask.vcpu))}},
                    "memory": {"quantity": {"val": str(bytes_of(ask.memory_gib))}},
                    "gpu": {
                        "units": {"val": str(ask.gpu_count)},
                        "attributes": [{"key": gpu_key(ask.gpu), "value": "true"}],
                    },
                    "storage": [
                        {"name": "default", "quantity": {"val": str(bytes_of(ask.storage_gib))}}
                    ],
                    "endpoints": [],
                },
                "count": ask.count,
                "price": {"denom": FACTS.usd_denom, "amount": str(_cap(ask.usd_per_hour_max))},
            }
        ],
        "timezone": ask.timezone,
    }


def gpu_key(gpu: GpuWanted) -> str:
    """Return the attribute that names a GPU, in the order and case that orders use."""
    key = f"vendor/{gpu.vendor.lower()}/model/{gpu.model.lower()}"
    key += f"/ram/{gpu.ram_gib}Gi" if gpu.ram_gib else ""
    return key + (f"/interface/{gpu.interface}" if gpu.interface else "")


def millicores(vcpu: Decimal) -> int:
    """Return thousandths of a CPU, rounded up: a machine must not be smaller than asked for."""
    return _up(vcpu, 1000)


def bytes_of(gib: Decimal) -> int:
    """Return bytes for GiB (2**30), rounded up."""
    return _up(gib, _GIB)


def _up(amount: Decimal, unit: int) -> int:
    with localcontext(prec=250):
        return int((amount * unit).to_integral_value(ROUND_CEILING))


def _cap(usd_per_hour_max: Decimal | None) -> int:
    if usd_per_hour_max is None:
        return FACTS.unit_price_max
    return min(per_block_within(usd_per_hour_max), FACTS.unit_price_max)


class _Incident(Wire):
    has_open_incident: bool
    incident_count: int = Field(ge=0)
    downtime_seconds: int = Field(ge=0, le=_DAY_SECONDS)


class _Provider(Wire):
    owner: str = Field(min_length=1)
    host_uri: str
    is_audited: bool
    created_at: Moment
    location: str | None = None
    organization: str | None = None
    incidents: list[_Incident] = Field(default_factory=list, max_length=31)


class _Answer(Wire):
    providers: list[object]


def _bidder(row: object) -> Iterator[Bidder]:
    found = _Provider.model_validate(row)
    for text in (found.owner, found.host_uri, found.location, found.organization):
        (text or "").encode()  # half a character is a ValueError: no file can hold it
    yield Bidder(
        provider_id=found.owner,
        host_uri=found.host_uri,
        is_audited=found.is_audited,
        location=found.location,
        organization=found.organization,
        known_since=found.created_at,
        downtime_seconds_7d=sum(day.downtime_seconds for day in found.incidents),
        incidents_7d=sum(day.incident_count for day in found.incidents),
        has_open_incident=any(day.has_open_incident for day in found.incidents),
    )

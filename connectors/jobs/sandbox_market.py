"""What the stand-in network trades: what the market knows of the real one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.networks.akash import AUDITORS
from connectors.sandbox.forms import Attribute, Market, MarketGpu, MarketProvider
from engine.market import attributes_from
from engine.prepared_market import Prepared

NETWORK = "akash"
_ADDRESS = re.compile(r"akash1[a-z0-9]{1,80}")
_RAM = re.compile(r"[0-9]+gi", re.IGNORECASE)
_AUDITORS = {name: address for address, name in AUDITORS.items()}
_FREE_UNKNOWN = 8
"""So many GPUs are free where the market does not say how many."""


def sandbox_market(market: Prepared) -> Market:
    """Return the providers of the network as the market knows them, with what each asks."""
    offers = market.offers.filter(market.offers["network"] == NETWORK)
    facts = market.facts.providers
    known = {row["provider_id"]: row for row in facts.to_dicts() if row["network"] == NETWORK}
    by_provider: dict[str, list[dict[str, Any]]] = {}
    for row in offers.sort("offer_id").to_dicts():
        provider = row["provider_id"] or ""
        if _ADDRESS.fullmatch(provider):
            by_provider.setdefault(provider, []).append(row)
    made = (_provider(name, rows, known.get(name, {})) for name, rows in by_provider.items())
    return Market(providers=tuple(made))


def _provider(address: str, rows: list[dict[str, Any]], facts: Mapping[str, Any]) -> MarketProvider:
    country = facts.get("country_code") or rows[0]["country_code"]
    return MarketProvider(
        address=address,
        host_uri=str(facts.get("host_uri") or "")[:512],
        name=facts.get("name") or rows[0]["provider_name"],
        organization=facts.get("organization"),
        country=country,
        region=facts.get("region"),
        attributes=tuple(_attributes(facts.get("attributes"))),
        is_audited=facts.get("is_audited") is not False,
        is_online=facts.get("is_online") is not False,
        uptime_1d=facts.get("uptime_1d"),
        uptime_7d=facts.get("uptime_7d"),
        uptime_30d=facts.get("uptime_30d"),
        gpus=tuple(_gpus(rows)),
    )


def _gpus(rows: Iterable[Mapping[str, Any]]) -> Iterator[MarketGpu]:
    """Yield each model once, at its lowest price: a provider sells a model at one price."""
    cheapest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        known = cheapest.get(row["gpu_name"])
        if known is None or row["usd_per_gpu_hour"] < known["usd_per_gpu_hour"]:
            cheapest[row["gpu_name"]] = row
    for name, row in list(cheapest.items())[:50]:
        model, *rest = name.split() or [""]
        ram = next((part for part in rest if _RAM.fullmatch(part)), "")
        interface = next((part for part in rest if part != ram), "")
        free = row["gpu_count_max"] if row["gpu_count_max"] is not None else row["available_count"]
        if row["available"] is False:
            free = 0
        yield MarketGpu(
            model=model.lower(),
            ram=ram,
            interface=interface,
            free=_FREE_UNKNOWN if free is None else free,
            usd_per_gpu_hour=row["usd_per_gpu_hour"],
        )


def _attributes(text: str | None) -> Iterator[Attribute]:
    """Yield what a provider states about itself, with who signed it."""
    for one in attributes_from(text)[:500]:
        if one.key:
            signed = tuple(_AUDITORS.get(name, name) for name in one.signed_by)
            yield Attribute(key=one.key[:256], value=one.value[:512], audited_by=signed)

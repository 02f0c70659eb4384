"""What Akash's Console says: recent bids per provider and GPU, and who the providers are.

Read from the Console API: ``/v1/gpu-prices?debug=true`` and ``/v1/providers``. The per-provider
part of the first is public but undocumented; where it is missing the answer is Unreadable.
Units: a bid is micro-USD per block (``uact``, 1 ACT = 1 USD since AEP-76) for the whole order;
USD an hour = uact x 600 / 1e6 at the Console's own 6.0 s a block (akash-network/console
d84c9e93, apps/api/src/utils/constants.ts, read 2026-08-22). ``uakt`` bids are legacy and are
converted with the AKT price that the Console gives beside the bid.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import Answer, Reading, Reject, Unreadable
from connectors.networks.akash.facts import FACTS, usd_per_hour
from connectors.networks.akash.wire import (
    Bid,
    ListedProvider,
    ModelRow,
    PricedSeller,
    Prices,
    StatedAttribute,
)
from connectors.wire import json_of, page_of, rows_of, text_of
from engine.market import Attribute, Offer, Provider, offer_id_of
from engine.resources import Catalogue

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every offer of one reading shares."""

    at: datetime
    url: str
    catalogue: Catalogue
    providers: dict[str, ListedProvider]


def console_reading(
    prices: Answer, listed: Answer, observed_at: datetime, catalogue: Catalogue
) -> Reading:
    """Return offers and providers as the Console tells them; raises Unreadable."""
    rejects: list[Reject] = []
    providers = {row.owner: (row, p) for row, p in _providers(listed, observed_at, rejects)}
    listing = {owner: row for owner, (row, _) in providers.items()}
    seen = _Seen(observed_at, prices.url, catalogue, listing)
    rows = page_of(prices, Prices).models
    return Reading(
        offers=list(rows_of(rows, lambda row: _offers(row, seen, rejects), rejects)),
        providers=[provider for _, provider in providers.values()],
        rejects=rejects,
    )


def _providers(
    answer: Answer, observed_at: datetime, rejects: list[Reject]
) -> Iterator[tuple[ListedProvider, Provider]]:
    rows = json_of(answer)
    if not isinstance(rows, list):
        raise Unreadable("Akash's list of providers is not a list")

    def read(row: object) -> Iterator[tuple[ListedProvider, Provider]]:
        listed = ListedProvider.model_validate(row)
        yield listed, _provider(listed, observed_at, answer.url)

    yield from rows_of(rows, read, rejects)


def _offers(row: object, seen: _Seen, rejects: list[Reject]) -> Iterator[Offer]:
    """Every provider's best bid for one GPU; a GPU without any bid has no price and no offer."""
    model = ModelRow.model_validate(row)
    if not model.providers_with_best_bid:
        name = f"{model.model} {model.ram} {model.interface}"
        rejects.append(Reject("unpriced", f"{name}: no bid seen in 31 days", text_of(row)))

    def read(entry: object) -> Iterator[Offer]:
        yield _offer(model, PricedSeller.model_validate(entry), entry, seen)

    yield from rows_of(model.providers_with_best_bid, read, rejects)


def _offer(model: ModelRow, sold: PricedSeller, entry: object, seen: _Seen) -> Offer:
    name = " ".join(filter(None, (model.model, model.ram, model.interface)))
    known = seen.catalogue.match(name)
    bid, order = sold.best_bid, sold.best_bid.deployment
    provider = seen.providers.get(sold.provider.owner)
    online = provider is None or provider.is_online
    free = max(sold.provider.allocatable - sold.provider.allocated, 0) if online else 0
    return Offer(
        offer_id=offer_id_of("akash", sold.provider.owner, name, "on_demand", ""),
        network="akash",
        provider_id=sold.provider.owner,
        provider_name=host_of(sold.provider.host_uri),
        gpu_model=known.name if known else None,
        gpu_name=name,
        form_factor=known.interface if known and known.form_factor_known else None,
        gpu_memory_gib=_gib(model.ram),
        gpu_count=len(order.gpus),
        gpu_count_max=free,
        vcpu=order.cpu_units / 1000,
        memory_gib=order.memory_units / _GIB,
        storage_gib=order.storage_units / _GIB,
        usd_per_hour=_usd_per_hour(bid),
        native_price=f"{bid.data.price.amount:f} {bid.data.price.denom} per block",
        price_basis="whole_group_bid_incl_cpu_ram_disk",
        available=free > 0,
        available_count=free,
        price_as_of=bid.datetime,
        observed_at=seen.at,
        source_kind="live",
        source=f"Akash Console API; bid in transaction {bid.tx_hash}, height {bid.height}",
        source_url=seen.url,
        raw=text_of(entry),
        **_place(provider),
    )


def _usd_per_hour(bid: Bid) -> Decimal:
    price = bid.data.price
    if price.denom == FACTS.usd_denom:
        return usd_per_hour(price.amount)
    if price.denom == FACTS.token_denom and bid.akt_token_price is not None:
        return usd_per_hour(price.amount) * bid.akt_token_price
    raise ValueError(f"the bid is in {price.denom!r}, which cannot be converted to USD")


def _place(provider: ListedProvider | None) -> dict[str, Any]:
    """Where the machine stands and what is free there, as far as the provider says."""
    if provider is None:
        return {}
    country, evidence = country_of(provider.attributes, provider.ip_country_code)
    storage = provider.stats.storage.ephemeral.available
    memory, cpu = provider.stats.memory.available, provider.stats.cpu.available
    return {
        "region": provider.location_region,
        "country_code": country,
        "country_evidence": evidence,
        "city": provider.city,
        "tier": provider.tier,
        "vcpu_max": cpu / 1000 if cpu is not None else None,
        "memory_gib_max": memory / _GIB if memory is not None else None,
        "storage_gib_max": storage / _GIB if storage is not None else None,
    }


def country_of(
    attributes: Iterable[StatedAttribute], located: str | None = None
) -> tuple[str | None, str | None]:
    """Return the declared country and who vouches for it; a code like eu-west never proves one.

    ``located``: the country of the provider's address, told when it is another.
    """
    stated = (a for a in attributes if a.key == "country" and Catalogue.country(a.value))
    declared = next(stated, None)
    if declared is None:
        return None, None
    signers = [FACTS.auditors.get(a, a) for a in declared.audited_by]
    evidence = f"signed by {', '.join(signers)}" if signers else "declared, not signed"
    if located and located.upper() != declared.value.strip().upper():
        evidence += f"; its address is in {located.upper()}"
    return Catalogue.country(declared.value), evidence


def stated(attributes: Iterable[StatedAttribute]) -> tuple[Attribute, ...]:
    """Return what a provider states, with the names of known auditors for their addresses."""
    return tuple(
        Attribute(a.key, a.value, tuple(FACTS.auditors.get(s, s) for s in a.audited_by))
        for a in attributes
    )


def _provider(row: ListedProvider, observed_at: datetime, url: str) -> Provider:
    return Provider(
        network="akash",
        provider_id=row.owner,
        name=row.name or host_of(row.host_uri),
        host_uri=row.host_uri,
        organization=row.organization,
        country_code=country_of(row.attributes)[0],
        ip_country_code=row.ip_country_code,
        region=row.location_region,
        city=row.city,
        location_type=row.location_type,
        hosting_provider=row.hosting_provider,
        tier=row.tier,
        is_online=row.is_online,
        is_audited=row.is_audited,
        uptime_1d=row.uptime_1d,
        uptime_7d=row.uptime_7d,
        uptime_30d=row.uptime_30d,
        attributes=stated(row.attributes),
        observed_at=observed_at,
        source_kind="live",
        source="Akash Console API",
        source_url=url,
    )


def host_of(uri: str | None) -> str | None:
    """Return the name of a provider's machine without scheme and port."""
    return uri.removeprefix("https://").split(":", 1)[0] if uri else None


def _gib(ram: str) -> float | None:
    number = ram.removesuffix("Gi")
    return float(number) if number.isdigit() else None

"""Akash: recent bids per provider and GPU, and what providers say about themselves (keyless).

Read from the Console API: ``/v1/gpu-prices?debug=true`` and ``/v1/providers``. The per-provider
part of the first is public but undocumented; where it is missing the answer is Unreadable.
Units: a bid is micro-USD per block (``uact``, 1 ACT = 1 USD since AEP-76) for the whole order;
USD an hour = uact x 600 / 1e6 at the Console's own 6.0 s a block (akash-network/console
d84c9e93, apps/api/src/utils/constants.ts, read 2026-08-22). ``uakt`` bids are legacy and are
converted with the AKT price that the Console gives beside the bid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import Answer, Connector, Http, Reading, Reject, Unreadable
from connectors.networks.akash_wire import Bid, ListedProvider, ModelRow, PricedSeller, Prices
from connectors.wire import json_of, page_of, rows_of, text_of
from engine.market import Attribute, Offer, Provider, offer_id_of
from engine.resources import Catalogue

BLOCKS_AN_HOUR = 600
_MICRO = Decimal(1_000_000)
_GIB = 1024**3

AUDITORS = {"akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63": "Akash Network"}
"""Known auditors (GET /v1/auditors answers with exactly this one, console@d84c9e93)."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every offer of one reading shares."""

    at: datetime
    url: str
    catalogue: Catalogue
    providers: dict[str, ListedProvider]


class Akash(Connector):
    """The Akash connector."""

    name = "akash"
    default_url = "https://console-api.akash.network"
    refresh_seconds = 900  # the Console itself renews its prices every 15 minutes

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # two addresses hold the whole market
        return [
            http.get(f"{self.base_url}/v1/gpu-prices", params={"debug": "true"}),
            http.get(f"{self.base_url}/v1/providers"),
        ]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        prices, listed = answers
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
        provider_name=_host(sold.provider.host_uri),
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
    per_hour = price.amount * BLOCKS_AN_HOUR / _MICRO
    if price.denom == "uact":
        return per_hour
    if price.denom == "uakt" and bid.akt_token_price is not None:
        return per_hour * bid.akt_token_price
    raise ValueError(f"the bid is in {price.denom!r}, which cannot be converted to USD")


def _place(provider: ListedProvider | None) -> dict[str, Any]:
    """Where the machine stands and what is free there, as far as the provider says."""
    if provider is None:
        return {}
    country, evidence = _country(provider)
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


def _country(provider: ListedProvider) -> tuple[str | None, str | None]:
    """The declared country and who vouches for it; a code like eu-west never proves a country."""
    stated = (a for a in provider.attributes if a.key == "country" and Catalogue.country(a.value))
    declared = next(stated, None)
    if declared is None:
        return None, None
    signers = [AUDITORS.get(a, a) for a in declared.audited_by]
    evidence = f"signed by {', '.join(signers)}" if signers else "declared, not signed"
    located = provider.ip_country_code
    if located and located.upper() != declared.value.strip().upper():
        evidence += f"; its address is in {located.upper()}"
    return Catalogue.country(declared.value), evidence


def _provider(row: ListedProvider, observed_at: datetime, url: str) -> Provider:
    return Provider(
        network="akash",
        provider_id=row.owner,
        name=row.name or _host(row.host_uri),
        host_uri=row.host_uri,
        organization=row.organization,
        country_code=_country(row)[0],
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
        attributes=tuple(
            Attribute(a.key, a.value, tuple(AUDITORS.get(s, s) for s in a.audited_by))
            for a in row.attributes
        ),
        observed_at=observed_at,
        source_kind="live",
        source="Akash Console API",
        source_url=url,
    )


def _host(uri: str | None) -> str | None:
    return uri.removeprefix("https://").split(":", 1)[0] if uri else None


def _gib(ram: str) -> float | None:
    number = ram.removesuffix("Gi")
    return float(number) if number.isdigit() else None

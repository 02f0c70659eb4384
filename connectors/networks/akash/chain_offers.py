"""Offers from the bids on Akash's chain, with what the chain knows of who makes them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.base import Answer, Reading, Reject, SourceError, Unreachable, Unreadable
from connectors.networks.akash.chain import AUDITS, BIDS, PROVIDERS
from connectors.networks.akash.chain_wire import Audited, BidRow, ChainBid, ChainProvider, Coin
from connectors.networks.akash.facts import FACTS, usd_per_hour
from connectors.networks.akash.gpus import Gpu, completed, gpu_of
from connectors.networks.akash.offers import country_of, host_of, stated
from connectors.networks.akash.signals import untold
from connectors.networks.akash.wire import StatedAttribute
from connectors.wire import json_of, rows_of, text_of
from engine.market import Offer, Provider, offer_id_of
from engine.resources import Catalogue

_GIB = 1024**3
_AGE_MAX = timedelta(days=31)  # as the Console looks back
_NOTE = (
    "a bid for one particular order, read from the chain: whether the provider has such a GPU free "
    "is not told, and the date is reckoned from the height of the block"
)
_SOURCE = f"Akash chain REST ({FACTS.chain_id})"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the chain holds of one provider."""

    row: ChainProvider
    attributes: Sequence[StatedAttribute]
    url: str

    def of(self, key: str) -> str | None:
        return next((a.value for a in self.attributes if a.key == key), None)

    def gpus(self) -> Iterator[Gpu]:
        return (gpu for a in self.attributes if (gpu := gpu_of(a.key)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every offer of one reading shares."""

    at: datetime
    url: str
    catalogue: Catalogue
    providers: Mapping[str, _Known]
    newest_height: int

    def date_of(self, height: int) -> datetime:
        """About when a block was made: the newest bid is taken as made now."""
        blocks = self.newest_height - height
        return self.at - timedelta(seconds=blocks * FACTS.seconds_a_block_measured)


def chain_reading(
    why: SourceError, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
) -> Reading:
    """Return what the chain tells, and that it was the chain that told it.

    Raises Unreachable, with the Console's reason, when the chain holds no usable bid either.
    """
    rejects: list[Reject] = []
    known = {k.row.owner: (k, p) for k, p in _providers(answers, observed_at, rejects)}
    made_by = {owner: provider for owner, (provider, _) in known.items()}
    bids = list(_rows(answers, BIDS, "bids", rejects))
    read = [(row, bid) for row in bids for bid in rows_of([row], _bid, rejects)]
    with_gpu = [(row, bid) for row, bid in read if _gpu_count(bid)]
    if len(with_gpu) < len(read):
        without = len(read) - len(with_gpu)
        rejects.append(Reject("no_gpu", f"{without} bids are for machines without a GPU", "null"))
    newest = max((bid.created_at for _, bid in read), default=0)
    seen = _Seen(observed_at, _url(answers, BIDS), catalogue, made_by, newest)
    offers = [o for row, bid in with_gpu for o in _offers(row, bid, seen, rejects)]
    if not offers:
        unusable = f"none of {len(bids)} bids on its chain is an offer of a GPU"
        after = why.retry_after_seconds if isinstance(why, Unreachable) else None
        raise Unreachable(f"{why}; {unusable}", retry_after_seconds=after)
    bidding = {offer.provider_id for offer in offers}
    return Reading(
        offers=offers,
        providers=[provider for owner, (_, provider) in known.items() if owner in bidding],
        rejects=rejects,
        notice=f"read from the chain because the Console did not answer: {why}",
    )


def _rows(
    answers: Sequence[Answer], path: str, name: str, rejects: list[Reject]
) -> Iterator[object]:
    """The rows of every page at a path; a page that failed or has no such list is told."""
    for answer in (a for a in answers if path in a.url):
        try:
            if answer.failed:
                raise answer.failed
            page = json_of(answer)
            rows = page.get(name) if isinstance(page, Mapping) else None
            if not isinstance(rows, list):
                raise Unreadable(f"{answer.url.split('?', 1)[0]} has no list of {name}")
            yield from rows
        except SourceError as error:
            rejects.append(untold(answer, error, name))


def _url(answers: Sequence[Answer], path: str) -> str:
    return next((a.url.split("?", 1)[0] for a in answers if path in a.url), path)


def _providers(
    answers: Sequence[Answer], observed_at: datetime, rejects: list[Reject]
) -> Iterator[tuple[_Known, Provider]]:
    """What each provider states, and who signed exactly that."""
    signers: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def signed(row: object) -> Iterator[Audited]:
        yield Audited.model_validate(row)

    for audited in rows_of(_rows(answers, AUDITS, "providers", rejects), signed, rejects):
        for a in audited.attributes:
            signers[audited.owner, a.key, a.value].append(audited.auditor)

    url = _url(answers, PROVIDERS)

    def listed(row: object) -> Iterator[tuple[_Known, Provider]]:
        found = ChainProvider.model_validate(row)
        attributes = [
            StatedAttribute(
                key=a.key, value=a.value, auditedBy=signers.get((found.owner, a.key, a.value), [])
            )
            for a in found.attributes
        ]
        known = _Known(found, attributes, url)
        yield known, _provider(known, observed_at)

    rows = _rows(answers, PROVIDERS, "providers", rejects)
    yield from rows_of(rows, listed, rejects)


def _bid(row: object) -> Iterator[ChainBid]:
    yield BidRow.model_validate(row).bid


def _gpu_count(bid: ChainBid) -> int:
    return sum(part.count * part.resources.gpu.units.val for part in bid.resources_offer)


def _offers(row: object, bid: ChainBid, seen: _Seen, rejects: list[Reject]) -> Iterator[Offer]:
    return rows_of([row], lambda _: iter([_offer(row, bid, seen)]), rejects)


def _offer(row: object, bid: ChainBid, seen: _Seen) -> Offer:
    made = seen.date_of(bid.created_at)
    if seen.at - made > _AGE_MAX:
        raise ValueError(f"the bid was made about {made:%Y-%m-%d}, over 31 days ago")
    provider = seen.providers.get(bid.id.provider)
    gpu = completed(_gpu(bid), provider.gpus() if provider else ())
    known = seen.catalogue.match(gpu.name) if gpu.is_known else None
    order = f"{bid.id.owner}/{bid.id.dseq}/{bid.id.gseq}/{bid.id.oseq}"
    return Offer(
        offer_id=offer_id_of("akash", bid.id.provider, gpu.name, "on_demand", ""),
        network="akash",
        provider_id=bid.id.provider,
        provider_name=host_of(provider.row.host_uri) if provider else None,
        gpu_model=known.name if known else None,
        gpu_name=gpu.name,
        form_factor=known.interface if known and known.form_factor_known else None,
        gpu_memory_gib=gpu.memory_gib,
        gpu_count=_gpu_count(bid),
        usd_per_hour=_usd_per_hour(bid.price),
        native_price=f"{bid.price.amount:f} {bid.price.denom} per block",
        price_basis="whole_group_bid_incl_cpu_ram_disk",
        rankable=gpu.is_known,
        price_as_of=made,
        observed_at=seen.at,
        source_kind="live",
        source=f"{_SOURCE}; {bid.state} bid for order {order}, height {bid.created_at}",
        source_url=seen.url,
        note=_NOTE,
        raw=text_of(row),
        **_machine(bid),
        **_place(provider),
    )


def _gpu(bid: ChainBid) -> Gpu:
    """The one kind of GPU of the order; raises ValueError for none or several."""
    parts = (p.resources.gpu for p in bid.resources_offer if p.resources.gpu.units.val)
    found = {gpu for part in parts for a in part.attributes if (gpu := gpu_of(a.key))}
    if len(found) != 1:
        raise ValueError(f"the order is for {len(found)} kinds of GPU, so its price is of none")
    return found.pop()


def _usd_per_hour(price: Coin) -> Decimal:
    if price.denom != FACTS.usd_denom:
        raise ValueError(f"the bid is in {price.denom!r}, which cannot be converted to USD")
    return usd_per_hour(price.amount)


def _machine(bid: ChainBid) -> dict[str, Any]:
    """The whole order's machine: every replica of every part."""
    parts = [(part.count, part.resources) for part in bid.resources_offer]
    disks = sum(n * disk.quantity.val for n, r in parts for disk in r.storage)
    return {
        "vcpu": sum(n * r.cpu.units.val for n, r in parts) / 1000,
        "memory_gib": sum(n * r.memory.quantity.val for n, r in parts) / _GIB,
        "storage_gib": disks / _GIB,
    }


def _place(provider: _Known | None) -> dict[str, Any]:
    if provider is None:
        return {}
    country, evidence = country_of(provider.attributes)
    return {
        "region": provider.of("location-region"),
        "country_code": country,
        "country_evidence": evidence,
        "city": provider.of("city"),
        "tier": provider.of("tier"),
    }


def _provider(known: _Known, observed_at: datetime) -> Provider:
    return Provider(
        network="akash",
        provider_id=known.row.owner,
        name=host_of(known.row.host_uri),
        host_uri=known.row.host_uri,
        organization=known.of("organization"),
        country_code=country_of(known.attributes)[0],
        region=known.of("location-region"),
        city=known.of("city"),
        location_type=known.of("location-type"),
        hosting_provider=known.of("hosting-provider"),
        tier=known.of("tier"),
        is_audited=any(s in FACTS.auditors for a in known.attributes for s in a.audited_by),
        attributes=stated(known.attributes),
        observed_at=observed_at,
        source_kind="live",
        source=_SOURCE,
        source_url=known.url,
    )

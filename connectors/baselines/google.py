"""Google: list prices of GPU machines, added up from the SKUs of the Cloud Billing Catalog API.

``GET /v1/services/6F81-5844-456A/skus`` (Compute Engine), paged, with an API key in the header
``X-Goog-Api-Key``, which every Google API takes (cloud.google.com/apis/docs/system-parameters);
the key is in no address. Google sells no machine but its parts: an offer is GPU x n + vCPU x n +
RAM x GiB of one region and term, plus the local SSD that A2 Ultra and A3 High come with, as in the
recorded prices. A3 High with fewer than 8 GPUs is sold as spot and flex-start only
(cloud.google.com/compute/docs/accelerator-optimized-machines), so its other sums are shown but
never ranked. An offer is ``instance`` only if GPU, vCPU and RAM were all found; a GPU whose
machines could not be added up is ``gpu_only``, which is never compared. ``raw`` lists the sum.

Where two SKUs price the same part in the same region, the cheaper counts: a saving must not rest
on the dearer of two baselines. Not live-tested: no key was at hand (2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from connectors.base import Answer, Connector, Denied, Http, Reading, Reject, Unreadable
from connectors.baselines.google_skus import GPUS, Part, Rate, rate_of
from connectors.keys import key_header, needed
from connectors.wire import page_of, rows_of, text_of
from engine.connections import KeyUse
from engine.market import Offer, PriceBasis, Term, offer_id_of
from engine.money import Money
from engine.resources import Catalogue, InstanceType

PAGES_MAX = 40
"""Of 5,000 SKUs each; Compute Engine has some tens of thousands, about 1.5 kB each."""
_PATH = "/v1/services/6F81-5844-456A/skus"
_HEADER = "X-Goog-Api-Key"


@dataclass(frozen=True, slots=True)
class _Family:
    """How a machine family is billed: series of its vCPU and RAM, GPU, local SSD per GPU (GiB)."""

    series: str
    gpu: str
    ssd_gib_per_gpu: int = 0
    gpus_min: int = 1
    """Smaller machines of the family exist as spot and flex-start only."""


_FAMILIES: Mapping[str, _Family] = {
    "a2-highgpu": _Family("A2", "Nvidia Tesla A100 GPU"),
    "a2-ultragpu": _Family("A2", "Nvidia Tesla A100 80GB GPU", 375),
    "a3-highgpu": _Family("A3", "Nvidia H100 80GB GPU", 750, gpus_min=8),
    "g2-standard": _Family("G2", "Nvidia L4 GPU"),
    "g4-standard": _Family("G4", "RTX 6000 96GB"),
    "n1-standard": _Family("N1", "Nvidia Tesla T4 GPU"),
}
"""SSD: 1 x 375 GiB per GPU of A2 Ultra, 2 x 375 of A3 High (Compute Engine's machine tables)."""
_TERMS: tuple[Term, ...] = ("on_demand", "spot", "reserved_1y", "reserved_3y")

_Rates = Mapping[tuple[Part, str], Rate]


@dataclass(frozen=True, slots=True)
class _Sum:
    """A machine, or a GPU alone, in one region: its rates and how much of each."""

    machine: InstanceType | None
    gpu: str
    term: Term
    region: str
    parts: tuple[tuple[Rate, Decimal], ...]
    note: str | None
    is_sold: bool = True

    @property
    def usd_per_hour(self) -> Decimal:
        total = Money(Decimal(0))
        for rate, quantity in self.parts:
            total += Money(rate.usd_per_hour(quantity))
        return total.amount


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")

    skus: list[object]
    next_page_token: str = Field(default="", alias="nextPageToken", pattern=r"^[!-~]{0,2000}$")


class Google(Connector):
    """The Google Cloud baseline; ``gcp`` as in the recorded prices."""

    name = "gcp"
    default_url = "https://cloudbilling.googleapis.com"
    refresh_seconds = 43_200  # list prices change a few times a month; an answer is some 50 MB
    forced_seconds = 3600
    key_use: KeyUse = "required"
    key_form = "a Google Cloud API key (AIza…) that is restricted to the Cloud Billing API"

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # the list cannot be asked for single machines
        answers: list[Answer] = []
        token = ""
        for _ in range(PAGES_MAX):
            answers.append(self._page(http, token))
            token = page_of(answers[-1], _Page).next_page_token
            if not token:
                return answers
        raise Unreadable(f"Google sent more than {PAGES_MAX} pages of SKUs")

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        rejects: list[Reject] = []

        def read(row: object) -> Iterator[Rate]:
            if rate := rate_of(row, observed_at):
                yield rate

        pages = (page_of(answer, _Page).skus for answer in answers)
        rates = [rate for rows in pages for rate in rows_of(rows, read, rejects)]
        best = _cheapest(rates)
        rejects += _beaten(rates, best)
        url = answers[0].url.split("?", 1)[0]

        def add_up(found: object) -> Iterator[Offer]:
            assert isinstance(found, _Sum)
            yield _offer(found, url, observed_at, catalogue)

        whole = list(_machines(best, catalogue))
        sums = [*whole, *_alone(best, {(s.gpu, s.region, s.term) for s in whole})]
        return Reading(offers=list(rows_of(sums, add_up, rejects)), rejects=rejects)

    def _page(self, http: Http, token: str) -> Answer:
        headers = key_header(_HEADER, needed(self.name, self.key, self.key_form))
        params = {"pageSize": "5000", "currencyCode": "USD"}
        if token:
            params["pageToken"] = token
        try:
            return http.get(f"{self.base_url}{_PATH}", params=params, headers=headers)
        except Unreadable as error:
            if "API key" in str(error):  # Google calls a wrong key a bad request (400)
                raise Denied(str(error)) from None
            raise


def _cheapest(rates: Sequence[Rate]) -> dict[tuple[Part, str], Rate]:
    """One rate per part and region; neither the order of pages nor of rows decides."""
    best: dict[tuple[Part, str], Rate] = {}
    for rate in rates:
        for region in rate.regions:
            rival = best.setdefault((rate.part, region), rate)
            if _order(rate) < _order(rival):
                best[rate.part, region] = rate
    return best


def _order(rate: Rate) -> tuple[Decimal, str]:
    return rate.usd_per_hour(1), rate.sku_id


def _beaten(rates: Sequence[Rate], best: _Rates) -> Iterator[Reject]:
    for rate in rates:
        lost = [region for region in rate.regions if best[rate.part, region] is not rate]
        if lost:
            where = ", ".join(sorted(lost))[:200]
            reason = f"another row that prices the same part no higher is kept in {where}"
            yield Reject("duplicate", reason, text_of(rate.row))


def _machines(best: _Rates, catalogue: Catalogue) -> Iterator[_Sum]:
    """Every machine of the catalogue in every region and term that prices all it needs."""
    regions = sorted({region for _, region in best})
    for machine in catalogue.instances.values():
        family = _FAMILIES.get("-".join(machine.name.split("-")[:2]))
        if machine.provider != Google.name or family is None:
            continue
        for term in _TERMS:
            for region in regions:
                if found := _added(machine, family, term, region, best):
                    yield found


def _added(
    machine: InstanceType, family: _Family, term: Term, region: str, best: _Rates
) -> _Sum | None:
    """The sum of a machine's parts, or None if a part has no price: then there is no instance."""
    needed = (
        (Part("gpu", family.gpu, term), Decimal(machine.gpu_count)),
        (Part("vcpu", family.series, term), machine.vcpu),
        (Part("ram", family.series, term), machine.memory_gib),
    )
    parts: list[tuple[Rate, Decimal]] = []
    for part, quantity in needed:
        rate = best.get((part, region))
        if rate is None or not quantity:
            return None
        parts.append((rate, quantity))
    ssd_gib = family.ssd_gib_per_gpu * machine.gpu_count
    ssd = best.get((Part("ssd", "", term), region))
    notes: list[str] = []
    if ssd_gib and ssd:
        parts.append((ssd, Decimal(ssd_gib)))
    elif ssd_gib:
        notes.append(f"Without its {ssd_gib:,} GiB of local SSD, for which no price was found.")
    is_sold = term == "spot" or machine.gpu_count >= family.gpus_min
    if not is_sold:
        least = family.gpus_min
        notes.append(f"A sum of list prices: fewer than {least} are sold as spot or flex-start.")
    note = " ".join(notes) or None
    return _Sum(machine, family.gpu, term, region, tuple(parts), note, is_sold)


def _alone(best: _Rates, whole: set[tuple[str, str, Term]]) -> Iterator[_Sum]:
    """The GPUs whose machines could not be added up."""
    for (part, region), rate in best.items():
        if part.kind == "gpu" and (part.name, region, part.term) not in whole:
            note = "Price of the GPU's own SKU: vCPU and RAM are not added; never compared."
            yield _Sum(None, part.name, part.term, region, ((rate, Decimal(1)),), note)


def _offer(found: _Sum, url: str, observed_at: datetime, catalogue: Catalogue) -> Offer:
    machine = found.machine
    gpu_model = machine.gpu_model if machine else GPUS[found.gpu]
    name = machine.name if machine else "(GPU SKU)"
    model = catalogue.model(gpu_model)
    country = catalogue.country_of("gcp", found.region)
    basis: PriceBasis = "instance" if machine else "gpu_only"
    return Offer(
        offer_id=offer_id_of("gcp", name, found.region, found.term)
        + ("" if machine else f":{gpu_model}"),
        network="gcp",
        is_baseline=True,
        provider_id="gcp",
        provider_name=name,
        gpu_model=gpu_model,
        gpu_name=name,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=float(model.memory_gib) if model and model.memory_gib else None,
        gpu_count=machine.gpu_count if machine else 1,
        vcpu=float(machine.vcpu) if machine and machine.vcpu else None,
        memory_gib=float(machine.memory_gib) if machine and machine.memory_gib else None,
        region=found.region,
        country_code=country,
        country_evidence="the provider's region table" if country else None,
        term=found.term,
        usd_per_hour=found.usd_per_hour,
        price_basis=basis,
        rankable=found.is_sold,
        observed_at=observed_at,
        source_kind="live",
        source="Google Cloud Billing Catalog API; SKUs "
        + " + ".join(rate.sku_id for rate, _ in found.parts),
        source_url=url,
        note=found.note,
        raw=text_of(_shown(found, name)),
    )


def _shown(found: _Sum, name: str) -> dict[str, object]:
    """The sum as a buyer can follow it."""
    parts = [
        {
            "skuId": rate.sku_id,
            "description": rate.description,
            "usd": rate.usd,
            "per": rate.unit,
            "quantity": quantity,
            "usdPerHour": rate.usd_per_hour(quantity),
        }
        for rate, quantity in found.parts
    ]
    return {"machine": name, "region": found.region, "term": found.term, "parts": parts}

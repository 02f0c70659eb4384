"""Fluence: its plans for containers, virtual machines and bare metal (the customer's own key).

``GET /gpu/plans/``, ``/gpu/plans/vms`` and ``/gpu/plans/baremetal`` (api.fluence.dev, header
X-API-KEY; shapes in ``fluence_wire``). A plan is a fixed machine at a price an hour in USDC, which
is counted as USD. The lists hold what is available now, not how much of it. A place like
``kristiansand-norway-2`` names a data centre and proves no country.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.base import Answer, Connector, Http, Reading, Reject, Unreadable
from connectors.keys import key_header, needed
from connectors.networks.fluence_wire import (
    ContainerPlan,
    Count,
    Gpu,
    Group,
    Groups,
    Option,
    Places,
    Plan,
    Supply,
)
from connectors.wire import json_of, page_of, rows_of, text_of
from engine.market import Offer, offer_id_of
from engine.resources import Catalogue

_CURRENCIES = ("USDC", "USD")
_PATHS = ("/gpu/plans/", "/gpu/plans/vms", "/gpu/plans/baremetal")
_KINDS = ("container", "vm", "baremetal")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every offer of one answer shares."""

    kind: str
    url: str
    at: datetime
    catalogue: Catalogue


class Fluence(Connector):
    """The Fluence connector."""

    name = "fluence"
    default_url = "https://api.fluence.dev"
    refresh_seconds = 1800
    key_use = "required"
    key_form = "an API key of the Fluence Console"

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # three addresses hold every plan
        headers = key_header("X-API-KEY", needed(self.name, self.key, self.key_form))
        return [http.get(f"{self.base_url}{path}", headers=headers) for path in _PATHS]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        rejects: list[Reject] = []
        offers: list[Offer] = []
        for kind, answer in zip(_KINDS, answers, strict=True):
            seen = _Seen(kind, answer.url, observed_at, catalogue)
            offers += (
                _containers(answer, seen, rejects)
                if kind == "container"
                else (_grouped(answer, seen, rejects))
            )
        return Reading(offers=offers, rejects=rejects)


def _containers(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Offer]:
    rows = json_of(answer)
    if not isinstance(rows, list):
        raise Unreadable("Fluence's container plans are not a list")

    def read(row: object) -> Iterator[Offer]:
        sold = ContainerPlan.model_validate(row)
        yield _offer(sold.plan, sold.attributes, None, row, seen)

    return rows_of(rows, read, rejects)


def _grouped(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Offer]:
    """Read model by model, count by count, option by option; each refused on its own."""

    def read_group(row: object) -> Iterator[Offer]:
        group = Group.model_validate(row)

        def read_count(row: object) -> Iterator[Offer]:
            sold = Count.model_validate(row)
            yield from rows_of(
                sold.options, lambda o: _option(o, group.gpu_model, sold.gpu_count, seen), rejects
            )

        yield from rows_of(group.availability_by_number, read_count, rejects)

    return rows_of(page_of(answer, Groups).data, read_group, rejects)


def _option(row: object, gpu: Gpu, count: int, seen: _Seen) -> Iterator[Offer]:
    option = Option.model_validate(row)
    supply = Supply(vcpu=option.vcpu, memory=option.memory, storage=option.storage, gpu_count=count)
    plan = Plan(id=option.id, supply=supply, gpu_model=gpu, pricing=option.pricing)
    places = Places(location=[option.location] if option.location else [])
    yield _offer(plan, places, option.provider, row, seen)


def _offer(plan: Plan, places: Places, provider: str | None, row: object, seen: _Seen) -> Offer:
    if plan.pricing.currency not in _CURRENCIES:
        raise ValueError(f"the price is in {plan.pricing.currency!r}, not in USDC or USD")
    name = plan.gpu_model.text
    model = seen.catalogue.match(name)
    only = places.location[0] if len(places.location) == 1 else None
    country = Catalogue.country(only)
    return Offer(
        offer_id=offer_id_of("fluence", plan.id, name, "on_demand", seen.kind),
        network="fluence",
        provider_id=provider,
        provider_name=provider,
        gpu_model=model.name if model else None,
        gpu_name=name,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=plan.gpu_model.memory_gib,
        gpu_count=plan.supply.gpu_count,
        vcpu=plan.supply.vcpu.count,
        memory_gib=plan.supply.memory.gib,
        storage_gib=plan.supply.storage.gib,
        region=", ".join(places.location) or None,
        country_code=country,
        country_evidence="stated by the network" if country else None,
        tier=seen.kind,
        usd_per_hour=plan.pricing.hour,
        price_basis="instance",
        available=True,
        observed_at=seen.at,
        source_kind="live",
        source=f"Fluence GPU plans API, plan {plan.id}",
        source_url=seen.url,
        note=_note(plan) or None,
        raw=text_of(row),
    )


def _note(plan: Plan) -> str:
    hours = plan.pricing.upfront_hours
    parts = (
        "Priced in USDC, counted as USD." if plan.pricing.currency == "USDC" else "",
        f"{hours} hours are taken at the start, unused ones are returned." if hours else "",
        "" if plan.supply.memory.is_binary else "Memory as published, in GB.",
    )
    return " ".join(filter(None, parts))

"""Lium: every node of the public feed with its free GPUs, shape and place (keyless).

``GET /api/public/v1/nodes`` (lium.io; fields are only ever added under /public/v1; 60 requests a
minute per address; docs.lium.io/developers/public-nodes-feed). CPU, RAM and disk are the whole
node's and are shared out by GPU. Where less than the node can be rented the price is per GPU and
the free ones are ``gpu_count_max``. ``tier: spot`` may be reclaimed and is term spot.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import Answer, Connector, Http, Reading, Reject
from connectors.wire import page_of, rows_of, text_of
from engine.market import Offer, Term, offer_id_of
from engine.money import exact
from engine.resources import Catalogue


class _Node(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: str = Field(min_length=1)
    gpu_model: str = Field(min_length=1)
    gpu_count: int = Field(ge=1)
    available_gpu_count: int = Field(ge=0)
    min_rentable_gpu_count: int = Field(ge=1)
    price_per_gpu_hour: Annotated[Decimal, BeforeValidator(exact)]
    gpu_memory_gb: float | None = Field(default=None, ge=0)
    cpu_count: float | None = Field(default=None, ge=0)
    ram_gb: float | None = Field(default=None, ge=0)
    disk_gb: float | None = Field(default=None, ge=0)
    tier: str
    country_code: str | None = None
    region: str | None = None
    city: str | None = None


class _Feed(BaseModel):
    model_config = ConfigDict(extra="ignore")

    nodes: list[object]


class Lium(Connector):
    """The Lium connector."""

    name = "lium"
    default_url = "https://lium.io"
    refresh_seconds = 300
    forced_seconds = 60  # a sixtieth of what its operator allows

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # one address holds every node
        return [http.get(f"{self.base_url}/api/public/v1/nodes")]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        (answer,) = answers
        rejects: list[Reject] = []

        def read(row: object) -> Iterator[Offer]:
            yield _offer(_Node.model_validate(row), row, answer.url, observed_at, catalogue)

        rows = page_of(answer, _Feed).nodes
        return Reading(offers=list(rows_of(rows, read, rejects)), rejects=rejects)


def _offer(
    node: _Node, row: object, url: str, observed_at: datetime, catalogue: Catalogue
) -> Offer:
    model = catalogue.match(node.gpu_model)
    whole = node.min_rentable_gpu_count >= node.gpu_count
    count = node.gpu_count if whole else node.min_rentable_gpu_count
    term: Term = "spot" if node.tier == "spot" else "on_demand"
    share = count / node.gpu_count
    country = Catalogue.country(node.country_code)
    return Offer(
        offer_id=offer_id_of("lium", node.id, node.gpu_model, term, node.tier),
        network="lium",
        provider_id=node.id,
        gpu_model=model.name if model else None,
        gpu_name=node.gpu_model,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=node.gpu_memory_gb,
        gpu_count=count,
        gpu_count_max=None if whole else node.available_gpu_count,
        vcpu=_part(node.cpu_count, share),
        memory_gib=_part(node.ram_gb, share),
        storage_gib=_part(node.disk_gb, share),
        region=node.region,
        country_code=country,
        country_evidence="stated by the network" if country else None,
        city=node.city,
        term=term,
        tier=node.tier,
        usd_per_hour=node.price_per_gpu_hour * count,
        price_basis="instance",
        available=node.available_gpu_count >= count,
        available_count=node.available_gpu_count,
        observed_at=observed_at,
        source_kind="live",
        source="Lium public nodes feed",
        source_url=url,
        note="Memory as published, in GB.",
        raw=text_of(row),
    )


def _part(whole: float | None, share: float) -> float | None:
    return None if whole is None else whole * share

"""io.net: the machines that can be rented as virtual machines, at their list price (key optional).

``GET /enterprise/v1/io-cloud/vmaas/hardware`` (api.io.solutions; io.net/docs/reference/vmaas, its
OpenAPI 1.0): a list in ``data.hardware``, the same without a key but for private node pools.
``price`` is "per hour in USD". The operator's own example asks 0.3 for one RTX 4090 and 0.6 for
two, so it is read as the whole machine's; a comment in the official SDK (0.4.1) calls the same
field per GPU-hour. Until an invoice settles it the price is a ``list`` price, whose savings are
label D. Fees that ``/price`` names come on top. The list for containers is not read: nothing
documents the unit of its price, and a row may lack it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import Answer, Connector, Http, Reading, Reject
from connectors.keys import key_header, needed
from connectors.wire import page_of, rows_of, text_of
from engine.market import Offer, offer_id_of
from engine.money import exact
from engine.resources import Catalogue

_PATH = "/enterprise/v1/io-cloud/vmaas/hardware"
_NOTE = (
    "List price, taken as the whole machine's; fees come on top. Hours are paid ahead; count on "
    "nothing back for an early end: book short and extend. Memory as published, in GB."
)


class _Machine(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: str = Field(min_length=1)
    name: str
    num_cards: int = Field(ge=0)
    price: Annotated[Decimal, BeforeValidator(exact)]
    vram_per_card: float | None = Field(default=None, ge=0)
    interconnect: str | None = None
    vcpu: float | None = Field(default=None, ge=0)
    memory: float | None = Field(default=None, ge=0)
    location: str | None = None
    supplier: str | None = None
    sold_out: bool | None = None


class _Listing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    hardware: list[object]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: _Listing


class IoNet(Connector):
    """The io.net connector."""

    name = "ionet"
    default_url = "https://api.io.solutions"
    refresh_seconds = 1800
    key_use = "optional"
    key_form = "the API key of an IO Cloud project"

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # one address holds every machine
        key = needed(self.name, self.key, self.key_form) if self.key else ""
        headers = key_header("x-api-key", key) if key else None
        return [http.get(f"{self.base_url}{_PATH}", headers=headers)]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        (answer,) = answers
        rejects: list[Reject] = []

        def read(row: object) -> Iterator[Offer]:
            if isinstance(row, dict) and row.get("price", "") is None:
                rejects.append(Reject("unpriced", "io.net states no price for it", text_of(row)))
                return
            yield _offer(_Machine.model_validate(row), row, answer.url, observed_at, catalogue)

        rows = page_of(answer, _Answer).data.hardware
        return Reading(offers=list(rows_of(rows, read, rejects)), rejects=rejects)


def _offer(
    machine: _Machine, row: object, url: str, observed_at: datetime, catalogue: Catalogue
) -> Offer:
    memory = f"{machine.vram_per_card:g}Gi" if machine.vram_per_card else None
    gpu_name = " ".join(filter(None, (machine.name, memory, machine.interconnect)))
    model = catalogue.match(gpu_name)
    country = Catalogue.country(machine.location)
    return Offer(
        offer_id=offer_id_of("ionet", machine.id, gpu_name, "on_demand", machine.supplier),
        network="ionet",
        gpu_model=model.name if model else None,
        gpu_name=gpu_name,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=machine.vram_per_card,
        gpu_count=machine.num_cards,
        vcpu=machine.vcpu,
        memory_gib=machine.memory,
        region=machine.location,
        country_code=country,
        country_evidence="stated by the network" if country else None,
        tier=machine.supplier,
        usd_per_hour=machine.price,
        price_basis="list",
        available=None if machine.sold_out is None else not machine.sold_out,
        observed_at=observed_at,
        source_kind="live",
        source=f"io.net hardware list for virtual machines, {machine.id}",
        source_url=url,
        note=_NOTE,
        raw=text_of(row),
    )

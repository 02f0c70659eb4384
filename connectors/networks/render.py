"""Render: the machines of its compute subnet, Dispersed, at what they cost an hour (key needed).

``GET /v1/compute/offers`` (api.dispersed.com, run by OTOY; otoyinc.mintlify.app), pages of 50.
``hourly_rate_usd`` is for the whole machine. What ``availability`` holds is not documented: it is
kept in the row as received, and whether a machine is free is unknown. Region codes are spelt like
AWS regions; that the hardware stands in that country is inferred, not shown. OctaneRender jobs are
sold through a portal only and are not read.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import (
    Answer,
    Connector,
    Headers,
    Http,
    Reading,
    Reject,
    SourceError,
    Unreadable,
)
from connectors.networks.render_signing import (
    KEY_FORM,
    key_pair,
    query_text,
    signing,
    without_keys,
)
from connectors.wire import Moment, page_of, rows_of, text_of
from engine.market import Offer, offer_id_of
from engine.money import exact
from engine.resources import Catalogue, GpuModel

LIMIT = 50
"""Rows of a page: the most that the documentation allows."""
PAGES_MAX = 40
_PATH = "/v1/compute/offers"
_EVIDENCE = "inferred from the AWS-style region code, not a residency proof"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Gpu(_Wire):
    name: str = Field(min_length=1)
    count: int = Field(ge=1)


class _Hardware(_Wire):
    gpu_model_label: str = Field(min_length=1)
    gpu_count: int = Field(ge=1)
    gpu_models: list[_Gpu] = Field(default_factory=list)
    min_gpu_vram_gib: float | None = Field(default=None, gt=0)
    cpu_cores: float | None = Field(default=None, ge=0)
    ram_gib: float | None = Field(default=None, ge=0)
    storage_gib: float | None = Field(default=None, ge=0)


class _Pricing(_Wire):
    hourly_rate_usd: Annotated[Decimal, BeforeValidator(exact)]
    quoted_at: Moment | None = None


class _Row(_Wire):
    offer_id: str = Field(min_length=1)
    region_code: str | None = None
    hardware_summary: _Hardware
    pricing: _Pricing


class _Page(_Wire):
    data: list[object]
    total: int | None = Field(default=None, ge=0)
    limit: int | None = Field(default=None, ge=1)

    def is_last(self, rows_before: int) -> bool:
        """Whether no page follows: it is short, or every row that exists has been received."""
        if len(self.data) < min(LIMIT, self.limit or LIMIT):
            return True
        return self.total is not None and rows_before + len(self.data) >= self.total


class Render(Connector):
    """The Render connector."""

    name = "render"
    default_url = "https://api.dispersed.com"
    refresh_seconds = 900
    key_use = "required"
    key_form = KEY_FORM

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # the list holds every machine
        headers = signing(key_pair(self.key))
        try:
            return list(self._pages(http, headers))
        except SourceError as error:
            error.args = (without_keys(str(error)),)  # servers like to repeat what they know
            raise

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        rejects: list[Reject] = []
        offers: list[Offer] = []
        for answer in answers:

            def read(row: object, url: str = answer.url) -> Iterator[Offer]:
                yield _offer(_Row.model_validate(row), row, url, observed_at, catalogue)

            offers += rows_of(page_of(answer, _Page).data, read, rejects)
        return Reading(offers=offers, rejects=rejects)

    def _pages(self, http: Http, headers: Headers) -> Iterator[Answer]:
        rows = 0
        for number in range(1, PAGES_MAX + 1):
            query = query_text({"limit": str(LIMIT), "page": str(number)}.items())
            answer = http.get(f"{self.base_url}{_PATH}?{query}", headers=headers)
            yield answer
            page = page_of(answer, _Page)
            if page.is_last(rows):
                return
            rows += len(page.data)
        raise Unreadable(f"Render sent more than {PAGES_MAX} pages of offers")


def _offer(
    row: _Row, received: object, url: str, observed_at: datetime, catalogue: Catalogue
) -> Offer:
    machine = row.hardware_summary
    model = _model(machine, catalogue)
    return Offer(
        offer_id=offer_id_of("render", row.offer_id, machine.gpu_model_label, "on_demand", ""),
        network="render",
        gpu_model=model.name if model else None,
        gpu_name=machine.gpu_model_label,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=machine.min_gpu_vram_gib,
        gpu_count=machine.gpu_count,
        vcpu=machine.cpu_cores,
        memory_gib=machine.ram_gib,
        storage_gib=machine.storage_gib,
        usd_per_hour=row.pricing.hourly_rate_usd,
        price_basis="instance",
        price_as_of=row.pricing.quoted_at,
        observed_at=observed_at,
        source_kind="live",
        source=f"Dispersed compute offers API, offer {row.offer_id}",
        source_url=url,
        note=_note(machine),
        raw=text_of(received),
        **_place(row.region_code, catalogue),
    )


def _model(machine: _Hardware, catalogue: Catalogue) -> GpuModel | None:
    """Return the one model that the label and every listed GPU name; None for a mixed machine."""
    listed = sum(gpu.count for gpu in machine.gpu_models)
    if machine.gpu_models and listed != machine.gpu_count:
        raise ValueError(f"{machine.gpu_count} GPUs are counted, {listed} are listed")
    memory = f" {machine.min_gpu_vram_gib:g}Gi" if machine.min_gpu_vram_gib else ""
    names = {machine.gpu_model_label, *(gpu.name for gpu in machine.gpu_models)}
    found = {catalogue.match(f"{name}{memory}") for name in names}
    return found.pop() if len(found) == 1 else None


def _note(machine: _Hardware) -> str | None:
    if len({gpu.name for gpu in machine.gpu_models}) < 2:  # noqa: PLR2004 - two kinds are a mix
        return None
    kinds = ", ".join(f"{gpu.count} x {gpu.name}" for gpu in machine.gpu_models)
    return f"A machine of different GPUs: {kinds}."


def _place(region: str | None, catalogue: Catalogue) -> dict[str, Any]:
    """Where the machine most likely stands: four codes are documented, others mean AWS's place."""
    code = (region or "").strip()
    country = catalogue.country_of("render", code) or catalogue.country_of("aws", code)
    evidence = _EVIDENCE if country else None
    return {"region": code or None, "country_code": country, "country_evidence": evidence}

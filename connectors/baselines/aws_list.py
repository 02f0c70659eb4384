"""AWS's list of one region: which lines are kept of it, and what they sell.

Of a GPU machine's lines, Linux on shared hardware without extra software, used and by the hour, is
a price a buyer pays; the same machine is listed again for other systems, for reservations of
capacity and for blocks of it.

Unverified until the first live call: the column names beyond the documented filter (``Location
Type``, ``MarketOption``, ``GPU`` may be absent) and that AWS calls these families "GPU instance".
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import Answer, Reject, Unreadable
from connectors.wire import rows_of, text_of
from engine.market import Offer, Term, offer_id_of
from engine.money import exact
from engine.resources import Catalogue, InstanceType

_HEADER = '"TermType"'
_HEADER_BYTES = _HEADER.encode()
_HEAD = (b'"FormatVersion"', b'"Disclaimer"', b'"Publication Date"', b'"Version"', b'"OfferCode"')
_GPU_MACHINE = re.compile(rb'"(?:GPU instance"|(?:p|gr?)\d[a-z0-9-]*\.)')
"""By AWS's name of the family, or by the size: AWS's GPU sizes are called p and g and a number."""

_SOLD = {
    "Operating System": "Linux",
    "Tenancy": "Shared",
    "Pre Installed S/W": "NA",
    "CapacityStatus": "Used",
    "Unit": "Hrs",
}
_SOLD_WHERE_STATED = {"Location Type": "AWS Region", "MarketOption": "OnDemand"}
_RESERVED: Mapping[tuple[str, ...], Term] = {
    ("Reserved", "1yr", "No Upfront", "standard"): "reserved_1y",
    ("Reserved", "3yr", "No Upfront", "standard"): "reserved_3y",
}
_TERM = ("TermType", "LeaseContractLength", "PurchaseOption", "OfferingClass")
_NOTHING = {"", "NA", "N/A"}
_MEMORY = re.compile(r"([\d,]{1,9}(?:\.\d{1,3})?) GiB", re.ASCII)
_PUBLISHED = re.compile(r'"Publication Date","(\d{4}-\d\d-\d\d)', re.ASCII)

_Cells = dict[str, str]


def _number(text: str) -> Decimal | None:
    return None if text in _NOTHING else exact(text)


def _gib(text: str) -> Decimal | None:
    """Read "1,152 GiB"."""
    if text in _NOTHING:
        return None
    if not (found := _MEMORY.fullmatch(text)):
        raise ValueError(f"{text[:40]!r} is not an amount in GiB")
    return exact(found[1].replace(",", ""))


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    instance_type: str = Field(alias="Instance Type", pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")
    region: str = Field(alias="Region Code", pattern=r"^[a-z]+(-[a-z]+)+-\d+$")
    price: Annotated[Decimal, BeforeValidator(exact)] = Field(alias="PricePerUnit")
    currency: str = Field(alias="Currency")
    effective: Annotated[date, BeforeValidator(lambda text: date.fromisoformat(text[:10]))] = Field(
        alias="EffectiveDate"
    )
    vcpu: Annotated[Decimal | None, BeforeValidator(_number)] = Field(alias="vCPU")
    memory_gib: Annotated[Decimal | None, BeforeValidator(_gib)] = Field(alias="Memory")
    gpus: Annotated[Decimal | None, BeforeValidator(_number)] = Field(default=None, alias="GPU")


_COLUMNS = {*_SOLD, *_TERM, *(str(f.alias) for f in _Row.model_fields.values() if f.is_required())}


def is_wanted(line: bytes) -> bool:
    """Tell a list's head and the lines of GPU machines from the million others, by bytes alone.

    It remembers nothing, so that a list that breaks off can be read again from its start.
    """
    return (
        b'"Linux"' in line
        and b'"Shared"' in line
        and b'"Used"' in line
        and b'"Hrs"' in line
        and _GPU_MACHINE.search(line) is not None
    ) or (_HEADER_BYTES in line or line.startswith(_HEAD))


class RegionList:
    """The lines kept of one region's list; columns are found by their names."""

    def __init__(self, answer: Answer, observed_at: datetime, catalogue: Catalogue) -> None:
        if answer.failed:
            raise answer.failed
        lines = answer.body.decode("utf-8", "replace").split("\n")
        start = next((n for n, line in enumerate(lines) if _HEADER in line), None)
        if start is None:
            raise Unreadable(f"{answer.url} is no price list: it has no header")
        self.columns = _columns(lines[start], answer.url)
        self.lines = lines[start + 1 : -1]  # each line kept has its end
        published = _PUBLISHED.search("\n".join(lines[:start]))
        self.published = published[1] if published else "on a day that it does not state"
        self.url = answer.url
        self.observed_at = observed_at
        self.catalogue = catalogue

    def offers(self, rejects: list[Reject]) -> Iterator[tuple[date, Offer]]:
        return rows_of(self.lines, self._offer, rejects)

    def _offer(self, line: object) -> Iterator[tuple[date, Offer]]:
        cells = self._named(str(line))
        term = _term(cells)
        if term is None:
            return
        row = _Row.model_validate(cells)
        if row.effective > self.observed_at.date():
            return
        if row.currency != "USD":
            raise ValueError(f"the price is in {row.currency[:40]}, not USD")
        yield row.effective, self._listed(row, term, text_of({n: c for n, c in cells.items() if c}))

    def _named(self, line: str) -> _Cells:
        cells = _cells(line)
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells, but the list has {len(self.columns)} columns")
        return dict(zip(self.columns, cells, strict=True))

    def _listed(self, row: _Row, term: Term, raw: str) -> Offer:
        known = self.catalogue.instances.get(("aws", row.instance_type))
        model = self.catalogue.model(known.gpu_model) if known else None
        country = self.catalogue.country_of("aws", row.region)
        return Offer(
            offer_id=offer_id_of("aws", row.instance_type, row.region, term),
            network="aws",
            is_baseline=True,
            provider_id="aws",
            provider_name=row.instance_type,
            gpu_model=known.gpu_model if known else None,
            gpu_name=row.instance_type,
            form_factor=model.interface if model and model.form_factor_known else None,
            gpu_memory_gib=float(model.memory_gib) if model and model.memory_gib else None,
            gpu_count=_gpu_count(row, known),
            vcpu=float(row.vcpu) if row.vcpu is not None else None,
            memory_gib=float(row.memory_gib) if row.memory_gib is not None else None,
            region=row.region,
            country_code=country,
            country_evidence="the provider's region table" if country else None,
            term=term,
            usd_per_hour=row.price,
            price_basis="instance",
            observed_at=self.observed_at,
            source_kind="live",
            source=f"AWS price list published {self.published}; price since {row.effective}",
            source_url=self.url,
            raw=raw,
        )


def _columns(header: str, url: str) -> list[str]:
    try:
        columns = _cells(header)
    except ValueError as error:
        raise Unreadable(f"{url} is no price list: its header is {error}") from None
    if missing := sorted(_COLUMNS - set(columns)):
        raise Unreadable(f"{url} is not in the documented form: no column {', '.join(missing)}")
    return columns


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"not a line of CSV: {error}") from None


def _term(cells: _Cells) -> Term | None:
    """Return the term a line sells this machine for; None when it sells something else."""
    if any(cells[name] != value for name, value in _SOLD.items()):
        return None
    if any(cells.get(name) not in (None, "", value) for name, value in _SOLD_WHERE_STATED.items()):
        return None
    if cells["TermType"] == "OnDemand":
        return "on_demand"
    return _RESERVED.get(tuple(cells[name] for name in _TERM))


def _gpu_count(row: _Row, known: InstanceType | None) -> int:
    """Return the GPUs of the size; the list and what we know of a size must not contradict."""
    stated = row.gpus
    if known and stated in (None, known.gpu_count):
        return known.gpu_count
    if stated is None:
        raise ValueError(f"{row.instance_type}: how many GPUs this size has is not known")
    if known:
        raise ValueError(f"{row.instance_type} has {known.gpu_count} GPUs, the list says {stated}")
    if stated != stated.to_integral_value():
        raise ValueError(f"{row.instance_type} has {stated} GPUs: a part is no machine")
    return int(stated)

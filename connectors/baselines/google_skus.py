"""Google's SKUs: which part of which machine one prices, for which term, and what it costs an hour.

The catalogue has no field that ties a SKU to a machine type: its description does ("A3 Instance
Core running in Americas"), so descriptions are matched whole and anything else is not taken for a
part. That leaves out Reserved (priced 0), DWS and Calendar Mode, Sole Tenancy and Custom. Forms of
the descriptions as in public readers of the same catalogue (cloudpilot-ai/karpenter-provider-gcp,
dstackai/gpuhunt, Cyclenerd/google-cloud-pricing-cost-calculator, read 2026-11); Google documents
only the fields (cloud.google.com/billing/docs/reference/rest/v1/services.skus).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connectors.wire import Moment
from engine.market import USD_PER_GPU_HOUR_MAX, Term
from engine.money import Money, divided, exact, stored

Kind = Literal["gpu", "vcpu", "ram", "ssd"]

GPUS: Mapping[str, str] = {
    "Nvidia Tesla T4 GPU": "T4",
    "Nvidia Tesla V100 GPU": "V100-16-SXM2",
    "Nvidia Tesla A100 GPU": "A100-40-SXM",
    "Nvidia Tesla A100 80GB GPU": "A100-80-SXM",
    "Nvidia L4 GPU": "L4",
    "Nvidia H100 80GB GPU": "H100-SXM",
    "H200 141GB GPU": "H200-SXM",
    "A4 Nvidia B200 (1 gpu slice)": "B200",
    "RTX 6000 96GB": "RTX PRO 6000 Blackwell SE",
}
"""Google's name of a GPU in its SKUs, and ours."""

_LEFT_OUT = re.compile(
    r"Reserved|DWS|Calendar Mode|Sole Tenancy|Custom|Workstation|vWS|Suspended"
    r"|\b(?:K80|P4|P100|GB200|GB300|B300)\b|80GB (?:Mega|Plus)|Mega 80GB",
    re.IGNORECASE,
)
"""GPU SKUs that are known and not read: other ways to buy, and GPUs without a known machine."""
_NAMES = "|".join(map(re.escape, GPUS))
_GPU = re.compile(
    rf"(?P<commit>Commitment v1: )?(?P<spot>Spot Preemptible )?(?P<name>{_NAMES})"
    r"(?P<attached> attached to Spot Preemptible VMs)? (?:running )?in .+?"
    r"(?: for (?P<years>[13]) Years?)?"
)
_CORE_OR_RAM = re.compile(
    r"(?P<spot>Spot Preemptible )?(?P<name>A2|A3|G2|G4|N1)(?: Predefined)? Instance "
    r"(?P<part>Core|Ram) running in .+"
)
_COMMITTED = re.compile(
    r"Commitment v1: (?:(?P<name>A2|A3|G2|G4|N1) )?(?P<part>Cpu|Ram) in .+? "
    r"for (?P<years>[13]) Years?"
)
_SSD = re.compile(
    r"SSD backed Local Storage(?P<spot> attached to Spot Preemptible VMs)?"
    r"(?: (?:running )?in .+)?"
)
_SSD_COMMITTED = re.compile(r"Commitment v1: Local SSD in .+? for (?P<years>[13]) Years?")
_FORMS = (_GPU, _CORE_OR_RAM, _COMMITTED, _SSD, _SSD_COMMITTED)

_KINDS: Mapping[str, Kind] = {"Core": "vcpu", "Cpu": "vcpu", "Ram": "ram"}
_USAGE: Mapping[str, Term] = {
    "OnDemand": "on_demand",
    "Preemptible": "spot",
    "Commit1Yr": "reserved_1y",
    "Commit3Yr": "reserved_3y",
}
_YEARS: Mapping[str, Term] = {"1": "reserved_1y", "3": "reserved_3y"}
_UNITS: Mapping[Kind, Mapping[str, tuple[Decimal, int]]] = {
    "gpu": {"h": (Decimal(1), 1)},
    "vcpu": {"h": (Decimal(1), 1)},
    "ram": {"GiBy.h": (Decimal(1), 1), "GBy.h": (Decimal("1.073741824"), 1)},
    "ssd": {"GiBy.h": (Decimal(1), 1), "GiBy.mo": (Decimal(1), 730)},
}
"""Units per kind: factor and divisor to a GPU, vCPU or GiB for an hour (730 hours a month)."""

_Amount = Annotated[Decimal, BeforeValidator(exact)]
_Region = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class _Category(_Wire):
    resource_group: str
    usage_type: str


class Sku(_Wire):
    """One row; its price is looked at only if it is a part of a machine."""

    sku_id: str = Field(pattern=r"^[0-9A-Za-z-]{1,40}$")
    description: str = Field(min_length=1, max_length=500)
    category: _Category
    service_regions: list[_Region]
    pricing_info: list[object]


class _UnitPrice(_Wire):
    """An amount is ``units`` (an int64 as text) and ``nanos`` billionths; either may be absent."""

    currency_code: str
    units: _Amount = Decimal(0)
    nanos: _Amount = Decimal(0)


class _TieredRate(_Wire):
    start_usage_amount: _Amount = Decimal(0)
    unit_price: _UnitPrice


class _Expression(_Wire):
    usage_unit: str
    tiered_rates: list[_TieredRate]


class _Pricing(_Wire):
    pricing_expression: _Expression
    effective_time: Moment | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What a SKU prices: one GPU, one vCPU or one GiB, of a GPU or machine series, for a term."""

    kind: Kind
    name: str
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A part's price in some regions: USD per ``unit`` as Google writes both."""

    part: Part
    sku_id: str
    description: str
    regions: tuple[str, ...]
    usd: Decimal
    unit: str
    row: object = field(repr=False, compare=False)

    def usd_per_hour(self, quantity: Decimal | int) -> Decimal:
        """What this many GPUs, vCPUs or GiB cost an hour; only a monthly price is ever rounded."""
        factor, divisor = _UNITS[self.part.kind][self.unit]
        whole = (Money(self.usd) * factor * exact(quantity)).amount
        return divided(whole, divisor) if divisor > 1 else whole


def rate_of(row: object, observed_at: datetime) -> Rate | None:
    """Return the rate of one SKU, or None if it is no part of a GPU machine that is read here.

    Raises ValueError, with a sentence, for a GPU of another name and for a part whose price or
    term cannot be told.
    """
    sku = Sku.model_validate(row)
    part = _part(sku)
    if part is None:
        return None
    expression = _price_now(sku, observed_at)
    return Rate(
        part=part,
        sku_id=sku.sku_id,
        description=sku.description,
        regions=tuple(sku.service_regions),
        usd=_usd(expression),
        unit=_unit(expression, part.kind),
        row=row,
    )


def _part(sku: Sku) -> Part | None:
    found = next(filter(None, (form.fullmatch(sku.description) for form in _FORMS)), None)
    if found is None:
        if sku.category.resource_group == "GPU" and not _LEFT_OUT.search(sku.description):
            raise ValueError(f"{sku.description[:80]}: which GPU this is, is not known")
        return None
    named = found.groupdict()
    term = _term(named, sku.category.usage_type)
    if found.re is _GPU:
        return Part("gpu", named["name"], term)
    if "part" in named:  # a commitment that names no series is N1's
        return Part(_KINDS[named["part"]], named["name"] or "N1", term)
    return Part("ssd", "", term)


def _term(named: Mapping[str, str | None], usage_type: str) -> Term:
    """Spot if the description or the usage type says so: B200 spot is filed as on demand."""
    usage = _USAGE.get(usage_type)
    years = named.get("years")
    said: Term = _YEARS[years] if years else "on_demand"
    if named.get("spot") or named.get("attached"):
        said = "spot"
    agreed: set[Term] = {"on_demand", "spot"}
    if usage == said:
        return said
    if usage in agreed and said in agreed:
        return "spot"
    raise ValueError(f"usage type {usage_type[:40]!r} contradicts the description ({said})")


def _price_now(sku: Sku, observed_at: datetime) -> _Expression:
    """The newest price of the time line that has begun."""
    line = [_Pricing.model_validate(entry) for entry in sku.pricing_info]
    begun = [p for p in line if p.effective_time is None or p.effective_time <= observed_at]
    if not begun:
        raise ValueError("no price that has begun")
    dated = [(p.effective_time, p) for p in begun if p.effective_time]
    newest = max(dated, key=lambda pair: pair[0])[1] if dated else begun[-1]
    return newest.pricing_expression


def _usd(expression: _Expression) -> Decimal:
    rates = expression.tiered_rates
    if len(rates) != 1 or rates[0].start_usage_amount != 0:
        raise ValueError(f"{len(rates)} tiers: only one rate from zero on is a price per hour")
    price = rates[0].unit_price
    if price.currency_code != "USD":
        raise ValueError(f"the price is in {price.currency_code[:40]}, not USD")
    if price.units < 0 or not 0 <= price.nanos < 10**9:
        raise ValueError("the price is below zero or has more nanos than a unit")
    usd = (Money(price.units) + Money(price.nanos) * Decimal("1e-9")).amount
    if usd > USD_PER_GPU_HOUR_MAX or stored(usd) == 0:
        raise ValueError(f"the price {usd:.6g} USD is zero or a mistake in units")
    return usd


def _unit(expression: _Expression, kind: Kind) -> str:
    if expression.usage_unit not in _UNITS[kind]:
        raise ValueError(f"the price is per {expression.usage_unit[:40]!r}, not per hour")
    return expression.usage_unit

"""What a job costs in all with one offer: price, time as billed, storage, egress, fees, losses.

``landed`` is exact and shows every term; ``with_landed`` gives the same figures as floats for a
whole market, to rank it. Both use one set of rates. Everything is for one node: ``nodes`` is a
plan's business. Formulas and sources: docs/landed-cost.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from engine.billing import Band, Costs
from engine.cost_rates import CostKey, Rates, rates_of
from engine.money import exact, stored
from engine.quotes import CostCode, CostTerm
from engine.requirement import Requirement

_PRECISION = 250  # digits while computing: as in engine.money
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What a job costs with one offer, USD; the names are those of ``engine.quotes.Quote``.

    ``low_usd``, ``high_usd`` and ``terms`` are for the job, for an hour where it is open-ended
    (``total_usd`` None). The terms add up to the total exactly. ``deposit_usd`` is cash that is
    bound, not spent; ``deposit_note``: by whom and why.
    """

    quoted_usd_per_hour: Decimal
    total_usd: Decimal | None
    low_usd: Decimal
    high_usd: Decimal
    landed_usd_per_hour: Decimal
    landed_low_usd_per_hour: Decimal
    landed_high_usd_per_hour: Decimal
    landed_usd_per_gpu_hour: Decimal
    billed_hours: Decimal
    terms: tuple[CostTerm, ...]
    deposit_usd: Decimal
    deposit_note: str
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that is asked for, as an offer prices it; GiB and vCPU are its own, 0: unknown.

    ``extra_vcpu`` and ``extra_memory_gib``: what the job needs beyond the priced shape, where the
    buyer chooses the shape.
    """

    usd_per_hour: Decimal
    gpus: int
    is_estimate: bool
    extra_storage_gib: Decimal
    extra_vcpu: Decimal
    extra_memory_gib: Decimal


class Pricer:
    """Prices one job with many offers; the rates are worked out once per kind of offer."""

    def __init__(self, requirement: Requirement, costs: Costs) -> None:
        self._requirement = requirement
        self._costs = costs
        self._rates: dict[CostKey, Rates] = {}
        self._regions = egress_regions(costs)

    def landed(self, row: Mapping[str, object]) -> Landed:
        """Return the exact cost with an offer (a row of ``OFFER_SCHEMA``), every term shown."""
        with localcontext(prec=_PRECISION):
            key = _key(row, self._regions)
            if key not in self._rates:
                self._rates[key] = rates_of(self._requirement, key, self._costs)
            return _landed(self._requirement, _machine(self._requirement, row), self._rates[key])


def landed(requirement: Requirement, row: Mapping[str, object], costs: Costs) -> Landed:
    """Return the exact cost of a job with one offer (a row of ``OFFER_SCHEMA``)."""
    return Pricer(requirement, costs).landed(row)


def egress_regions(costs: Costs) -> frozenset[tuple[str, str]]:
    """Return the (network, region) pairs that have an egress list of their own."""
    return frozenset((r.provider, r.region) for r in costs.egress if r.direction == "internet")


def _key(row: Mapping[str, object], regions: frozenset[tuple[str, str]]) -> CostKey:
    network, region = str(row["network"]), row.get("region")
    basis = row.get("price_basis")
    return CostKey(
        network,
        str(row["term"]),
        None if basis is None else str(basis),
        row.get("source_kind") == "contract",
        str(region) if (network, region) in regions else None,
    )


def _machine(requirement: Requirement, row: Mapping[str, object]) -> Machine:
    count = _whole(row["gpu_count"])
    is_chosen = row.get("gpu_count_max") is not None
    gpus = requirement.gpus.count if is_chosen else count
    price = row["usd_per_hour"]
    assert isinstance(price, Decimal), "prices are exact where an offer is made"
    part = Decimal(gpus) / count

    def beyond(asked: float | None, name: str) -> Decimal:
        have = row.get(name)
        return max(_number(asked) - _number(have) * part, _ZERO)

    return Machine(
        usd_per_hour=stored(price * gpus / count),
        gpus=gpus,
        is_estimate=is_chosen,
        extra_storage_gib=beyond(requirement.storage_gib_min, "storage_gib"),
        extra_vcpu=beyond(requirement.vcpu_min, "vcpu") if is_chosen else _ZERO,
        extra_memory_gib=beyond(requirement.memory_gib_min, "memory_gib") if is_chosen else _ZERO,
    )


def _landed(requirement: Requirement, machine: Machine, rates: Rates) -> Landed:
    terms = tuple(_terms(requirement, machine, rates))
    usd = sum((t.usd for t in terms), _ZERO)
    low = sum((t.low_usd for t in terms), _ZERO)
    high = sum((t.high_usd for t in terms), _ZERO)
    with_fee = machine.usd_per_hour * (1 + rates.network_fee.usual)
    return Landed(
        quoted_usd_per_hour=machine.usd_per_hour,
        total_usd=None if requirement.duration_hours is None else usd,
        low_usd=low,
        high_usd=high,
        landed_usd_per_hour=stored(usd / rates.span_hours),
        landed_low_usd_per_hour=stored(low / rates.span_hours),
        landed_high_usd_per_hour=stored(high / rates.span_hours),
        landed_usd_per_gpu_hour=stored(usd / rates.span_hours / machine.gpus),
        billed_hours=stored(rates.billed_hours),
        terms=terms,
        deposit_usd=stored(max(rates.deposit_usd, rates.deposit_hours * with_fee)),
        deposit_note=rates.deposit_note,
        is_estimate=machine.is_estimate,
    )


def _terms(requirement: Requirement, machine: Machine, rates: Rates) -> Iterable[CostTerm]:
    """Every term in the order it is shown; the operator's come last, on all before them."""
    compute, lost = _compute(machine, rates)
    amounts: dict[CostCode, Band] = {"compute": compute}
    if requirement.storage_gib_min is not None:
        amounts["storage"] = _times(rates.storage, machine.extra_storage_gib)
    if requirement.egress_gb:
        amounts["egress"] = rates.egress
    if requirement.ingress_gb:
        amounts["ingress"] = rates.ingress
    pairs = zip(compute, rates.network_fee, strict=True)
    amounts["network_fee"] = Band(*(usd * fee for usd, fee in pairs))
    if any(lost):
        amounts["interruption"] = lost
    seller = Band(*(sum(parts, _ZERO) for parts in zip(*amounts.values(), strict=True)))
    amounts["platform_fee"] = _times(seller, rates.platform_fee)
    amounts["conversion"] = Band(*(s * c for s, c in zip(seller, rates.conversion, strict=True)))
    for code, band in amounts.items():
        evidence, note = rates.words[code]
        if code == "storage" and not machine.extra_storage_gib:
            evidence, note = "quoted", "within the machine's own storage"
        yield CostTerm(
            code=code,
            usd=stored(band.usual),
            low_usd=stored(band.low),
            high_usd=stored(band.high),
            evidence=evidence,
            note=note,
        )


def _compute(machine: Machine, rates: Rates) -> tuple[Band, Band]:
    """The machine for the billed time, and what is expected to be bought again."""
    extra = [
        vcpu * machine.extra_vcpu + memory * machine.extra_memory_gib
        for vcpu, memory in zip(rates.vcpu, rates.memory, strict=True)
    ]
    price = machine.usd_per_hour
    bought = Band(*(price * h + e for h, e in zip(rates.hours, extra, strict=True)))
    fees = (1 + fee for fee in rates.network_fee)
    return bought, Band(*(price * h * f for h, f in zip(rates.lost_hours, fees, strict=True)))


def _times(band: Band, factor: Decimal) -> Band:
    return Band(*(amount * factor for amount in band))


def _whole(value: object) -> int:
    assert isinstance(value, int), "a count is a whole number where an offer is made"
    return value


def _number(value: object) -> Decimal:
    return exact(str(value)) if value is not None else _ZERO

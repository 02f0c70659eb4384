"""What a job costs in all with one offer: price, time as billed, storage, egress, fees, losses.

``landed`` is exact and shows every term; ``engine.landed_market`` gives the same figures as
floats for a whole market, to rank it. Both use one set of rates. Everything is for one node:
``nodes`` is a plan's business. Formulas and sources: docs/landed-cost.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from engine.billing import Band, Costs
from engine.cost_rates import CostKey, Rater, Rates, egress_regions, span_hours
from engine.cost_words import WITHIN_THE_MACHINE, Words, deposit_note, term_words
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
        self._job = requirement
        self._costs = costs
        self._regions = egress_regions(costs)
        self._kinds: dict[CostKey, _Kind] = {}
        with localcontext(prec=_PRECISION):
            self._rater = Rater(requirement, costs)

    def landed(self, row: Mapping[str, object]) -> Landed:
        """Return the exact cost with an offer (a row of ``OFFER_SCHEMA``), every term shown."""
        with localcontext(prec=_PRECISION):
            return _landed(self._job, _machine(self._job, row), self._kind(row))

    def _kind(self, row: Mapping[str, object]) -> "_Kind":
        key = _key(row, self._regions)
        if (kind := self._kinds.get(key)) is None:
            figures = self._costs.billing.of(key.network, key.term)
            kind = self._kinds[key] = _Kind(
                rates=self._rater.rates(key),
                words=term_words(self._job, key, self._costs),
                deposit_usd=figures["deposit_usd"].band.usual,
                deposit_hours=figures["deposit_hours"].band.usual,
                deposit_note=deposit_note(key, self._costs),
            )
        return kind


def landed(requirement: Requirement, row: Mapping[str, object], costs: Costs) -> Landed:
    """Return the exact cost of a job with one offer (a row of ``OFFER_SCHEMA``)."""
    return Pricer(requirement, costs).landed(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What all offers of one kind share."""

    rates: Rates
    words: Mapping[CostCode, Words]
    deposit_usd: Decimal
    deposit_hours: Decimal
    deposit_note: str


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


def machine_usd_per_hour(row: Mapping[str, object], count: int) -> Decimal:
    """Return the exact price of the asked machine: where the buyer chooses it, its GPUs' part."""
    price = row["usd_per_hour"]
    assert isinstance(price, Decimal), "prices are exact where an offer is made"
    if row.get("gpu_count_max") is None:
        return price
    with localcontext(prec=_PRECISION):
        return stored(price * count / _whole(row["gpu_count"]))


def _machine(requirement: Requirement, row: Mapping[str, object]) -> Machine:
    count = _whole(row["gpu_count"])
    is_chosen = row.get("gpu_count_max") is not None
    gpus = requirement.gpus.count if is_chosen else count
    part = Decimal(gpus) / count

    def beyond(asked: float | None, name: str) -> Decimal:
        have = row.get(name)
        return max(_number(asked) - _number(have) * part, _ZERO)

    return Machine(
        usd_per_hour=machine_usd_per_hour(row, gpus),
        gpus=gpus,
        is_estimate=is_chosen,
        extra_storage_gib=beyond(requirement.storage_gib_min, "storage_gib"),
        extra_vcpu=beyond(requirement.vcpu_min, "vcpu") if is_chosen else _ZERO,
        extra_memory_gib=beyond(requirement.memory_gib_min, "memory_gib") if is_chosen else _ZERO,
    )


def _landed(job: Requirement, machine: Machine, kind: _Kind) -> Landed:
    terms = tuple(_terms(job, machine, kind))
    span = span_hours(job)
    usd = sum((t.usd for t in terms), _ZERO)
    low = sum((t.low_usd for t in terms), _ZERO)
    high = sum((t.high_usd for t in terms), _ZERO)
    deposit = kind.deposit_hours * machine.usd_per_hour * (1 + kind.rates.network_fee.usual)
    return Landed(
        quoted_usd_per_hour=machine.usd_per_hour,
        total_usd=None if job.duration_hours is None else usd,
        low_usd=low,
        high_usd=high,
        landed_usd_per_hour=stored(usd / span),
        landed_low_usd_per_hour=stored(low / span),
        landed_high_usd_per_hour=stored(high / span),
        landed_usd_per_gpu_hour=stored(usd / span / machine.gpus),
        billed_hours=stored(kind.rates.billed_hours),
        terms=terms,
        deposit_usd=stored(max(kind.deposit_usd, deposit)),
        deposit_note=kind.deposit_note,
        is_estimate=machine.is_estimate,
    )


def _terms(job: Requirement, machine: Machine, kind: _Kind) -> Iterator[CostTerm]:
    for code, band in _amounts(job, machine, kind.rates).items():
        within = code == "storage" and not machine.extra_storage_gib
        evidence, note = WITHIN_THE_MACHINE if within else kind.words[code]
        yield CostTerm(
            code=code,
            usd=stored(band.usual),
            low_usd=stored(band.low),
            high_usd=stored(band.high),
            evidence=evidence,
            note=note,
        )


def _amounts(job: Requirement, machine: Machine, rates: Rates) -> dict[CostCode, Band]:
    """Every term in the order it is shown; the operator's come last, on all before them."""
    compute, lost = _compute(machine, rates)
    amounts: dict[CostCode, Band] = {"compute": compute}
    if job.storage_gib_min is not None:
        amounts["storage"] = _times(rates.storage, machine.extra_storage_gib)
    if job.egress_gb:
        amounts["egress"] = rates.egress
    if job.ingress_gb:
        amounts["ingress"] = rates.ingress
    pairs = zip(compute, rates.network_fee, strict=True)
    amounts["network_fee"] = Band(*(usd * fee for usd, fee in pairs))
    if any(lost):
        amounts["interruption"] = lost
    seller = Band(*(sum(parts, _ZERO) for parts in zip(*amounts.values(), strict=True)))
    amounts["platform_fee"] = _times(seller, rates.platform_fee)
    amounts["conversion"] = Band(*(s * c for s, c in zip(seller, rates.conversion, strict=True)))
    return amounts


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

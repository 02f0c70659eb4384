"""What one job is billed per dollar of hourly price, by one kind of offer.

All offers of one network, term, price basis and egress list share these rates, so that a job is
worked out once per kind and not once per offer. Formulas and sources: docs/landed-cost.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from engine.billing import HOURS_A_MONTH, NOTHING, Band, Costs, Figure, Item, flat
from engine.egress import EgressRate
from engine.money import stored
from engine.requirement import Requirement

EGRESS_HOURS = Decimal(720)
"""Egress is priced by months of 30 days; an open-ended job's is asked for within one."""
HOUR_SECONDS = Decimal(3600)
GB_PER_GIB = Decimal("1.073741824")

_ONE = Decimal(1)
_ZERO = Decimal(0)


class CostKey(NamedTuple):
    """What the rates of an offer depend on; ``egress_region``: a region with its own list."""

    network: str
    term: str
    price_basis: str | None = None
    is_contract: bool = False
    egress_region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Factors of one job with one kind of offer; amounts are USD for the job (or an hour of it).

    ``hours`` (billed) and ``lost_hours`` (expected to be bought again) multiply the price an hour.
    ``storage``, ``vcpu``, ``memory``: USD per GiB or vCPU beyond the machine's own.
    """

    hours: Band
    billed_hours: Decimal
    lost_hours: Band
    network_fee: Band
    egress: Band
    ingress: Band
    storage: Band
    vcpu: Band
    memory: Band
    platform_fee: Decimal
    conversion: Band


class Rater:
    """Works out a job's rates, once per kind of offer."""

    def __init__(self, requirement: Requirement, costs: Costs) -> None:
        self._job = requirement
        self._costs = costs
        self.span = span_hours(requirement)
        self._egress: dict[str | None, dict[str | None, Decimal]] = {}
        for rate in internet_lists(costs):
            regions = self._egress.setdefault(rate.provider, {})
            regions[rate.region] = self._moved(rate)
            regions.setdefault(None, regions[rate.region])
        self._dearest = max((r[None] for r in self._egress.values()), default=_ZERO)

    def rates(self, key: CostKey) -> Rates:
        """Return the rates of one kind of offer."""
        figures, job = self._costs.billing.of(key.network, key.term), self._job
        hours, billed = self._hours(key)
        return Rates(
            hours=hours,
            billed_hours=billed,
            lost_hours=self._lost_hours(key),
            network_fee=fee_of(key, self._costs).band,
            egress=self._egress_of(key),
            ingress=self._per_gb(figures["ingress_usd_per_gb"].band, job.ingress_gb),
            storage=self._per_month(
                figures["storage_usd_per_gb_month"], job.storage_gib_min, GB_PER_GIB
            ),
            vcpu=self._per_month(figures["vcpu_usd_per_month"], job.vcpu_min, _ONE),
            memory=self._per_month(
                figures["memory_usd_per_gb_month"], job.memory_gib_min, GB_PER_GIB
            ),
            platform_fee=self._costs.platform_fee,
            conversion=conversion_of(key, self._costs).band,
        )

    def _hours(self, key: CostKey) -> tuple[Band, Decimal]:
        figures = self._costs.billing.of(key.network, key.term)
        share = figures["metered_share"]
        part = share.band if share.value is not None else flat(_ONE)
        if self._job.duration_hours is None:
            return part, _ONE
        units = _units(figures["granularity_seconds"])
        least = minimum_of(key, self._costs).band
        low, usual, high = (
            billed_seconds(self.span * HOUR_SECONDS, *pair) / HOUR_SECONDS
            for pair in zip(units, least, strict=True)
        )
        billed = Band(min(low, usual), usual, max(usual, high))
        return Band(*(b * p for b, p in zip(billed, part, strict=True))), usual

    def _lost_hours(self, key: CostKey) -> Band:
        """Rate x (half a checkpoint + restart); at most a whole checkpoint is lost."""
        if key.term != "spot":
            return NOTHING
        figures = self._costs.billing.of(key.network, key.term)
        restart = figures["restart_minutes"].band
        saved = figures["checkpoint_minutes"].band
        if self._job.checkpoint_minutes is not None:
            saved = flat(Decimal(str(self._job.checkpoint_minutes)))
        lost = (saved.low / 2, saved.usual / 2, saved.high)
        parts = zip(figures["interruptions_per_hour"].band, lost, restart, strict=True)
        return Band(*(rate * self.span * (work + again) / 60 for rate, work, again in parts))

    def _egress_of(self, key: CostKey) -> Band:
        if not self._job.egress_gb:
            return NOTHING
        if regions := self._egress.get(key.network):
            return flat(regions.get(key.egress_region, regions[None]))
        figure = self._costs.billing.of(key.network, key.term)["egress_usd_per_gb"]
        if figure.value is None:
            return Band(_ZERO, _ZERO, self._dearest)
        return self._per_gb(figure.band, self._job.egress_gb)

    def _moved(self, rate: EgressRate) -> Decimal:
        """USD for the job's egress by a list; an open-ended one's hour of what moves in a month."""
        gb, hours = self._job.egress_gb, self._job.duration_hours
        return rate.cost(gb).amount / EGRESS_HOURS if hours is None else monthly(rate, gb, hours)

    def _per_gb(self, usd_per_gb: Band, gb: Decimal) -> Band:
        part = _ONE if self._job.duration_hours is not None else EGRESS_HOURS
        return Band(*(usd * gb / part for usd in usd_per_gb)) if any(usd_per_gb) else NOTHING

    def _per_month(self, figure: Figure, asked: float | None, per_unit: Decimal) -> Band:
        if asked is None or not any(figure.band):
            return NOTHING
        factor = per_unit * self.span / HOURS_A_MONTH
        return Band(*(usd * factor for usd in figure.band))


def span_hours(requirement: Requirement) -> Decimal:
    """Return the hours that amounts are for: the job's, or one of an open-ended job."""
    return requirement.duration_hours or _ONE


def internet_lists(costs: Costs) -> Iterator[EgressRate]:
    return (rate for rate in costs.egress if rate.direction == "internet")


def egress_regions(costs: Costs) -> frozenset[tuple[str, str]]:
    """Return the (network, region) pairs that have an egress list of their own."""
    return frozenset((rate.provider, rate.region) for rate in internet_lists(costs))


def fee_of(key: CostKey, costs: Costs) -> Figure:
    """Return the network's fee on top of the price; none on a contract or another price basis."""
    fee = costs.billing.of(key.network, key.term)["network_fee"]
    if key.is_contract:
        return _NO_FEE_BY_CONTRACT
    return fee if fee.price_basis in (None, key.price_basis) else _FEE_WITHIN


def conversion_of(key: CostKey, costs: Costs) -> Figure:
    """Return what buying the network's credit costs: the operator's setting, else the network's."""
    own = costs.conversion_fee(key.network)
    if own is None:
        return costs.billing.of(key.network, key.term)["conversion"]
    note = f"{own * 100:f} % for buying what the network takes, set by the operator"
    return Figure(item="conversion", value=own, evidence="documented", note=note)


def minimum_of(key: CostKey, costs: Costs) -> Figure:
    """Return the least time that is billed; a contract's commitment is not this job's cost."""
    if key.is_contract:
        return _NO_MINIMUM_BY_CONTRACT
    return costs.billing.of(key.network, key.term)["minimum_seconds"]


def billed_seconds(seconds: Decimal, granularity: Decimal, minimum: Decimal) -> Decimal:
    """Return the time that is billed: whole units, and no less than the minimum."""
    if granularity:
        units = (seconds / granularity).to_integral_value(ROUND_CEILING)
        seconds = units * granularity
    return max(seconds, minimum)


def monthly(rate: EgressRate, gb: Decimal, hours: Decimal) -> Decimal:
    """Return what ``gb`` spread evenly over so many hours cost by a monthly list, USD."""
    if hours <= EGRESS_HOURS:
        return rate.cost(gb).amount
    whole, rest = divmod(hours, EGRESS_HOURS)
    full_month = rate.cost(stored(gb * EGRESS_HOURS / hours)).amount
    return whole * full_month + rate.cost(stored(gb * rest / hours)).amount


def _units(granularity: Figure) -> Band:
    """The unit of time; where nobody says, time counts exactly, at most to the started hour."""
    low, usual, high = granularity.band
    return Band(low, usual, HOUR_SECONDS if granularity.value is None else high)


def _given(item: Item, note: str) -> Figure:
    return Figure(item=item, value=_ZERO, evidence="quoted", note=note)


_NO_FEE_BY_CONTRACT = _given("network_fee", "the contract's price is what is paid")
_FEE_WITHIN = _given("network_fee", "within the price")
_NO_MINIMUM_BY_CONTRACT = _given(
    "minimum_seconds", "what the contract commits to is not a cost of this job"
)

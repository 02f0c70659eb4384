"""What one job would be billed per dollar of hourly price, by one kind of offer.

All offers of one network, term, price basis and egress list share these rates, so that a job is
worked out once per kind and not once per offer. Formulas and sources: docs/landed-cost.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from engine.billing import HOURS_A_MONTH, NOTHING, Band, Costs, Figure, Item, flat
from engine.egress import EgressRate
from engine.quotes import CostCode, Evidence
from engine.requirement import Requirement

EGRESS_HOURS = Decimal(720)
"""Egress is priced by months of 30 days; an open-ended job's is asked for within one."""

_HOUR = Decimal(3600)
_GB_PER_GIB = Decimal("1.073741824")
_MINUTES = Decimal(60)
_PUBLISHED = ("customer_price", "as_published_per_gpu", "list", "gpu_only")


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

    ``hours`` and ``lost_hours`` multiply the price an hour. ``storage``, ``vcpu``, ``memory``:
    USD per GiB or vCPU beyond the machine's own. ``words``: how sure each term is, and why.
    """

    span_hours: Decimal
    billed_hours: Decimal
    hours: Band
    lost_hours: Band
    network_fee: Band
    egress: Band
    ingress: Band
    storage: Band
    vcpu: Band
    memory: Band
    platform_fee: Decimal
    conversion: Band
    deposit_usd: Decimal
    deposit_hours: Decimal
    words: Mapping[CostCode, tuple[Evidence, str]]
    deposit_note: str


def rates_of(requirement: Requirement, key: CostKey, costs: Costs) -> Rates:
    """Return the rates of a job with one kind of offer."""
    told = _Told(requirement, key, costs)
    egress, egress_words = told.egress()
    hours, billed_hours, compute_words = told.compute()
    lost_hours, interruption_words = told.interruption()
    fee, conversion = told.network_fee(), told.conversion()
    storage, ingress = told.figure("storage_usd_per_gb_month"), told.figure("ingress_usd_per_gb")
    deposits = [told.figure(item) for item in ("deposit_usd", "deposit_hours")]
    return Rates(
        span_hours=told.span,
        billed_hours=billed_hours,
        hours=hours,
        lost_hours=lost_hours,
        network_fee=fee.band(),
        egress=egress,
        ingress=told.per_gb(ingress.band(), requirement.ingress_gb),
        storage=told.per_month(storage, _GB_PER_GIB),
        vcpu=told.per_month(told.figure("vcpu_usd_per_month"), Decimal(1)),
        memory=told.per_month(told.figure("memory_usd_per_gb_month"), _GB_PER_GIB),
        platform_fee=costs.platform_fee,
        conversion=conversion.band(),
        deposit_usd=deposits[0].band().usual,
        deposit_hours=deposits[1].band().usual,
        words={
            "compute": compute_words,
            "storage": words(storage),
            "egress": egress_words,
            "ingress": words(ingress),
            "network_fee": words(fee),
            "platform_fee": _platform_words(costs.platform_fee),
            "conversion": words(conversion),
            "interruption": interruption_words,
        },
        deposit_note="; ".join(
            f"{d.note} ({d.evidence}; {d.source})" for d in deposits if d.band().usual
        ),
    )


def words(figure: Figure) -> tuple[Evidence, str]:
    """Return how sure a figure is, and its note with the source."""
    return figure.evidence, f"{figure.note} ({figure.source})" if figure.source else figure.note


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
    full_month = rate.cost(gb * EGRESS_HOURS / hours).amount
    return whole * full_month + rate.cost(gb * rest / hours).amount


class _Told(NamedTuple):
    """One job, one kind of offer, and the tables: what each term comes to."""

    requirement: Requirement
    key: CostKey
    costs: Costs

    @property
    def span(self) -> Decimal:
        """Hours that the amounts are for: the job's, or one of an open-ended job."""
        return self.requirement.duration_hours or Decimal(1)

    def figure(self, item: Item) -> Figure:
        return self.costs.billing.figure(item, self.key.network, self.key.term)

    def per_month(self, figure: Figure, per_unit: Decimal) -> Band:
        factor = per_unit * self.span / HOURS_A_MONTH
        return Band(*(amount * factor for amount in figure.band()))

    def per_gb(self, usd_per_gb: Band, gb: Decimal) -> Band:
        """USD for data moved within the job; of an open-ended one an hour's part of 30 days."""
        return Band(*(amount * gb * self._hourly() for amount in usd_per_gb))

    def compute(self) -> tuple[Band, Decimal, tuple[Evidence, str]]:
        share = self.figure("metered_share")
        part = share.band() if share.value is not None else flat(Decimal(1))
        granularity, minimum = self.figure("granularity_seconds"), self._minimum()
        billed = flat(_HOUR)
        if self.requirement.duration_hours is not None:
            seconds = self.requirement.duration_hours * _HOUR
            units, least = granularity.band(unknown_high=_HOUR), minimum.band()
            low, usual, high = (
                billed_seconds(seconds, *p) for p in zip(units, least, strict=True)
            )
            billed = Band(min(low, usual), usual, max(usual, high))
        hours = Band(*(b * p / _HOUR for b, p in zip(billed, part, strict=True)))
        told = [f for f in (granularity, minimum, share) if f.note]
        notes = [self._price_note(), *(f"{f.note} ({f.evidence})" for f in told)]
        evidence: Evidence = "published" if self.key.price_basis in _PUBLISHED else "quoted"
        return hours, billed.usual / _HOUR, (evidence, "; ".join(notes))

    def interruption(self) -> tuple[Band, tuple[Evidence, str]]:
        """Hours that are expected to be bought twice: rate x (half a checkpoint + restart)."""
        rate = self.figure("interruptions_per_hour")
        if self.key.term != "spot":
            return NOTHING, ("quoted", "not sold as interruptible")
        restart = self.figure("restart_minutes")
        checkpoint, saved = self._checkpoint()
        per_stop = (
            checkpoint.low / 2 + restart.band().low,
            checkpoint.usual / 2 + restart.band().usual,
            checkpoint.high + restart.band().high,
        )
        pairs = zip(rate.band(), per_stop, strict=True)
        lost = Band(*(r * self.span * minutes / _MINUTES for r, minutes in pairs))
        note = f"{rate.note}; {saved}; {restart.note}"
        return lost, (rate.evidence, f"{note} ({rate.source})" if rate.source else note)

    def network_fee(self) -> Figure:
        fee = self.figure("network_fee")
        if self.key.is_contract:
            return _none("network_fee", "the contract's price is what is paid")
        if fee.price_basis and fee.price_basis != self.key.price_basis:
            return _none("network_fee", "within the price")
        return fee

    def conversion(self) -> Figure:
        own = self.costs.conversion_fee(self.key.network)
        if own is None:
            return self.figure("conversion")
        note = f"{own * 100:f} % for buying what the network takes, set by the operator"
        return Figure(item="conversion", value=own, evidence="documented", note=note)

    def egress(self) -> tuple[Band, tuple[Evidence, str]]:
        gb, hours = self.requirement.egress_gb, self._egress_hours()
        figure = self.figure("egress_usd_per_gb")
        lists = [r for r in self.costs.egress if r.direction == "internet"]
        if not gb:
            return NOTHING, ("quoted", "no egress is asked for")
        if rate := self._list(lists):
            usd = monthly(rate, gb, hours) * self._hourly()
            return flat(usd), _list_words(rate, is_its_own=self.key.egress_region is not None)
        if figure.value is not None:
            return self.per_gb(figure.band(), gb), words(figure)
        dearest = max((monthly(r, gb, hours) for r in lists), default=Decimal(0))
        note = "the network has not said what egress costs; at most the dearest cloud's list price"
        return Band(Decimal(0), Decimal(0), dearest * self._hourly()), ("unknown", note)

    def _list(self, lists: list[EgressRate]) -> EgressRate | None:
        mine = [r for r in lists if r.provider == self.key.network]
        own = [r for r in mine if r.region == self.key.egress_region]
        return next(iter(own or mine), None)

    def _egress_hours(self) -> Decimal:
        return self.requirement.duration_hours or EGRESS_HOURS

    def _hourly(self) -> Decimal:
        """An open-ended job's hour of what moves within 30 days; a job's all."""
        return Decimal(1) if self.requirement.duration_hours else 1 / EGRESS_HOURS

    def _minimum(self) -> Figure:
        if self.key.is_contract:
            return _none("minimum_seconds", "")
        return self.figure("minimum_seconds")

    def _checkpoint(self) -> tuple[Band, str]:
        asked = self.requirement.checkpoint_minutes
        if asked is None:
            assumed = self.figure("checkpoint_minutes")
            return assumed.band(), assumed.note
        return flat(Decimal(str(asked))), f"work is saved every {asked:g} minutes"

    def _price_note(self) -> str:
        if self.key.price_basis == "gpu_only":
            return "price of the GPU alone: the machine's CPU and RAM come on top and are not known"
        return "the price an hour" if not self.key.is_contract else "the contract's price an hour"


def _none(item: Item, note: str) -> Figure:
    return Figure(item=item, value=Decimal(0), evidence="quoted", note=note)


def _platform_words(fee: Decimal) -> tuple[Evidence, str]:
    if not fee:
        return "documented", "the operator has set no fee"
    return "documented", f"{fee * 100:f} % of what the seller is paid, set by the operator"


def _list_words(rate: EgressRate, *, is_its_own: bool) -> tuple[Evidence, str]:
    where = "" if is_its_own else f", as recorded for {rate.region}"
    note = f"{rate.service}{where}, monthly tiers, {rate.free_gb_per_month:f} GB a month free"
    return ("published" if is_its_own else "inferred"), f"{note} ({rate.source_url})"

"""What a network bills besides its price: units of time, minimums, fees, deposits; with sources.

A figure is what one network says (or most likely does) about one item on one term. ``unknown`` is
written down too: it counts as zero and is said (docs/landed-cost.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from engine.egress import EgressRate
from engine.quotes import Evidence

Item = Literal[
    "granularity_seconds",
    "minimum_seconds",
    "metered_share",
    "storage_usd_per_gb_month",
    "vcpu_usd_per_month",
    "memory_usd_per_gb_month",
    "egress_usd_per_gb",
    "ingress_usd_per_gb",
    "network_fee",
    "conversion",
    "deposit_usd",
    "deposit_hours",
    "interruptions_per_hour",
    "restart_minutes",
    "checkpoint_minutes",
]
"""Fees, conversion and the metered share are fractions; a month is ``HOURS_A_MONTH``."""

ANY = "any"
"""Of every network, or on every term, unless a figure of the network or the term says otherwise."""
HOURS_A_MONTH = Decimal("730.488")
"""30.437 days: 438,292.8 blocks at 600 an hour, the Akash Console's own month."""

_ZERO = Decimal(0)


class Band(NamedTuple):
    """An amount and the least and the most that it may be."""

    low: Decimal
    usual: Decimal
    high: Decimal


NOTHING = Band(_ZERO, _ZERO, _ZERO)


def flat(amount: Decimal) -> Band:
    """Return an amount that is certain."""
    return Band(amount, amount, amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure with where it is from; ``value`` None and evidence ``unknown`` go together.

    ``low`` and ``high`` (None: the value) say how far it may be off. ``price_basis``: it counts
    only for prices of that kind; None: for all. Raises ValueError for a band out of order.
    """

    item: Item
    value: Decimal | None
    evidence: Evidence
    low: Decimal | None = None
    high: Decimal | None = None
    price_basis: str | None = None
    source: str = ""
    source_url: str = ""
    observed_on: date | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.evidence == "unknown"):
            raise ValueError(f"{self.item}: a figure without a value is unknown, and only such one")
        band = self.band()
        if not 0 <= band.low <= band.usual <= band.high:
            raise ValueError(f"{self.item}: {band.low} to {band.usual} to {band.high} is no band")

    def band(self, unknown_high: Decimal = _ZERO) -> Band:
        """Return the band; an unknown figure counts as zero, and may be ``unknown_high``."""
        if self.value is None:
            return Band(_ZERO, _ZERO, unknown_high if self.high is None else self.high)
        low = self.value if self.low is None else self.low
        return Band(low, self.value, self.value if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class Billing:
    """Every known figure by (network, term, item); network and term may be ``ANY``."""

    figures: Mapping[tuple[str, str, Item], Figure]

    def figure(self, item: Item, network: str, term: str) -> Figure:
        """Return the closest figure: of the network on the term, of the network, of the term."""
        for place in ((network, term), (network, ANY), (ANY, term), (ANY, ANY)):
            if found := self.figures.get((*place, item)):
                return found
        return Figure(item=item, value=None, evidence="unknown", note="no figure is recorded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Everything that turns a price into a landed cost.

    ``platform_fee`` and ``conversion_fees`` (by network, or ``ANY``) are the operator's settings:
    fractions of all that is paid to the seller, none until they are set. ``version``: fingerprint
    of the shipped tables. Raises ValueError for a fee that is no fraction.
    """

    billing: Billing
    egress: tuple[EgressRate, ...] = ()
    platform_fee: Decimal = _ZERO
    conversion_fees: Mapping[str, Decimal] = field(default_factory=dict)
    version: str = ""

    def __post_init__(self) -> None:
        for name, fee in {"platform fee": self.platform_fee, **self.conversion_fees}.items():
            if not fee.is_finite() or not 0 <= fee <= 1:
                raise ValueError(f"{name}: {fee} is no fraction of a price (10 % is 0.10)")

    def conversion_fee(self, network: str) -> Decimal | None:
        """Return the operator's own conversion fee for a network, None where none is set."""
        return self.conversion_fees.get(network, self.conversion_fees.get(ANY))

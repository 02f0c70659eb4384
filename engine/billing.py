"""What a network bills besides its price: units of time, minimums, fees, deposits; with sources.

A figure is what one network says (or most likely does) about one item on one term. ``unknown`` is
written down too: it counts as zero and is said (docs/landed-cost.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

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

NOT_RECORDED = "no figure is recorded"

_KINDS_MAX = 10_000  # kept: no market has as many networks and terms
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

    ``low`` and ``high`` (None: the value) say how far it may be off; ``band``: all three, zero
    where it is unknown. ``price_basis``: it counts only for prices of that kind; None: for all.
    Raises ValueError for a band out of order.
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
    band: Band = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.value is None) != (self.evidence == "unknown"):
            raise ValueError(f"{self.item}: a figure without a value is unknown, and only such one")
        usual = self.value or _ZERO
        band = Band(
            usual if self.low is None else self.low,
            usual,
            usual if self.high is None else self.high,
        )
        if not 0 <= band.low <= band.usual <= band.high:
            raise ValueError(f"{self.item}: {band.low} to {band.usual} to {band.high} is no band")
        object.__setattr__(self, "band", band)

    @property
    def is_recorded(self) -> bool:
        """Whether the tables say anything of it, be it that it is unknown."""
        return self.note != NOT_RECORDED


_UNRECORDED: Mapping[Item, Figure] = {
    item: Figure(item=item, value=None, evidence="unknown", note=NOT_RECORDED)
    for item in get_args(Item)
}


@dataclass(frozen=True, slots=True)
class Billing:
    """Every known figure by (network, term, item); network and term may be ``ANY``."""

    figures: Mapping[tuple[str, str, Item], Figure]
    _by_kind: dict[tuple[str, str], dict[Item, Figure]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def of(self, network: str, term: str) -> Mapping[Item, Figure]:
        """Return every item's closest figure: of the network on the term, of either, of any."""
        known = self._by_kind.get((network, term))
        if known is None:
            known = dict(_UNRECORDED)
            for place in ((ANY, ANY), (ANY, term), (network, ANY), (network, term)):
                found = {item: self.figures.get((*place, item)) for item in known}
                known |= {item: figure for item, figure in found.items() if figure}
            if len(self._by_kind) < _KINDS_MAX:
                self._by_kind[network, term] = known
        return known


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

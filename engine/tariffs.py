"""What moving data between the jobs of a plan costs, by the sellers' published lists."""

from collections.abc import Iterable
from decimal import Decimal

from engine.egress import Direction, EgressRate, egress_cost
from engine.portfolio_types import Zone


class FreeMoves:
    """Data moves for nothing, wherever it goes."""

    is_regional = False

    def rates(self, source: Zone, gb: Decimal) -> tuple[float, float]:
        del source, gb
        return 0.0, 0.0

    def is_known(self, source: Zone) -> bool:
        del source
        return True


class ListedMoves:
    """The source pays by its published list; arriving is free.

    Each edge is priced by itself over the tiers of one month. The free gigabytes of a month are not
    counted: a plan's jobs share them with everything else of the account. ``is_regional`` False:
    moving inside one network is free (SkyPilot's model). A region without a list of its own has its
    network's first one.
    """

    def __init__(self, rates: Iterable[EgressRate], *, is_regional: bool = True) -> None:
        self.is_regional = is_regional
        self._by: dict[tuple[str, str | None, Direction], EgressRate] = {}
        for rate in rates:
            self._by.setdefault((rate.provider, rate.region, rate.direction), rate)
            self._by.setdefault((rate.provider, None, rate.direction), rate)

    def rates(self, source: Zone, gb: Decimal) -> tuple[float, float]:
        inside = self._usd(source, "inter_region", gb) if self.is_regional else 0.0
        return inside, self._usd(source, "internet", gb)

    def is_known(self, source: Zone) -> bool:
        return self._rate(source, "internet") is not None

    def _usd(self, source: Zone, direction: Direction, gb: Decimal) -> float:
        rate = self._rate(source, direction)
        return 0.0 if rate is None else float(egress_cost(rate.tiers, gb).amount)

    def _rate(self, source: Zone, direction: Direction) -> EgressRate | None:
        network, region = source
        own = self._by.get((network, region, direction))
        return own or self._by.get((network, None, direction))

"""What happens to the winner when prices move: who wins at other prices, and from where on.

A move is of one network's prices (a token's rate moves a whole network), or of all at once. What is
no price (egress by list, storage) stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from engine.decision import Decision
from engine.quoting import NEAR

MOVES = (-0.2, -0.1, 0.1, 0.2)
"""Prices 20 % lower to 20 % higher."""
NETWORKS_MAX = 20

_COST = "landed_usd_per_hour"


@dataclass(frozen=True, slots=True)
class MovedWinner:
    """Who wins when prices moved by ``move`` (a fraction), and at which landed cost per hour."""

    move: float
    offer_id: str
    landed_usd_per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMoves:
    """One network's prices move (None: every price) and all else stays.

    ``switches_at``: the smallest move, as a fraction, from which on another offer wins than now
    (``next_offer_id``); None: never. Figures are quick ones, good to eight digits.
    """

    network: str | None
    winners: tuple[MovedWinner, ...]
    switches_at: float | None
    next_offer_id: str | None


class _Line(NamedTuple):
    """An offer's landed cost per hour: ``price`` moves, ``rest`` stays."""

    row: int
    network: str
    price: float
    rest: float

    def cost(self, network: str | None, move: float) -> float:
        factor = 1 + move if network in (None, self.network) else 1.0
        return self.price * factor + self.rest


def price_moves(decision: Decision) -> tuple[PriceMoves, ...]:
    """Return what moving prices would change: of all prices, then of each network by its cost.

    The winner is the cheapest offer that passes; of equal ones the one that comes first now.
    """
    lines = _lines(decision)
    networks = list(dict.fromkeys(line.network for line in lines))[:NETWORKS_MAX]
    ids = decision.market.offers["offer_id"]
    return tuple(_moves(network, lines, ids) for network in (None, *networks)) if lines else ()


def _moves(network: str | None, lines: Sequence[_Line], ids: pl.Series) -> PriceMoves:
    switch = _switch(network, lines)
    winners = [(move, _winner(network, lines, move)) for move in MOVES]
    return PriceMoves(
        network=network,
        winners=tuple(
            MovedWinner(move, ids[one.row], one.cost(network, move)) for move, one in winners
        ),
        switches_at=None if switch is None else switch[0],
        next_offer_id=None if switch is None else ids[switch[1].row],
    )


def _winner(network: str | None, lines: Sequence[_Line], move: float) -> _Line:
    """Return the cheapest; costs that nearly agree are equal, and the first of them wins."""
    least = min(line.cost(network, move) for line in lines)
    return next(line for line in lines if line.cost(network, move) <= least * (1 + NEAR))


def _switch(network: str | None, lines: Sequence[_Line]) -> tuple[float, _Line] | None:
    """Return where the first line stops being the lowest, and which one is lower from there on."""
    first = lines[0]
    crossings = []
    for place, line in enumerate(lines[1:]):
        moved = line.cost(network, 0.0) - line.cost(network, -1.0)
        moved_first = first.cost(network, 0.0) - first.cost(network, -1.0)
        if abs(moved - moved_first) > NEAR * max(moved, moved_first):
            ahead = line.cost(network, 0.0) - first.cost(network, 0.0)
            move = max(ahead, 0.0) / (moved_first - moved)
            if move > -1:
                crossings.append((abs(move), place, move, line))
    if not crossings:
        return None
    _, _, move, line = min(crossings)
    return move + 0.0, line


def _lines(decision: Decision) -> list[_Line]:
    """Return the offers that may win at some prices, the cheapest now first.

    Of a network an offer can only win when prices rise if its price is the lowest of those that are
    no dearer now, and only when they fall if the rest of its cost is.
    """
    costs = decision.quotes.ranked
    rest = decision.quotes.quoter.costs(costs["row"], price_factor=0.0)
    market = decision.market
    places = market.offers["place"].gather(costs["row"])
    lines = costs.select("row", "cost_key", "is_unknown", cost=_COST).with_columns(
        place=places, rest=rest[_COST]
    )
    if decision.policy.objective != "cost":
        lines = lines.sort("cost", "is_unknown", "row")
    lines = lines.unique(["cost_key", "rest"], keep="first", maintain_order=True)
    lines = lines.with_columns(
        price=pl.col("cost") - pl.col("rest"),
        network=market.places["network"].gather(lines["place"]),
    )
    lowest = [
        (pl.col(name) < pl.col(name).cum_min().shift(1)).over("network").fill_null(value=True)
        for name in ("price", "rest")
    ]
    kept = lines.filter(pl.any_horizontal(*lowest))
    return [_Line(*row) for row in kept.select("row", "network", "price", "rest").iter_rows()]

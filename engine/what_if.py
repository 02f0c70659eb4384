"""What if: what each constraint costs, what moving prices would change, and hyperscalers' prices.

All of it is compared with the cheapest offer that passes, whatever the policy's objective is.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.decision import Decision
from engine.price_moves import PriceMoves, price_moves
from engine.relaxations import Relaxation, relaxations
from engine.same_job import SameJob, same_job


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The answers, with the cheapest offer that passes now (None: none does).

    ``relaxations``: what saves most first. ``price_moves``: of all prices, then by network.
    ``same_job``: at every hyperscaler of the market, by name.
    """

    offer_id: str | None
    landed_usd_per_hour: Decimal | None
    relaxations: tuple[Relaxation, ...]
    price_moves: tuple[PriceMoves, ...]
    same_job: tuple[SameJob, ...]


def what_if(decision: Decision) -> WhatIf:
    """Return what a buyer asks after a decision: why so dear, how sure, and compared with what."""
    best = cheapest_row(decision)
    usd = None
    if best is not None:
        usd = decision.quotes.quoter.exact(best).landed_usd_per_hour
    return WhatIf(
        offer_id=None if best is None else decision.market.offers["offer_id"][best],
        landed_usd_per_hour=usd,
        relaxations=relaxations(decision, usd),
        price_moves=price_moves(decision),
        same_job=same_job(decision, best),
    )


def cheapest_row(decision: Decision) -> int | None:
    """Return the row of the cheapest offer that passes, None where none does."""
    if not len(decision.quotes):
        return None
    if decision.policy.objective == "cost":
        return next(decision.quotes.rows())
    ranked = decision.quotes.ranked
    first = ranked.sort("landed_usd_per_hour", "is_unknown", "row").head(1)
    return int(first["row"].item())

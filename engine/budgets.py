"""What a cost centre may commit in a month."""

import re
from dataclasses import dataclass
from decimal import Decimal

from engine.assets import USD, Unfit, minor_units, shown
from engine.commands import Refused
from engine.money import Money, exact

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_NAME_LENGTH_MAX = 100


class BadBudget(ValueError):
    """The budget cannot be set: the sentence says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit in USD for a cost centre in a month ("2026-11"). Made by ``budget_of``."""

    cost_centre: str
    month: str
    usd: Decimal


def budget_of(cost_centre: str, month: str, usd: str) -> Budget:
    """Read a budget as a person wrote it; raises BadBudget."""
    if not _MONTH.fullmatch(month):
        raise BadBudget(f"{month[:20]!r} is no month: write it as 2026-11")
    name = cost_centre.strip()
    if not 0 < len(name) <= _NAME_LENGTH_MAX or not name.isprintable():
        raise BadBudget(f"a cost centre is 1 to {_NAME_LENGTH_MAX} printable characters")
    try:
        amount = exact(usd.replace(",", ""))
        minor_units(Money(amount), USD)
    except (ValueError, Unfit):
        raise BadBudget(f"{usd[:40]!r} is no amount: write dollars and cents, as 5000.00") from None
    if amount < 0:
        raise BadBudget("a budget is not negative: set it to 0 to stop new orders")
    return Budget(cost_centre=name, month=month, usd=amount)


def check_budget(
    cost_centre: str, month: str, limit_cents: int | None, committed_cents: int, asked_cents: int
) -> None:
    """Raise Refused, with the numbers, where an order would commit more than is left."""
    if limit_cents is None or committed_cents + asked_cents <= limit_cents:
        return
    over = committed_cents + asked_cents - limit_cents
    raise Refused(
        f"the budget of {cost_centre} for {month} is ${shown(limit_cents, USD)}, "
        f"${shown(committed_cents, USD)} of it is committed and this order sets aside "
        f"${shown(asked_cents, USD)}: ${shown(over, USD)} too much. Ask finance for a larger "
        "budget, or order less"
    )

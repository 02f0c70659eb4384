"""Money: an exact amount with a currency, never a float, rounded once and by name.

Why once: 720 hours at 1.005 is 723.60; rounded every hour (1.01) it would be 727.20.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Self

PRICE_SCALE = 18
"""Decimal places of a stored price: a chain quotes per block with up to 18 of them."""

_CENT = Decimal("0.01")
_DIGITS_MAX = 100
"""Longer numbers are an attack or a mistake: 38 digits are stored, 18 of them decimals."""
_SHOWN_MAX = 40  # characters of a refused value in its message
_PRECISION = 250  # digits while computing: two numbers of the longest kind stay exact


class CurrencyMismatch(ValueError):
    """Two amounts in different currencies were combined: convert one of them first."""


def exact(value: str | int | Decimal) -> Decimal:
    """Return the number as written, exactly.

    Raises ValueError for a float (its text is no longer known), for text that is no number, for
    NaN or an infinity, and for more digits (with the zeros of its exponent) than any amount has.
    """
    shown = repr(value)[:_SHOWN_MAX]
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        msg = f"{shown} is a {type(value).__name__}: pass text, an int or a Decimal"
        raise ValueError(msg)  # noqa: TRY004 - callers catch one error for every unusable number
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{shown} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{shown} is not a finite number")
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) + abs(exponent) > _DIGITS_MAX:
        raise ValueError(f"{shown} has too many digits to be an amount")
    return number


def stored(amount: Decimal) -> Decimal:
    """Return the amount with at most the decimals of a stored price (half up on the 18th)."""
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "an infinity or NaN is refused where a price is read"
    if exponent >= -PRICE_SCALE:
        return amount
    with localcontext(prec=_PRECISION):
        return amount.quantize(Decimal(1).scaleb(-PRICE_SCALE), ROUND_HALF_UP)


def divided(amount: Decimal, by: int) -> Decimal:
    """Return ``amount / by`` to the scale of a stored price."""
    with localcontext(prec=_PRECISION):
        return stored(amount / by)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency (ISO 4217 code)."""

    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact(self.amount))

    def __add__(self, other: Self) -> Self:
        with localcontext(prec=_PRECISION):
            return self._with(self.amount + self._same(other))

    def __sub__(self, other: Self) -> Self:
        with localcontext(prec=_PRECISION):
            return self._with(self.amount - self._same(other))

    def __mul__(self, quantity: Decimal | int) -> Self:
        """Rate x quantity, exactly; round the result once, where it is written down."""
        with localcontext(prec=_PRECISION):
            return self._with(self.amount * exact(quantity))

    def __neg__(self) -> Self:
        return self._with(self.amount.copy_negate())

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other)

    def rounded_to_cents(self) -> Self:
        """Round half up to two decimals, as an invoice does."""
        with localcontext(prec=_PRECISION):
            return self._with(self.amount.quantize(_CENT, ROUND_HALF_UP))

    def _same(self, other: Self) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.amount

    def _with(self, amount: Decimal) -> Self:
        return type(self)(amount, self.currency)

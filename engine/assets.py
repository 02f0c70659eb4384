"""Assets: what the ledger counts, in whole minor units of a declared scale."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    localcontext,
)

from engine.money import CurrencyMismatch, Money

UNITS_MAX = 2**63 - 1
"""The largest amount a database keeps in one integer column."""

SCALE_MAX = 18
ROUNDINGS = (
    ROUND_HALF_UP,
    ROUND_HALF_EVEN,
    ROUND_HALF_DOWN,
    ROUND_UP,
    ROUND_DOWN,
    ROUND_CEILING,
    ROUND_FLOOR,
)

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,23}")
_WORDS = frozenset({"TRUE", "FALSE", "NULL"})  # beancount reads these as values, not commodities
_PRECISION = 250  # digits while computing: the longest amount of engine.money stays exact


class UnknownAsset(ValueError):
    """No asset has this code: declare it, or correct the code."""


class Unfit(ValueError):
    """The amount is no whole number of minor units: choose a rounding, or a finer asset."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency or token and the number of decimals it is counted in.

    Raises ValueError for a code that is not 2 to 24 capital letters and digits (the widest that
    beancount and every spreadsheet take), and for a scale outside 0 to 18.
    """

    code: str
    scale: int

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code) or self.code in _WORDS:
            raise ValueError(
                f"{self.code!r} is no asset code: use 2 to 24 capital letters and digits, a letter "
                "first, as in USD or USDC"
            )
        if type(self.scale) is not int or not 0 <= self.scale <= SCALE_MAX:
            raise ValueError(
                f"The scale of {self.code} is {self.scale!r}: use a whole number of decimals, 0 to "
                f"{SCALE_MAX}"
            )

    @property
    def smallest(self) -> str:
        """One minor unit, as people write it: 0.01 of a dollar."""
        return shown(1, self)


USD = Asset("USD", 2)
"""The customer's book counts cents: what is quoted finer is rounded once, before it is posted."""

USDC = Asset("USDC", 6)
ASSETS: Mapping[str, Asset] = {asset.code: asset for asset in (USD, USDC)}


def asset_of(code: str, assets: Mapping[str, Asset] = ASSETS) -> Asset:
    """Return the asset of this code; raises UnknownAsset with the codes that there are."""
    try:
        return assets[code]
    except KeyError:
        known = ", ".join(sorted(assets)) or "none"
        raise UnknownAsset(
            f"{code!r} is no declared asset (declared: {known}): declare its scale first"
        ) from None


def minor_units(money: Money, asset: Asset, rounding: str | None = None) -> int:
    """Return the amount as a whole number of minor units: $1.25 is 125.

    Raises CurrencyMismatch for money of another currency, and Unfit for an amount with more
    decimals than the asset (unless a rounding is named) or beyond a 64-bit integer.
    """
    if money.currency != asset.code:
        raise CurrencyMismatch(
            f"{money.currency} is not {asset.code}: convert it, or name the asset of that currency"
        )
    if rounding is not None and rounding not in ROUNDINGS:
        raise ValueError(f"{rounding!r} is no rounding: name one of {', '.join(ROUNDINGS)}")
    with localcontext(prec=_PRECISION):
        scaled = money.amount.scaleb(asset.scale)
        whole = scaled.to_integral_value(rounding)
    if rounding is None and whole != scaled:
        raise Unfit(
            f"{money.amount} {asset.code} is no whole number of {asset.smallest}: sum first, then "
            "round once, naming how (ROUND_HALF_UP as an invoice does, ROUND_UP for a ceiling that "
            "is set aside, ROUND_DOWN for what is paid back)"
        )
    if abs(whole) > UNITS_MAX:
        raise Unfit(
            f"{money.amount} {asset.code} is beyond a 64-bit integer of {asset.smallest}: declare "
            "the asset with a smaller scale"
        )
    return int(whole)


def money_of(units: int, asset: Asset) -> Money:
    """Return the minor units as money, exactly: 125 is $1.25."""
    with localcontext(prec=_PRECISION):
        return Money(Decimal(units).scaleb(-asset.scale), asset.code)


def shown(units: int, asset: Asset) -> str:
    """Return the amount with all its decimals, without its code: 125 is ``1.25``."""
    return f"{money_of(units, asset).amount:f}"

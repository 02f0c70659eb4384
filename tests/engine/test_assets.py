"""Assets: whole minor units of a declared scale, exactly."""

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.assets import (
    UNITS_MAX,
    USD,
    USDC,
    Asset,
    Unfit,
    UnknownAsset,
    asset_of,
    minor_units,
    money_of,
    shown,
)
from engine.money import CurrencyMismatch, Money


@given(st.integers(-UNITS_MAX, UNITS_MAX), st.integers(0, 18))
def test_minor_units_and_money_are_each_other_s_inverse(units: int, scale: int):
    asset = Asset("TOKEN", scale)

    assert minor_units(money_of(units, asset), asset) == units
    assert Decimal(shown(units, asset)) == Decimal(units) / 10**scale


def test_a_dollar_twenty_five_is_125_cents_and_is_shown_with_both_decimals():
    assert minor_units(Money(Decimal("1.25")), USD) == 125
    assert minor_units(Money(Decimal("1.25"), "USDC"), USDC) == 1_250_000
    assert (shown(100, USD), shown(-5, USD), shown(0, USD)) == ("1.00", "-0.05", "0.00")


def test_half_a_cent_is_refused_until_somebody_chooses_how_it_is_rounded():
    half = Money(Decimal("1.005"))

    with pytest.raises(Unfit, match=r"no whole number of 0\.01: sum first.*ROUND_HALF_UP"):
        minor_units(half, USD)
    assert minor_units(half, USD, ROUND_HALF_UP) == 101
    assert minor_units(Money(Decimal("1.001")), USD, ROUND_UP) == 101


def test_a_rounding_without_a_name_is_refused():
    with pytest.raises(ValueError, match="'up' is no rounding: name one of ROUND_HALF_UP"):
        minor_units(Money(Decimal(1)), USD, "up")


def test_money_of_another_currency_is_refused():
    with pytest.raises(CurrencyMismatch, match="EUR is not USD: convert it"):
        minor_units(Money(Decimal(1), "EUR"), USD)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_beyond_64_bits_is_refused(sign: int):
    largest = money_of(sign * UNITS_MAX, USD)

    assert minor_units(largest, USD) == sign * UNITS_MAX
    with pytest.raises(Unfit, match=r"64-bit integer.*smaller scale"):
        minor_units(largest + Money(Decimal(sign) / 100), USD)


@pytest.mark.parametrize("code", ["", "U", "usd", "US D", "1INCH", "TRUE", "NULL", "A" * 25, "U\n"])
def test_a_code_that_some_reader_would_not_take_is_refused(code: str):
    with pytest.raises(ValueError, match="is no asset code: use 2 to 24 capital"):
        Asset(code, 2)


@pytest.mark.parametrize("scale", [-1, 19, True, 2.0, "2"])
def test_a_scale_is_a_whole_number_up_to_eighteen(scale: int):
    with pytest.raises(ValueError, match="use a whole number of decimals, 0 to 18"):
        Asset("USD", scale)


def test_an_undeclared_asset_is_refused_with_those_that_are_declared():
    assert asset_of("USDC") == USDC
    with pytest.raises(UnknownAsset, match=r"'AKT' is no declared asset \(declared: USD, USDC\)"):
        asset_of("AKT")
    with pytest.raises(UnknownAsset, match=r"declared: none"):
        asset_of("AKT", {})

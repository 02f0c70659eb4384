"""Money: exact, in one currency, rounded once."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import CurrencyMismatch, Money, divided, exact, stored

ATTO = Fraction(1, 10**18)
atto_dollars = st.integers(-(10**24), 10**24)


def money(atto: int, currency: str = "USD") -> Money:
    return Money(Decimal(f"{atto}E-18"), currency)


def test_a_month_of_hours_is_rounded_once_and_not_every_hour():
    per_hour = Money(Decimal("1.005"))
    assert (per_hour * 720).rounded_to_cents() == Money(Decimal("723.60"))
    assert per_hour.rounded_to_cents() * 720 != Money(Decimal("723.60"))


@pytest.mark.parametrize("value", [1.0, 0.1, float("nan"), float("inf"), True, False])
def test_a_float_or_a_bool_is_never_an_amount(value: float):
    with pytest.raises(ValueError, match="pass text, an int or a Decimal"):
        exact(value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pass text, an int or a Decimal"):
        Money(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-inf", Decimal("NaN")])
def test_what_is_not_finite_is_never_an_amount(value: str | Decimal):
    with pytest.raises(ValueError, match="is not a finite number"):
        exact(value)


@pytest.mark.parametrize("value", ["", "abc", "1,5", "$3", "1.2.3", "0x10"])
def test_text_that_is_no_number_is_refused_and_named(value: str):
    with pytest.raises(ValueError, match="is not a number") as refusal:
        exact(value)
    assert repr(value) in str(refusal.value)


@pytest.mark.parametrize("value", ["1E+400", "1E-400", "9" * 200, "1e999999999"])
def test_a_number_of_absurd_length_is_refused(value: str):
    with pytest.raises(ValueError, match="has too many digits to be an amount") as refusal:
        exact(value)
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize("value", [None, [1], (0, (1,), 0)])
def test_what_is_neither_text_nor_number_is_refused(value: object):
    with pytest.raises(ValueError, match="pass text, an int or a Decimal"):
        exact(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1.50", "0.000000000000000001", "-3", "2.0393607528"])
def test_a_number_is_kept_as_it_was_written(text: str):
    assert f"{exact(text):f}" == text
    assert f"{Money(exact(text)).amount:f}" == text


@pytest.mark.parametrize("quantity", [0.5, True, float("nan")])
def test_a_quantity_is_never_a_float(quantity: float):
    with pytest.raises(ValueError, match="pass text, an int or a Decimal"):
        Money(Decimal(2)) * quantity  # type: ignore[operator]


@pytest.mark.parametrize("act", [operator.add, operator.sub, operator.lt, operator.le, operator.gt])
def test_two_currencies_do_not_mix(act: Callable[[Money, Money], object]):
    with pytest.raises(CurrencyMismatch, match=r"(USD and EUR|EUR and USD) do not mix"):
        act(Money(Decimal(1), "USD"), Money(Decimal(1), "EUR"))


def test_the_same_amount_in_another_currency_is_another_amount():
    assert Money(Decimal(1), "EUR") != Money(Decimal(1), "USD")
    assert Money(Decimal("1.0"), "EUR") == Money(Decimal("1.00"), "EUR")


def test_a_result_keeps_its_currency():
    euros = Money(Decimal("2.345"), "EUR")
    results = [euros + euros, euros - euros, euros * 3, -euros, euros.rounded_to_cents()]
    assert [r.currency for r in results] == ["EUR"] * 5


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("0.005", "0.01"),
        ("0.0049", "0.00"),
        ("2.675", "2.68"),
        ("2.665", "2.67"),
        ("-0.005", "-0.01"),
        ("-0.0049", "0.00"),
        ("12", "12.00"),
    ],
)
def test_half_a_cent_is_rounded_away_from_zero(amount: str, cents: str):
    assert Money(Decimal(amount)).rounded_to_cents() == Money(Decimal(cents))


@pytest.mark.parametrize(
    ("amount", "by", "expected"),
    [
        ("1", 3, "0.333333333333333333"),
        ("2", 3, "0.666666666666666667"),
        ("10", 8, "1.25"),
        ("0.000000000000000001", 2, "0.000000000000000001"),
        ("0.000000000000000001", 3, "0.000000000000000000"),
        ("99999999999999999999.999999999999999998", 2, "49999999999999999999.999999999999999999"),
    ],
)
def test_a_share_has_18_decimals_at_most_with_the_last_rounded_half_up(
    amount: str, by: int, expected: str
):
    assert f"{divided(Decimal(amount), by):f}" == expected


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("2.50", "2.50"),
        ("1E-18", "0.000000000000000001"),
        ("0.0000000000000000005", "0.000000000000000001"),
        ("0.00000000000000000049", "0.000000000000000000"),
        ("98765432109876543210.0000000000000000015", "98765432109876543210.000000000000000002"),
    ],
)
def test_a_stored_price_has_18_decimals_at_most_with_the_last_rounded_half_up(
    amount: str, kept: str
):
    assert f"{stored(Decimal(amount)):f}" == kept


def test_amounts_are_ordered():
    one, two = Money(Decimal(1)), Money(Decimal(2))
    assert one < two
    assert two > one
    assert one <= Money(Decimal("1.0")) <= two
    assert not one < Money(Decimal("1.0"))
    assert sorted([two, -two, one]) == [-two, one, two]


@given(st.lists(atto_dollars, min_size=1, max_size=30))
def test_a_sum_is_exact_to_the_last_of_18_decimals(parts: list[int]):
    total = Money(Decimal(0))
    for part in parts:
        total += money(part)
    assert Fraction(total.amount) == sum(parts) * ATTO


@given(atto_dollars, atto_dollars)
def test_what_was_added_can_be_taken_off_again(first: int, second: int):
    assert money(first) + money(second) - money(second) == money(first)
    assert money(first) - money(second) == -(money(second) - money(first))


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 10**9))
def test_rate_times_quantity_is_exact_for_every_stored_rate(rate: int, quantity: int):
    assert Fraction((money(rate) * quantity).amount) == rate * quantity * ATTO


@given(atto_dollars, st.integers(1, 10_000))
def test_shares_differ_from_the_whole_by_at_most_half_the_last_place_each(amount: int, by: int):
    share = Fraction(divided(Decimal(f"{amount}E-18"), by))
    assert abs(share * by - amount * ATTO) <= by * ATTO / 2


@given(st.integers(-(10**12), 10**12))
def test_rounding_to_cents_moves_an_amount_by_half_a_cent_at_most(tenths_of_a_cent: int):
    amount = Money(Decimal(f"{tenths_of_a_cent}E-3"))
    cents = amount.rounded_to_cents()
    assert abs(Fraction(cents.amount) - Fraction(amount.amount)) <= Fraction(1, 200)
    assert cents.amount.as_tuple().exponent == -2


def test_sums_keep_every_digit():
    long, short = "99999999999999999999.000000000000000001", "0.000000000000000002"
    total = Money(Decimal(long)) + Money(Decimal(short))
    assert total.amount == Decimal("99999999999999999999.000000000000000003")
    assert (total - Money(Decimal(short))).amount == Decimal(long)
    assert (-total).amount.copy_abs() == total.amount

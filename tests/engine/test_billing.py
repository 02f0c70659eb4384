"""Figures of billing: a band in order, the closest one found, fees that are fractions."""

from decimal import Decimal
from typing import Any

import pytest

from engine.billing import NOTHING, Band, Billing, Costs, Figure, flat

NONE = Billing({})


def figure(**changes: Any) -> Figure:
    fields: dict[str, Any] = {
        "item": "network_fee",
        "value": Decimal("0.1"),
        "evidence": "inferred",
        "note": "ten per cent",
    }
    return Figure(**(fields | changes))


def test_a_band_is_the_value_where_nothing_else_is_said():
    assert figure().band == flat(Decimal("0.1"))
    assert figure(low=Decimal(0)).band == Band(Decimal(0), Decimal("0.1"), Decimal("0.1"))


def test_an_unknown_figure_counts_as_nothing():
    unknown = figure(value=None, evidence="unknown")
    assert unknown.band == NOTHING
    assert unknown.is_recorded


@pytest.mark.parametrize(
    "changes",
    [
        {"value": Decimal(-1)},
        {"low": Decimal("0.2")},
        {"high": Decimal("0.05")},
        {"low": Decimal(-1)},
        {"value": None},
        {"evidence": "unknown"},
    ],
)
def test_a_figure_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="network_fee"):
        figure(**changes)


def test_the_closest_figure_is_found():
    figures = {
        ("any", "any", "network_fee"): figure(note="any"),
        ("any", "spot", "network_fee"): figure(note="of the term"),
        ("akash", "any", "network_fee"): figure(note="of the network"),
        ("akash", "contract", "network_fee"): figure(note="of both"),
    }
    found = Billing(figures)

    def note(network: str, term: str) -> str:
        return found.of(network, term)["network_fee"].note

    assert note("akash", "contract") == "of both"
    assert note("akash", "spot") == "of the network"
    assert note("lium", "spot") == "of the term"
    assert note("lium", "on_demand") == "any"


def test_an_item_without_a_row_is_unknown_and_says_so():
    found = NONE.of("akash", "spot")["deposit_usd"]
    assert (found.value, found.evidence, found.is_recorded) == (None, "unknown", False)


def test_the_networks_own_conversion_setting_comes_before_the_one_for_all():
    ours = Costs(billing=NONE, conversion_fees={"any": Decimal("0.01"), "render": Decimal("0.02")})
    assert ours.conversion_fee("render") == Decimal("0.02")
    assert ours.conversion_fee("akash") == Decimal("0.01")
    assert Costs(billing=NONE).conversion_fee("akash") is None


@pytest.mark.parametrize("fee", ["-0.01", "1.01", "NaN", "Infinity"])
def test_a_fee_that_is_no_fraction_is_refused(fee):
    with pytest.raises(ValueError, match="no fraction"):
        Costs(billing=NONE, platform_fee=Decimal(fee))
    with pytest.raises(ValueError, match="akash"):
        Costs(billing=NONE, conversion_fees={"akash": Decimal(fee)})

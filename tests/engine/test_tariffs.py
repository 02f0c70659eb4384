"""What moving data costs by published lists."""

from datetime import date
from decimal import Decimal

from engine.egress import EgressRate, EgressTier
from engine.tariffs import FreeMoves, ListedMoves


def rate(region, direction, *usd):
    """Tiers of 100 GB each, the last one open."""
    tiers = tuple(
        EgressTier(
            from_gb=Decimal(100 * at),
            up_to_gb=Decimal(100 * (at + 1)) if at + 1 < len(usd) else None,
            usd_per_gb=Decimal(value),
        )
        for at, value in enumerate(usd)
    )
    return EgressRate(
        provider="a", service="s", region=region, direction=direction,
        free_gb_per_month=Decimal(50), tiers=tiers, observed_on=date(2026, 5, 1), source="",
        source_url="",
    )  # fmt: skip


RATES = [
    rate("east", "internet", "0.10", "0.05"),
    rate("east", "inter_region", "0.02"),
    rate("west", "internet", "0.20"),
]


def test_the_source_pays_by_its_own_list_over_the_tiers_of_a_month():
    moves = ListedMoves(RATES)

    assert moves.rates(("a", "east"), Decimal(150)) == (3.0, 12.5)
    assert moves.rates(("a", "west"), Decimal(10)) == (0.2, 2.0)


def test_a_region_without_a_list_has_its_networks_first_one():
    assert ListedMoves(RATES).rates(("a", "north"), Decimal(10)) == (0.2, 1.0)
    assert ListedMoves(RATES).rates(("a", None), Decimal(10)) == (0.2, 1.0)


def test_inside_a_network_moving_is_free_where_regions_do_not_count():
    assert ListedMoves(RATES, is_regional=False).rates(("a", None), Decimal(10)) == (0.0, 1.0)


def test_a_network_without_a_list_costs_nothing_and_is_not_known():
    moves = ListedMoves(RATES)

    assert moves.rates(("b", "east"), Decimal(10)) == (0.0, 0.0)
    assert (moves.is_known(("b", "east")), moves.is_known(("a", "north"))) == (False, True)


def test_free_moves_are_free_and_known():
    moves = FreeMoves()

    assert moves.rates(("a", None), Decimal(10)) == (0.0, 0.0)
    assert moves.is_known(("a", None))

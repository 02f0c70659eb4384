"""Two offers: unknown is never the same, and only the price per GPU-hour has a winner."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from engine.market import Offer, offers_frame
from engine.overview import Comparison
from engine.savings import compared
from engine.side_by_side import FACTS, Line, price_ratio, side_by_side
from tests.support import baseline, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def lines(left: Offer, right: Offer) -> dict[str, Line]:
    rows = [offers_frame([o]).to_dicts()[0] for o in (left, right)]
    prices = offers_frame([baseline()])
    savings = [
        [Comparison.of(r) for r in compared(offers_frame([o]), prices, NOW).to_dicts()]
        for o in (left, right)
    ]
    return {line.fact: line for line in side_by_side(*rows, *savings)}


def test_an_offer_beside_itself_has_no_difference():
    found = lines(offer(), offer())

    assert not [line for line in found.values() if line.verdict == "differs"]
    assert price_ratio(found["usd_per_gpu_hour"]) is None


@pytest.mark.parametrize("cheaper", ["left", "right"])
def test_the_cheaper_gpu_hour_is_named_with_how_much(cheaper):
    eight = offer(offer_id="b", gpu_count=8, usd_per_hour=Decimal(16))
    pair = (eight, offer()) if cheaper == "left" else (offer(), eight)
    found = lines(*pair)

    assert found["usd_per_gpu_hour"].cheaper == cheaper
    assert price_ratio(found["usd_per_gpu_hour"]) == pytest.approx(0.2)
    assert found["usd_per_hour"].verdict == "differs"
    assert found["usd_per_hour"].cheaper is None


def test_shapes_are_compared_per_gpu():
    eight = offer(offer_id="b", gpu_count=8, vcpu=128.0, memory_gib=1024.0)
    found = lines(offer(), eight)

    assert found["vcpu_per_gpu"].verdict == "same"
    assert (found["memory_gib_per_gpu"].left, found["memory_gib_per_gpu"].right) == (256.0, 128.0)


@pytest.mark.parametrize("right", ["DE", None])
def test_unknown_is_never_the_same_and_never_a_difference(right):
    found = lines(offer(country_code=None), offer(country_code=right))

    assert found["country_code"].verdict == "unknown"


def test_a_contract_s_days_are_a_line_only_where_one_states_them():
    contract = offer(term="contract", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))

    assert "valid_until" not in lines(offer(), offer())
    assert lines(offer(), contract)["valid_until"].right == date(2026, 12, 31)
    assert lines(offer(), contract)["term"].verdict == "differs"


def test_savings_stand_beside_each_other_with_their_labels():
    found = lines(offer(usd_per_hour=Decimal("1.72")), offer(country_code=None))
    left, right = found["saving_aws"].left, found["saving_aws"].right

    assert isinstance(left, Comparison)
    assert isinstance(right, Comparison)
    assert (left.confidence, right.confidence) == ("B", "C")
    assert found["saving_azure"].verdict == "unknown"


def test_a_price_s_date_is_that_of_its_making():
    old = datetime(2026, 1, 1, tzinfo=UTC)

    assert lines(offer(price_as_of=old), offer())["price_made"].left == old.replace(tzinfo=None)


def test_every_line_is_a_known_fact_in_order():
    found = list(lines(offer(), offer(gpu_model=None, gpu_name="odd")))

    assert found == [fact for fact in FACTS if fact in found]
    assert pl.Series(found).n_unique() == len(found)

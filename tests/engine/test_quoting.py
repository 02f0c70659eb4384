"""Quotes come in their exact order, also where floats cannot tell costs apart."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from engine.prepared_market import prepared
from engine.quoting import Quoter, Quotes, ranked
from engine.requirement import Gpus, Requirement
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import offer

JOB = Requirement(gpus=Gpus(count=1, memory_gib_min=1), duration_hours=Decimal(10))
ULP = Decimal("1E-18")


def quoted(*offers: Any) -> tuple[Quotes, Quoter]:
    market = prepared(frame_of(list(offers)), facts_of(), NOW)
    quoter = Quoter(JOB, market)
    costs = quoter.costs(pl.arange(len(offers), dtype=pl.UInt32, eager=True))
    return Quotes(ranked(costs), quoter), quoter


def ids(quotes: Quotes) -> list[str]:
    return [quote.offer_id for quote in quotes]


def test_costs_that_differ_in_the_last_digit_are_told_apart():
    prices = {"a": 1 + 2 * ULP, "b": Decimal(1), "c": 1 + ULP, "d": Decimal("0.5")}
    quotes, _ = quoted(*(offer(offer_id=k, usd_per_hour=p) for k, p in prices.items()))

    assert ids(quotes) == ["d", "b", "c", "a"]
    assert [quotes[place].offer_id for place in (-1, 0, 1)] == ["a", "d", "b"]
    assert [quote.offer_id for quote in quotes[1:3]] == ["b", "c"]
    assert [quotes[0] is quotes[0], len(quotes)] == [True, 4]
    with pytest.raises(IndexError):
        quotes[4]


def test_at_equal_cost_known_availability_comes_first_then_the_id():
    free = {"c": None, "b": True, "a": None, "d": True}
    quotes, _ = quoted(*(offer(offer_id=k, available=v) for k, v in free.items()))
    assert ids(quotes) == ["b", "d", "a", "c"]


def test_unknown_availability_does_not_come_before_a_cheaper_offer():
    cheap = offer(offer_id="z", available=None, usd_per_hour=Decimal("2.5") - ULP)
    assert ids(quoted(offer(offer_id="a"), cheap)[0]) == ["z", "a"]


def test_of_many_only_those_that_may_be_among_the_first_are_sorted():
    costs = pl.DataFrame({
        "row": range(5000),
        "landed_usd_per_hour": [4.0 - 1e-10, 4.0, 4.0 + 1e-9, *range(5, 5002)],
        "is_unknown": [True, False, False] + [False] * 4997,
    })  # fmt: skip
    assert ranked(costs, 2)["row"].to_list() == [0, 1, 2]
    assert ranked(costs.reverse(), 3)["row"].to_list() == [0, 1, 2]
    assert ranked(costs.reverse())["row"].to_list() == list(range(5000))


def test_a_total_at_its_ceiling_is_decided_exactly():
    near = [offer(offer_id="a", usd_per_hour=1 + ULP), offer(offer_id="b", usd_per_hour=Decimal(1))]
    _, quoter = quoted(*near, offer(offer_id="c"))
    costs = quoter.costs(pl.arange(3, dtype=pl.UInt32, eager=True))

    assert quoter.is_over(costs, Decimal(10)).to_list() == [True, False, True]
    assert quoter.is_over(costs, Decimal(11)).to_list() == [False, False, True]
    assert quoter.is_over(costs, 10 + 10 * ULP).to_list() == [False, False, True]


def test_a_quote_tells_what_a_buyer_should_know():
    of_a_bid = offer(gpu_count_max=8, available=None, price_as_of=NOW.replace(day=1))
    (quote,) = quoted(of_a_bid)[0]

    assert quote.is_estimate
    assert quote.notes == (
        "estimated until bid", "whether it is available is not known", "price as of 2026-11-01",
    )  # fmt: skip
    assert quote.observed_at == of_a_bid.observed_at
    assert (quote.usd_per_hour, quote.total_usd) == (Decimal("2.5"), Decimal(25))


def test_no_offer_gives_no_quote():
    quotes, _ = quoted()
    assert (len(quotes), list(quotes), quotes[:3], list(quotes.rows())) == (0, [], [], [])

"""The answer in words: who wins, why, and how sure that is."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from components.route_quotes import band, how_sure, usd, why, winner
from data.shipped import catalogue
from engine.decision_record import record_of
from engine.market import PROVIDER_SCHEMA, offers_frame
from engine.requirement import Gpus, Requirement
from engine.routing import Facts, prepared, route
from tests.support import OBSERVED, offer

NOW = OBSERVED + timedelta(hours=3)
JOB = Requirement(gpus=Gpus(count=1, models=frozenset({"H100"})))


def record(*prices, **changes):
    offers = [
        offer(offer_id=f"akash:{place}", usd_per_hour=Decimal(price), **changes)
        for place, price in enumerate(prices)
    ]
    facts = Facts(providers=pl.DataFrame(schema=dict(PROVIDER_SCHEMA)), catalogue=catalogue())
    return record_of(route(JOB, prepared(offers_frame(offers), facts, NOW), None, NOW))


def test_the_winner_is_told_with_place_and_term():
    told = winner(record("2.5", "3"), {"akash:0": "one.example"}).replace("\\", "")

    assert told.startswith("**1 × H100-SXM** from **Akash, one.example** (US, on demand): ")
    assert told.endswith("the next costs 20 % more.")


def test_what_is_not_stated_is_said():
    told = winner(record("2.5", country_code=None, provider_id=None), {}).replace("\\", "")

    assert "from **Akash** (country not stated, on demand)" in told


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (("2.5",), "the only one of 1 offers"),
        (("2.5", "2.5"), "the next costs the same"),
        (("2.5", "2.501"), "the next costs less than 1 % more"),
    ],
)
def test_why_it_wins_names_the_next(prices, words):
    assert words in why(record(*prices))


def test_how_sure_it_is_tells_what_was_seen():
    quote = replace(
        record("2.5").quotes[0], availability=0.75, start_minutes=4.2, volatility=0.031,
        available=None, notes=("deposit: held for a day", "estimated until bid"),
    )  # fmt: skip
    told = how_sure(quote, NOW).replace("\\", "")

    assert told == (
        "Not known whether free; price read 3 h ago; seen free 75 % of the time; about 4 minutes "
        "to start; its price moves 3.1 % a day; estimated until bid."
    )


def test_amounts_have_two_decimals_and_none_vanishes():
    assert usd(Decimal("1234.565")) == "$1,234.57"
    assert usd(Decimal("0.001")) == "< $0.01"
    assert usd(Decimal(0)) == "$0.00"


def test_a_certain_cost_has_no_band():
    quote = record("2.5").quotes[0]

    assert band(replace(quote, low_usd=Decimal(2), high_usd=Decimal(2))) == ""
    assert band(replace(quote, low_usd=Decimal(2), high_usd=Decimal(3))) == "$2.00 – $3.00"

"""What-if compares with the cheapest offer that passes, whatever the policy ranks by."""

from decimal import Decimal

import pytest

from engine.policy import Policy, Weights
from engine.requirement import Gpus, Requirement
from engine.routing import prepared, route
from engine.what_if import WhatIf, what_if
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import offer

JOB = Requirement(gpus=Gpus(count=1, models=frozenset({"H100"})), countries=frozenset({"DE"}))


def asked(policy: Policy | None, free: list[bool | None]) -> WhatIf:
    listed = [
        offer(offer_id=f"o{n}", usd_per_hour=Decimal(n + 1), available=is_free, country_code="DE")
        for n, is_free in enumerate(free)
    ]
    market = prepared(frame_of(listed), facts_of(), NOW)
    return what_if(route(JOB, market, policy, NOW))


@pytest.mark.parametrize("objective", ["cost", "cost_and_risk", "score"])
def test_the_cheapest_offer_is_the_one_to_compare_with(objective):
    weights = Weights(cost=0.0, availability=1.0)
    answer = asked(Policy(name="p", objective=objective, weights=weights), [None, True])
    assert (answer.offer_id, answer.landed_usd_per_hour) == ("o0", Decimal(1))
    assert answer.price_moves[1].winners[-1].offer_id == "o0"


def test_where_nothing_passes_there_is_nothing_to_compare_with():
    answer = asked(None, [False])
    assert (answer.offer_id, answer.landed_usd_per_hour, answer.price_moves) == (None, None, ())
    assert [one.label for one in answer.relaxations] == ["waiting until it is free"]


def test_an_empty_market_answers_nothing():
    answer = asked(None, [])
    assert (answer.relaxations, answer.price_moves, answer.same_job) == ((), (), ())

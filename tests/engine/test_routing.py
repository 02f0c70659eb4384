"""Routing agrees with an answer worked out offer by offer, and never loses an offer."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.gates import codes_of
from engine.policy import Policy
from engine.requirement import Gpus, Requirement
from engine.resources import UnknownGpu
from engine.routing import Decision, cheapest, prepared, route
from tests.route_oracle import Oracle
from tests.route_worlds import NOW, facts_of, frame_of, policies, requirements, worlds

H100 = Gpus(count=1, models=frozenset({"H100"}))
LAWS = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def routed(need: Requirement, *offers: Any, policy: Policy | None = None, **more: Any) -> Decision:
    return route(need, prepared(frame_of(list(offers)), facts_of(), NOW), policy, NOW, **more)


def refused(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {offer_id: codes_of(mask) for offer_id, mask in decision.refused.iter_rows()}


def asked_of(world: Any, need: Requirement, policy: Policy | None) -> tuple[Oracle, Decision]:
    offers, providers, findings = world
    oracle = Oracle(need, policy, providers, findings, NOW)
    oracle.elsewhere = {}
    for one in offers:
        if one.provider_id is not None:
            key = (one.network, one.provider_id)
            oracle.elsewhere.setdefault(key, set()).add(one.provider_name)
    market = prepared(frame_of(offers), facts_of(providers, findings), NOW)
    try:
        return oracle, route(need, market, policy, NOW)
    except UnknownGpu:
        pytest.fail("every model of these jobs is known")


@LAWS
@given(worlds(), requirements(), policies())
def test_every_reason_is_the_one_worked_out_by_hand(world, need, policy):
    oracle, decision = asked_of(world, need, policy)
    expected = {o.offer_id: codes for o in world[0] if (codes := oracle.codes(o))}

    assert {name: set(codes) for name, codes in refused(decision).items()} == expected
    assert decision.counts == Counter(code for codes in expected.values() for code in codes)


@LAWS
@given(worlds(), requirements(), policies())
def test_quotes_come_in_the_order_worked_out_by_hand(world, need, policy):
    oracle, decision = asked_of(world, need, policy)
    costs = {o.offer_id: oracle.cost(o) for o in world[0]}

    assert [quote.offer_id for quote in decision.quotes] == oracle.order(world[0])
    assert all(q.landed_usd_per_hour == costs[q.offer_id] for q in decision.quotes)
    assert all(q.total_usd == sum(t.usd for t in q.terms) for q in decision.quotes if q.total_usd)


@LAWS
@given(worlds(), requirements(), policies(), st.integers(0, 3))
def test_the_fast_path_gives_the_first_quotes_of_the_decision(world, need, policy, n):
    _, decision = asked_of(world, need, policy)
    assert cheapest(need, decision.market, policy, NOW, n) == decision.quotes[:n]


@LAWS
@given(worlds(), requirements(), policies())
def test_every_offer_is_in_one_list_and_every_code_has_its_sentence(world, need, policy):
    _, decision = asked_of(world, need, policy)
    quoted = {quote.offer_id for quote in decision.quotes}
    codes = refused(decision)

    assert quoted.isdisjoint(codes)
    assert quoted | set(codes) == {o.offer_id for o in world[0]}
    for name, of in codes.items():
        reasons = decision.reasons(name)
        assert tuple(dict.fromkeys(reason.code for reason in reasons)) == of
        assert all(";" in r.sentence and "None" not in r.sentence for r in reasons)
        assert all((r.found is None) == r.code.endswith("_unknown") for r in reasons)
    assert all(decision.reasons(name) == () for name in quoted)

"""Routing agrees with an answer worked out offer by offer, and never loses an offer."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decision import CANDIDATES
from engine.gates import codes_of
from engine.generations import UnknownGeneration
from engine.market import Provider, providers_frame
from engine.policy import Policy, Rules
from engine.requirement import Gpus, Requirement
from engine.resources import UnknownGpu
from engine.routing import BadRequirement, Decision, cheapest, prepared, route
from tests.route_oracle import Oracle
from tests.route_worlds import NOW, facts_of, frame_of, policies, requirements, worlds
from tests.support import offer

H100 = Gpus(count=1, models=frozenset({"H100"}))
LAWS = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def a_provider(name: str) -> Provider:
    whose = {"network": "akash", "provider_id": "p1", "name": name}
    return Provider(**whose, observed_at=NOW, source_kind="live", source="x")


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


def test_an_empty_market_gives_an_empty_decision():
    decision = routed(Requirement(gpus=H100))
    assert (len(decision.quotes), decision.refused.height, decision.counts) == (0, 0, {})
    assert cheapest(decision.requirement, decision.market, None, NOW, 5) == []
    assert decision.candidates.columns == list(CANDIDATES)


def test_counts_and_examples_tell_of_the_refused_and_candidates_of_the_others():
    ids = ["a", "b", "c", "d"]
    offers = [offer(offer_id=name, country_code="RU", available=False) for name in ids[:3]]
    decision = routed(Requirement(gpus=H100, countries={"US"}), *offers, offer(offer_id="d"))

    assert decision.counts == {"country": 3, "unavailable": 3}
    assert [name for name, _ in decision.examples("unavailable", 2)] == ["a", "b"]
    assert decision.examples("price") == []
    candidates = decision.candidates
    assert candidates.columns == list(CANDIDATES)
    assert candidates["offer_id"].to_list() == ["d"]
    assert candidates["landed_usd_per_hour"].to_list() == [2.5]
    with pytest.raises(KeyError, match="no offer 'e'"):
        decision.reasons("e")


def test_blocked_offers_are_refused_and_the_others_stay():
    offers = [offer(offer_id=name) for name in ("a", "b", "c")]
    blocked = frozenset({"b", "nobody", "zz"})
    decision = routed(Requirement(gpus=H100), *offers, blocked=blocked)

    assert refused(decision) == {"b": ("blocked",)}
    assert decision.reasons("b")[0].sentence == "blocked; the job needs another offer"
    left = cheapest(decision.requirement, decision.market, None, NOW, 9, blocked=blocked)
    assert [quote.offer_id for quote in left] == ["a", "c"]


def test_a_ban_by_either_name_of_a_provider_bans_it_and_the_names_are_told():
    listed = providers_frame([a_provider("new.example"), a_provider("old.example")])
    market = prepared(frame_of([offer()]), facts_of(providers=listed), NOW)
    need = Requirement(gpus=H100, providers_banned={"old.example", "odl.example"})
    decision = route(need, market, None, NOW)

    assert list(decision.counts) == ["provider_banned"]
    assert decision.notes == (
        "the job names the provider odl.example, whom nobody here is called",
        "akash provider p1 is listed under several names: new.example, old.example",
    )


def test_notes_tell_what_else_a_person_should_know():
    policy = Policy(
        name="strict",
        rules=Rules(networks_banned={"akahs"}),
        cost_centre_required=True,
        po_number_required=True,
    )
    late = Requirement(gpus=H100, start_by=NOW - timedelta(hours=1))
    decision = routed(late, offer(observed_at=NOW + timedelta(days=1)), policy=policy)

    assert decision.notes == (
        "start_by 2026-11-24 11:00 UTC has passed",
        "policy strict requires a cost_centre before this job is ordered",
        "policy strict requires a po_number before this job is ordered",
        "some offers were observed after this moment, until 2026-11-25 12:00 UTC",
        "policy strict names the network akahs, which has no offers here",
    )


def test_what_cannot_be_routed_is_refused_with_what_to_change():
    market = prepared(frame_of([offer()]), facts_of(), NOW)
    ages = NOW.replace(year=9999)
    with pytest.raises(BadRequirement, match="several machines are planned with `necto plan`"):
        route(Requirement(gpus=H100, nodes=2), market, None, NOW)
    with pytest.raises(BadRequirement, match="'UK' is no country: give ISO 3166 codes"):
        route(Requirement(gpus=H100, countries={"UK"}), market, None, NOW)
    with pytest.raises(BadRequirement, match="ends after the last date"):
        route(Requirement(gpus=H100, duration_hours=100_000), market, None, ages)
    with pytest.raises(UnknownGpu, match="No GPU is called 'H1000'"):
        route(Requirement(gpus=Gpus(count=1, models={"H1000"})), market, None, NOW)
    with pytest.raises(UnknownGeneration, match="no GPU generation is called 'Rubin'"):
        route(Requirement(gpus=Gpus(count=1, generation_min="Rubin")), market, None, NOW)


def test_a_price_ceiling_is_exact_also_for_a_part_of_the_priced_machine():
    third = offer(gpu_count=3, gpu_count_max=8, usd_per_hour=Decimal(1))
    need = Requirement(
        gpus=Gpus(count=1, memory_gib_min=1), usd_per_hour_max=Decimal("0.333333333333333333")
    )
    assert routed(need, third).quotes[0].usd_per_hour == need.usd_per_hour_max
    below = need.model_copy(update={"usd_per_hour_max": Decimal("0.333333333333333332")})
    assert list(routed(below, third).counts) == ["price"]


def test_absurd_conditions_refuse_everything_and_break_nothing():
    most = Requirement(
        gpus=Gpus(count=1024, models={"H100"}, memory_gib_min=1e9, bf16_tflops_min=1e9),
        vcpu_min=1e9,
        usd_per_hour_max=Decimal("1E-18"),
        duration_hours=Decimal(100_000),
        usd_total_max=Decimal("1E-18"),
    )
    decision = routed(most, offer(gpu_count_max=2))
    assert list(decision.counts) == ["gpu_count", "gpu_memory", "tflops", "vcpu", "price", "total"]


def test_the_whole_market_is_listed_cheapest_per_gpu_first_then_by_id():
    prices = {"c": (2, "2"), "a": (1, "1.000000000000000001"), "b": (1, "1"), "d": (4, "2")}
    offers = [
        offer(offer_id=name, gpu_count=count, usd_per_hour=Decimal(usd))
        for name, (count, usd) in prices.items()
    ]
    listing = prepared(frame_of(offers), facts_of(), NOW).listing
    assert listing["offer_id"].to_list() == ["d", "b", "c", "a"]

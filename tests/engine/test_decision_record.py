"""A stored decision tells the same when it is opened, and can be made again of its inputs."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from engine.canonical import canonical
from engine.decision_record import (
    QUOTES_TOLD,
    BadRecord,
    digest_of,
    made_again,
    opened,
    record_of,
    told,
)
from engine.policy import Policy
from engine.requirement import Gpus, Requirement
from engine.routing import prepared, route
from tests.route_worlds import NOW, facts_of, frame_of, policies, requirements, worlds
from tests.support import offer

JOB = Requirement(gpus=Gpus(count=1, memory_gib_min=1.5), duration_hours=Decimal("1.50"))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), requirements(), policies())
def test_what_is_stored_tells_the_same_when_opened_and_made_again(world, need, policy):
    offers, providers, findings = world
    market = prepared(
        frame_of(offers), facts_of(providers, findings), NOW, key="k", drops=("one", "two")
    )
    record = record_of(route(need, market, policy, NOW, policy_version="strict@3"))
    reopened = opened(json.loads(canonical(told(record))))

    assert reopened == record
    assert digest_of(reopened) == digest_of(record)
    assert digest_of(record_of(made_again(reopened, market))) == digest_of(record)
    refused = [name for group in record.refused for name in group.offer_ids]
    assert sorted(refused + [q.offer_id for q in record.quotes]) == [o.offer_id for o in offers]


def test_a_record_names_its_inputs():
    market = prepared(frame_of([offer()]), facts_of(), NOW, key="k", drops=("one", "two"))
    blocked = frozenset({"b", "a", offer().offer_id})
    decision = route(JOB, market, Policy(name="strict"), NOW, policy_version="v3", blocked=blocked)
    inputs = told(record_of(decision, further={"what_if": [{"code": "country"}]}))

    assert inputs["now"] == "2026-11-24T12:00:00.000000Z"
    assert inputs["market"] == {"key": "k", "drops": ["one", "two"], "offers": 1}
    assert (inputs["policy"]["name"], inputs["policy_version"]) == ("strict", "v3")
    assert inputs["requirement"]["gpus"]["memory_gib_min"] == "1.5"
    assert inputs["requirement"]["duration_hours"] == "1.50"
    assert inputs["blocked"] == ["a", offer().offer_id, "b"]
    assert inputs["refused"] == [{"codes": ["blocked"], "offer_ids": [offer().offer_id]}]
    assert inputs["examples"]["blocked"][0]["reason"]["sentence"].startswith("blocked; ")
    assert inputs["further"] == {"what_if": [{"code": "country"}]}


def test_quotes_beyond_the_first_are_kept_by_id_in_their_order():
    many = [
        offer(offer_id=f"o{n:03d}", usd_per_hour=Decimal(300 - n)) for n in range(QUOTES_TOLD + 2)
    ]
    decision = route(JOB, prepared(frame_of(many), facts_of(), NOW), None, NOW)
    record = record_of(decision)

    assert (len(record.quotes), record.other_quotes) == (QUOTES_TOLD, ("o001", "o000"))
    assert record.quoted == QUOTES_TOLD + 2
    other_way = record_of(decision, quotes=list(reversed(decision.quotes)))
    assert (other_way.quotes[0].offer_id, other_way.other_quotes[-1]) == ("o000", "o201")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version: Input should be 1"),
        ({"now": "2026-11-24T12:00:00"}, "now: Input should have timezone info"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(change, message):
    decision = route(JOB, prepared(frame_of([]), facts_of(), NOW), None, NOW)
    with pytest.raises(BadRecord, match=message):
        opened({**told(record_of(decision)), **change})
    with pytest.raises(BadRecord, match="the record: Input should be"):
        opened("nothing")

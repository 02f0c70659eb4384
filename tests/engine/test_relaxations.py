"""What relaxing one constraint saves is what routing says when it is relaxed."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from engine.gates import GATES
from engine.market import Offer, Provider
from engine.policy import Finding, Policy, Rules
from engine.relaxations import Relaxation, relaxations
from engine.requirement import Attribute, Gpus, Requirement
from engine.routing import Decision, prepared, route
from engine.what_if import what_if
from tests.engine.test_routing import LAWS, asked_of
from tests.route_worlds import NOW, facts_of, frame_of, policies, requirements, worlds
from tests.support import baseline, offer

H100 = Gpus(count=1, models=frozenset({"H100"}))


def decided(
    need: Requirement,
    *listed: Offer,
    policy: Policy | None = None,
    by: list[Provider] | None = None,
    judged: list[Finding] | None = None,
    **more: Any,
) -> Decision:
    market = prepared(frame_of(list(listed)), facts_of(by, judged), NOW)
    return route(need, market, policy, NOW, **more)


def found(decision: Decision) -> dict[tuple[str, str | None], Relaxation]:
    return {(one.code, one.value): one for one in what_if(decision).relaxations}


def usd(text: str, offer_id: str, **changes: Any) -> Offer:
    return offer(offer_id=offer_id, usd_per_hour=Decimal(text), **changes)


def site(provider_id: str, **changes: Any) -> Provider:
    fields = {"network": "akash", "provider_id": provider_id, "observed_at": NOW}
    return Provider(**(fields | {"source_kind": "live", "source": "a test"} | changes))


@LAWS
@given(worlds(), requirements(), policies())
def test_each_whole_constraint_admits_exactly_the_offers_that_it_alone_refuses(world, need, policy):
    oracle, decision = asked_of(world, need, policy)
    codes = {o.offer_id: oracle.codes(o) for o in world[0]}
    by_id = {o.offer_id: o for o in world[0]}
    expected: dict[str, set[str]] = {}
    for gate in GATES:
        both = {gate.code, gate.unknown_code}
        alone = {name for name, of in codes.items() if of and of <= both}
        if gate.code == "gpu_count":
            alone = {
                name for name in alone
                if by_id[name].gpu_count_max is None and by_id[name].gpu_count > need.gpus.count
            }  # fmt: skip
        silent = {name for name in alone if codes[name] == {gate.unknown_code}}
        expected |= {gate.code: alone} if alone > silent else {}
        expected |= {gate.unknown_code: silent} if silent else {}
    expected.pop("not_rankable", None)

    whole = {one.code: one for one in what_if(decision).relaxations if one.value is None}

    assert {code: one.offers for code, one in whole.items()} == {
        code: len(of) for code, of in expected.items()
    }
    best = min((oracle.cost(by_id[q.offer_id]) for q in decision.quotes), default=None)
    for code, one in whole.items():
        least = min(oracle.cost(by_id[name]) for name in expected[code])
        assert one.offer_id in expected[code]
        assert one.landed_usd_per_hour == pytest.approx(least, rel=Decimal("1e-9"))
        if best is None:
            assert one.saving is None
        else:
            assert one.saving == pytest.approx(max(float(1 - least / best), 0), abs=1e-9)


def widened(rules: Any, field: str, value: str) -> Any:
    names = getattr(rules, field)
    return rules.model_copy(update={field: names | {value}}) if names else rules


def lowered(rules: Any, value: str) -> Any:
    return rules.model_copy(update={"uptime_min": float(value)}) if rules.uptime_min else rules


def relaxed(need: Requirement, policy: Policy, one: Relaxation) -> tuple[Requirement, Policy]:
    """Return job and policy with this one value allowed too, or the same where it is not tried."""
    code, value = one.code, one.value
    every = {
        "country": lambda rules: widened(rules, "countries", value.replace("ru", "RU")),
        "term": lambda rules: widened(rules, "terms", value),
        "network_banned": lambda rules: widened(rules, "networks", value).model_copy(
            update={"networks_banned": rules.networks_banned - {value}}
        ),
        "uptime": lambda rules: lowered(rules, value),
        "compliance": lambda rules: (
            rules
            if isinstance(rules, Requirement)
            else rules.model_copy(update={"controls": rules.controls - {value}})
        ),
        "attribute": lambda rules: rules.model_copy(
            update={"attributes": tuple(a for a in rules.attributes if said(a) != value)}
        ),
    }
    of_job = {
        "vcpu": "vcpu_min", "memory": "memory_gib_min", "price": "usd_per_hour_max",
        "total": "usd_total_max",
    }  # fmt: skip
    of_gpu = {"gpu_memory": "memory_gib_min", "tflops": "bf16_tflops_min"}
    if code in every and not value.endswith("d"):
        change = every[code]
        classes = {name: change(rules) for name, rules in policy.data_classes.items()}
        changed = {"rules": change(policy.rules), "data_classes": classes}
        return change(need), policy.model_copy(update=changed)
    if code in of_job:
        exact = Decimal(value) if code in {"price", "total"} else float(value)
        return need.model_copy(update={of_job[code]: exact}), policy
    if code in of_gpu:
        gpus = need.gpus.model_copy(update={of_gpu[code]: float(value)})
        return need.model_copy(update={"gpus": gpus}), policy
    if code == "age":
        return need, policy.model_copy(update={"price_age_hours_max": float(value)})
    return need, policy


def said(attribute: Attribute) -> str:
    text = f"{attribute.key} = {attribute.value}"
    if attribute.signed_by is None:
        return text
    return (
        f"{text}, signed by {'any auditor' if attribute.signed_by == '*' else attribute.signed_by}"
    )


TRIED: set[str] = set()


@LAWS
@given(worlds(), requirements(), policies())
def test_a_value_saves_what_routing_says_when_it_is_allowed(world, need, policy):
    _, decision = asked_of(world, need, policy)
    policy = decision.policy
    for one in what_if(decision).relaxations:
        if one.value is None:
            continue
        changed = relaxed(need, policy, one)
        if changed == (need, policy):
            continue
        if one.code == "term" and one.value == "spot" and not need.interruptible:
            continue
        TRIED.add(one.code)
        again = route(changed[0], decision.market, changed[1], NOW)
        quotes = {quote.offer_id: quote for quote in again.quotes}
        assert one.offer_id in quotes
        if one.code not in {"price", "total"}:  # counted as floats, which some of these agree in
            assert len(again.quotes) - len(decision.quotes) == one.offers
        best = again.quotes[0].landed_usd_per_hour
        assert one.landed_usd_per_hour == pytest.approx(best, rel=Decimal("1e-9"))


def test_values_are_told_with_what_they_save():
    countries = Requirement(gpus=H100, countries=frozenset({"DE", "FR"}))
    decision = decided(
        countries, usd("2.5", "a", country_code="DE"), usd("2.2", "b"),
        usd("2", "c", country_code="NO"),
        usd("2.9", "d", country_code="CH"), usd("1", "e", country_code=None),
    )  # fmt: skip
    told = found(decision)

    assert told["country", None].label == "without the condition on country"
    assert (told["country", "US"].label, told["country", "US"].saving) == (
        "allowing US", pytest.approx(0.12),
    )  # fmt: skip
    assert told["country", "NO"].saving == pytest.approx(0.2)
    assert ("country", "CH") not in told
    assert told["country_unknown", None].label == "accepting that the country is not known"
    assert told["country", "US"].stated_by == ("the job",)
    assert next(iter(told)) == ("country", None)


def test_spot_and_larger_machines_and_blocked_offers_have_their_own_words():
    decision = decided(
        Requirement(gpus=H100), usd("5", "a"), usd("1", "b", term="spot"),
        usd("4", "c", gpu_count=8), usd("1", "d", gpu_count=1, gpu_count_max=0), usd("3", "e"),
        blocked=frozenset({"e"}),
    )  # fmt: skip
    labels = {one.label for one in found(decision).values()}
    assert labels == {
        "without the condition on term", "allowing spot", "taking a larger machine",
        "taking a machine of 8 GPUs", "taking a blocked offer again",
    }  # fmt: skip
    assert found(decision)["blocked", None].stated_by == ("the list of blocked offers",)


def test_uptime_may_be_lower_or_of_other_days():
    by = [
        site("p1", uptime_30d=0.999, uptime_7d=0.9), site("p3", uptime_7d=1.0),
        site("p2", uptime_30d=0.9512345, uptime_7d=1.0),
    ]  # fmt: skip
    listed = [usd("3", "a"), usd("2", "b", provider_id="p2"), usd("1", "c", provider_id="p3")]
    told = found(decided(Requirement(gpus=H100, uptime_min=0.99), *listed, by=by))

    assert told["uptime", "0.9512"].offer_id == "b"
    assert told["uptime", "7d"].label == "uptime over 7 days instead of 30 days"
    assert (told["uptime", "7d"].offer_id, told["uptime", "7d"].offers) == ("c", 2)


def test_without_one_control_the_others_stay():
    judged = [
        Finding(network="akash", provider_id=name, control=control, word="satisfied")
        for name, control in (("p1", "soc2"), ("p1", "iso27001"), ("p2", "soc2"))
    ]
    policy = Policy(name="strict", rules=Rules(controls=frozenset({"soc2", "iso27001"})))
    listed = [usd("3", "a"), usd("2", "b", provider_id="p2"), usd("1", "c", provider_id="p3")]
    told = found(decided(Requirement(gpus=H100), *listed, policy=policy, judged=judged))

    assert told["compliance", "iso27001"].label == "without control iso27001"
    assert told["compliance", "iso27001"].offer_id == "b"
    assert ("compliance", "soc2") not in told
    assert told["compliance_unknown", None].offer_id == "c"


def test_a_control_that_anybody_may_lack_refuses_beside_one_that_nobody_may():
    failed = Finding(network="lium", provider_id=None, control="soc2", word="not_satisfied")
    policy = Policy(
        name="p",
        rules=Rules(controls=frozenset({"iso27001"}), unknown_controls="allow"),
        data_classes={"internal": Rules(controls=frozenset({"soc2"}), unknown_controls="allow")},
    )
    listed = [usd("3", "a"), usd("2", "b", network="lium")]
    told = found(decided(Requirement(gpus=H100), *listed, policy=policy, judged=[failed]))
    assert told["compliance", "soc2"].offer_id == "b"


def test_where_nothing_passes_the_closest_offers_are_told():
    job = Requirement(gpus=H100, usd_per_hour_max=Decimal(1), memory_gib_min=512.0)
    told = found(decided(job, usd("2", "a", memory_gib=512.0), usd("0.5", "b", memory_gib=500.0)))

    assert told["price", "2"].label == "up to 2 USD an hour instead of 1 USD"
    assert told["memory", "500"].label == "at least 500 GiB of RAM instead of 512 GiB"
    assert {one.saving for one in told.values()} == {None}


def test_an_offer_that_two_constraints_refuse_is_told_by_neither():
    job = Requirement(gpus=H100, countries=frozenset({"DE"}), networks=frozenset({"lium"}))
    assert relaxations(decided(job, usd("1", "a")), None) == ()


def test_a_few_values_of_many_are_told():
    listed = [usd(f"{n}", f"o{n}", memory_gib=8.0 * n, network=f"n{n}") for n in range(1, 9)]
    memory = found(decided(Requirement(gpus=H100, memory_gib_min=64.0), *listed))
    networks = found(decided(Requirement(gpus=H100, networks=frozenset({"n8"})), *listed))
    assert sum(value is not None for _, value in memory) == 5
    assert [value for _, value in networks if value] == ["n1", "n2", "n3", "n4", "n5"]


def test_hyperscalers_are_told_where_they_are_cheaper():
    listed = [usd("9", "a"), baseline(offer_id="b")]
    told = found(decided(Requirement(gpus=H100), *listed))
    assert told["baseline", "aws"].label == "allowing aws"

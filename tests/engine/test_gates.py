"""Every gate has its code, its bits and its sentence; what is met, failed and unknown differ."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gates import GATE, GATES, all_codes, codes_of, gate_of, mask_of
from engine.market import Attribute as Stated
from engine.market import Provider
from engine.policy import Finding, Policy, Rules
from engine.requirement import Attribute, Gpus, Requirement
from engine.routing import prepared, route
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import baseline, offer

TODAY = NOW.date()
UNTIL = "2026-12-24 12:00 UTC"
SIGNED = Attribute(key="tier", value="gold", signed_by="bob")
FROM_TO = (
    "the contract holds from 2026-11-25 until 2026-11-24; the job lasts 2026-11-24 to 2026-11-25"
)
STATES_UNSIGNED = (
    "the provider states tier = gold without that signature; "
    "policy strict requires tier = gold, signed by bob"
)
SOC2 = Rules(controls=frozenset({"soc2"}))


def job(**changes: Any) -> Requirement:
    return Requirement(**({"gpus": Gpus(count=1, memory_gib_min=1)} | changes))


def gpus(**changes: Any) -> Requirement:
    return job(gpus=Gpus(**({"count": 1} | changes)))


def rules(**changes: Any) -> Policy:
    return Policy(name="strict", rules=Rules(**changes))


def whose(**changes: Any) -> Provider:
    fields = {"network": "akash", "provider_id": "p1", "observed_at": NOW, "source_kind": "live"}
    return Provider(**({**fields, "source": "a test"} | changes))


def finding(**changes: Any) -> Finding:
    fields = {"network": "akash", "provider_id": "p1", "control": "soc2", "word": "satisfied"}
    return Finding(**(fields | changes))


def said(
    need: Requirement,
    changes: dict[str, Any],
    policy: Policy | None = None,
    provider: Provider | None = None,
    findings: tuple[Finding, ...] = (),
) -> list[tuple[str, str]]:
    """Return the codes and sentences about one offer."""
    one = offer(**({"observed_at": NOW} | changes))
    facts = facts_of([provider] if provider else [], list(findings))
    decision = route(need, prepared(frame_of([one]), facts, NOW), policy, NOW)
    return [(reason.code, reason.sentence) for reason in decision.reasons(one.offer_id)]


OF_THE_JOB = [
    (job(countries={"DE"}), {"country_code": "RU"}, "country", "located in RU; the job allows DE"),
    (
        job(countries={"EU", "CH"}),
        {"country_code": None},
        "country_unknown",
        "country not known; the job allows CH, EU",
    ),
    (gpus(models={"A100"}), {}, "gpu_model", "GPU H100-SXM; the job asks for A100"),
    (
        gpus(models={"A100"}),
        {"gpu_model": None},
        "gpu_model_unknown",
        "GPU model not clear; the job asks for A100",
    ),
    (
        gpus(models={"H100-SXM"}),
        {"gpu_model": "H100", "form_factor": None},
        "form_factor_unknown",
        "form factor not known; the job asks for H100-SXM",
    ),
    (
        gpus(models={"A100-80"}),
        {"gpu_model": "A100", "form_factor": "PCIe", "gpu_memory_gib": None},
        "gpu_model_unknown",
        "GPU model not clear; the job asks for A100-80",
    ),
    (
        gpus(count=2, memory_gib_min=1),
        {},
        "gpu_count",
        "GPUs in the machine: 1; the job asks for 2",
    ),
    (
        gpus(count=4, memory_gib_min=1),
        {"gpu_count_max": 3},
        "gpu_count",
        "GPUs in the machine: 3; the job asks for 4",
    ),
    (
        gpus(memory_gib_min=94),
        {},
        "gpu_memory",
        "a GPU's memory 80 GiB; the job asks for at least 94 GiB",
    ),
    (
        gpus(memory_gib_min=1),
        {"gpu_model": "Odd", "gpu_memory_gib": None},
        "gpu_memory_unknown",
        "a GPU's memory not known; the job asks for at least 1 GiB",
    ),
    (
        gpus(memory_gib_min=1, form_factors={"PCIe"}),
        {},
        "form_factor",
        "form factor SXM; the job asks for PCIe",
    ),
    (
        gpus(bf16_tflops_min=1000),
        {},
        "tflops",
        "dense bf16 989 TFLOPS; the job asks for at least 1000 TFLOPS",
    ),
    (
        gpus(bf16_tflops_min=1),
        {"gpu_model": "Odd"},
        "tflops_unknown",
        "dense bf16 not known; the job asks for at least 1 TFLOPS",
    ),
    (
        gpus(generation_min="Blackwell"),
        {},
        "generation",
        "generation Hopper; the job asks for Blackwell or later",
    ),
    (
        gpus(generation_min="Blackwell"),
        {"gpu_model": "Odd"},
        "generation_unknown",
        "generation not known; the job asks for Blackwell or later",
    ),
    (job(vcpu_min=16.5), {}, "vcpu", "vCPU 16; the job asks for at least 16.5"),
    (
        job(vcpu_min=1),
        {"vcpu": None},
        "vcpu_unknown",
        "vCPU not known; the job asks for at least 1",
    ),
    (job(vcpu_min=16), {"vcpu_max": 8.0}, "vcpu", "vCPU 8; the job asks for at least 16"),
    (job(memory_gib_min=257), {}, "memory", "RAM 256 GiB; the job asks for at least 257 GiB"),
    (
        job(storage_gib_min=1),
        {},
        "storage_unknown",
        "storage not known; the job asks for at least 1 GiB",
    ),
    (
        job(storage_gib_min=2),
        {"storage_gib": 1.5},
        "storage",
        "storage 1.5 GiB; the job asks for at least 2 GiB",
    ),
    (
        job(terms={"spot"}),
        {"term": "spot"},
        "term",
        "sold as spot; the job takes no term (spot needs interruptible: true)",
    ),
    (
        job(),
        {"term": "reserved_1y"},
        "term",
        "sold as reserved_1y; the job takes contract, on_demand (spot needs interruptible: true)",
    ),
    (
        job(networks={"lium"}),
        {},
        "network_banned",
        "on akash; the job allows only lium",
    ),
    (job(networks_banned={"akash"}), {}, "network_banned", "on akash; the job bans akash"),
    (
        job(providers_banned={"one.example"}),
        {},
        "provider_banned",
        "provider one.example = p1; the job bans one.example",
    ),
    (
        job(providers={"p2"}),
        {"provider_id": None, "provider_name": None},
        "provider_banned_unknown",
        "provider not known; the job allows only p2",
    ),
    (
        job(usd_per_hour_max="2.499999999999999999"),
        {},
        "price",
        "2.5 USD an hour; the job allows at most 2.499999999999999999 USD",
    ),
    (
        gpus(count=4, memory_gib_min=1).model_copy(update={"usd_per_hour_max": Decimal(9)}),
        {"gpu_count_max": 8},
        "price",
        "10 USD an hour; the job allows at most 9 USD",
    ),
    (
        job(usd_total_max=25, duration_hours="10.5"),
        {},
        "total",
        "27.5 USD in all; the job allows at most 25 USD",
    ),
    (job(), {"available": False}, "unavailable", "not available; the job needs it available"),
    (
        job(datacenter_only=True),
        {},
        "datacenter_unknown",
        "kind of place not known; the job requires a datacenter",
    ),
    (
        job(uptime_min=0.99, uptime_days=1),
        {},
        "uptime_unknown",
        "uptime over 1 day not known; the job requires 0.99",
    ),
    (
        job(attributes=(SIGNED,)),
        {},
        "attribute_unknown",
        "the provider does not state tier; the job requires tier = gold, signed by bob",
    ),
    (
        job(),
        {"rankable": False},
        "not_rankable",
        "its price is a worked example; the job needs a machine's price",
    ),
    (
        job(),
        {"price_basis": "gpu_only"},
        "not_rankable",
        "its price is of the GPU alone; the job needs a machine's price",
    ),
    (
        job(duration_hours=24),
        {"term": "contract", "valid_until": TODAY},
        "validity",
        "the contract holds until 2026-11-24; the job lasts 2026-11-24 to 2026-11-25",
    ),
    (
        job(duration_hours=24),
        {"valid_from": TODAY + timedelta(days=1), "valid_until": TODAY},
        "validity",
        FROM_TO,
    ),
]
OF_THE_POLICY = [
    (rules(countries={"EEA"}), "country", "located in US; policy strict allows EEA"),
    (rules(networks={"lium"}), "network_banned", "on akash; policy strict allows only lium"),
    (rules(terms={"contract"}), "term", "sold as on_demand; policy strict takes contract"),
    (
        rules(online_only=True),
        "online",
        "the provider is not online; policy strict requires that it is online",
    ),
    (
        rules(audited_only=True),
        "audit_unknown",
        "whether the provider is audited is not known; policy strict requires that it is audited",
    ),
    (
        rules(datacenter_only=True),
        "datacenter",
        "stands in: home; policy strict requires a datacenter",
    ),
    (rules(uptime_min=0.95), "uptime", "uptime 0.9 over 30 days; policy strict requires 0.95"),
    (
        rules(attributes=(SIGNED,)),
        "attribute",
        STATES_UNSIGNED,
    ),
    (
        rules(attributes=(Attribute(key="tier", value="tin", signed_by="*"),)),
        "attribute",
        "the provider states tier = gold; policy strict requires tier = tin, signed by any auditor",
    ),
    (
        Policy(name="strict", usd_per_gpu_hour_max=2),
        "gpu_price",
        "2.5 USD per GPU-hour; policy strict allows at most 2 USD",
    ),
    (
        Policy(name="strict", data_classes={"internal": Rules(networks_banned={"akash"})}),
        "network_banned",
        "on akash; policy strict for internal data bans akash",
    ),
]
HOME = whose(
    location_type="home",
    is_online=False,
    uptime_30d=0.9,
    attributes=(Stated("tier", "gold", ("ada",)),),
)
JUDGED = [
    ((), "compliance_unknown", "control soc2: not judged"),
    ((finding(word="unknown"),), "compliance_unknown", "control soc2: not judged"),
    (
        (finding(word="not_satisfied", evidence="ev7"), finding(evidence="ev8")),
        "compliance",
        "control soc2: not satisfied (evidence ev7)",
    ),
    (
        (finding(expires_at=NOW + timedelta(days=29), evidence="ev7"), finding(provider_id=None)),
        "compliance",
        "control soc2: satisfied until 2026-12-23 12:00 UTC (evidence ev7)",
    ),
]


@pytest.mark.parametrize(("need", "changes", "code", "sentence"), OF_THE_JOB)
def test_a_job_says_why_it_refuses(need, changes, code, sentence):
    assert said(need, changes) == [(code, sentence)]


@pytest.mark.parametrize(("policy", "code", "sentence"), OF_THE_POLICY)
def test_a_policy_says_why_it_refuses(policy, code, sentence):
    assert said(job(), {}, policy, HOME) == [(code, sentence)]


@pytest.mark.parametrize(("findings", "code", "first"), JUDGED)
def test_a_control_must_be_satisfied_still_at_the_end_of_the_lease(findings, code, first):
    policy = Policy(name="strict", rules=SOC2)
    second = f"; policy strict requires soc2 satisfied until {UNTIL}"
    assert said(job(), {}, policy, None, findings) == [(code, first + second)]


def test_a_control_that_nobody_judged_may_be_allowed_but_never_one_that_lapses():
    allowed = SOC2.model_copy(update={"unknown_controls": "allow"})
    policy = Policy(name="strict", rules=allowed)
    lapses = finding(expires_at=NOW + timedelta(days=1))

    assert said(job(), {}, policy) == []
    assert [code for code, _ in said(job(), {}, policy, None, (lapses,))] == ["compliance"]
    assert said(job(duration_hours=24), {}, policy, None, (lapses,)) == []


def test_job_and_policy_both_hold_and_each_says_so():
    policy = rules(countries={"EU"})
    assert said(job(countries={"DE"}), {"country_code": "RU"}, policy) == [
        ("country", "located in RU; the job allows DE"),
        ("country", "located in RU; policy strict allows EU"),
    ]
    assert said(job(countries={"DE", "US"}), {"country_code": "DE"}, policy) == []


def test_a_hyperscaler_is_routed_to_only_when_it_is_named():
    market = prepared(frame_of([baseline()]), facts_of(), NOW)
    (reason,) = route(job(), market, None, NOW).reasons(baseline().offer_id)

    assert reason.code == "baseline"
    assert reason.sentence == "aws is a hyperscaler; the job does not name it in its networks"
    assert len(route(job(networks={"aws"}), market, None, NOW).quotes) == 1


def test_age_and_availability_refuse_only_when_the_policy_asks():
    old = {"price_as_of": NOW - timedelta(hours=25), "available": None}
    policy = Policy(name="strict", price_age_hours_max=24, availability_known=True)

    assert said(job(), old) == []
    assert said(job(), {**old, "source_kind": "contract", "available": True}, policy) == []
    assert said(job(), old, policy) == [
        (
            "unavailable_unknown",
            "whether it is available is not known; policy strict needs it available",
        ),
        ("age", "price of 2026-11-23 11:00 UTC; policy strict allows an age of 24 hours"),
    ]


def test_every_gate_is_told_in_words_by_some_test():
    told = {code for _, _, code, _ in OF_THE_JOB} | {code for _, code, _ in OF_THE_POLICY}
    told |= {code for _, code, _ in JUDGED} | {"baseline", "age", "unavailable", "blocked"}
    assert {gate.code for gate in GATES} - {gate_of(code).code for code in told} == set()


def test_bits_are_single_and_fit_a_mask():
    bits = [bit for gate in GATES for bit in (gate.bit, gate.unknown_bit) if bit]
    assert len(set(bits)) == len(bits) == len(all_codes())
    assert all(bit.bit_count() == 1 and bit < 2**64 for bit in bits)
    assert (GATE["country"].bit, GATE["country"].unknown_bit) == (1, 2)


@given(st.sets(st.sampled_from(all_codes())))
def test_a_mask_is_its_codes(codes):
    assert set(codes_of(mask_of(codes))) == codes
    assert [gate_of(code).code for code in codes_of(mask_of(codes))] == sorted(
        (gate_of(code).code for code in codes), key=[g.code for g in GATES].index
    )


def test_the_documents_table_of_codes_is_that_of_the_gates():
    text = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (yes|no) \| .+ \|$", text, re.MULTILINE)
    assert rows == [(g.code, g.facet, "yes" if g.unknown_bit else "no") for g in GATES]

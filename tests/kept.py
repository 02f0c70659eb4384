"""A small decision with a bit of everything, for tests of how decisions are told and kept."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.decision_further import further_of
from engine.decision_record import DecisionRecord, record_of
from engine.market import Provider
from engine.policy import Policy, Rules
from engine.prepared_market import Prepared
from engine.requirement import Gpus, Requirement
from engine.routing import Decision, prepared, route
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import baseline, offer

SEEN = NOW - timedelta(hours=1)
JOB = Requirement(
    name="fine-tune",
    gpus=Gpus(count=8, models=frozenset({"H100"})),
    duration_hours=Decimal(100),
    countries=frozenset({"US", "EEA"}),
    cost_centre="CC-4711",
    networks=frozenset({"akash", "nosana", "aws"}),
)
POLICY = Policy(name="strict", title="Only what we know", rules=Rules(uptime_min=0.9))


def machine(name: str, price: str, **changes: Any):
    fields: dict[str, Any] = {
        "offer_id": name,
        "provider_id": f"of-{name}",
        "provider_name": None,
        "gpu_count": 8,
        "usd_per_hour": Decimal(price),
        "observed_at": SEEN,
    }
    return offer(**(fields | changes))


def provider(name: str, uptime: float | None) -> Provider:
    return Provider(
        network="akash",
        provider_id=f"of-{name}",
        name=f"{name}.example",
        uptime_30d=uptime,
        observed_at=SEEN,
        source_kind="live",
        source="a test",
    )


def small_market(**changes: Any) -> Prepared:
    offers = [
        machine("a-cheap", "16", gpu_count=1, usd_per_hour=Decimal(2), gpu_count_max=8),
        machine("b-known", "18.5", country_code="DE"),
        machine("c-unknown-uptime", "10", country_code="NO"),
        machine("d-far", "9", country_code="RU"),
        machine("e-few", "3", gpu_count=2),
        baseline(
            offer_id="aws:p5.48xlarge", gpu_count=8, usd_per_hour=Decimal(55), observed_at=SEEN
        ),
    ]
    providers = [provider("a-cheap", 0.99), provider("b-known", 0.999), provider("d-far", 0.5)]
    named = {"key": "k", "drops": ("offers/one", "providers/two")} | changes
    return prepared(frame_of(offers), facts_of(providers), NOW, **named)


def small_decision(job: Requirement = JOB, market: Prepared | None = None) -> Decision:
    return route(job, market or small_market(), POLICY, NOW, policy_version="strict@3")


def small_record(job: Requirement = JOB, market: Prepared | None = None) -> DecisionRecord:
    decision = small_decision(job, market)
    return record_of(decision, further=further_of(decision))

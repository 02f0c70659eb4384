"""Small markets, jobs and policies in which every gate can be met, failed and unknown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

from engine.billing import ANY, Billing, Costs, Figure
from engine.generations import Generations, GpuGeneration
from engine.market import Attribute as Stated
from engine.market import Offer, Provider, offers_frame, providers_frame
from engine.policy import Finding, Policy, Rules
from engine.prepared_market import Facts
from engine.requirement import Attribute, Gpus, Requirement
from engine.resources import Catalogue, GpuModel, Jurisdiction

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def gpu(name: str, family: str, memory: int, interface: str, tflops: int | None) -> GpuModel:
    return GpuModel(
        name=name,
        family=family,
        vendor="NVIDIA",
        memory_gib=Decimal(memory),
        interface=interface,
        bf16_dense_tflops=None if tflops is None else Decimal(tflops),
    )


def country(code: str, *, eu: bool, eea: bool, adequacy: Any) -> Jurisdiction:
    return Jurisdiction(
        country_code=code, in_eu=eu, in_eea=eea, adequacy=adequacy, detail="", as_of=TODAY
    )


GENERATIONS = {"A100": "Ampere", "L40S": "Ada", "H100": "Hopper", "B200": "Blackwell"}
CATALOGUE = Catalogue(
    generations=Generations(
        tuple(
            GpuGeneration(family=family, vendor="NVIDIA", name=name, order=order)
            for order, (family, name) in enumerate(GENERATIONS.items())
        )
    ),
    models=(
        gpu("H100", "H100", 80, "unspecified", None),
        gpu("H100-SXM", "H100", 80, "SXM", 989),
        gpu("H100-PCIe", "H100", 80, "PCIe", 756),
        gpu("A100-80-SXM", "A100", 80, "SXM", 312),
        gpu("A100-80-PCIe", "A100", 80, "PCIe", 312),
        gpu("A100-40-PCIe", "A100", 40, "PCIe", 312),
        gpu("L40S", "L40S", 48, "PCIe", 362),
    ),
    jurisdictions={
        j.country_code: j
        for j in (
            country("DE", eu=True, eea=True, adequacy="eea"),
            country("NO", eu=False, eea=True, adequacy="eea"),
            country("CH", eu=False, eea=False, adequacy="full"),
            country("US", eu=False, eea=False, adequacy="partial"),
            country("RU", eu=False, eea=False, adequacy="none"),
        )
    },
)
COSTS = Costs(
    billing=Billing({
        (ANY, ANY, "granularity_seconds"): Figure(
            item="granularity_seconds", value=Decimal(3600), evidence="published"
        ),
        ("nosana", ANY, "network_fee"): Figure(
            item="network_fee", value=Decimal("0.1"), evidence="inferred"
        ),
    })
)  # fmt: skip

GPUS = (
    ("H100-SXM", "SXM", 80.0), ("H100", None, None), ("H100", "PCIe", 80.0), ("A100", None, None),
    ("A100", "SXM", None), ("A100-80-PCIe", None, None), ("L40S", None, 48.0),
    ("Mystery 9", None, 33.0), (None, "SXM", 96.0),
)  # fmt: skip
MODELS = ("H100", "H100-SXM", "A100", "A100-80", "A100-80-PCIe", "L40S")

moments = st.sampled_from([NOW - timedelta(hours=h) for h in (0, 1, 24, 25, 800)])
days = st.sampled_from([TODAY + timedelta(days=d) for d in (-1, 0, 1, 2, 30, 40)])
sizes = st.sampled_from([None, 8.0, 16.0, 64.0])
networks = st.sampled_from(["akash", "nosana", "lium"])
called = st.sampled_from(["p1", "p2", "p3", "one.example", "two.example", "Org"])
terms = st.sampled_from(["on_demand", "spot", "reserved_1y", "contract"])
controls = st.sampled_from(["soc2", "iso27001"])
few = st.frozensets


def some_of(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]], most: int) -> Any:
    """Draw a few of these fields: with all of them at once nothing would ever pass."""
    number = draw(st.integers(0, most))
    names = st.sampled_from(sorted(fields))
    chosen = draw(st.lists(names, min_size=number, max_size=number, unique=True))
    return {name: draw(fields[name]) for name in chosen}


OFFER_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "is_baseline": st.just(value=True),
    "provider_name": st.sampled_from(["two.example", None]),
    "gpu_count": st.sampled_from([2, 3, 8]),
    "vcpu": sizes,
    "memory_gib": sizes,
    "storage_gib": sizes,
    "gpu_count_max": st.integers(0, 8),
    "vcpu_max": sizes,
    "memory_gib_max": sizes,
    "storage_gib_max": sizes,
    "country_code": st.sampled_from(["NO", "CH", "US", "RU", "de", None]),
    "term": terms,
    "price_basis": st.just("gpu_only"),
    "rankable": st.just(value=False),
    "available": st.sampled_from([False, None]),
    "price_as_of": moments,
    "valid_from": days,
    "valid_until": days,
    "observed_at": moments,
    "source_kind": st.just("contract"),
}
PRICES = ("1", "1.000000000000000001", "1.000000000000000002", "2", "2.5", "8", "20")


@st.composite
def offers(draw: st.DrawFn, number: int) -> Offer:
    model, form_factor, memory = draw(st.sampled_from((GPUS[0], *GPUS)))
    fields: dict[str, Any] = {
        "offer_id": f"o{number:02d}",
        "network": draw(networks),
        "provider_id": draw(st.sampled_from(["p1", "p2", "p1", "p2", "p3", None])),
        "provider_name": "one.example",
        "gpu_model": model,
        "gpu_name": model or "a card",
        "form_factor": form_factor,
        "gpu_memory_gib": memory,
        "gpu_count": 1,
        "vcpu": 16.0,
        "memory_gib": 16.0,
        "storage_gib": 16.0,
        "country_code": "DE",
        "usd_per_hour": Decimal(draw(st.sampled_from(PRICES))),
        "price_basis": "instance",
        "available": True,
        "observed_at": NOW,
        "source_kind": "live",
        "source": "a test",
    }
    return Offer(**(fields | some_of(draw, OFFER_FIELDS, 2)))


PROVIDER_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["one.example", "two.example"]),
    "organization": st.just("Org"),
    "location_type": st.sampled_from(["home", None]),
    "is_online": st.sampled_from([False, None]),
    "is_audited": st.sampled_from([False, None]),
    "uptime_7d": st.sampled_from([None, 0.9]),
    "uptime_30d": st.sampled_from([None, 0.9]),
    "attributes": st.sampled_from([
        (),
        (Stated("tier", "tin"),),
        (Stated("tier", "gold"),),
        (Stated("tier", "gold", ("ada",)),),
    ]),
}  # fmt: skip


@st.composite
def providers(draw: st.DrawFn) -> Provider:
    fields: dict[str, Any] = {
        "network": draw(networks),
        "provider_id": draw(st.sampled_from(["p1", "p2"])),
        "location_type": "datacenter",
        "is_online": True,
        "is_audited": True,
        "uptime_7d": 0.99,
        "uptime_30d": 0.99,
        "attributes": (Stated("tier", "gold", ("ada", "bob")),),
        "observed_at": NOW,
        "source_kind": "live",
        "source": "a test",
    }
    return Provider(**(fields | some_of(draw, PROVIDER_FIELDS, 2)))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    return Finding(
        network=draw(networks),
        provider_id=draw(st.sampled_from(["p1", "p2", None])),
        control=draw(controls),
        word=draw(st.sampled_from(["satisfied", "satisfied", "not_satisfied", "unknown"])),
        evidence=draw(st.sampled_from([None, "ev1", "ev2"])),
        expires_at=draw(st.none() | st.sampled_from([NOW + timedelta(days=d) for d in (0, 1, 90)])),
    )


attributes = st.builds(
    Attribute,
    key=st.sampled_from(["tier", "tier", "gpu"]),
    value=st.sampled_from(["gold", "gold", "tin"]),
    signed_by=st.sampled_from([None, "*", "bob"]),
).map(lambda one: (one,))
areas = few(st.sampled_from(["EU", "EEA", "EEA+adequate", "US", "ru"]), min_size=1, max_size=2)
uptimes = st.sampled_from([0.9, 0.95])
some_terms = few(terms, min_size=1, max_size=3)
true = st.just(value=True)

GPU_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "count": st.sampled_from([2, 3, 8]),
    "models": few(st.sampled_from(MODELS), min_size=1, max_size=2),
    "memory_gib_min": st.sampled_from([40.0, 80.0]),
    "form_factors": few(st.sampled_from(["SXM", "PCIe"]), min_size=1, max_size=1),
    "bf16_tflops_min": st.sampled_from([312.0, 800.0]),
    "generation_min": st.sampled_from(["Ampere", "hopper", "Blackwell"]),
}
JOB_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "vcpu_min": st.sampled_from([8.0, 16.0, 16.5]),
    "memory_gib_min": st.sampled_from([8.0, 16.5]),
    "storage_gib_min": st.sampled_from([8.0, 64.0]),
    "interruptible": true,
    "usd_per_hour_max": st.sampled_from([Decimal(1), Decimal(2), Decimal(8)]),
    "usd_total_max": st.sampled_from([Decimal(25), Decimal(50)]),
    "countries": areas,
    "networks": few(networks, min_size=1, max_size=2),
    "networks_banned": few(networks, min_size=1, max_size=1),
    "providers": few(called, min_size=1, max_size=2),
    "providers_banned": few(called, min_size=1, max_size=1),
    "terms": some_terms,
    "datacenter_only": true,
    "uptime_min": uptimes,
    "uptime_days": st.sampled_from([1, 7]),
    "attributes": attributes,
    "data_class": st.just("personal"),
}
RULE_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "countries": areas,
    "networks": few(networks, min_size=1, max_size=2),
    "networks_banned": few(networks, min_size=1, max_size=1),
    "providers_banned": few(called, min_size=1, max_size=1),
    "terms": some_terms,
    "datacenter_only": true,
    "online_only": true,
    "audited_only": true,
    "uptime_min": uptimes,
    "attributes": attributes,
    "controls": few(controls, min_size=1, max_size=2),
    "unknown_controls": st.just("allow"),
}


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    gpus = {"count": 1, "memory_gib_min": 8.0} | some_of(draw, GPU_FIELDS, 2)
    fields = some_of(draw, JOB_FIELDS, 4)
    hours = [Decimal(1), Decimal("24.5"), Decimal(48)]
    if "usd_total_max" not in fields:
        hours.append(None)
    for name in ("networks", "providers"):
        fields[name] = fields.get(name, frozenset()) - fields.get(f"{name}_banned", frozenset())
    return Requirement(gpus=Gpus(**gpus), duration_hours=draw(st.sampled_from(hours)), **fields)


@st.composite
def rule_sets(draw: st.DrawFn) -> Rules:
    fields = some_of(draw, RULE_FIELDS, 3)
    allowed = fields.get("networks", frozenset()) - fields.get("networks_banned", frozenset())
    return Rules(**(fields | {"networks": allowed}))


@st.composite
def policies(draw: st.DrawFn) -> Policy | None:
    if draw(st.booleans()):
        return None
    fields = {
        "rules": rule_sets(),
        "data_classes": st.fixed_dictionaries({"internal": rule_sets(), "personal": rule_sets()}),
        "usd_per_gpu_hour_max": st.sampled_from([Decimal(1), Decimal("2.5")]),
        "price_age_hours_max": st.sampled_from([24.0, 1e9]),
        "availability_known": true,
    }
    return Policy(name="strict", **some_of(draw, fields, 2))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Offer], list[Provider], list[Finding]]:
    """Return a market's offers, its providers (at most one row each) and findings on them."""
    number = draw(st.integers(0, 9))
    listed = draw(st.lists(providers(), max_size=6, unique_by=lambda p: (p.network, p.provider_id)))
    judged = draw(st.lists(findings(), max_size=5))
    return [draw(offers(place)) for place in range(number)], listed, judged


def facts_of(
    listed: list[Provider] | None = None, judged: list[Finding] | None = None, **changes: Any
) -> Facts:
    fields: dict[str, Any] = {
        "providers": providers_frame(listed or []),
        "catalogue": CATALOGUE,
        "findings": tuple(judged or ()),
        "costs": COSTS,
    }
    return Facts(**(fields | changes))


def frame_of(listed: list[Offer]) -> pl.DataFrame:
    return offers_frame(listed)

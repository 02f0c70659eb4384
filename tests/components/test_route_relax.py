"""A relaxation that a person clicks changes the form so that the named offer passes."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from components.route_fields import requirement_text, values_of
from components.route_relax import relaxed
from components.route_what_if import chip, telling
from data.shipped import catalogue
from engine.decision_further import further_of
from engine.market import PROVIDER_SCHEMA, offers_frame, providers_frame
from engine.policy import Policy, Rules
from engine.requirement_file import read_requirement
from engine.routing import Facts, prepared, route
from tests.engine.test_provider_search import provider
from tests.support import baseline, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NETWORKS = ["akash"]
GOOD = {"provider_id": "p1", "usd_per_hour": Decimal(9), "country_code": "DE"}
CHEAP = {"offer_id": "akash:cheap", "provider_id": "p2", "usd_per_hour": Decimal(2)}


def market_of(**cheap):
    offers = offers_frame([offer(**GOOD), offer(**CHEAP | {"country_code": "DE"} | cheap)])
    providers = providers_frame([provider(), provider(provider_id="p2", uptime_30d=0.9)])
    return prepared(offers, Facts(providers=providers, catalogue=catalogue()), NOW)


def job(text):
    return read_requirement(f"gpus: {{models: [H100, A100], count: 1}}\n{text}", "job.yaml")


def applied(row, requirement):
    """The job after the click, as the form then states it."""
    changes = relaxed(row, requirement, NETWORKS)
    return None if changes is None else read_requirement(
        requirement_text(values_of(requirement) | changes)[0], "form"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cheap"),
    [
        ("countries: [DE]", {"country_code": "US"}),
        ("vcpu_min: 16", {"vcpu": 8.0}),
        ("memory_gib_min: 200", {"memory_gib": 100.0}),
        ("interruptible: false", {"term": "spot"}),
        ("terms: [on_demand]", {"term": "reserved_1y"}),
        ("networks_banned: [lium]", {"network": "lium"}),
        ("networks: [akash]", {"network": "lium"}),
        ("providers: [p1]", {}),
        ("uptime_min: 0.95", {}),
        ("countries: [DE]", {"gpu_model": "H200", "gpu_name": "H200", "gpu_memory_gib": 141.0}),
    ],
)
def test_a_click_admits_the_offer_that_it_named(text, cheap):
    need, market = job(text), market_of(**cheap)
    rows = further_of(route(need, market, None, NOW))["what_if"]
    found = [(row, after) for row in telling(rows) if (after := applied(row, need))]
    assert found

    for row, after in found:
        assert route(after, market, None, NOW).quotes[0].offer_id == row["offer_id"]


def test_what_a_policy_states_is_not_the_form_s_to_relax():
    policy = Policy(name="eu", rules=Rules(countries=frozenset({"EEA"})))
    need = job("duration_hours: 2")
    rows = further_of(route(need, market_of(country_code="US"), policy, NOW))["what_if"]

    assert [row["value"] for row in rows] == ["US", None] or rows
    assert all(relaxed(row, need, NETWORKS) is None for row in rows if row["code"] == "country")


def test_a_hyperscaler_takes_part_beside_the_networks():
    offers = offers_frame([offer(**GOOD), baseline()])
    facts = Facts(providers=pl.DataFrame(schema=dict(PROVIDER_SCHEMA)), catalogue=catalogue())
    market, need = prepared(offers, facts, NOW), job("duration_hours: 2")
    rows = further_of(route(need, market, None, NOW))["what_if"]
    row = next(row for row in rows if row["value"] == "aws")

    after = applied(row, need)
    assert after.networks == {"akash", "aws"}
    assert [quote.network for quote in route(after, market, None, NOW).quotes] == ["aws", "akash"]


def test_a_chip_says_the_saving_or_the_price_where_nothing_passes():
    row = {"label": "allowing aws", "value": "aws", "code": "baseline", "saving": "0.1234"}

    assert chip(row) == "Allowing AWS: **−12 %**"
    assert chip(row | {"saving": None, "landed_usd_per_hour": "2.5"}).endswith("**\\$2\\.500/h**")


def test_another_job_is_the_last_thing_to_suggest():
    base = {"saving": "0.5", "stated_by": ["the job"]}
    model = base | {"code": "gpu_model", "value": "T4", "offer_id": "a", "saving": "0.9"}
    country = base | {"code": "country", "value": "US", "offer_id": "b"}
    nothing = base | {"code": "vcpu", "value": "2", "offer_id": "c", "saving": "0.0000"}
    whole = base | {"code": "country", "value": None, "offer_id": "b"}

    assert telling([model, whole, country, nothing]) == [country, model]


def by_job(code, value):
    return {"code": code, "value": value, "stated_by": ["the job"]}


@pytest.mark.parametrize(
    ("code", "value", "changes"),
    [
        ("country", None, {"countries": []}),
        ("gpu_model", None, None),
        ("form_factor", "SXM", None),
        ("network_banned", None, {"networks": [], "networks_banned": []}),
        ("baseline", None, None),
        ("provider_banned", None, {"providers": [], "providers_banned": []}),
        ("provider_banned", "somebody else", None),
        ("gpu_count", "8", {"gpu_count": 8}),
        ("gpu_count", None, None),
        ("generation", "Ampere", {"generation_min": "Ampere"}),
        ("generation", None, {"generation_min": None}),
        ("term", None, None),
        ("uptime", "7", {"uptime_days": "7 days"}),
        ("uptime", None, {"uptime_min": None}),
        ("datacenter", None, {"datacenter_only": False}),
        ("attribute", None, {"attributes": []}),
        ("attribute", "tier = gold", {"attributes": ["tier = silver"]}),
        ("attribute", "tier = bronze", None),
        ("total", "12.5", {"usd_total_max": 12.5}),
        ("price", None, {"usd_per_hour_max": None}),
        ("country_unknown", None, None),
        ("unavailable", None, None),
    ],
)
def test_what_a_click_writes_into_the_form(code, value, changes):
    stated = "attributes: [{key: tier, value: gold}, {key: tier, value: silver}]"

    assert relaxed(by_job(code, value), job(stated), NETWORKS) == changes

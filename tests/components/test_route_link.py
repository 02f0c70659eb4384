"""What is filtered on the Market is what the job asks for on the Route page."""

from decimal import Decimal

from components.route_link import not_carried, route_query
from engine.provider_search import ProviderSearch
from engine.search import Search


def test_the_filters_are_carried_under_the_names_of_the_form(catalogue):
    search = Search(
        gpu_models=frozenset({"H100-SXM", "H100-PCIe"}), gpu_count=8, vcpu_min=64,
        networks=frozenset({"lium"}), terms=frozenset({"spot"}),
        countries=catalogue.countries_in("EEA"), usd_per_gpu_hour_max=Decimal("2.5"),
        provider=ProviderSearch(
            datacenter_only=True, uptime_min=0.995, uptime_days=7,
            statements=frozenset({("tier", "gold")}), signed_by="*",
        ),
    )  # fmt: skip

    assert route_query(search, catalogue) == {
        "models": ["H100-PCIe", "H100-SXM"], "gpu_count": "8", "vcpu_min": "64",
        "usd_per_hour_max": "20.0", "countries": ["EEA"], "networks": ["Lium"], "terms": ["spot"],
        "interruptible": "true", "datacenter_only": "true", "uptime_min": "99.5",
        "uptime_days": "7 days", "attributes": ["tier = gold"], "signed_by": "any auditor",
    }  # fmt: skip


def test_an_empty_search_is_an_empty_address(catalogue):
    assert route_query(Search(), catalogue) == {}


def test_single_countries_stay_single(catalogue):
    asked = Search(countries=frozenset({"US", "DE"}))

    assert route_query(asked, catalogue) == {"countries": ["DE", "US"]}


def test_what_stays_behind_is_said(catalogue):
    either = frozenset({("tier", "gold"), ("tier", "silver")})
    search = Search(
        regions=frozenset({"us-east-1"}), age_days_max=3, provider=ProviderSearch(statements=either)
    )

    assert not_carried(search) == [
        "region", "age of the price (a policy states it)", "several values of one statement",
    ]  # fmt: skip
    assert route_query(search, catalogue) == {}

"""From the Market to the Route page: what was filtered there is what the job asks for here."""

from decimal import Decimal
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.filters import COUNTRY_GROUPS
from components.route_fields import SIGNERS, query_of
from components.text import NETWORK_NAMES, TERM_NAMES
from engine.resources import Catalogue
from engine.search import Search

ROUTE_PAGE = Path(__file__).resolve().parent.parent / "pages" / "route.py"
_NOBODY = "none"  # what the Market's filters ask for where no country can be meant


def route_button(place: DeltaGenerator, search: Search, catalogue: Catalogue) -> None:
    """Draw the button that goes to the Route page and takes the filters along."""
    left = not_carried(search)
    said = f" What a job cannot ask for stays behind: {', '.join(left)}." if left else ""
    if place.button(
        "Route this", icon=":material/alt_route:", key="route_this", type="primary",
        width="stretch",
        help=f"Find the cheapest offer that meets every condition, and why others do not.{said}",
    ):  # fmt: skip
        st.switch_page(ROUTE_PAGE, query_params=route_query(search, catalogue))


def route_query(search: Search, catalogue: Catalogue) -> dict[str, str | list[str]]:
    """Return the Route page's address for a search of the Market."""
    count = search.gpu_count or 1
    ceiling = search.usd_per_gpu_hour_max
    asked = search.provider
    values = {
        "models": sorted(search.gpu_models),
        "gpu_count": search.gpu_count,
        "gpu_memory_gib_min": search.gpu_memory_gib_min,
        "form_factors": sorted(search.form_factors),
        "vcpu_min": search.vcpu_min,
        "memory_gib_min": search.memory_gib_min,
        "storage_gib_min": search.storage_gib_min,
        "usd_per_hour_max": None if ceiling is None else float(ceiling * count),
        "countries": _places(search, catalogue),
        "networks": [NETWORK_NAMES.get(name, name) for name in sorted(search.networks)],
        "terms": [TERM_NAMES.get(term, term) for term in sorted(search.terms)],
        "interruptible": "spot" in search.terms,
        "datacenter_only": asked.datacenter_only,
        "uptime_min": None
        if asked.uptime_min is None
        else float(Decimal(str(asked.uptime_min)) * 100),
        "uptime_days": f"{asked.uptime_days} days" if asked.uptime_min is not None else None,
        "attributes": [" = ".join(pair) for pair in sorted(_all_of(search))],
        "signed_by": SIGNERS.get(asked.signed_by or "", asked.signed_by),
    }
    if values["uptime_days"] in ("1 days", "30 days"):
        values["uptime_days"] = "1 day" if asked.uptime_days == 1 else None
    return query_of(values)


def not_carried(search: Search) -> list[str]:
    """Return which set filters have no place in what a job needs."""
    asked = search.provider
    found = {
        "region": search.regions,
        "source kind": search.source_kinds,
        "age of the price (a policy states it)": search.age_days_max,
        "online (a policy states it)": asked.online_only,
        "audited (a policy states it)": asked.audited_only,
        "several values of one statement": asked.statements - _all_of(search),
        "signed data centre": asked.datacenter_only and asked.signed_by,
    }
    return [name for name, is_set in found.items() if is_set]


def _all_of(search: Search) -> frozenset[tuple[str, str]]:
    """Return the statements that stand alone under their key: a job asks for all, not for any."""
    asked = search.provider.statements
    keys = [key for key, _ in asked]
    return frozenset(pair for pair in asked if keys.count(pair[0]) == 1)


def _places(search: Search, catalogue: Catalogue) -> list[str]:
    """Return the countries, or the group of countries that they are."""
    countries = search.countries - {_NOBODY}
    group = next((name for name in COUNTRY_GROUPS if catalogue.countries_in(name) == countries), "")
    return [group] if group else sorted(countries)

"""The Market's filters: the person's choices, kept in the URL, as one ``Search``."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.text import NETWORK_NAMES, TERM_NAMES
from engine.resources import Catalogue
from engine.search import Search

COUNTRY_GROUPS = {
    "EU": "EU",
    "EEA": "EU and EEA",
    "EEA+adequate": "EEA and countries with a full adequacy decision",
}
GROUPS = {
    "GPU": ("family", "gpu", "count", "gpu_memory", "form"),
    "Machine": ("vcpu", "ram", "disk"),
    "Place": ("place", "country", "region"),
    "Price and source": ("network", "price", "free", "term", "kind", "days"),
}
"""The filters' keys in the address, by the group they are drawn in."""


def clear_filters() -> None:
    """Forget every filter; for a button's callback."""
    for key in (key for keys in GROUPS.values() for key in keys if key in st.session_state):
        value = st.session_state[key]
        empty: list[str] | bool | None = (
            [] if isinstance(value, list) else False if isinstance(value, bool) else None
        )
        st.session_state[key] = empty


def market_filters(offers: pl.DataFrame, catalogue: Catalogue) -> Search:
    """Draw the filters and return what was asked; options are what the market holds."""
    with _group("GPU", ":material/memory:", is_open=True):
        models = _gpu_models(offers, catalogue)
        left, right = st.columns(2)
        count = left.number_input(
            "GPUs needed", 1, 64, None, key="count", bind="query-params", placeholder="any"
        )
        memory = right.number_input(
            "VRAM GiB", 1, 1024, None, key="gpu_memory", bind="query-params",
            placeholder="any", help="GPU memory, at least.",
        )  # fmt: skip
        forms = _several("Form factor", "form", _values(offers, "form_factor"))
    with _group("Machine", ":material/dns:"):
        vcpu, ram, disk = (_at_least(label, key) for label, key in _MACHINE)
    with _group("Place", ":material/public:"):
        countries = _countries(offers, catalogue)
        regions = _several("Region", "region", _values(offers, "region"))
    with _group("Price and source", ":material/sell:", is_open=True):
        return _offer_search(offers, models, count, memory, forms, (vcpu, ram, disk),
                             countries, regions)  # fmt: skip


def _group(name: str, icon: str, *, is_open: bool = False) -> DeltaGenerator:
    """A group of filters: open where one of them is set, with how many."""
    active = sum(key in st.query_params for key in GROUPS[name])
    title = f"{name} · {active} set" if active else name
    return st.expander(title, expanded=is_open or active > 0, icon=icon, key=f"group_{name}")


_MACHINE = (("vCPU or more", "vcpu"), ("RAM, GiB or more", "ram"), ("Disk, GiB or more", "disk"))


def _offer_search(
    offers: pl.DataFrame,
    models: frozenset[str],
    count: int | None,
    memory: int | None,
    forms: frozenset[str],
    machine: tuple[float | None, float | None, float | None],
    countries: frozenset[str],
    regions: frozenset[str],
) -> Search:
    networks = _several("Network", "network", _values(offers, "network"), NETWORK_NAMES)
    ceiling = st.number_input(
        "USD per GPU-hour, at most", 0.0, 1000.0, None, 0.01, key="price", bind="query-params",
        placeholder="any",
    )  # fmt: skip
    free = st.toggle("Free at the last reading", key="free", bind="query-params")
    terms = _several("Term", "term", _values(offers, "term"), TERM_NAMES)
    kinds = _several("Source kind", "kind", _values(offers, "source_kind"))
    days = st.number_input(
        "Price at most this many days old", 1, 3650, None, key="days", bind="query-params",
        placeholder="any",
    )  # fmt: skip
    return Search(
        gpu_models=models,
        gpu_count=count,
        gpu_memory_gib_min=memory,
        form_factors=forms,
        vcpu_min=machine[0],
        memory_gib_min=machine[1],
        storage_gib_min=machine[2],
        networks=networks,
        countries=countries,
        regions=regions,
        usd_per_gpu_hour_max=Decimal(str(ceiling)) if ceiling is not None else None,
        available_only=free,
        terms=terms,
        source_kinds=kinds,
        age_days_max=days,
    )


def _gpu_models(offers: pl.DataFrame, catalogue: Catalogue) -> frozenset[str]:
    sold = set(_values(offers, "gpu_model"))
    families = sorted({m.family for m in catalogue.models if m.name in sold})
    family = _several("Family", "family", families)
    model = _several("Model", "gpu", sorted(sold))
    of_family = {m.name for m in catalogue.models if m.family in family}
    return model or frozenset(of_family)


def _countries(offers: pl.DataFrame, catalogue: Catalogue) -> frozenset[str]:
    group = st.selectbox(
        "Group of countries", list(COUNTRY_GROUPS), None, COUNTRY_GROUPS.__getitem__,
        key="place", bind="query-params", placeholder="any",
        help=f"GDPR adequacy decisions as of {_adequacy_date(catalogue)}. A partial decision "
        "(US, CA) covers some recipients only and does not count.",
    )  # fmt: skip
    single = _several("Country", "country", _values(offers, "country_code"))
    in_group = catalogue.countries_in(group) if group else frozenset[str]()
    if single and group:
        return single & in_group or frozenset({"none"})
    return single or in_group


def _adequacy_date(catalogue: Catalogue) -> str:
    return max((str(j.as_of) for j in catalogue.jurisdictions.values()), default="not known")


def _several(
    label: str, key: str, options: list[str], names: Mapping[str, str] | None = None
) -> frozenset[str]:
    """Return what was chosen of the options, shown under their names.

    What the address asks for stays a choice although the market does not hold it (now): a shared
    link then finds nothing instead of silently finding everything.
    """
    shown = {(names or {}).get(option, option): option for option in options}
    asked = [text for text in st.query_params.get_all(key) if text not in shown]
    chosen = st.multiselect(
        label, [*shown, *asked], key=key, bind="query-params", placeholder="any",
        filter_mode="contains",
    )  # fmt: skip
    return frozenset(shown.get(text, text) for text in chosen)


def _at_least(label: str, key: str) -> float | None:
    return st.number_input(
        label, 1.0, 1_000_000.0, None, 1.0, key=key, bind="query-params", placeholder="any"
    )


def _values(offers: pl.DataFrame, column: str) -> list[str]:
    return offers[column].drop_nulls().unique().sort().to_list()

"""The Market's filters: the person's choices, kept in the URL, as one ``Search``."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.choices import at_least, one, several, values
from components.text import NETWORK_NAMES, TERM_NAMES
from engine.provider_search import ANY_AUDITOR, Days, ProviderSearch, auditors, statements
from engine.resources import Catalogue
from engine.search import Search

COUNTRY_GROUPS = {
    "EU": "EU",
    "EEA": "EU and EEA",
    "EEA+adequate": "EEA and countries with a full adequacy decision",
}
GROUPS = {
    "GPU": ("family", "gpu", "count", "gpu_memory", "form"),
    "Price and source": ("network", "price", "free", "term", "kind", "days"),
    "Place": ("place", "country", "region"),
    "Provider": (
        "provider", "datacenter", "online", "audited", "uptime", "window", "states", "signed",
    ),
    "Machine": ("vcpu", "ram", "disk"),
}  # fmt: skip
"""The filters' keys in the address, by the group they are drawn in."""
VIEW_KEYS = frozenset(key for keys in GROUPS.values() for key in keys) | {
    "view", "hyperscalers", "grid_term", "model", "range",
}  # fmt: skip
"""What a saved view of the Market keeps: the filters, and what is shown of what they find."""

_Fields = dict[str, Any]
_WINDOWS = {"1": "1 d", "7": "7 d", "30": "30 d"}


def clear_filters() -> None:
    """Forget every filter; for a button's callback."""
    for key in (key for keys in GROUPS.values() for key in keys if key in st.session_state):
        value = st.session_state[key]
        empty: list[str] | bool | None = (
            [] if isinstance(value, list) else False if isinstance(value, bool) else None
        )
        st.session_state[key] = empty


@dataclass(frozen=True, slots=True)
class Options:
    """What the market holds to choose from, by name; made once per market, not at every click."""

    models: list[str]
    forms: list[str]
    networks: list[str]
    terms: list[str]
    kinds: list[str]
    countries: list[str]
    regions: list[str]
    statements: list[str]
    auditors: list[str]
    providers: dict[str, str]
    """What a provider is called, by its id: its name where that is its alone, else the id."""

    @classmethod
    def of(cls, offers: pl.DataFrame, signals: pl.DataFrame) -> "Options":
        return cls(
            models=values(offers, "gpu_model"),
            forms=values(offers, "form_factor"),
            networks=values(offers, "network"),
            terms=values(offers, "term"),
            kinds=values(offers, "source_kind"),
            countries=values(offers, "country_code"),
            regions=values(offers, "region"),
            statements=statements(signals),
            auditors=auditors(signals),
            providers=_called(offers),
        )


def market_filters(options: Options, catalogue: Catalogue) -> Search:
    """Draw the filters and return what was asked."""
    with _group("GPU", ":material/memory:", is_open=True):
        fields = _gpu(options, catalogue)
    with _group("Price and source", ":material/sell:"):
        fields |= _price(options)
    with _group("Place", ":material/public:"):
        fields |= _place(options, catalogue)
    with _group("Provider", ":material/verified_user:"):
        fields |= _provider(options)
    with _group("Machine", ":material/dns:"):
        fields |= {
            "vcpu_min": at_least("vCPU or more", "vcpu"),
            "memory_gib_min": at_least("RAM, GiB or more", "ram"),
            "storage_gib_min": at_least("Disk, GiB or more", "disk"),
        }
    return Search(**fields)


def _group(name: str, icon: str, *, is_open: bool = False) -> DeltaGenerator:
    """A group of filters: open where one of them is set, with how many."""
    active = sum(_is_set(key) for key in GROUPS[name])
    title = f"{name} · {active} set" if active else name
    return st.expander(title, expanded=is_open or active > 0, icon=icon, key=f"group_{name}")


def _is_set(key: str) -> bool:
    """Whether a filter is set: the session knows it before the address does."""
    if key in st.session_state:
        return st.session_state[key] not in (None, False, [])
    return key in st.query_params


def _gpu(options: Options, catalogue: Catalogue) -> _Fields:
    sold = set(options.models)
    families = sorted({m.family for m in catalogue.models if m.name in sold})
    family = several("Family", "family", families)
    model = several("Model", "gpu", sorted(sold))
    of_family = {m.name for m in catalogue.models if m.family in family}
    left, right = st.columns(2)
    count = left.number_input(
        "GPUs needed", 1, 64, None, key="count", bind="query-params", placeholder="any"
    )
    memory = right.number_input(
        "VRAM GiB", 1, 1024, None, key="gpu_memory", bind="query-params",
        placeholder="any", help="GPU memory, at least.",
    )  # fmt: skip
    return {
        "gpu_models": model or frozenset(of_family),
        "gpu_count": count,
        "gpu_memory_gib_min": memory,
        "form_factors": several("Form factor", "form", options.forms),
    }


def _price(options: Options) -> _Fields:
    networks = several("Network", "network", options.networks, NETWORK_NAMES)
    ceiling = st.number_input(
        "USD per GPU-hour, at most", 0.0, 1000.0, None, 0.01, key="price", bind="query-params",
        placeholder="any",
    )  # fmt: skip
    return {
        "networks": networks,
        "usd_per_gpu_hour_max": Decimal(str(ceiling)) if ceiling is not None else None,
        "available_only": st.toggle("Free at the last reading", key="free", bind="query-params"),
        "terms": several("Term", "term", options.terms, TERM_NAMES),
        "source_kinds": several("Source kind", "kind", options.kinds),
        "age_days_max": st.number_input(
            "Price at most this many days old", 1, 3650, None, key="days", bind="query-params",
            placeholder="any",
        ),
    }  # fmt: skip


def _place(options: Options, catalogue: Catalogue) -> _Fields:
    group = one(
        "Group of countries",
        "place",
        list(COUNTRY_GROUPS),
        COUNTRY_GROUPS,
        note=f"GDPR adequacy decisions as of {_adequacy_date(catalogue)}. A partial decision "
        "(US, CA) covers some recipients only and does not count.",
    )
    single = several("Country", "country", options.countries)
    in_group = _countries_in(group, catalogue)
    both = single & in_group or frozenset({"none"})
    return {
        "countries": both if single and group else single or in_group,
        "regions": several("Region", "region", options.regions),
    }


def _countries_in(group: str | None, catalogue: Catalogue) -> frozenset[str]:
    if group is None:
        return frozenset()
    known = group in COUNTRY_GROUPS  # a link may ask for another: nothing is in it
    return catalogue.countries_in(group) if known else frozenset({"none"})


def _adequacy_date(catalogue: Catalogue) -> str:
    return max((str(j.as_of) for j in catalogue.jurisdictions.values()), default="not known")


def _called(offers: pl.DataFrame) -> dict[str, str]:
    pairs = offers.select("provider_id", "provider_name").drop_nulls("provider_id").unique()
    names = pairs.filter(
        pl.len().over("provider_id") == 1,
        pl.len().over("provider_name") == 1,
        pl.col("provider_name").str.strip_chars() != "",
        ~pl.col("provider_name").is_in(pairs["provider_id"].implode()),  # nobody is called another
    )
    called: dict[str, str] = {id_: id_ for id_ in pairs["provider_id"]} | dict(names.iter_rows())
    return dict(sorted(called.items(), key=lambda pair: pair[1]))


def _provider(options: Options) -> _Fields:
    """Conditions on whose hardware it is; networks that say nothing about it never meet one."""
    named = several("Provider", "provider", list(options.providers), options.providers)
    datacenter = st.toggle(
        "In a data centre", key="datacenter", bind="query-params",
        help="The provider's own word, unless a signature is asked for below.",
    )  # fmt: skip
    online = st.toggle("Online", key="online", bind="query-params")
    audited = st.toggle(
        "Audited", key="audited", bind="query-params",
        help="An auditor that the network knows signed at least one of its statements.",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        uptime = st.number_input(
            "Uptime, %", 0.0, 100.0, None, 0.1, key="uptime", bind="query-params",
            placeholder="any", format="%.2f", help="At least.",
        )  # fmt: skip
    with right:
        window = one("over days", "window", list(_WINDOWS), _WINDOWS, placeholder=_WINDOWS["30"])
    stated = several(
        "States", "states", options.statements,
        note="All keys must hold; of several values of one key, any.",
    )  # fmt: skip
    signed = one(
        "Signed by", "signed", [ANY_AUDITOR, *options.auditors], {ANY_AUDITOR: "any auditor"},
        placeholder="no signature needed",
        note="Who must have signed exactly what is asked above (statements, data centre).",
    )  # fmt: skip
    conditions = ProviderSearch(
        datacenter_only=datacenter,
        online_only=online,
        audited_only=audited,
        uptime_min=float(Decimal(str(uptime)) / 100) if uptime is not None else None,
        uptime_days=cast("Days", int(window)) if window in _WINDOWS else 30,
        statements=frozenset(_pair(text) for text in stated),
        signed_by=signed,
    )
    return {"provider_ids": named, "provider": conditions}


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition(" = ")
    return key, value

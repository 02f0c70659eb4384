"""The fields of an alert rule: filled in from the Market's filters, or from the rule to change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from components.offer_table import offer_title
from components.text import NETWORK_NAMES, TERM_NAMES, network_name
from engine.alert_rules import HOURS_MAX, TEXT_MAX, Kind, Rule
from engine.overview import BASELINE_NAMES
from engine.resources import Catalogue
from engine.search import Search

_OFFERS_MAX = 200
_ANY = "any"
_HOURS = 6
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a rule can be about: ``offers`` and ``providers`` (engine.provider_search) shown now.

    ``rule``: the one to change; without one the filters say what a new rule begins with. ``mark``:
    ends the fields' keys, so that what was typed for another rule is not taken for this one's.
    """

    search: Search
    offers: pl.DataFrame
    providers: pl.DataFrame
    catalogue: Catalogue
    rule: Rule | None = None
    mark: str = ""

    @property
    def start(self) -> Fields:
        """What the fields begin with, by the names that rules have for them."""
        if self.rule:
            return self.rule.model_dump()
        search = self.search
        asked = sorted(name for name in search.networks if name in NETWORK_NAMES)
        return {
            "gpu": self._gpu,
            "usd_per_gpu_hour_below": search.usd_per_gpu_hour_max or None,
            "term": min(search.terms & set(TERM_NAMES), default="on_demand"),
            "networks": asked,
            "network": asked[0] if len(asked) == 1 else None,
        }

    @property
    def gpus(self) -> list[str]:
        """Every family and model that is known, sold now or not."""
        models = self.catalogue.models
        return sorted({m.family for m in models} | {m.name for m in models})

    @property
    def _gpu(self) -> str | None:
        """The one model or family that the filters ask for."""
        asked = self.search.gpu_models
        families = {m.family for m in self.catalogue.models if m.name in asked}
        found = asked if len(asked) == 1 else families
        name = next(iter(found), None)
        return name if len(found) == 1 and name in self.gpus else None

    def key(self, name: str) -> str:
        return f"alert_{name}{self.mark}"


def fields_of(kind: Kind, choices: Choices) -> Fields:
    """Draw the fields of a kind of rule and return what they say now."""
    return _FORMS[kind](choices)


def missing(fields: Mapping[str, Any]) -> str:
    """What is left to fill in, in words."""
    return " ".join(text for name, text in _NEEDED.items() if fields.get(name, "") is None)


def _price(choices: Choices) -> Fields:
    start = choices.start
    left, right = st.columns(2)
    with left:
        gpu = _gpu(choices)
        networks = st.multiselect(
            "Networks", _with(NETWORK_NAMES, *start["networks"]), start["networks"],
            format_func=network_name, placeholder="any network", key=choices.key("networks"),
        )  # fmt: skip
    exact: Decimal | None = start["usd_per_gpu_hour_below"]
    with right:
        ceiling = st.number_input(
            "Less than, USD per GPU-hour", 0.0, 1000.0, float(exact) if exact else None, 0.01,
            format="%.3f", placeholder="for instance 1.50", key=choices.key("price"),
        )  # fmt: skip
        term = _term(choices)
    free = st.toggle(
        "Only what is free", value=start.get("free_only", True), key=choices.key("free")
    )
    price = Decimal(str(ceiling)) if ceiling is not None else None
    return {
        "gpu": gpu,
        "usd_per_gpu_hour_below": exact if exact and ceiling == float(exact) else price,
        "term": term,
        "networks": tuple(networks),
        "free_only": free,
    }


def _availability(choices: Choices) -> Fields:
    start = choices.start
    held = start.get("offer_id")
    left, right = st.columns(2)
    with left:
        gpu = _gpu(choices)
        term = _term(choices)
    with right:
        network = _network(choices)
        offer = _named(
            choices, "offer", "Only this offer", _titles(choices.offers), held, "any of this GPU"
        )
    if offer is None:
        return {"gpu": gpu, "network": network, "term": term}
    if offer == held:
        return {"offer_id": offer, "title": start["title"], "network": start["network"]}
    row = choices.offers.filter(offer_id=offer).row(0, named=True)
    whose = row["provider_name"] or row["provider_id"] or row["tier"] or "nobody named"
    title = _plain(f"{row['gpu_model'] or row['gpu_name']} of {whose}")
    return {"offer_id": offer, "title": title, "network": row["network"]}


def _named(
    choices: Choices, key: str, label: str, names: dict[str, str], held: str | None, nothing: str
) -> str | None:
    """Draw a choice by name; what the rule holds stays in it, also where it is offered no more."""
    if held:
        names.setdefault(held, choices.start["title"] or held)
    return st.selectbox(
        label, list(names), list(names).index(held) if held else None,
        format_func=lambda id_: names.get(id_, id_), placeholder=nothing,
        filter_mode="contains", key=choices.key(key),
    )  # fmt: skip


def _silence(choices: Choices) -> Fields:
    left, right = st.columns(2)
    with left:
        network = _network(choices)
    hours = right.number_input(
        "Hours without a good reading", 1, HOURS_MAX, choices.start.get("hours", _HOURS),
        key=choices.key("hours"),
    )  # fmt: skip
    return {"network": network, "hours": hours}


def _signature(choices: Choices) -> Fields:
    start = choices.start
    held = start.get("provider_id")
    signed = choices.providers.filter(pl.col("provider_signers").list.len() > 0)
    names = _provider_names(signed, choices.offers)
    provider = _named(
        choices, "provider", "Provider", names, held, "one whose statements are signed"
    )
    rows = signed.filter(provider_id=provider or "").to_dicts()
    row = rows[0] if rows else {"provider_keys": [], "provider_signers": [], "network": "akash"}
    asked = start if provider and provider == held else {}
    left, right = st.columns(2)
    with left:
        attribute = _of_provider(
            choices, "attribute", "Statement", row["provider_keys"], asked, _ANY
        )
    with right:
        auditor = _of_provider(
            choices, "auditor", "Signed by", row["provider_signers"], asked, "anybody"
        )
    return {
        "network": asked.get("network", row["network"]),
        "provider_id": provider,
        "title": asked.get("title", names.get(provider or "", "")),
        "attribute": attribute,
        "auditor": auditor,
    }


_FORMS: Mapping[Kind, Callable[[Choices], Fields]] = {
    "price_below": _price,
    "availability_returns": _availability,
    "network_silent": _silence,
    "signature_lost": _signature,
}
_NEEDED = {
    "gpu": "Choose a GPU.",
    "usd_per_gpu_hour_below": "Say below what price.",
    "network": "Choose a network.",
    "provider_id": "Choose a provider.",
}


def _gpu(choices: Choices) -> str | None:
    held = choices.start.get("gpu")
    gpus = _with(choices.gpus, held)
    return st.selectbox(
        "GPU, model or family", gpus, gpus.index(held) if held else None, placeholder="H100-SXM",
        filter_mode="contains", key=choices.key("gpu"),
    )  # fmt: skip


def _term(choices: Choices) -> str:
    terms = list(TERM_NAMES)
    return st.selectbox(
        "Term", terms, terms.index(choices.start["term"]), format_func=TERM_NAMES.__getitem__,
        key=choices.key("term"),
    )  # fmt: skip


def _network(choices: Choices) -> str | None:
    held = choices.start["network"]
    sellers = [name for name in NETWORK_NAMES if name not in BASELINE_NAMES]
    names = _with(sellers, held if choices.rule else None)
    return st.selectbox(
        "Network", names, names.index(held) if held in names else None, format_func=network_name,
        placeholder="choose one", key=choices.key("network"),
    )  # fmt: skip


def _of_provider(
    choices: Choices, name: str, label: str, told: Sequence[str], asked: Fields, nothing: str
) -> str | None:
    """Choose among what a provider tells now, and what the rule asks of it also if it is lost."""
    held = asked.get(name)
    options = _with(told, held)
    return st.selectbox(
        label, options, options.index(held) if held else None, placeholder=nothing,
        key=choices.key(name), disabled=not options,
    )  # fmt: skip


def _with(options: Iterable[str], *held: str | None) -> list[str]:
    """The options, and what a rule holds although nobody offers it (any more)."""
    return list(dict.fromkeys([*options, *filter(None, held)]))


def _titles(offers: pl.DataFrame) -> dict[str, str]:
    rows = offers.filter(~pl.col("is_baseline")).head(_OFFERS_MAX).iter_rows(named=True)
    return {row["offer_id"]: _plain(offer_title(row)) for row in rows}


def _provider_names(signed: pl.DataFrame, offers: pl.DataFrame) -> dict[str, str]:
    """Providers by id, called as their offers call them."""
    sold = offers.select("provider_id", "provider_name").drop_nulls().unique(keep="first")
    called: dict[str, str] = dict(sold.iter_rows())
    ids: Sequence[str] = signed["provider_id"].to_list()
    named = {id_: _plain(called.get(id_, id_)) for id_ in ids}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


def _plain(text: str) -> str:
    """A name from outside as a rule may hold it: one line that can be printed."""
    line = " ".join(text.split())
    return "".join(sign for sign in line if sign.isprintable())[:TEXT_MAX].strip()

"""Alert me: a rule made from what the Market shows, said in words before it is kept."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.alerts import KIND_WORDS
from components.offer_table import offer_title
from components.text import NETWORK_NAMES, TERM_NAMES, literal, network_name
from engine.alert_rules import HOURS_MAX, TEXT_MAX, BadRule, Kind, Rule, rule_from
from engine.overview import BASELINE_NAMES
from engine.resources import Catalogue
from engine.search import Search

_OFFERS_MAX = 200
_ANY = "any"
_MADE = "alert_rule_made"
_TITLES: Mapping[Kind, str] = {
    "price_below": "A price",
    "availability_returns": "Free again",
    "network_silent": "Silence",
    "signature_lost": "A signature",
}

Make = Callable[[Rule, str], bool]
"""Keeps a rule under an idempotency key; False when it was refused, which the page has said."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a rule can be about: ``offers`` and ``providers`` (engine.provider_search) shown now."""

    search: Search
    offers: pl.DataFrame
    providers: pl.DataFrame
    catalogue: Catalogue

    @property
    def gpus(self) -> list[str]:
        """Every family and model that is known, sold now or not."""
        models = self.catalogue.models
        return sorted({m.family for m in models} | {m.name for m in models})

    @property
    def gpu(self) -> str | None:
        """The one model or family that the filters ask for."""
        asked = self.search.gpu_models
        if len(asked) == 1:
            return next(iter(asked))
        families = {m.family for m in self.catalogue.models if m.name in asked}
        return next(iter(families)) if len(families) == 1 else None

    @property
    def network(self) -> str | None:
        """The one network that the filters ask for."""
        asked = [name for name in self.search.networks if name in NETWORK_NAMES]
        return asked[0] if len(asked) == 1 else None


def alert_me(place: DeltaGenerator, choices: Choices, on_make: Make) -> None:
    """Draw the button that opens the dialog; that a rule was made is said when it has closed."""
    if words := st.session_state.pop(_MADE, None):
        st.toast(f"{words}. Settings lists the rule, the Dashboard shows its alerts.")
    if place.button("Alert me", icon=":material/add_alert:", width="stretch"):
        alert_dialog(choices, on_make)


def alert_dialog(choices: Choices, on_make: Make) -> None:
    """Open the dialog, filled in from the filters; closes when the rule is kept."""
    click = str(uuid.uuid4())

    @st.dialog("Alert me", width="medium", icon=":material/add_alert:")
    def dialog() -> None:
        kind = st.segmented_control(
            "About", list(_TITLES), default="price_below", format_func=_TITLES.__getitem__,
            key="alert_kind", required=True, label_visibility="collapsed",
        )  # fmt: skip
        fields = _FORMS[kind or "price_below"](choices)
        rule: Rule | None = None
        try:
            rule = rule_from({"kind": kind} | fields)
        except BadRule as bad:
            st.info(_missing(fields) or f"Not yet: {literal(bad)}")
        if rule:
            st.markdown(f"**{literal(rule.words)}.**")
        st.caption(
            "The worker judges it after each reading. It shows on the Dashboard once an episode, "
            "until it is over: prices and machines, after two quiet readings."
        )
        pressed = st.button(
            "Make the rule", type="primary", icon=KIND_WORDS[kind or "price_below"][1],
            disabled=rule is None, key="alert_make",
        )  # fmt: skip
        if pressed and rule and on_make(rule, click):
            st.session_state[_MADE] = literal(rule.words)
            st.rerun()

    dialog()


def _price(choices: Choices) -> dict[str, Any]:
    search = choices.search
    left, right = st.columns(2)
    with left:
        gpu = _gpu(choices)
        networks = st.multiselect(
            "Networks", list(NETWORK_NAMES), sorted(search.networks & set(NETWORK_NAMES)),
            format_func=network_name, placeholder="any network", key="alert_networks",
        )  # fmt: skip
    with right:
        ceiling = st.number_input(
            "Less than, USD per GPU-hour", 0.0, 1000.0,
            float(search.usd_per_gpu_hour_max) if search.usd_per_gpu_hour_max else None, 0.01,
            format="%.3f", placeholder="for instance 1.50", key="alert_price",
        )  # fmt: skip
        term = _term(choices)
    free = st.toggle("Only what is free", value=True, key="alert_free")
    price = Decimal(str(ceiling)) if ceiling is not None else None
    return {
        "gpu": gpu, "usd_per_gpu_hour_below": price, "term": term, "networks": tuple(networks),
        "free_only": free,
    }  # fmt: skip


def _availability(choices: Choices) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        gpu = _gpu(choices)
        term = _term(choices)
    with right:
        network = _network(choices)
        titles = _titles(choices.offers)
        offer = st.selectbox(
            "Only this offer", list(titles), None, format_func=lambda id_: titles.get(id_, id_),
            placeholder="any of this GPU", filter_mode="contains", key="alert_offer",
        )  # fmt: skip
    if offer is None:
        return {"gpu": gpu, "network": network, "term": term}
    row = choices.offers.filter(offer_id=offer).row(0, named=True)
    whose = row["provider_name"] or row["provider_id"] or row["tier"] or "nobody named"
    title = _plain(f"{row['gpu_model'] or row['gpu_name']} of {whose}")
    return {"offer_id": offer, "title": title, "network": row["network"]}


def _silence(choices: Choices) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        network = _network(choices)
    hours = right.number_input("Hours without a good reading", 1, HOURS_MAX, 6, key="alert_hours")
    return {"network": network, "hours": hours}


def _signature(choices: Choices) -> dict[str, Any]:
    signed = choices.providers.filter(pl.col("provider_signers").list.len() > 0)
    names = _provider_names(signed, choices.offers)
    provider = st.selectbox(
        "Provider", list(names), None, format_func=lambda id_: names.get(id_, id_),
        placeholder="one whose statements are signed", filter_mode="contains",
        key="alert_provider",
    )  # fmt: skip
    rows = signed.filter(provider_id=provider or "").to_dicts()
    left, right = st.columns(2)
    keys = rows[0]["provider_keys"] if rows else []
    attribute = left.selectbox(
        "Statement", keys, None, placeholder=_ANY, key="alert_attribute", disabled=not rows
    )
    signers = rows[0]["provider_signers"] if rows else []
    auditor = right.selectbox(
        "Signed by", signers, None, placeholder="anybody", key="alert_auditor", disabled=not rows
    )
    network = rows[0]["network"] if rows else "akash"
    title = names.get(provider or "", "")
    return {
        "network": network, "provider_id": provider, "title": title, "attribute": attribute,
        "auditor": auditor,
    }  # fmt: skip


_FORMS: Mapping[Kind, Callable[[Choices], dict[str, Any]]] = {
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


def _missing(fields: Mapping[str, Any]) -> str:
    """What is left to fill in, in words."""
    return " ".join(text for name, text in _NEEDED.items() if fields.get(name, "") is None)


def _gpu(choices: Choices) -> str | None:
    gpus = choices.gpus
    index = gpus.index(choices.gpu) if choices.gpu in gpus else None
    return st.selectbox(
        "GPU, model or family", gpus, index, placeholder="H100-SXM", filter_mode="contains",
        key="alert_gpu",
    )  # fmt: skip


def _term(choices: Choices) -> str:
    terms = list(TERM_NAMES)
    asked = min(choices.search.terms & set(terms), default="on_demand")
    return st.selectbox(
        "Term", terms, terms.index(asked), format_func=TERM_NAMES.__getitem__, key="alert_term"
    )


def _network(choices: Choices) -> str | None:
    names = [name for name in NETWORK_NAMES if name not in BASELINE_NAMES]
    index = names.index(choices.network) if choices.network in names else None
    return st.selectbox(
        "Network", names, index, format_func=network_name, placeholder="choose one",
        key="alert_network",
    )  # fmt: skip


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

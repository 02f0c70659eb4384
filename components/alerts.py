"""Alerts on the screen: what needs a person now, the rules, and what became of alerts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from components.cards import MARKET_PAGE
from components.text import TERM_NAMES, age, counted, literal, network_name
from engine.alert_rules import (
    AvailabilityReturns,
    Kind,
    NetworkSilent,
    PriceBelow,
    Rule,
    SignatureLost,
)
from engine.alert_states import Alert, Evidence
from engine.resources import Catalogue, UnknownGpu

NETWORKS_PAGE = Path(__file__).resolve().parent.parent / "pages" / "networks.py"
SHOWN_MAX = 2
"""So many stand on the Dashboard itself, which is one screen; the others are one click away."""
_CALM = "Nothing needs you now"
_PANEL = (1.15, 8.85)
_ROW = (1.35, 6, 0.9, 1, 1.3)
Acknowledge = Callable[[Alert], None]
KIND_WORDS: Mapping[Kind, tuple[str, str]] = {
    "price_below": ("Low price", ":material/trending_down:"),
    "availability_returns": ("Free again", ":material/event_available:"),
    "network_silent": ("Silent", ":material/sensors_off:"),
    "signature_lost": ("Signature lost", ":material/gpp_bad:"),
}
"""What a kind of alert is called, and its icon."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How many alert rules are on, and how many of them the newest figures cannot judge."""

    on: int = 0
    unjudged: int = 0


def needs_you(
    alerts: Sequence[Alert],
    rules: Rules,
    catalogue: Catalogue,
    now: datetime,
    on_acknowledge: Acknowledge,
    *,
    worker_alive: bool,
    in_doubt: bool = False,
) -> None:
    """The alerts that nobody has acknowledged, the newest first, or that there is none, and why.

    ``in_doubt``: a book of the records is, which needs a person and is told above.
    """
    waiting = [alert for alert in alerts if alert.state == "open"]
    if not waiting:
        said = _nothing(len(alerts), rules, worker_alive=worker_alive)
        st.caption(said.replace(_CALM, "No alert is open") if in_doubt else said)
        return
    with st.container(key="needs_you"):
        head, lines = st.columns(_PANEL, gap="small")
        head.markdown("**Needs you now**")
        with lines, st.container(gap="xsmall"):
            for alert in waiting[:SHOWN_MAX]:
                _line(alert, catalogue, now, on_acknowledge)
        if more := waiting[SHOWN_MAX:]:
            with head.popover(f"{len(more)} more", width="stretch"):
                for alert in more:
                    _card(alert, catalogue, now, on_acknowledge)


def _nothing(seen: int, rules: Rules, *, worker_alive: bool) -> str:
    if not rules.on:
        return (
            f":material/notifications: {_CALM}. To be told of a price, a machine, a "
            "silence or a lost signature: **Alert me**, on the Market."
        )
    if not worker_alive:
        return ":material/warning: The worker is not running: alert rules are not judged."
    told = counted(rules.on, "alert rule is watched", "alert rules are watched")
    if rules.unjudged == rules.on:
        told = counted(rules.on, "alert rule", "alert rules") + " cannot be judged: see Settings"
    elif rules.unjudged:
        told += f", {rules.unjudged} of them cannot be judged: see Settings"
    still = f" {seen} acknowledged and not over: see Settings." if seen else ""
    return f":material/notifications: {_CALM}; {told}.{still}"


def _line(alert: Alert, catalogue: Catalogue, now: datetime, on_acknowledge: Acknowledge) -> None:
    row = st.columns(_ROW, vertical_alignment="center", gap="small")
    with row[0]:
        _badge(alert)
    row[1].markdown(f":small[{literal(alert.sentence)}]")
    row[2].caption(_since(alert, now))
    with row[3]:
        _link(alert, catalogue)
    with row[4]:
        _button(alert, on_acknowledge)


def _card(alert: Alert, catalogue: Catalogue, now: datetime, on_acknowledge: Acknowledge) -> None:
    """The same as a line, one part under the other: a popover is narrow."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":small[{literal(alert.sentence)}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _badge(alert)
            st.caption(_since(alert, now), width="content")
            _link(alert, catalogue)
            _button(alert, on_acknowledge)


def _badge(alert: Alert) -> None:
    word, icon = KIND_WORDS[alert.rule.kind]
    st.badge(word, icon=icon, color="orange", help=literal(alert.words))


def _since(alert: Alert, now: datetime) -> str:
    old = age(alert.opened_at, now)
    return f"for {old}" if old[0].isdigit() else old


def _button(alert: Alert, on_acknowledge: Acknowledge) -> None:
    st.button(
        "Acknowledge", key=f"acknowledge_{alert.id}", on_click=on_acknowledge, args=(alert,),
        width="stretch", help=f"Say that you have seen it: {literal(alert.sentence)}",
    )  # fmt: skip


def _link(alert: Alert, catalogue: Catalogue) -> None:
    if alert.rule.kind == "network_silent":
        st.page_link(NETWORKS_PAGE, label="Networks", icon=":material/hub:")
        return
    query = market_query(alert.rule, alert.evidence, catalogue)
    st.page_link(MARKET_PAGE, label="Market", icon=":material/storefront:", query_params=query)


def market_query(rule: Rule, seen: Evidence, catalogue: Catalogue) -> dict[str, list[str]]:
    """Return the Market's filters that show what a rule asks about, as its address has them.

    An alert about one offer opens that offer.
    """
    match rule:
        case PriceBelow():
            query = _gpus(rule.gpu, catalogue) | _where(rule.networks) | _term(rule.term)
            query |= {"price": [f"{rule.usd_per_gpu_hour_below:f}"]}
            return query | ({"free": ["true"]} if rule.free_only else {})
        case AvailabilityReturns():
            if rule.gpu is None:
                return {"offer": [seen.offer_id or str(rule.offer_id)]}
            gpus = _gpus(rule.gpu, catalogue)
            return gpus | _where([rule.network]) | _term(rule.term) | {"free": ["true"]}
        case SignatureLost():
            return _where([rule.network]) | {"provider": [rule.provider_id]}
        case NetworkSilent():
            return _where([rule.network])


def _gpus(gpu: str, catalogue: Catalogue) -> dict[str, list[str]]:
    """A family is the Market's family filter; what names several models is all of them."""
    if any(model.family == gpu for model in catalogue.models):
        return {"family": [gpu]}
    try:
        return {"gpu": sorted(catalogue.select(gpu))}
    except UnknownGpu:
        return {}


def _where(networks: Sequence[str]) -> dict[str, list[str]]:
    return {"network": [network_name(name) for name in networks]} if networks else {}


def _term(term: str) -> dict[str, list[str]]:
    return {"term": [TERM_NAMES[term]]}

"""What a job needs, as a form: every field is in the address under its name in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.choices import one, several
from components.filters import COUNTRY_GROUPS, Options
from components.route_fields import (
    ALSO,
    ATTRIBUTES,
    DAYS,
    KEYS,
    PART,
    SIGNED_BY,
    SIGNERS,
    empty,
)
from components.text import NETWORK_NAMES, TERM_NAMES, literal, network_name, visible
from engine.prepared_market import Prepared
from engine.provider_search import ANY_AUDITOR
from engine.requirement import DataClass
from engine.resources import Catalogue
from engine.told_faults import BadFile, Fault
from engine.told_words import REQUIREMENT

GROUPS = {
    "Who may sell": (
        "networks", "networks_banned", "providers", "providers_banned", "terms",
    ),
    "The provider": ("datacenter_only", "uptime_min", "uptime_days", ATTRIBUTES, SIGNED_BY),
    "The job": (
        "name", "egress_gb", "ingress_gb", "checkpoint_minutes", "image", "owner", "cost_centre",
        "po_number", ALSO,
    ),
    "Finer GPU conditions": ("bf16_tflops_min", "generation_min"),
}  # fmt: skip
"""What is folded, by the title it is folded under."""
_WORDS = {
    **{name: field.words for name, field in REQUIREMENT["Requirement"].items()},
    **{f"gpu_{name}": field.words for name, field in REQUIREMENT["Gpus"].items()},
    "models": REQUIREMENT["Gpus"]["models"].words,
}
_FORMS = ["SXM", "PCIe", "PCIe-NVL", "OAM", "superchip"]
_PROVIDERS_MAX = 2000
"""More names than that are typed into the field ``also`` or come with a file."""
_ALSO_HELP = (
    "Anything else that a requirement file may state, as YAML: start_by, ports, command, env, "
    "standbys. docs/requirement.md explains every field."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What there is to choose from. ``policies``: by name, with what to say of each."""

    models: Sequence[str]
    form_factors: Sequence[str]
    generations: Sequence[str]
    countries: Sequence[str]
    networks: Sequence[str]
    providers: Sequence[str]
    statements: Sequence[str]
    auditors: Sequence[str]
    policies: Mapping[str, str]

    @classmethod
    def of(
        cls, options: Options, market: Prepared, catalogue: Catalogue, policies: Mapping[str, str]
    ) -> "Choices":
        """Return what this market holds; families stand before their models."""
        sold = set(options.models)
        families = {model.family for model in catalogue.models if model.name in sold}
        networks, goes_by = market.known
        return cls(
            models=[*sorted(families), *sorted(sold - families)],
            form_factors=[form for form in _FORMS if form in options.forms] or _FORMS,
            generations=sorted({kind.generation for kind in market.kinds if kind.generation}),
            countries=options.countries,
            networks=sorted(networks, key=network_name),
            providers=sorted(goes_by)[:_PROVIDERS_MAX],
            statements=options.statements,
            auditors=options.auditors,
            policies=policies,
        )


def requirement_form(choices: Choices) -> dict[str, Any]:
    """Draw the form and return what it holds, by field."""
    values = _machine(choices)
    values |= _time_and_money()
    values |= _place_and_rules(choices)
    with _folded("Finer GPU conditions", ":material/memory:"):
        values |= _finer(choices)
    with _folded("Who may sell", ":material/storefront:"):
        values |= _sellers(choices)
    with _folded("The provider", ":material/verified_user:"):
        values |= _provider(choices)
    with _folded("The job", ":material/work:"):
        values |= _job()
    return values


def fill_form(values: Mapping[str, Any]) -> None:
    """Put values into the form before it is drawn: in a button's callback."""
    for key, value in values.items():
        st.session_state[key] = value


def clear_button(*, is_needed: bool) -> None:
    """Draw the button that forgets every field."""

    def clear() -> None:
        fill_form({key: empty(key) for key in KEYS})

    if is_needed:
        st.button("Clear the form", on_click=clear, width="stretch", key="route_clear")


def faults_list(fault: Exception) -> None:
    """What is wrong with what was asked, all of it."""
    faults = fault.faults if isinstance(fault, BadFile) else [Fault(None, "", str(fault))]
    listed = "\n".join(f"- {fault_words(one)}" for one in faults)
    st.error(f"This cannot be routed yet:\n{listed}", icon=":material/error:")


def warnings_list(warnings: Sequence[Fault]) -> None:
    """What a person should look at, although it was routed."""
    for warning in warnings:
        st.caption(f":material/warning: {fault_words(warning)}")


def fault_words(fault: Fault, *, line: bool = False) -> str:
    """Return a fault as Markdown: its line where that is asked, its field, and what to do."""
    place = f"**line {fault.line}** " if line and fault.line else ""
    path = f"{literal(fault.path)}: " if fault.path else ""
    return f"{place}{path}{literal(visible(fault.message))}"


def _folded(title: str, icon: str) -> DeltaGenerator:
    """A group of fields: open where one of them is set, with how many."""
    active = sum(_is_set(key) for key in GROUPS[title])
    label = f"{title} · {active} set" if active else title
    return st.expander(label, expanded=active > 0, icon=icon, key=f"route_{title}")


def _is_set(key: str) -> bool:
    if key in st.session_state:
        return st.session_state[key] not in (None, False, [], "")
    return key in st.query_params


def _number(place: DeltaGenerator, label: str, key: str, *, none: str = "any") -> float | None:
    return place.number_input(
        label, 0.0, float(PART[key].most), None, key=key, bind="query-params", placeholder=none,
        format="%.10g", help=_WORDS.get(key),
    )  # fmt: skip


def _flag(place: DeltaGenerator, label: str, key: str) -> bool:
    return place.toggle(label, key=key, bind="query-params", help=_WORDS.get(key))


def _text(label: str, key: str, *, example: str = "") -> str:
    return st.text_input(
        label, key=key, bind="query-params", placeholder=example, max_chars=200,
        help=_WORDS.get(key),
    ) or ""  # fmt: skip


def _machine(choices: Choices) -> dict[str, Any]:
    models = several("GPU, any of", "models", list(choices.models), note=_WORDS["models"])
    count, memory = st.columns(2)
    values: dict[str, Any] = {
        "models": models,
        "gpu_count": count.number_input(
            "GPUs", 1, int(PART["gpu_count"].most), None, key="gpu_count", bind="query-params",
            placeholder="1", help=_WORDS["gpu_count"],
        ),
        "gpu_memory_gib_min": _number(memory, "GiB of a GPU", "gpu_memory_gib_min"),
    }  # fmt: skip
    vcpu, ram, disk = st.columns(3)
    return values | {
        "form_factors": several("Form factor", "form_factors", list(choices.form_factors)),
        "vcpu_min": _number(vcpu, "vCPU", "vcpu_min"),
        "memory_gib_min": _number(ram, "RAM GiB", "memory_gib_min"),
        "storage_gib_min": _number(disk, "Disk GiB", "storage_gib_min"),
    }


def _time_and_money() -> dict[str, Any]:
    hours, stops = st.columns(2, vertical_alignment="bottom")
    hourly, whole = st.columns(2)
    return {
        "duration_hours": _number(hours, "Hours", "duration_hours", none="no end"),
        "interruptible": stops.toggle(
            "Interruptible", key="interruptible", bind="query-params", width="stretch"
        ),
        "usd_per_hour_max": _number(hourly, "USD/h, most", "usd_per_hour_max"),
        "usd_total_max": _number(whole, "USD in all, most", "usd_total_max"),
    }


def _place_and_rules(choices: Choices) -> dict[str, Any]:
    places = several(
        "Countries", "countries", [*COUNTRY_GROUPS, *choices.countries], note=_WORDS["countries"]
    )
    left, right = st.columns(2)
    with left:
        policy = one(
            "Policy", "policy", list(choices.policies), placeholder="none", note=_WORDS["policy"]
        )
    with right:
        data = one(
            "Data", "data_class", list(get_args(DataClass)), placeholder="internal",
            note=_WORDS["data_class"],
        )  # fmt: skip
    if policy and policy in choices.policies:
        st.caption(literal(choices.policies[policy]))
    return {"countries": places, "policy": policy, "data_class": data}


def _finer(choices: Choices) -> dict[str, Any]:
    left, right = st.columns(2)
    tflops = _number(left, "bf16 TFLOPS", "bf16_tflops_min")
    with right:
        since = one(
            "Generation", "generation_min", list(choices.generations),
            note=_WORDS["gpu_generation_min"],
        )  # fmt: skip
    return {"bf16_tflops_min": tflops, "generation_min": since}


def _sellers(choices: Choices) -> dict[str, Any]:
    networks, providers = list(choices.networks), list(choices.providers)
    return {
        "networks": several(
            "Only these networks", "networks", networks, NETWORK_NAMES,
            "A hyperscaler takes part where it is named here.",
        ),
        "networks_banned": several(
            "None of these networks", "networks_banned", networks, NETWORK_NAMES
        ),
        "providers": several("Only these providers", "providers", providers),
        "providers_banned": several("None of these providers", "providers_banned", providers),
        "terms": several("Terms", "terms", list(TERM_NAMES), TERM_NAMES, _WORDS["terms"]),
    }  # fmt: skip


def _provider(choices: Choices) -> dict[str, Any]:
    values: dict[str, Any] = {
        "datacenter_only": _flag(st.container(), "In a data centre", "datacenter_only")
    }
    left, right = st.columns(2)
    values["uptime_min"] = _number(left, "Uptime, %, least", "uptime_min")
    with right:
        values["uptime_days"] = _days(
            one("over days", "uptime_days", list(DAYS), DAYS, placeholder=DAYS["30"])
        )
    values[ATTRIBUTES] = sorted(
        several("States", ATTRIBUTES, list(choices.statements), note=_WORDS["attributes"])
    )
    values[SIGNED_BY] = one(
        "Signed by", SIGNED_BY, [ANY_AUDITOR, *choices.auditors], SIGNERS,
        placeholder="no signature needed",
    )  # fmt: skip
    return values


def _days(asked: str | None) -> str | None:
    return asked if asked in DAYS else None


def _job() -> dict[str, Any]:
    leaving, arriving = st.columns(2)
    return {
        "egress_gb": _number(leaving, "GB out", "egress_gb", none="0"),
        "ingress_gb": _number(arriving, "GB in", "ingress_gb", none="0"),
        "checkpoint_minutes": _number(
            st.container(), "Minutes between checkpoints", "checkpoint_minutes"
        ),
        "name": _text("Name", "name", example="job"),
        "image": _text("Container image", "image", example="ghcr.io/example/train:1.4"),
        "owner": _text("Owner", "owner"),
        "cost_centre": _text("Cost centre", "cost_centre", example="CC-4711"),
        "po_number": _text("PO number", "po_number"),
        ALSO: st.text_area(
            "Also, as YAML", key=ALSO, bind="query-params", help=_ALSO_HELP, height=90,
            placeholder="standbys: {count: 2, other_network: true}",
        ),
    }  # fmt: skip

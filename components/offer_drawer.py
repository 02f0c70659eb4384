"""One offer in the slide-over: where the figure comes from, what it saves, what is behind it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from components.charts import offer_line
from components.offer_table import offer_title
from components.text import (
    BASIS_NAMES,
    TERM_NAMES,
    UNKNOWN,
    ago,
    baseline_name,
    differences_text,
    literal,
    moment,
    network_name,
    number,
    percent,
    saving_range,
    uptime,
    usd_per_hour,
)
from engine.export import inert, number_text
from engine.market import attributes_from
from engine.overview import Comparison
from engine.resources import Catalogue, GpuModel
from engine.savings import AKASH_SHAPE_RATES, SLA_NOTE

Row = Mapping[str, Any]


def offer_drawer(
    offer: Row,
    catalogue: Catalogue,
    comparisons: Sequence[Comparison],
    history: pl.DataFrame,
    provider: Row | None,
    raw: str | None,
    now: datetime,
    others: pl.DataFrame,
    on_compare: Callable[[str], None],
    on_close: Callable[[], None],
) -> None:
    """Open the slide-over; ``on_close`` is called when the person dismisses it.

    ``on_compare`` is called with the id of the one of the ``others`` that it is to stand beside.
    """

    @st.dialog(
        literal(f"{offer['gpu_model'] or offer['gpu_name']} on {network_name(offer['network'])}"),
        width="medium",
        position="right",
        on_dismiss=on_close,
    )
    def drawer() -> None:
        _head(offer, now)
        _compare(others.filter(pl.col("offer_id") != offer["offer_id"]), on_compare)
        _provenance(offer, catalogue, now)
        _savings(comparisons)
        st.header("Price over time")
        if history.height > 1:
            offer_line(history)
        else:
            st.caption("Seen in one reading so far: the line starts with the second.")
        _provider(provider, now)
        with st.expander("Raw row, as received", icon=":material/data_object:"):
            st.code(raw or "not kept", language=None, wrap_lines=True)

    drawer()


def _head(offer: Row, now: datetime) -> None:
    price, free, kind = st.columns(3)
    price.metric("USD per GPU-hour", usd_per_hour(offer["usd_per_gpu_hour"]))
    when = "now" if offer["source_kind"] == "live" else f"on {offer['observed_at']:%Y-%m-%d}"
    free.metric(f"Free {when}", UNKNOWN if offer["available"] is None else _free(offer))
    kind.metric("Kind", str(offer["source_kind"]))
    seen = offer["price_as_of"] or offer["observed_at"]
    st.caption(f"Price made {moment(seen, now.tzinfo)}, {ago(seen, now)}.")


def _compare(others: pl.DataFrame, on_compare: Callable[[str], None]) -> None:
    names = {row["offer_id"]: offer_title(row) for row in others.iter_rows(named=True)}
    second = st.selectbox(
        "Compare with",
        list(names),
        None,
        names.__getitem__,
        placeholder="Compare with…: type a part of another offer",
        label_visibility="collapsed",
        filter_mode="contains",
    )
    if second:
        on_compare(second)
        st.rerun()


def _free(offer: Row) -> str:
    if not offer["available"]:
        return "none"
    return str(offer["available_count"] or "yes")


def _provenance(offer: Row, catalogue: Catalogue, now: datetime) -> None:
    st.header("Where this figure comes from")
    exact = number_text(offer["usd_per_hour"])
    rows = {
        "Source": offer["source"],
        "Address": offer["source_url"],
        "Read": f"{moment(offer['observed_at'], now.tzinfo)}, {ago(offer['observed_at'], now)}",
        "Exact price": f"{exact} USD per hour for {offer['gpu_count']} GPU",
        "Native price": _native(offer["native_price"]),
        "Price includes": BASIS_NAMES.get(str(offer["price_basis"]), offer["price_basis"]),
        "Written there as": offer["gpu_name"],
        "GPU": _gpu(catalogue.model(offer["gpu_model"] or "")),
        "Term": TERM_NAMES.get(str(offer["term"]), offer["term"]),
        **_validity(offer),
        "Priced shape": _shape(offer),
        "Country": _country(offer, catalogue),
        "Note": offer["note"],
        "Offer id": offer["offer_id"],
    }
    _facts(rows)


def _validity(offer: Row) -> dict[str, str]:
    """A contract's days, both included; nothing where none are stated."""
    first, last = offer["valid_from"], offer["valid_until"]
    if first is None and last is None:
        return {}
    return {"Valid": f"{first or 'start not stated'} to {last or 'end not stated'}, both included"}


def _native(price: str | None) -> str | None:
    """The network's own quote, with the way from it to USD where that is not plain."""
    if price and "uact per block" in price:
        return f"{price} (millionths of a USD; 600 blocks an hour)"
    return price


def _shape(offer: Row) -> str:
    parts = [
        number(offer["vcpu"], "vCPU"),
        number(offer["memory_gib"], "GiB RAM"),
        number(offer["storage_gib"], "GiB disk"),
    ]
    return ", ".join(part for part in parts if part != UNKNOWN) or UNKNOWN


def _gpu(model: GpuModel | None) -> str:
    if model is None:
        return "a name Necto does not know: shown as received, never compared"
    parts = [
        f"{model.vendor} {model.name}",
        f"{model.memory_gib} GiB" if model.memory_gib else "",
        model.interface if model.form_factor_known else "form factor not stated",
        f"{model.bf16_dense_tflops} dense bf16 TFLOPS ({model.spec_source})"
        if model.bf16_dense_tflops
        else "",
    ]
    return ", ".join(filter(None, parts))


def _country(offer: Row, catalogue: Catalogue) -> str:
    if not offer["country_code"]:
        return UNKNOWN
    evidence = offer["country_evidence"] or "no evidence"
    known = catalogue.jurisdictions.get(offer["country_code"])
    law = f"{known.detail}, as of {known.as_of}" if known else "no adequacy decision"
    return f"{offer['country_code']} ({evidence}). GDPR: {law}"


def _savings(comparisons: Sequence[Comparison]) -> None:
    st.header("What it saves")
    if not comparisons:
        st.caption("No hyperscaler sells the same model in the same form factor on this term.")
        return
    for found in comparisons:
        name = baseline_name(found)
        adjusted = (
            f" ({percent(found.saving_adjusted)} after adding the CPU and RAM it lacks)"
            if found.saving_adjusted is not None
            else ""
        )
        st.markdown(
            f"**{saving_range(found)}** against {name} {literal(found.instance)} in "
            f"{literal(found.region or UNKNOWN)}, {literal(usd_per_hour(found.usd_per_gpu_hour))} "
            f"on {found.observed_on}. Label **{found.confidence}**. "
            f"{percent(found.saving)} as quoted{adjusted}. "
            f"Differences: {differences_text(found.differences)}."
        )
    rates = AKASH_SHAPE_RATES
    st.caption(
        f"{SLA_NOTE} What the offer lacks is added at {rates.usd_per_vcpu_month} USD per "
        f"vCPU-month and {rates.usd_per_gb_month} USD per GB-month: {rates.source}."
    )


def _provider(provider: Row | None, now: datetime) -> None:
    st.header("What the provider says, and who signed it")
    if provider is None:
        st.caption("This source publishes nothing about the provider.")
        return
    _facts(
        {
            "Provider": provider["name"] or provider["provider_id"],
            "Address": provider["host_uri"],
            "Organisation": provider["organization"],
            "Uptime": _uptime(provider),
            "Located by its address": provider["ip_country_code"],
            "Kind of place": provider["location_type"],
            "Hosting company": provider["hosting_provider"],
            "Facts": f"{provider['source_kind']}, {moment(provider['observed_at'], now.tzinfo)}",
        }
    )
    attributes = attributes_from(provider["attributes"])
    if not attributes:
        st.caption("No attribute of this provider is recorded; a live reading brings them.")
        return
    st.dataframe(
        pl.DataFrame(
            [
                (inert(a.key), inert(a.value), ", ".join(a.signed_by) or "nobody")
                for a in attributes
            ],
            schema=["States", "Value", "Signed by"],
            orient="row",
        ),
        hide_index=True,
        alt="What the provider states and who signed it",
    )


def _uptime(provider: Row) -> str | None:
    """Uptime over three windows; the source does not tell 0 % from unknown, so neither is shown."""
    windows = {days: provider[f"uptime_{days}d"] for days in (1, 7, 30)}
    known = [f"{uptime(v)} in {days} days" for days, v in windows.items() if v is not None]
    return ", ".join(known) or None


def _facts(rows: Mapping[str, object]) -> None:
    """Label and value, line by line; what is not known is said."""
    with st.container(gap=None):
        for label, value in rows.items():
            left, right = st.columns([1, 3], gap="small")
            left.caption(label)
            right.markdown(literal(value) if value not in (None, "") else f":gray[{UNKNOWN}]")

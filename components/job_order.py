"""What is to be ordered: the terms a buyer sets, everything it means, and Confirm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.text import literal
from engine.decision_record import DecisionRecord
from engine.money import exact
from engine.names import network_name
from engine.order_words import Part, hourly
from engine.orders import Placed
from engine.placing import BUYABLE, OPEN_ENDED_HOURS, Terms
from engine.quotes import Quote
from engine.told_faults import BadFile
from engine.told_files import decoded

_OFFERS_MAX, _BESIDE, _BOXES = 50, 3, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person chose: the offer and the terms; ``faults``: what cannot be read."""

    offer_id: str | None
    terms: Terms
    faults: tuple[str, ...]


def order_form(
    record: DecisionRecord,
    names: Mapping[str, str],
    offer_id: str | None,
    like: Placed | None,
) -> Asked:
    """Draw the terms; ``like``: the order that they are taken from, else the job's own."""
    faults: list[str] = []
    offer = _offer(record, names, offer_id)
    need = record.requirement
    centre = st.text_input(
        "Cost centre", (like and like.cost_centre) or need.cost_centre or "", key="order_centre",
        help="Who pays: every order has one.",
    )  # fmt: skip
    po = st.text_input(
        "PO number", (like and like.po_number) or need.po_number or "", key="order_po",
        help="The policy requires one." if record.policy.po_number_required else "If you have one.",
    )  # fmt: skip
    runs = like.runs_hours if like else need.duration_hours
    is_open = st.toggle("Open-ended", value=runs is None, key="order_open_ended")
    begin = OPEN_ENDED_HOURS if is_open else runs or Decimal(24)
    label = "Hours to set money aside for" if is_open else "Hours"
    hours = _amount(label, f"{begin.normalize():f}", f"order_hours_{is_open}", faults)
    ceiling = _amount("USD an hour at most", "", "order_ceiling", faults, "as quoted, see beside")
    any_bidder = st.toggle(
        "Others may serve it", value=True, key="order_any_bidder",
        help="Providers that passed the same conditions, up to that price.",
    )  # fmt: skip
    own_sdl = _own_sdl(faults)
    runs_hours = None if is_open else hours or begin
    return Asked(
        offer_id=offer,
        faults=tuple(faults),
        terms=Terms(
            cost_centre=centre.strip(), po_number=po.strip() or None, hours=runs_hours,
            funded_hours=(hours if is_open else None) or OPEN_ENDED_HOURS,
            usd_per_hour_max=ceiling, any_bidder=any_bidder, own_sdl=own_sdl,
        ),
    )  # fmt: skip


def draft_parts(where: DeltaGenerator, parts: tuple[Part, ...]) -> None:
    """Draw what a person must know before confirming, side by side."""
    boxes: list[DeltaGenerator] = []
    for part in parts:
        if len(boxes) < _BOXES:
            if len(boxes) % _BESIDE == 0:
                row = where.columns(_BESIDE, gap="small")
            boxes.append(row[len(boxes) % _BESIDE].container(border=True, height="stretch"))
        mark = ":orange[:material/warning: look twice] " if part.has_warning else ""
        lines = "".join(f"\n- :small[{literal(line)}]" for line in part.lines)
        boxes[-1].markdown(f"{mark}**{part.title}**\n{lines}")


def confirm(
    where: DeltaGenerator, draft_refusals: tuple[str, ...], act: Callable[[], None]
) -> None:
    """Draw Confirm, or why it cannot be confirmed."""
    for why in draft_refusals:
        where.error(literal(why), icon=":material/pan_tool:")
    where.button(
        "Confirm the order", type="primary", icon=":material/shopping_cart_checkout:",
        key="order_confirm", on_click=act, disabled=bool(draft_refusals), width="stretch",
    )  # fmt: skip


def _offer(record: DecisionRecord, names: Mapping[str, str], wanted: str | None) -> str | None:
    able = [quote for quote in record.quotes if quote.network in BUYABLE][:_OFFERS_MAX]
    titles = {quote.offer_id: _title(quote, names) for quote in able}
    if wanted is not None and wanted not in titles:
        return wanted  # told why it cannot be ordered
    if not titles:
        return None
    first = list(titles).index(wanted) if wanted else 0
    return st.selectbox(
        "Offer", list(titles), first, titles.__getitem__, key="order_offer",
        help="Those of the decision that Necto can buy, in its order.",
    )  # fmt: skip


def _title(quote: Quote, names: Mapping[str, str]) -> str:
    who = names.get(quote.offer_id) or quote.provider_id or "not named"
    return f"{hourly(quote.usd_per_hour)}/h · {who} · {network_name(quote.network)}"


def _amount(
    label: str, value: str, key: str, faults: list[str], otherwise: str | None = None
) -> Decimal | None:
    text = st.text_input(label, value, key=key, placeholder=otherwise).strip()
    if not text:
        return None
    try:
        return exact(text)
    except ValueError as error:
        faults.append(f"{label}: {error}")
        return None


def _own_sdl(faults: list[str]) -> str | None:
    with st.popover("Your own SDL", icon=":material/description:", width="stretch"):
        given: Any = st.file_uploader(
            "Akash deployment file", type=["yaml", "yml"], key="order_sdl", max_upload_size=1
        )
    if given is None:
        return None
    try:
        return decoded(given.getvalue(), given.name)
    except BadFile as bad:
        faults.extend(f"{bad.name}: {fault}" for fault in bad.faults)
        return None

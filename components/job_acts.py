"""What a person may do with one order, each with its consequence named before it is done."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from components.text import literal
from engine.money import exact
from engine.order_words import approve_words, extend_words, stop_words
from engine.orders import Order
from engine.people import Actor
from engine.permissions import may

_WISHED, _CLICK, _FAULT = "job_act_wished", "job_act_click", "job_act_fault"
Act = Callable[[str, str], str | None]
"""Does it, given what the person wrote and the click's key; returns why not, None: it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """An act that may be offered now. ``asks``: what the person writes, None: nothing."""

    name: str
    label: str
    icon: str
    asks: str | None = None
    default: str = ""


_APPROVE = Button(name="approve", label="Approve", icon=":material/verified:")
_REJECT = Button(
    name="reject", label="Reject", icon=":material/thumb_down:", asks="Why it is rejected"
)
_EXTEND = Button(
    name="extend", label="Extend", icon=":material/more_time:", asks="Hours more", default="24"
)
_STOP = Button(name="stop", label="Stop", icon=":material/stop_circle:", asks="Why it is stopped")
ACTIONS = {
    "approve": "order.approved", "reject": "order.rejected", "extend": "order.extended",
    "stop": "order.stopped",
}  # fmt: skip


def offered(order: Order, who: Actor) -> list[Button]:
    """Return what this person may do with the order now."""
    found = []
    if order.state == "waiting" and who.name != order.placed.requester:
        found += [_APPROVE, _REJECT]
    if order.state in {"waiting", "placed", "buying", "active"}:
        found += [_EXTEND, _STOP]
    return [button for button in found if may(who, ACTIONS[button.name])]


def act_buttons(order: Order, who: Actor, again: Callable[[], None] | None) -> None:
    """Draw the acts; ``again``: orders the same once more, None: this person may not."""

    def wish(name: str) -> None:
        st.session_state[_WISHED] = (order.order_id, name)
        st.session_state[_CLICK] = str(uuid.uuid4())
        st.session_state.pop(_FAULT, None)

    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        for button in offered(order, who):
            st.button(
                button.label, icon=button.icon, key=f"job_{button.name}", on_click=wish,
                args=(button.name,), type="primary" if button.name == "approve" else "secondary",
            )  # fmt: skip
        if again is not None:
            st.button(
                "Order again", icon=":material/replay:", key="job_again", on_click=again,
                help="Routes the same job in today's market, with the same terms to begin with.",
            )  # fmt: skip
    if order.state == "waiting" and who.name == order.placed.requester:
        st.caption(":material/group: Waits for a second person: whoever asked cannot approve.")


def act_dialog(order: Order, who: Actor, acts: Mapping[str, Act]) -> None:
    """Open the confirmation that was asked for, if it still may be done."""
    wished = st.session_state.get(_WISHED)
    if wished is None or wished[0] != order.order_id:
        return
    button = next((one for one in offered(order, who) if one.name == wished[1]), None)
    if button is None:
        dismissed()
        return

    @st.dialog(f"{button.label}: {literal(order.placed.title)}", on_dismiss=dismissed)
    def dialog() -> None:
        text = ""
        if button.asks:
            text = st.text_input(button.asks, button.default, key="job_act_text")
        st.markdown(literal(_consequence(order, button.name, text)))
        if fault := st.session_state.get(_FAULT):
            st.error(literal(fault))
        if st.button(
            f"{button.label} it", type="primary", icon=button.icon, key="job_act_confirm",
            disabled=bool(button.asks) and not text.strip(), width="stretch",
        ):  # fmt: skip
            fault = acts[button.name](text, st.session_state[_CLICK])
            st.session_state[_FAULT] = fault
            st.session_state[_CLICK] = str(uuid.uuid4())
            if fault is None:
                dismissed()
            st.rerun()

    dialog()


def dismissed() -> None:
    for key in (_WISHED, _CLICK, _FAULT):
        st.session_state.pop(key, None)


def hours_of(text: str) -> Decimal | None:
    """Return so many hours as typed; None where that is no number above nothing."""
    try:
        hours = exact(text.strip())
    except ValueError:
        return None
    return hours if hours > 0 else None


def _consequence(order: Order, name: str, text: str) -> str:
    if name == "extend":
        hours = hours_of(text)
        return "Write a number of hours." if hours is None else extend_words(order, hours)
    if name == "stop":
        return stop_words(order)
    if name == "reject":
        return "It ends at once, nothing is bought, and what was set aside is free again."
    return approve_words(order)

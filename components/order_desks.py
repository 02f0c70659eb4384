"""What people do to orders on pages, each as the commands behind it."""

import uuid
from collections.abc import Callable
from datetime import UTC

import streamlit as st

from components.job_acts import Act, hours_of
from components.job_address import go
from components.job_order import Asked
from components.session import (
    FAULTS,
    actor,
    house,
    is_begun,
    lake,
    mode_book,
    now,
    routable,
    settings,
)
from components.text import literal
from data import ordering
from data.decisions import KeptDecision, decisions, saved
from data.order_totals import Totals, countries_of, needing, totals
from data.ordering_from import Draft, Stores, drafted, order_from
from data.orders import Seen, listed
from data.policy_choices import policy_of
from data.route_preview import preview, read_checked, whole_record
from engine.attention import Need, states_of
from engine.commands import Refused
from engine.decision_record import DecisionRecord
from engine.orders import Order
from engine.placing import QUOTE_HOLDS, extension_cents
from engine.requirement import Requirement

OPEN_STATES = states_of("open")


def order_stores() -> Stores:
    """Where an order comes from and goes to."""
    return Stores(lake=lake(), house=house(), records=mode_book())


def ordered(act: Callable[[], object]) -> str | None:
    """Do something to an order; returns why not, None: it was done."""
    try:
        act()
    except (Refused, *FAULTS) as fault:
        return str(fault)
    return None


def order_acts(known: Order) -> dict[str, Act]:
    """What can be done to an order, by what its buttons are called."""
    book, who, name = mode_book(), actor(), known.order_id

    def extend(text: str, click: str) -> str | None:
        hours = hours_of(text)
        if hours is None:
            return "write how many hours more, as a number above nothing"
        more = ordering.Extension(hours=hours, cents=extension_cents(known, hours))
        return ordered(lambda: ordering.extend(book, name, more, who, click))

    return {
        "approve": lambda _, click: ordered(lambda: ordering.approve(book, name, who, click)),
        "reject": lambda why, click: ordered(lambda: ordering.reject(book, name, why, who, click)),
        "stop": lambda why, click: ordered(lambda: ordering.stop(book, name, why, who, click)),
        "extend": extend,
    }


def route_to_order(need: Requirement, **also: str) -> str | None:
    """Route a job in the newest market, keep that and go on with it; returns why not."""

    def act() -> None:
        with house().reading() as view:
            policy = policy_of(view, need)
        record = whole_record(preview(need, routable(), policy, now()))
        kept = saved(lake(), mode_book(), record, actor(), str(uuid.uuid4()))
        go(**{"from": kept.digest}, **also)

    return ordered(act)


def route_file_to_order(text: str, name: str) -> str | None:
    """Route a requirement file's job and go on with it; raises BadFile with every fault."""
    return route_to_order(read_checked(text, name, routable())[0])


def drafted_now(record: DecisionRecord, asked: Asked, click: str) -> Draft | None:
    """The order as it would be placed now; None where it cannot be, and why is shown."""
    stores, who = order_stores(), actor()
    try:
        return drafted(stores, record, asked.terms, who, click, now(), asked.offer_id)
    except Refused as refused:
        st.error(literal(refused), icon=":material/error:")
    return None


def place_now(record: DecisionRecord, asked: Asked, click: str) -> str | None:
    """Place the order that stands on the screen and go to it; returns why not."""

    def act() -> None:
        stores, who = order_stores(), actor()
        made = order_from(stores, record, asked.terms, who, click, now(), asked.offer_id)
        go(order=made.order_id)

    return ordered(act)


def fresh_decisions() -> list[KeptDecision]:
    """The decisions that can still be ordered, the newest first."""
    with mode_book().reading() as view:
        kept = decisions(view, 10)
    return [one for one in kept if one.best and one.at + QUOTE_HOLDS > now()]


def orders_needing() -> list[Need]:
    """What of the open orders needs a person now."""
    if not is_begun(settings().mode):
        return []
    with mode_book().reading() as view:
        return needing(view, now().astimezone(UTC))


def has_orders() -> bool:
    """Whether anything was ordered yet; looking begins no book."""
    if not is_begun(settings().mode):
        return False
    with mode_book().reading() as view:
        return bool(listed(view, most=1))


def orders_now() -> tuple[Totals, list[Seen], dict[str, str | None]]:
    """What the orders come to, the newest of those that are open, and in which countries."""
    with mode_book().reading() as view:
        found = listed(view, OPEN_STATES)
        countries = countries_of(view, [one.order_id for one in found])
        return totals(view, now().astimezone(UTC)), found, countries

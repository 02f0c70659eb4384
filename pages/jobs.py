"""Jobs: what runs, what it costs and who acts next; one job's whole life; and ordering."""

import uuid

import streamlit as st

from components import job_acts, job_address, job_begin, job_life, job_order, job_table, order_desks
from components.job_address import PAGE_SIZE, go
from components.session import HouseFault, actor, lake, mode_book, now, require, settings
from components.text import literal
from connectors.purchasers import network_refusals
from data import orders
from data.decisions import NoDecision, reopened
from data.order_life import life
from data.order_search import counted
from data.order_totals import countries_of
from data.stops import stops
from engine.attention import needs, states_of
from engine.commands import Refused
from engine.named_offers import names_of
from engine.order_story import story
from engine.order_words import told_before
from engine.orders import Order
from engine.permissions import may

require("viewer")

CLICK, WHY, STATE, POLL_SECONDS = "job_order_click", "job_refused", "job_order_state", 5


@st.fragment(run_every=POLL_SECONDS)
def show_list() -> None:
    words, page, states = address.words, address.page, states_of(address.shown)
    with mode_book().reading() as view:
        counts = counted(view, words)
        found = orders.listed(view, states, PAGE_SIZE, skipped=page * PAGE_SIZE, words=words)
        countries = countries_of(view, [one.order_id for one in found])
    job_table.job_filters(address.shown, words, counts, lambda s, w: go(show=s, words=w))
    if found:
        job_table.job_table(found, countries, now(), lambda name: go(order=name))
    else:
        job_table.nothing_here(address.shown, words, is_empty=not counts)
    total = sum(counts.get(state, 0) for state in states)
    job_table.pager(page, total, lambda to: go(show=address.shown, words=words, page=str(to)))
    if job_address.read() != address:
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
def show_life(order_id: str) -> None:
    with mode_book().reading() as view:
        found = life(view, order_id)
    order = found.order
    if st.session_state.get(STATE) != (order_id, order.state):
        st.session_state[STATE] = order_id, order.state
        st.rerun()  # what may be done with it has changed
    steps = story(order.placed, [kept.event for kept in found.events])
    told = list(zip(steps, [kept.entry_index for kept in found.events], strict=True))
    need, mode = needs([found.head], now()), settings().mode
    job_life.job_whole(order, found.head, found.hold, told, need, mode, now())


def show_acts(order: Order) -> None:
    def again() -> None:
        need, like = order.placed.requirement, order.order_id
        st.session_state[WHY] = order_desks.route_to_order(need, like=like)

    job_acts.act_buttons(order, actor(), again if may(actor(), "order.placed") else None)
    job_acts.act_dialog(order, actor(), order_desks.order_acts(order))


def show_draft(digest: str) -> None:
    record = reopened(lake(), mode_book(), digest)
    with mode_book().reading() as view:
        like = orders.placed(view, address.like) if address.like else None
    side, main = st.columns([1, 3.2], gap="medium")
    with side:
        asked = job_order.order_form(record, names_of(record), address.offer, like)
    click = st.session_state.setdefault(CLICK, str(uuid.uuid4()))

    def place() -> None:
        st.session_state[WHY] = order_desks.place_now(record, asked, click)
        st.session_state.pop(CLICK)

    with main:
        draft = order_desks.drafted_now(record, asked, click)
    if draft:
        job_order.draft_parts(main, told_before(draft.placed, draft.quote, draft.around))
        stands = (*asked.faults, *draft.refusals, *network_refusals(draft.placed))
        job_order.confirm(side, stands, place)


def show() -> None:
    if why := st.session_state.pop(WHY, None):
        st.error(f"Nothing was ordered: {literal(why)}", icon=":material/error:")
    if address.made_from:
        show_draft(address.made_from)
    elif address.order:
        with mode_book().reading() as view:
            known = orders.order(view, address.order)
        with acts:
            show_acts(known)
        show_life(address.order)
    else:
        show_list()


address = job_address.read()
title, acts, primary = st.columns([5.2, 3, 1.3], vertical_alignment="bottom")
with title:
    job_address.title_line(address)
with primary:
    job_begin.begin_button(may=may(actor(), "order.placed"), is_wanted=not address.made_from)
try:
    with mode_book().reading() as view:
        job_address.notices(stops(view))
    job_begin.begin_dialog(order_desks.fresh_decisions, now(), go, order_desks.route_file_to_order)
    show()
except (HouseFault, NoDecision, Refused) as fault:
    st.error(literal(fault), icon=":material/error:")

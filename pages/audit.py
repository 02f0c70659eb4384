"""Audit: who did what and when, is all of it still there, and what proves it."""

import uuid
from functools import partial

import streamlit as st

from components import audit_address, audit_check, audit_notes
from components.audit_drawer import audit_drawer
from components.audit_head import head_line
from components.audit_pack import Shown, pack_dialog
from components.audit_table import ASKS, KEY, audit_table, columns
from components.audit_time import time_choice
from components.data_table import asked
from components.desks import entry_desk, pack_maker, shelf
from components.saved_views import saved_views
from components.session import actor, book, counts, doubts, is_begun, now, require, settings
from data import checkpoints, proofs, signing, verifying
from data.audit import Span, choices, page
from data.faults import RecordsFault

require("viewer")

ASKED = "audit_check"


def verify(key: str) -> None:
    st.session_state[ASKED] = key
    verifying.begin(records, settings().home, key, actor())


@st.fragment
def show_entries() -> None:
    """The time and the table: what is asked of them does not draw the rest of the page again."""
    if audit_address.row_was_opened():
        st.rerun()  # the slide-over is the page's
    at, wanted, known = now(), audit_address.read(ASKS), counts(records)
    times, kept_views = st.columns([7, 1], vertical_alignment="center")
    with times.container(horizontal=True, gap="small", vertical_alignment="center"):
        time_choice(wanted.times, at, wanted.revision, audit_address.keep_times)
    with kept_views:
        saved_views(shelf("audit"), audit_address.VIEW_KEYS)
    query = asked(KEY, columns(at.tzinfo), start=wanted.query, revision=wanted.revision)
    span = Span(*wanted.times.bounds(at))
    try:
        with records.reading() as view:
            found, facets = page(view, query, span, known), choices(view, query, span, known)
    except RecordsFault as fault:
        audit_notes.unreadable(str(fault))
        return
    if is_drawn and found.total != standing.size:
        st.rerun()  # the head of the page tells how many entries there are, too
    audit_table(found, query, facets, at.tzinfo, wanted.revision)


@st.fragment(run_every=audit_check.POLL_SECONDS)
def show_check_under_way(check: verifying.Check) -> None:
    if check.is_over:
        st.rerun()
    audit_check.under_way(check.part, check.done, check.total)


def show_check() -> None:
    """The check that goes on, or what the newest one found."""
    check = verifying.latest(records)
    if check and not check.is_over:
        show_check_under_way(check)
        return
    own, fault = (check.verdict, check.fault) if check else (None, None)
    is_awaited = check is not None and check.key == st.session_state.get(ASKED)
    audit_check.result(standing.verdict, own, fault, expanded=is_awaited)


title, tools = st.columns([1.3, 1], vertical_alignment="center")
title.title("Who did what, when, and is it all still there?")
is_drawn, address = False, audit_address.read(ASKS)
head = st.container(horizontal=True, gap="small", vertical_alignment="center")
with head:
    audit_notes.book_choice(address.book, audit_address.keep_book)
notes = st.container()
with notes:
    audit_notes.left_out(address.faults)
    audit_notes.in_doubt(doubts().get(address.book))
try:
    if not is_begun(address.book):
        audit_notes.not_begun(address.book)
        st.stop()
    records = book(address.book)
    with records.reading() as view:
        standing, signed = proofs.standing(view), checkpoints.dated(view)
except RecordsFault as unusable:
    audit_notes.unreadable(str(unusable))
    st.stop()
with head:
    head_line(standing, now())
with tools:
    sign = partial(signing.sign, records, settings().home)
    is_pack_wanted = audit_check.acts(verify, str(uuid.uuid4()), sign, standing)
show_check()
if standing.size == 1:
    audit_notes.only_the_opening(address.book)
show_entries()
is_drawn, query = True, address.query
if is_pack_wanted:
    others = sorted({*query.filters, *query.facets} - {"subject"})
    shown = Shown(address.times, query.filters.get("subject", ""), others)
    pack_dialog(address.book, signed, shown, now(), pack_maker(records))
elif address.entry is not None:
    desk = entry_desk(records, query, Span(*address.times.bounds(now())), standing.verdict)
    if address.entry >= standing.size or desk.look(address.entry) is None:
        with notes:
            audit_notes.no_entry(address.entry, standing.size, address.book)
    else:
        audit_drawer(address.book, now(), desk)

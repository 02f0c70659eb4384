"""Audit: who did what and when, is all of it still there, and what proves it."""

import uuid
from typing import BinaryIO

import streamlit as st

from components import audit_address, audit_check, audit_notes
from components.audit_drawer import audit_drawer
from components.audit_head import head_line
from components.audit_pack import Progress, Wanted, pack_dialog
from components.audit_table import ASKS, KEY, audit_table, columns
from components.audit_time import time_choice
from components.data_table import asked
from components.session import actor, book, counts, now, require, settings
from data import checkpoints, packs, proofs, trail_keys, verifying
from data.audit import Span, page
from data.faults import RecordsFault
from engine.notes import BadNote
from engine.proofs import Kept

require("viewer")

ASKED = "audit_check"


def sign() -> str | None:
    """Sign the book as it stands; returns why that could not be done."""
    home = settings().home
    try:
        checkpoints.make(records, trail_keys.signer(records, home), home)
    except (RecordsFault, BadNote, OSError) as fault:
        return f"No checkpoint was signed: {fault}"
    return None


def verify(key: str) -> None:
    st.session_state[ASKED] = key
    verifying.begin(records, settings().home, key, actor())


def write(wanted: Wanted, file: BinaryIO, progress: Progress) -> None:
    """Write a pack, and an entry that says so before anybody has it."""
    asked_for = packs.Wanted(Span(wanted.start, wanted.end), wanted.subject, wanted.checkpoint)
    packs.export(records, settings(), asked_for, file, str(uuid.uuid4()), actor(), progress)


def look(index: int) -> Kept | None:
    try:
        with records.reading() as view:
            return proofs.kept(view, index)
    except RecordsFault as fault:
        st.error(f"The entry cannot be read: {fault}")
        return None


@st.fragment
def show_entries() -> None:
    """The time and the table: what is asked of them does not draw the rest of the page again."""
    if audit_address.row_was_opened():
        st.rerun()  # the slide-over is the page's
    at, wanted, known = now(), audit_address.read(ASKS), counts(records)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        time_choice(wanted.times, at, wanted.revision, audit_address.keep_times)
        # Saved views stand here, beside the time.
    query = asked(KEY, columns(at.tzinfo), start=wanted.query, revision=wanted.revision)
    try:
        with records.reading() as view:
            found = page(view, query, Span(*wanted.times.bounds(at)), known)
    except RecordsFault as fault:
        audit_notes.unreadable(str(fault))
        return
    audit_table(found, query, known.most(), at.tzinfo, wanted.revision)


def show_check() -> None:
    """The check that goes on, or what the newest one found."""
    check, verdict = verifying.latest(records), standing.verdict
    if check and not check.is_over:
        audit_check.watch(check)
        return
    if check and check.fault:
        (audit_check.not_kept if check.verdict else audit_check.failed)(check.fault)
        verdict = check.verdict or verdict
    if verdict:
        is_own = check is not None and check.key == st.session_state.get(ASKED)
        audit_check.verdict_panel(verdict, expanded=is_own or not verdict.is_clean)


title, tools = st.columns([1.3, 1], vertical_alignment="center")
title.title("Who did what, when, and is it all still there?")
address = audit_address.read(ASKS)
head = st.container(horizontal=True, gap="small", vertical_alignment="center")
with head:
    audit_notes.book_choice(address.book, audit_address.keep_book)
audit_notes.left_out(address.faults)
try:
    records = book(address.book)
    with records.reading() as view:
        standing, signed_sizes = proofs.standing(view), checkpoints.sizes(view)
except RecordsFault as unusable:
    audit_notes.unreadable(str(unusable))
    st.stop()
with head:
    head_line(standing, now())
with tools:
    if audit_check.acts(verify, str(uuid.uuid4()), sign, standing):
        pack_dialog(address.book, signed_sizes, now(), write)
show_check()
if standing.size == 1:
    audit_notes.only_the_opening(address.book)
show_entries()
if address.entry is not None:
    if look(address.entry) is None:
        audit_notes.no_entry(address.entry, standing.size, address.book)
    else:
        audit_drawer(address.book, now(), look, sign)

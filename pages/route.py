"""Route: which offer may run this job for least, why others may not, what would change that."""

import uuid
from collections.abc import Callable
from functools import partial

import streamlit as st

from components import route_form, route_kept, route_view, session
from components.export import handed_out
from components.freshness import wait_for_offers
from components.route_fields import is_blank, requirement_text, values_of
from components.route_file import downloads, file_button, file_dialog
from components.session import kept_fault, lake, mode_book, now, require, routable
from data.decisions import NoDecision, reopened, saved
from data.examples import requirement_examples
from data.policy_choices import policy_choices, policy_of
from data.route_preview import examples, preview, read_checked, whole_record
from data.shipped import catalogue
from engine.decision_record import DecisionRecord
from engine.requirement import Requirement
from engine.told_faults import BadFile
from engine.told_json_text import json_text_of

require("viewer")

FAULT = "route_fault"


def keep(record: DecisionRecord, click: str) -> None:
    """Keep what the person saw when they clicked, and go to its own address."""
    with kept_fault(FAULT, "The decision was not kept"):
        kept = saved(lake(), mode_book(), record, session.actor(), click)
        route_kept.go_to(kept.digest)


def route_again(requirement: Requirement) -> None:
    route_kept.go_to(None)
    route_form.fill_form(values_of(requirement))


def start_from(name: str) -> None:
    route_form.fill_form(values_of(read(requirement_examples()[name], f"{name}.yaml")[0]))


def handed(made: Callable[[], str | bytes], file: str) -> Callable[[], bytes]:
    return handed_out(made, file, 1, session.exporter("route"))


def asked_text() -> str:
    """Draw the form and return what it states, as a requirement file; empty: nothing yet."""
    with session.house().reading() as view:
        words = {name: choice.words for name, choice in policy_choices(view).items()}
    options = session.listing(session.market(), hyperscalers=True).options
    choices = route_form.Choices.of(options, market, catalogue(), words)
    values = route_form.requirement_form(choices)
    return "" if is_blank(values) else requirement_text(values)[0]


def decided(text: str) -> DecisionRecord | None:
    """Show what comes of a requirement file's text; None where it cannot be routed."""
    if not text:
        route_kept.nothing_asked(examples(), start_from)
        return None
    try:
        requirement, warnings = read(text, "form")
        with session.house().reading() as view:
            policy = policy_of(view, requirement)
        record = whole_record(preview(requirement, market, policy, now()))
    except (BadFile, session.HouseFault) as fault:
        route_form.faults_list(fault)
        return None
    with side:
        downloads(text, json_text_of(requirement), requirement.name, handed)
    route_form.warnings_list(warnings)
    route_view.answer(record, market, now(), route_form.fill_form)
    return record


def show_preview() -> None:
    """The form and, at every change of it, the answer in the newest market."""
    file_dialog(read, requirement_examples())
    with tools:
        file_button()
    with side:
        text = asked_text()
        route_form.clear_button(is_needed=bool(text))
    with main:
        record = decided(text)
    with primary:
        route_kept.save_button(partial(keep, record, str(uuid.uuid4())) if record else None)


def show_kept(digest: str) -> None:
    """A decision as it was kept, at its own address."""
    try:
        record = reopened(lake(), mode_book(), digest)
    except (NoDecision, session.HouseFault) as fault:
        main.error(f"This decision cannot be shown: {fault}", icon=":material/link_off:")
        return
    with side:
        route_kept.kept_head(record, digest, now().tzinfo)
        route_kept.kept_files(record, digest, handed)
        route_kept.entry_link(session.settings().mode, digest)
    with main:
        route_view.answer(record, market, now(), None)
    route_kept.kept_acts(tools, primary, digest, partial(route_again, record.requirement))


title, tools, primary = st.columns([6, 1.25, 1.25], vertical_alignment="bottom")
title.title("Where does this job run for least, and why there?")
session.show_fault(FAULT)
market = routable()
read = partial(read_checked, market=market)
if market.offers.is_empty():
    wait_for_offers(lambda: not routable().offers.is_empty())
side, main = st.columns([1, 3.6], gap="medium")
wanted = st.query_params.get(route_kept.ADDRESS)
show_kept(wanted) if wanted else show_preview()

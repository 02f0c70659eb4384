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
from data.policy_choices import PolicyChoice, chosen_policy, policy_choices
from data.route_preview import preview, read_checked, whole_record
from data.shipped import catalogue
from engine.canonical import canonical
from engine.decision_pdf import decision_pdf
from engine.decision_record import DecisionRecord, made_again, told
from engine.requirement import Requirement
from engine.told_faults import BadFile
from engine.told_json_text import json_text_of

require("viewer")

FAULT = "route_fault"


def keep(record: DecisionRecord, click: str) -> None:
    """Keep what the person saw when they clicked, and go to its own address."""
    with kept_fault(FAULT, "The decision was not kept"):
        kept = saved(lake(), mode_book(), record, session.actor(), click)
        st.query_params.from_dict({route_kept.ADDRESS: kept.digest})


def start_from(name: str) -> None:
    requirement, _ = read_checked(requirement_examples()[name], f"{name}.yaml", market)
    route_form.fill_form(values_of(requirement))


def route_again(requirement: Requirement) -> None:
    st.query_params.clear()
    route_form.fill_form(values_of(requirement))


def handed(made: Callable[[], str | bytes], file: str) -> Callable[[], bytes]:
    return handed_out(made, file, 1, session.exporter("route"))


def sentences(record: DecisionRecord) -> Callable[[str], list[str]]:
    """Return an offer's reasons: in full while the market is the one that was decided in."""
    if record.market.key != market.key:
        return lambda _offer: []
    decision = made_again(record, market)
    return lambda offer: [reason.sentence for reason in decision.reasons(offer)]


def policy_of(requirement: Requirement) -> PolicyChoice | None:
    if requirement.policy is None:
        return None
    with session.house().reading() as view:
        return chosen_policy(view, requirement.policy)


def asked_text() -> str:
    """Draw the form and return what it states, as a requirement file; empty: nothing yet."""
    with session.house().reading() as view:
        words = {name: choice.words for name, choice in policy_choices(view).items()}
    options = session.listing(session.market(), hyperscalers=True).options
    choices = route_form.Choices.of(options, market, catalogue(), words)
    values = route_form.requirement_form(choices)
    st.button("Clear the form", on_click=route_form.clear_form, width="stretch")
    return "" if is_blank(values) else requirement_text(values)[0]


def show_preview() -> None:
    """The form and, at every change of it, the answer in the newest market."""
    with side:
        text = asked_text()
    file_dialog(
        lambda told_text, name: read_checked(told_text, name, market), requirement_examples()
    )
    with tools:
        file_button()
    record = None
    with main:
        if not text:
            route_kept.nothing_asked(list(requirement_examples()), start_from)
        else:
            record = decided(text)
    with primary:
        click = partial(keep, record, str(uuid.uuid4())) if record else None
        route_kept.save_button(click)


def decided(text: str) -> DecisionRecord | None:
    """Show what comes of a requirement file's text; None where it cannot be routed."""
    try:
        requirement, warnings = read_checked(text, "form", market)
        decision = preview(requirement, market, policy_of(requirement), now())
    except BadFile as bad:
        route_form.faults_list(bad.faults)
        return None
    except session.HouseFault as fault:
        st.error(str(fault), icon=":material/error:")
        return None
    record = whole_record(decision)
    route_form.warnings_list([*warnings])
    route_view.answer(record, sentences(record), market, now(), route_form.fill_form)
    with side:
        downloads(text, json_text_of(requirement), requirement.name, handed)
    return record


def show_kept(digest: str) -> None:
    """A decision as it was kept, at its own address."""
    try:
        record = reopened(lake(), mode_book(), digest)
    except (NoDecision, session.HouseFault) as fault:
        main.error(f"This decision cannot be shown: {fault}", icon=":material/link_off:")
        return
    with side:
        route_kept.kept_head(record, digest, now().tzinfo)
        route_kept.kept_files(
            digest, lambda: decision_pdf(record), lambda: canonical(told(record)), handed
        )
    with main:
        route_view.answer(record, sentences(record), market, now(), None)
    with tools:
        route_kept.again_button(partial(route_again, record.requirement))


title, tools, primary = st.columns([6, 1.25, 1.25], vertical_alignment="bottom")
title.title("What may run this job, for least?")
session.show_fault(FAULT)
market = routable()
if market.offers.is_empty():
    wait_for_offers(lambda: not routable().offers.is_empty())
side, main = st.columns([1, 3.4], gap="medium")
wanted = st.query_params.get(route_kept.ADDRESS)
show_kept(wanted) if wanted else show_preview()

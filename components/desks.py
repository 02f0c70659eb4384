"""What people do on pages, each as the commands behind it: alerts, evidence packs, people."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

import streamlit as st

from components.alert_desk import AlertBoard, AlertDesk
from components.alert_forms import Choices
from components.alerts import Rules
from components.audit_drawer import EntryDesk
from components.audit_pack import Made, Make, Progress, Wanted
from components.people_desk import Held, PeopleDesk
from components.saved_views import Shelf
from components.session import (
    FAULTS,
    actor,
    counts,
    house,
    kept_fault,
    lake,
    listing,
    market,
    now,
    settings,
    show_fault,
    told,
)
from data import packs, people, proofs, signing, views
from data.admission import known_people
from data.alert_facts import Watch, key
from data.alert_rules import change_rule, make_rule, remove_rule, rules, switch_rule
from data.alerts import history, open_alerts
from data.audit import Span, around
from data.offers import Market
from data.pack_choice import Wanted as Choice
from data.records import Records
from data.shipped import catalogue
from engine.alert_rules import KeptRule, Rule
from engine.alert_states import Alert
from engine.alerts import judged
from engine.overview import Comparison
from engine.paging import Query
from engine.people import Role
from engine.proofs import Kept
from engine.savings import compared
from engine.search import Search
from engine.verdicts import Verdict
from engine.views import KeptView

_JUDGED_SECONDS, _PEOPLE_FAULT = 60, "people_fault"


def alerts_now(pauses: Mapping[str, timedelta]) -> tuple[list[Alert], Rules]:
    """The alerts that are not over, the newest first, and the rules that are on.

    ``pauses``: how long each source is left alone between two readings, by its name.
    """
    with house().reading() as view:
        opened, on = open_alerts(view), [kept for kept in rules(view) if kept.is_on]
    if not on:
        return opened, Rules()
    state = f"{key(lake(), now())} {[(kept.id, kept.version) for kept in on]}"
    return opened, Rules(len(on), _unjudged(state, on, dict(pauses)))


@st.cache_data(max_entries=4, ttl=_JUDGED_SECONDS, show_spinner=False)
def _unjudged(state: str, _on: list[KeptRule], _pauses: dict[str, timedelta]) -> int:
    """How many rules cannot be judged; looked at once for all who look, while nothing is new."""
    del state
    found = judged(_on, Watch(_pauses).look(lake(), now()), {})
    return sum(one.verdict.state == "cannot be judged" for one in found)


def keep_rule(rule: Rule, click: str) -> bool:
    """Keep an alert rule that a person made; what stops it is shown."""
    with told("No rule was made"):
        make_rule(house(), actor(), rule, key=click)
        return True
    return False


def alert_desk(pauses: Mapping[str, timedelta]) -> AlertDesk:
    """The alert rules, what is so for each by the newest reading, and what can be done.

    ``pauses``: how long each source is left alone between two readings, by its name.
    """
    book = house()

    def board() -> AlertBoard:
        with book.reading() as view:
            kept, past, opened = rules(view), history(view), open_alerts(view)
        known = {alert.rule_id: alert.evidence for alert in opened}
        found = judged(kept, Watch(pauses).look(lake(), now()), known) if kept else []
        verdicts = {one.kept.id: one.verdict for one in found}
        return AlertBoard(rules=kept, verdicts=verdicts, history=past)

    return AlertDesk(
        board=board,
        choices=lambda kept, mark: choices_now(kept.rule, mark),
        change=lambda kept, rule, click: change_rule(book, actor(), kept, rule, key=click),
        switch=lambda kept, on: switch_rule(book, actor(), kept, on=on),
        remove=lambda kept: remove_rule(book, actor(), kept),
        faults=FAULTS,
    )


def people_desk() -> PeopleDesk | None:
    """Who holds which roles, and giving and taking them; None for who may not."""
    show_fault(_PEOPLE_FAULT)
    if not actor().may("admin"):
        return None

    def grant(who: str, roles: Sequence[Role]) -> None:
        with kept_fault(_PEOPLE_FAULT, "No role was given"):
            people.grant(house(), actor(), who, roles)

    def revoke(who: str, roles: Sequence[Role]) -> None:
        with kept_fault(_PEOPLE_FAULT, "No role was taken"):
            people.revoke(house(), actor(), who, roles)

    with house().reading() as view:
        rows, known = people.people(view), known_people(view)
    held = [Held(id=one.id, who=one.who or f"erased ({one.id})", roles=one.roles) for one in rows]
    return PeopleDesk(held=held, known=known, grant=grant, revoke=revoke)


def pack_maker(records: Records) -> Make:
    """What makes an evidence pack of a book for the person who asks."""
    stores, who = settings(), actor()

    def make(wanted: Wanted, progress: Progress) -> Made:
        choice = Choice(Span(wanted.start, wanted.end), wanted.subject, wanted.checkpoint)
        return packs.made(records, stores, choice, f"pack-{uuid.uuid4()}", who, progress)

    return make


def entry_desk(records: Records, query: Query, span: Span, verdict: Verdict | None) -> EntryDesk:
    """What can be done with entries of a book while the page shows what answers a query."""
    stores, who, known = settings(), actor(), counts(records)

    def look(index: int) -> Kept | None:
        with told("The entry cannot be read"), records.reading() as view:
            return proofs.kept(view, index)
        return None

    def beside(index: int) -> tuple[int | None, int | None]:
        with told("The entries beside it cannot be found"), records.reading() as view:
            return around(view, query, span, known, index)
        return None, None

    def pack(index: int, size: int) -> bytes:
        choice, click = Choice(entry=index, checkpoint=size), f"pack-{uuid.uuid4()}"
        return packs.made(records, stores, choice, click, who).content()

    return EntryDesk(
        look=look,
        around=beside,
        sign=partial(signing.sign, records, stores.home),
        pack=pack,
        verdict=verdict,
    )


def choices_now(rule: Rule | None = None, mark: str = "") -> Choices:
    """What an alert rule can be about by the market now, the hyperscalers left out."""
    sold = listing(market(), hyperscalers=False)
    return Choices(Search(), sold.offers, sold.providers, catalogue(), rule, mark)


def savings_of(newest: Market, offer_id: str) -> list[Comparison]:
    """What one offer saves against each hyperscaler."""
    row = newest.offers.filter(offer_id=offer_id)
    return [Comparison.of(pair) for pair in compared(row, newest.baselines, now()).to_dicts()]


def shelf(page: str) -> Shelf:
    """A person's saved views of a page, and what can be done with them."""
    book, who = house(), actor()

    def listed() -> list[KeptView]:
        with book.reading() as view:
            return views.views(view, page, who)

    return Shelf(
        owner=who.name,
        views=listed,
        save=lambda name, query, shared: views.save_view(
            book, actor(), page, name, query, is_shared=shared
        ),
        rename=lambda kept, name: views.rename_view(book, actor(), kept, name),
        share=lambda kept, on: views.share_view(book, actor(), kept, on=on),
        remove=lambda kept: views.remove_view(book, actor(), kept),
        faults=FAULTS,
    )

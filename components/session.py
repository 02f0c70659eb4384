"""What a page stands on: the open stores, the signed-in person, the time.

The one component that may import ``data``.
"""

import contextlib
import getpass
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from components.alert_desk import AlertBoard, AlertDesk
from components.filters import Options
from components.saved_views import Shelf
from data import views
from data.alert_facts import Watch
from data.alert_rules import make_rule, remove_rule, rules, switch_rule
from data.alerts import history, open_alerts
from data.books import open_book
from data.engines import RecordsFault
from data.market import BrokenLake, Busy, Lake
from data.offers import Market, latest, states
from data.preferences import Preferences, load
from data.providers import provider_signals
from data.records import Records
from data.settings import Settings
from data.worker import connections as reported
from data.worker import heartbeat
from engine.alert_rules import Rule
from engine.alert_states import Alert
from engine.alerts import judged
from engine.connections import Connection
from engine.overview import Comparison, savings_by_offer
from engine.people import Actor, Role, local_actor
from engine.provider_search import with_signals
from engine.runs import NetworkState
from engine.savings import compared
from engine.search import Search, matching
from engine.sources import SourceStatus, source_statuses
from engine.views import KeptView

MarketFault = BrokenLake
"""The market cannot be read; the message says why and what to do."""
HouseFault = RecordsFault
"""The house book cannot be opened or written; the message says why and what to do."""
FAULTS = (Busy, HouseFault, LookupError, ValueError, OSError)
"""What may keep a person's act from being done, each in words."""

_run = threading.local()  # a script run has its own thread


def now() -> datetime:
    """The time, in the zone that people chose for reports; everything is kept in UTC."""
    return datetime.now(ZoneInfo(preferences().time_zone))


@st.cache_resource
def settings() -> Settings:
    return Settings.from_env()


@st.cache_resource
def lake() -> Lake:
    return Lake(settings().lake)


def house() -> Records:
    """The book of what has no mode: settings, imports, exports. Raises HouseFault."""
    return open_book(settings(), "house")


def market() -> Market:
    """The newest offers and today's rate cards; read again only when there are newer ones."""
    return latest(lake(), now())


@dataclass(frozen=True, slots=True)
class Listing:
    """What the Market lists before any filter: offers with savings and provider facts."""

    offers: pl.DataFrame
    providers: pl.DataFrame
    options: Options


def listing(newest: Market, *, hyperscalers: bool) -> Listing:
    """What the Market lists now; made once per newest market and day, not at every click."""
    return _listing(f"{newest.key} {now().astimezone(UTC):%Y-%m-%d}", newest, hyperscalers)


@st.cache_resource(max_entries=4, show_spinner=False)
def _listing(key: str, _newest: Market, hyperscalers: bool) -> Listing:  # noqa: FBT001
    del key
    facts = provider_signals(lake(), _newest)
    sold = matching(_newest.offers if hyperscalers else _newest.networks, Search(), now())
    offers = savings_by_offer(with_signals(sold, facts), _newest.baselines, now())
    return Listing(offers, facts, Options.of(offers, facts))


def network_states() -> list[NetworkState]:
    return states(lake(), market())


def connections() -> list[Connection]:
    """How the worker said it is connected, with what is switched now."""
    return reported(settings().home, preferences())


def sources() -> list[SourceStatus]:
    """What is true of each source now."""
    return source_statuses(network_states(), connections(), now())


def preferences() -> Preferences:
    """What people have chosen on the Settings page; a small file, read anew."""
    return load(settings().home)


def worker_is_alive() -> bool:
    beat = heartbeat(settings().home)
    return beat is not None and not beat.is_late(now())


def actor() -> Actor:
    """Who is looking. The seam for sign-in: read ``st.user`` and its roles here."""
    return local_actor(getpass.getuser())


def alerts_now() -> tuple[list[Alert], int]:
    """The alerts that are not over, the newest first, and how many rules are on."""
    with house().reading() as view:
        return open_alerts(view), sum(kept.is_on for kept in rules(view))


def keep_rule(rule: Rule, click: str) -> bool:
    """Keep an alert rule that a person made; what stops it is shown."""
    with told("No rule was made"):
        make_rule(house(), actor(), rule, key=click)
        return True
    return False


def alert_desk() -> AlertDesk:
    """The alert rules, what is so for each by the newest reading, and what can be done."""
    who = actor()

    def board() -> AlertBoard:
        with house().reading() as view:
            kept, past, opened = rules(view), history(view), open_alerts(view)
        known = {alert.rule_id: alert.evidence for alert in opened}
        found = judged(kept, Watch().look(lake(), now()), known) if kept else []
        verdicts = {one.kept.id: one.verdict for one in found}
        return AlertBoard(rules=kept, verdicts=verdicts, history=past)

    return AlertDesk(
        board=board,
        switch=lambda kept, on: switch_rule(house(), who, kept, on=on),
        remove=lambda kept: remove_rule(house(), who, kept),
        faults=FAULTS,
    )


def savings_of(newest: Market, offer_id: str) -> list[Comparison]:
    """What one offer saves against each hyperscaler."""
    row = newest.offers.filter(offer_id=offer_id)
    return [Comparison.of(pair) for pair in compared(row, newest.baselines, now()).to_dicts()]


def shelf(page: str) -> Shelf:
    """A person's saved views of a page, and what can be done with them."""
    who = actor()

    def listed() -> list[KeptView]:
        with house().reading() as view:
            return views.views(view, page, who)

    return Shelf(
        owner=who.name,
        views=listed,
        save=lambda name, query, shared: views.save_view(
            house(), who, page, name, query, is_shared=shared
        ),
        rename=lambda kept, name: views.rename_view(house(), who, kept, name),
        share=lambda kept, on: views.share_view(house(), who, kept, on=on),
        remove=lambda kept: views.remove_view(house(), who, kept),
        faults=FAULTS,
    )


@contextlib.contextmanager
def kept_fault(key: str, what: str) -> Iterator[None]:
    """Keep what stopped a click's act for ``show_fault``: a callback may not draw in a fragment."""
    try:
        yield
    except FAULTS as fault:
        st.session_state[key] = f"{what}: {fault}"


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Show at once what stopped an act of the page."""
    try:
        yield
    except FAULTS as fault:
        st.error(f"{what}: {fault}")


def show_fault(key: str) -> None:
    """Show, once, what a click could not do."""
    if fault := st.session_state.pop(key, None):
        st.error(fault)


def enter_frame() -> None:
    """Say that this run came through the frame; only ``components/frame.py`` calls it."""
    _run.framed = True


def require(role: Role) -> Actor:
    """Let only a person with this role, coming through the frame, see the rest of the page.

    The first line of every page: Streamlit can run a page's file on its own, without the frame and
    so without sign-in, and this is what stops it.
    """
    person = actor()
    if not getattr(_run, "framed", False):
        st.error("This page was opened outside Necto's frame. Open Necto's address again.")
        st.stop()
    if not person.may(role):
        st.error(f"This page is for people with the role {role}. {person.name} does not have it.")
        st.stop()
    return person

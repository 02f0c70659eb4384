"""What a page stands on: the open stores, the signed-in person, the time.

The one component that may import ``data``.
"""

import contextlib
import getpass
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from components import sign_in
from components.acting import acting_as
from components.filters import Options
from components.refused_exports import Refused, refused_exports
from data.admission import admitted
from data.audit import Counts
from data.books import BOOKS, Book, book_exists, open_book
from data.card_register import LateEntry
from data.chosen import chosen
from data.decisions import NotKept
from data.exports import enter_export
from data.faults import RecordsFault
from data.market import BrokenLake, Busy, Lake
from data.offers import Market, latest, states
from data.people import actor_of
from data.preferences import Preferences
from data.proofs import last_verdict
from data.providers import provider_signals
from data.records import Records
from data.routable import market_of
from data.settings import Settings
from data.status import set_aside as unusable
from data.worker import connections as reported
from data.worker import doubts as reported_doubts
from data.worker import heartbeat
from engine.connections import Connection
from engine.exports import Export
from engine.identity import Identity, identity_of
from engine.names import counted
from engine.overview import savings_by_offer
from engine.people import NOBODY, PERSONAS, Actor, Role, local_actor, persona
from engine.prepared_market import Prepared
from engine.provider_search import with_signals
from engine.runs import NetworkState
from engine.search import Search, matching
from engine.sources import SourceStatus, source_statuses

MarketFault = BrokenLake
"""The market cannot be read; the message says why and what to do."""
HouseFault = RecordsFault
"""The house book cannot be opened or written; the message says why and what to do."""
FAULTS = (Busy, HouseFault, NotKept, LookupError, ValueError, OSError)
"""What may keep a person's act from being done, each in words."""

_run = threading.local()  # a script run has its own thread
_ACTING = "acting_as_persona"


def now() -> datetime:
    """The time, in the zone that people chose for reports; everything is kept in UTC."""
    return datetime.now(ZoneInfo(preferences().time_zone))


@st.cache_resource
def settings() -> Settings:
    return Settings.from_env()


@st.cache_resource
def lake() -> Lake:
    return Lake(settings().lake)


def book(name: Book) -> Records:
    """One of the books of records, opened when it is first asked for. Raises HouseFault."""
    return open_book(settings(), name)


def is_begun(name: Book) -> bool:
    """Whether a book is there: looking at one begins none. Raises HouseFault."""
    return book_exists(settings(), name)


def house() -> Records:
    """The book of what has no mode: settings, imports, exports. Raises HouseFault."""
    return book("house")


def counts(records: Records) -> Counts:
    """How often each value stands in a book's trail, counted once for all who look."""
    return _counts(records.url, records.book)


@st.cache_resource
def _counts(url: str, book: str) -> Counts:
    del url, book
    return Counts()


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


def routable() -> Prepared:
    """The newest market ready for routing; made once per newest market, not at every click."""
    return market_of(lake(), now())


def mode_book() -> Records:
    """The book of the mode: what is decided, ordered and paid in it. Raises HouseFault."""
    return book(settings().mode)


def network_states() -> list[NetworkState]:
    return states(lake(), market())


def connections() -> list[Connection]:
    """How the worker said it is connected, with what is switched now."""
    return reported(settings().home, preferences())


def sources() -> list[SourceStatus]:
    """What is true of each source now."""
    return source_statuses(network_states(), connections(), now())


def preferences() -> Preferences:
    """What people have chosen on the Settings page; read anew when the house book has grown."""
    return chosen(settings())


def set_aside() -> dict[str, str]:
    """The files that cannot be used, by name, with the reason."""
    return unusable(settings(), lake())


def doubts() -> dict[str, str]:
    """The books that are not what was signed of them, each in words, as the worker found."""
    return reported_doubts(settings().home)


def records_in_doubt() -> dict[str, str]:
    """The books that are not to be relied on, each in words: not as signed, or a check failed."""
    found = dict[str, str]()
    for name in BOOKS:
        with contextlib.suppress(HouseFault):  # told where the book is used
            if is_begun(name):
                with book(name).reading() as view:
                    verdict = last_verdict(view)
                if verdict and not verdict.is_clean:
                    found[name] = f"{counted(verdict.problem_count, 'problem')} found"
    return found | dict.fromkeys(doubts(), "not as signed")


def worker_is_alive() -> bool:
    beat = heartbeat(settings().home)
    return beat is not None and not beat.is_late(now())


def actor() -> Actor:
    """Who is looking, with the roles that hold now; without sign-in, whom they act as."""
    if settings().sign_in:
        person = _identity()
        return actor_of(house(), person) if person else NOBODY
    chosen = st.session_state.get(_ACTING)
    return persona(chosen) if chosen else local_actor(getpass.getuser())


def _identity() -> Identity | None:
    asked = settings().sign_in
    return identity_of(sign_in.claims(), asked.groups_claim, datetime.now(UTC)) if asked else None


def is_welcome() -> bool:
    """Whether who looks may come in; who may not is shown what to do. Raises HouseFault."""
    asked, person = settings().sign_in, _identity()
    if asked is None:
        return True
    if person is None:
        sign_in.ask(asked.provider)
        return False
    if admitted(house(), person, asked.admin_email).may("viewer"):
        return True
    sign_in.turned_away(person, asked.admin_email)
    return False


def show_person() -> None:
    """Who looks: their roles and the way out; in a sandbox without sign-in, whom they act as."""

    def choose(name: str) -> None:
        st.session_state[_ACTING] = name

    if settings().sign_in:
        sign_in.signed_in_as(actor())
    else:
        acting_as(actor(), local_actor(getpass.getuser()), PERSONAS, choose)


def exporter(place: str) -> Callable[[Export], bytes]:
    """Return what a page of this name hands its exports to, with the address that it shows now.

    A file is made outside a script run, when it is asked for: who asks and for what is known here.
    An export that cannot be entered in the house book does not leave; the frame tells why.
    """
    stores, person, signed = settings(), actor(), _identity()
    asked = urlencode([(k, v) for k in st.query_params for v in st.query_params.get_all(k)])
    refusals = refused_exports()

    def hand_out(export: Export) -> bytes:
        try:
            records = open_book(stores, "house")
            who = actor_of(records, signed) if signed else person  # with the roles that hold then
            enter_export(records, who, export, place, asked)
        except HouseFault as fault:
            refusals[:] = [Refused(f"{export.file} was not exported: {fault}")]
            raise
        refusals.clear()
        return export.content

    return hand_out


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
    except LateEntry as late:  # it was done
        st.warning(f"Done, but {late}.")
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
        st.error(f"This page is for people with the role {role}. {person.shown} does not have it.")
        st.stop()
    return person

"""The desk that a worker, or one run of the terminal, works orders at."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial

from connectors.http import HttpClient
from connectors.jobs.order_desk import Desk
from connectors.jobs.schedule import Chore
from connectors.keys import secrets_of
from connectors.purchasers import LIMITS, purchasers
from data.books import book_exists, open_book
from data.faults import RecordsFault
from data.policy_choices import policy_choices
from data.sandbox_books import stored_name
from data.settings import Settings
from data.treasury import begin_play_money

log = logging.getLogger(__name__)

BEGUN_SECONDS = 2.0


def desk_of(
    settings: Settings,
    env: Mapping[str, str] = os.environ,
    probed: Callable[[str], int | None] = lambda _order_id: 0,
) -> Desk:
    """Return the desk of the mode's book; a sandbox book gets its play money first.

    Raises RecordsFault.
    """
    records = open_book(settings, settings.mode)
    begin_play_money(records)
    return Desk(
        records=records,
        sellers=purchasers(HttpClient(LIMITS), settings.home, settings.mode, env),
        secrets_of=partial(secrets_of, env=env),
        policy_now=partial(_policy_now, settings),
        probed=probed,
    )


def desks(
    settings: Settings, probed: Callable[[str], int | None] = lambda _order_id: 0
) -> Callable[[], Desk]:
    """Return what gives every chore of a process the same desk: of the book in use, made once.

    After a reset of the sandbox it is the new book's.
    """
    guard, made = threading.Lock(), list[Desk]()

    def one() -> Desk:
        with guard:
            name = stored_name(settings, settings.mode)
            if not made or made[0].records.book != name:
                made[:] = [desk_of(settings, probed=probed)]
            return made[0]

    return one


def once_begun(settings: Settings, chore: Chore, stop: threading.Event) -> None:
    """Do a chore as soon as somebody has begun the mode's book: before that nobody buys."""
    pause = 0.0
    while not stop.wait(pause):
        pause = BEGUN_SECONDS
        try:
            if not book_exists(settings, settings.mode):
                continue
        except RecordsFault as fault:
            log.warning("whether anybody buys cannot be told: %s", fault)
            continue
        chore(stop)


def _policy_now(settings: Settings, version: str) -> str | None:
    """Return the version that holds now of the policy that a version belongs to."""
    name = version.partition("@")[0].partition(" ")[0]
    with open_book(settings, "house").reading() as view:
        choice = policy_choices(view).get(name)
    return None if choice is None else choice.version

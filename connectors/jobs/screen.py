"""Ask the network who can take an order now, for the pages that left a question."""

import logging
import threading
from datetime import datetime
from pathlib import Path

from connectors.base import Denied, Http, Unreachable, Unreadable
from connectors.jobs.ingest import Clock, now_utc
from connectors.networks.akash.screening import Screening, who_can_bid
from data.asks import Asked, save_answer, take_asks
from engine.runs import Outcome
from engine.screening import Bidder, ScreeningAnswer, ScreeningAsk

log = logging.getLogger(__name__)

LOOK_SECONDS = 1


def answer_asks(home: Path, http: Http, base_url: str, clock: Clock = now_utc) -> int:
    """Answer every question that waits in ``home``; return how many. Never raises for one of them.

    ``base_url``: the network's address, as the registry made it.
    """
    taken = take_asks(home, clock())
    for asked in taken:
        given = _answered(http, base_url, asked, clock)
        try:
            save_answer(home, given)
        except OSError:  # a full disk must not end the worker; the page says nobody answered
            log.exception("the answer %s could not be written", given.ask_id)
    return len(taken)


def answer_until(home: Path, http: Http, base_url: str, stop: threading.Event) -> None:
    """Answer what pages ask, within seconds, until stopped; a fault of ours is logged."""
    while not stop.wait(LOOK_SECONDS):
        try:
            answer_asks(home, http, base_url)
        except Exception:
            log.exception("the questions of pages could not be answered")


def screen_once(
    http: Http, base_url: str, ask: ScreeningAsk, clock: Clock = now_utc
) -> ScreeningAnswer:
    """Ask now and return what came of it; keeps nothing. For the terminal."""
    return _answered(http, base_url, Asked(ask=ask, asked_at=clock()), clock)


def _answered(http: Http, base_url: str, asked: Asked, clock: Clock) -> ScreeningAnswer:
    outcome: Outcome = "ok"
    found: tuple[Bidder, ...] = ()
    try:
        screening = who_can_bid(http, base_url, asked.ask)
        found, sentence = screening.bidders, _sentence(screening)
    except Unreachable as error:
        outcome, sentence = "unreachable", str(error)
    except Denied as error:
        outcome, sentence = "denied", str(error)
    except Unreadable as error:
        outcome, sentence = "unreadable", str(error)
    except Exception:  # whatever it is, the page is told and the worker goes on
        log.exception("screening %s failed", asked.ask_id)
        outcome, sentence = "failed", "Necto itself failed, see its log"
    return _given(asked, clock(), outcome, sentence, found)


def _given(
    asked: Asked, now: datetime, outcome: Outcome, sentence: str, bidders: tuple[Bidder, ...]
) -> ScreeningAnswer:
    return ScreeningAnswer(
        ask_id=asked.ask_id,
        ask=asked.ask,
        asked_at=asked.asked_at,
        answered_at=now,
        outcome=outcome,
        sentence=sentence,
        bidders=bidders,
    )


def _sentence(screening: Screening) -> str:
    audited = sum(bidder.is_audited for bidder in screening.bidders)
    count = len(screening.bidders)
    told = f"{count} {'provider' if count == 1 else 'providers'} can bid now, {audited} audited"
    unread = len(screening.rejects)
    return told + (f"; {unread} more could not be read" if unread else "")

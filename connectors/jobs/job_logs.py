"""Fetching what jobs wrote, for the pages and terminals that asked."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from connectors.base import Denied, SourceError, Unreachable
from connectors.jobs.order_desk import Desk
from data.faults import RecordsFault
from data.log_asks import LogAsk, Logs, newest, save_logs, take_log_asks
from engine.buying import LogLine
from engine.names import counted
from engine.runs import Outcome

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


def answer_logs(desk: Desk, home: Path) -> int:
    """Fetch what waits to be seen; returns how many. Never raises for one of them."""
    taken = take_log_asks(home, desk.now())
    for asked in taken:
        found = _fetched(desk, asked)
        try:
            save_logs(home, found)
        except OSError:  # a full disk must not end the worker; whoever asked sees no answer
            log.exception("what %s wrote could not be kept", asked.order_id)
    return len(taken)


def answer_logs_until(desk: Callable[[], Desk], home: Path, stop: threading.Event) -> None:
    """Fetch what is asked for, within seconds, until stopped; a fault of ours is logged."""
    while not stop.wait(LOOK_SECONDS):
        try:
            answer_logs(desk(), home)
        except Exception:
            log.exception("what jobs wrote could not be fetched")


def _fetched(desk: Desk, asked: LogAsk) -> Logs:
    lines: tuple[LogLine, ...] = ()
    is_cut = False
    try:
        lines, is_cut = newest(_lines(desk, asked))
        outcome, sentence = _came(lines, is_cut=is_cut)
    except SourceError as fault:
        outcome, sentence = _outcome_of(fault), str(fault)
    except RecordsFault as fault:
        outcome, sentence = "failed", str(fault)
    except Exception:  # whatever it is, whoever asked is told and the worker goes on
        log.exception("what %s wrote could not be fetched", asked.order_id)
        outcome, sentence = "failed", "Necto itself failed, see its log"
    return Logs(
        order_id=asked.order_id, stream=asked.stream, asked_at=asked.asked_at,
        answered_at=desk.now(), outcome=outcome, sentence=sentence, lines=lines, is_cut=is_cut,
    )  # fmt: skip


def _lines(desk: Desk, asked: LogAsk) -> list[LogLine]:
    order = desk.order(asked.order_id)
    if order.handle is None or order.lease is None:
        raise Denied(f"{asked.order_id} has not run yet: there is nothing to show")
    purchaser = desk.sellers.of(order.placed.network)
    read = purchaser.logs if asked.stream == "logs" else purchaser.events
    return list(read(order.handle, asked.lines))[-asked.lines :]


def _came(lines: tuple[LogLine, ...], *, is_cut: bool) -> tuple[Outcome, str]:
    if not lines:
        return "ok", "it wrote nothing, or has ended and its provider keeps nothing"
    return "ok", f"the newest {counted(len(lines), 'line')}" + (" of more" if is_cut else "")


def _outcome_of(fault: SourceError) -> Outcome:
    if isinstance(fault, Unreachable):
        return "unreachable"
    return "denied" if isinstance(fault, Denied) else "unreadable"

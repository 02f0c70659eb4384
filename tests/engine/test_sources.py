"""One word and one sentence per source, the same on every face."""

from datetime import timedelta
from typing import get_args

import pytest

from engine.connections import Connection, Terms
from engine.runs import STALE_AFTER, NetworkState, RunRecord
from engine.sources import MEANINGS, Word, source_statuses
from tests.support import OBSERVED

NOW = OBSERVED + timedelta(hours=1)
LATE = OBSERVED + STALE_AFTER + timedelta(seconds=1)


def linked(*, allowed: bool = True, **changes) -> Connection:
    terms = Terms(source="akash", title="Akash", default_on=allowed, is_built=True, note="")
    fields = {"name": "akash", "terms": terms, "key_use": "none", "key_state": "not needed",
              "key_note": ""}  # fmt: skip
    return Connection(**(fields | changes))


def run(outcome="ok", kind="live") -> RunRecord:
    return RunRecord(
        run_id="20261123T110000000000Z", network="akash", source_kind=kind, outcome=outcome,
        message="what it said", started_at=OBSERVED, finished_at=OBSERVED,
    )  # fmt: skip


def known(last: RunRecord | None = None, kind="live", network="akash") -> NetworkState:
    return NetworkState(
        network=network, good=last, last=last, source_kind=kind, oldest_at=OBSERVED,
        observed_at=OBSERVED, offers=1, available=1,
    )  # fmt: skip


def word(state=None, connection=None, now=NOW):
    (found,) = source_statuses([state] if state else [], [connection] if connection else [], now)
    return found.word, found.why


SIGNALS_ONLY = "signals only: it publishes no prices"
CASES = [
    (known(run()), linked(), NOW, ("live", "")),
    (known(run()), linked(), LATE, ("stale", "")),
    (known(run(kind="recorded"), "recorded"), linked(), NOW, ("recorded", "")),
    (known(None, "contract"), linked(), NOW, ("contract", "")),
    (known(run("denied")), linked(), NOW, ("failing", "what it said")),
    (known(None, None), linked(), NOW, ("empty", "")),
    (None, linked(), NOW, ("empty", "not read yet")),
    (known(run()), linked(is_switched_off=True), NOW, ("off", "switched off")),
    (known(run()), linked(allowed=False), NOW, ("off", "off until its terms are reviewed")),
    (
        known(run()),
        linked(key_use="required", key_state="missing", key_note="set it"),
        NOW,
        ("no key", "set it"),
    ),
    (known(run(), None), linked(has_offers=False), NOW, ("live", SIGNALS_ONLY)),
    (known(run(), None), linked(has_offers=False), LATE, ("stale", SIGNALS_ONLY)),
    (known(run("denied"), None), linked(has_offers=False), NOW, ("failing", "what it said")),
    (known(run()), None, NOW, ("live", "")),
]


@pytest.mark.parametrize(("state", "connection", "now", "said"), CASES)
def test_every_source_has_a_word_and_a_reason(state, connection, now, said):
    assert word(state, connection, now) == said


def test_every_word_occurs_and_has_a_meaning():
    assert {said[0] for *_, said in CASES} == set(MEANINGS)
    words = {w for part in get_args(Word) for w in (get_args(part) or (part,))}
    assert words == set(MEANINGS)


def test_a_source_is_told_if_it_has_figures_or_a_connection_by_name():
    states = [known(run(), network="nosana"), known(run(), network="lium")]
    found = source_statuses(states, [linked(), linked(name="lium")], NOW)

    assert [(s.name, s.state is None, s.connection is None) for s in found] == [
        ("akash", True, False), ("lium", False, False), ("nosana", False, True),
    ]  # fmt: skip
    assert [s.kind for s in found] == [None, "live", "live"]


def test_trouble_is_what_should_be_read_and_gives_nothing_new():
    def is_trouble(state, connection, now=NOW):
        return source_statuses([state], [connection], now)[0].is_trouble

    assert is_trouble(known(run("unreachable")), linked())
    assert is_trouble(known(run()), linked(), LATE)
    assert not is_trouble(known(run()), linked())
    assert not is_trouble(known(run("denied")), linked(is_switched_off=True))

"""Whether a source is silent: by the time in which Necto asked it, and by no other."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alert_facts import Asked, Look
from engine.alert_silence import silence_verdict
from tests.engine.alert_looks import HOUR, NOW, asked, facts, rule, verdict

MINUTE = timedelta(minutes=1)
SILENT = rule("network_silent")


def judged(when, hours=6):
    return verdict(rule("network_silent", hours=hours), facts(), when=when)


def hourly(first, last=0):
    """Asked every hour, from so many hours ago to so many; the first reading was a good one."""
    return asked(*[NOW - n * HOUR for n in range(first, last - 1, -1)])


@pytest.mark.parametrize(
    ("when", "state", "keeps", "said"),
    [
        ((), "cannot be judged", True, "Akash has never given a good reading here."),
        (hourly(5), "quiet", False, "is of 2026-11-23 07:00 UTC."),
        (hourly(6), "firing", True, "is of 2026-11-23 06:00 UTC: at least 6 hours ago."),
        (hourly(600), "firing", True, "at least 6 hours ago."),
        (hourly(6, 1), "firing", True, "at least 6 hours ago."),
        (hourly(1, 1), "quiet", False, "is of 2026-11-23 11:00 UTC."),
        (asked(NOW - 9 * HOUR), "cannot be judged", True,
         "Not judged: Necto itself has not been reading Akash since 2026-11-23 03:00 UTC."),
        (asked(NOW - 9 * HOUR, NOW), "quiet", False,
         "itself was not reading Akash from 2026-11-23 03:00 UTC to 2026-11-23 12:00 UTC."),
        (hourly(12, 7) + hourly(1), "firing", True,
         "6 hours ago. Not judged: Necto itself was not reading Akash from 2026-11-23 05:00 UTC"),
        (hourly(12, 8) + hourly(1), "quiet", False, "from 2026-11-23 04:00 UTC to"),
        (hourly(12, 9), "cannot be judged", True, "since 2026-11-23 03:00 UTC."),
        (hourly(19, 12) + hourly(6, 6), "firing", True,
         "Akash since 2026-11-23 06:00 UTC, and 1 time before."),
        (asked(NOW - 9 * HOUR, NOW - 5 * HOUR, NOW), "quiet", False,
         "to 2026-11-23 12:00 UTC, and 1 time before."),
        (asked(NOW - 9 * HOUR, within=18 * HOUR), "quiet", False, "03:00 UTC."),
    ],
)  # fmt: skip
def test_a_source_is_silent_while_it_is_asked_in_vain(when, state, keeps, said):
    found = judged(when)

    assert (found.state, found.keeps) == (state, keeps)
    assert said in found.sentence
    assert found.evidence.observed_at == (when[0].at if state == "firing" else None)


def test_an_alert_stays_open_until_a_good_reading_comes():
    """What was counted up to a standstill that then began is not taken back."""
    seen = judged(hourly(6)).evidence
    later = verdict(SILENT, facts(), None, seen, asked(seen.observed_at, NOW))
    over = verdict(SILENT, facts(), None, seen, asked(NOW - HOUR, NOW))

    assert (later.state, later.evidence) == ("firing", seen)
    assert (over.state, over.keeps) == ("quiet", False)


def test_moments_are_told_in_utc():
    far = timezone(timedelta(hours=5, minutes=45))
    (here,) = asked(NOW)
    there = Asked(NOW.astimezone(far), here.again_by.astimezone(far))

    assert judged([there]).sentence == judged([here]).sentence


gaps = st.lists(st.integers(1, 60), min_size=1, max_size=40)
"""Minutes between the readings of a Necto that is awake."""


def stands(minutes, hours, still=None, at=0):
    """The verdict after a good reading and failed ones, one gap of which may be a standstill."""
    moment, when = NOW, [*asked(NOW)]
    for n, gap in enumerate(minutes):
        moment += still if still is not None and n == at % len(minutes) else gap * MINUTE
        when += asked(moment)
    look = Look(facts(), facts(), None, moment, {"akash": when})
    return silence_verdict(rule("network_silent", hours=hours), look, None)


@given(gaps, st.integers(1, 24))
def test_a_necto_that_is_awake_judges_by_the_clock(minutes, hours):
    found = stands(minutes, hours)

    assert (found.state == "firing") == (sum(minutes) >= hours * 60)
    assert "Not judged" not in found.sentence


@given(gaps, st.integers(1, 24), st.integers(61, 50_000), st.integers(0, 39))
def test_a_standstill_counts_as_if_it_had_not_been(minutes, hours, still, at):
    found = stands(minutes, hours, still * MINUTE, at)

    assert found.state == stands(minutes, hours, timedelta(), at).state
    assert "Not judged: Necto itself was not reading Akash from" in found.sentence

"""What readings of a running order mean: health, runway, its end; a missed answer is no death."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.buying import Observation, Service
from engine.watching import (
    ASKED_SHARE,
    DEPOSIT_CENTS_MIN,
    LEAVE_BEFORE,
    LOOK_EVERY,
    LOOK_SOON,
    SILENT_AFTER,
    STARTS_WITHIN,
    Running,
    Watched,
    asks_provider,
    end_reasons,
    look_again,
    runway_warning,
    top_up_cents,
    watched,
)
from tests.route_worlds import NOW

UNITS = 1_000_000
UP = (Service(name="web", ready=1, total=1, addresses=("a.example",)),)
DOWN = (Service(name="web", ready=0, total=1),)


def order(**changes) -> Running:
    values = {
        "order_id": "sbx-1", "usd_per_hour": Decimal(2), "since": NOW - timedelta(hours=1),
        "until": None, "hold_cents": 10_000,
    } | changes  # fmt: skip
    return Running(**values)


def seen(word="active", services=UP, left=8 * UNITS, **changes) -> Observation:
    return Observation(handle="1", word=word, services=services, units_left=left, **changes)


def read(what: Observation | None, before=None, *, asked=True, at=NOW, of=None) -> Watched:
    return watched(of or order(), what, before, at, units_per_usd=UNITS, asked_services=asked)


def test_a_job_whose_every_service_answers_serves_and_since_when_is_kept():
    first = read(seen())
    later = read(seen(), first.json(), at=NOW + timedelta(hours=1))

    assert (first.health, first.served_at) == ("serving", NOW)
    assert later.served_at == NOW


def test_a_young_job_starts_and_an_old_one_that_never_served_is_degraded():
    young = order(since=NOW - STARTS_WITHIN)
    old = order(since=NOW - STARTS_WITHIN - timedelta(seconds=1))

    assert read(seen(services=DOWN), of=young).health == "starting"
    assert read(seen(services=DOWN), of=old).health == "degraded"


def test_a_provider_is_silent_only_after_several_missed_answers_in_a_row():
    what = read(seen())
    for count in range(1, SILENT_AFTER):
        what = read(seen(services=None), what.json())
        assert (what.health, what.missed) != ("silent", SILENT_AFTER), count
    assert read(seen(services=None), what.json()).health == "silent"
    assert read(seen(), what.json()).missed == 0


def test_what_is_known_of_services_stays_while_nobody_asks():
    first = read(seen())
    assert read(seen(services=None), first.json(), asked=False).services == UP


def test_a_missed_answer_ends_nothing():
    what = read(None, read(seen()).json())
    assert end_reasons(order(), what, None, NOW) == []


def test_only_the_network_the_time_and_a_reclamation_end_a_job():
    notice = NOW + LEAVE_BEFORE
    closed = seen("closed", reason="unstable")

    assert end_reasons(order(), read(closed), closed, NOW) == ["its provider gave it up: unstable"]
    assert end_reasons(order(until=NOW), read(seen()), seen(), NOW) == ["its time is over"]
    told = seen("reclaiming", reclaimed_by=notice)
    assert end_reasons(order(), read(told), told, NOW) == [
        "its provider takes the machine back"
    ]  # fmt: skip
    early = seen("reclaiming", reclaimed_by=notice + timedelta(seconds=1))
    assert end_reasons(order(), read(early), early, NOW) == []


def test_more_is_deposited_when_the_runway_is_short_and_never_beyond_the_hold():
    short = read(seen(left=3 * UNITS))  # an hour and a half at $2

    assert top_up_cents(order(), short, 1_000, NOW) == 800
    assert top_up_cents(order(hold_cents=1_300), short, 1_000, NOW) == 300
    assert top_up_cents(order(hold_cents=1_049), short, 1_000, NOW) == 0
    assert top_up_cents(order(), read(seen()), 1_000, NOW) == 0


@given(st.integers(0, 10**9), st.integers(0, 20_000), st.integers(0, 20_000))
def test_deposits_stay_within_the_hold_whatever_is_read(left, deposited, hold):
    what = read(seen(left=left))
    more = top_up_cents(order(hold_cents=hold), what, deposited, NOW)

    assert more == 0 or DEPOSIT_CENTS_MIN <= more <= hold - deposited


def test_a_job_that_ends_before_its_money_needs_no_more_and_no_warning():
    soon, short = order(until=NOW + timedelta(minutes=30)), read(seen(left=3 * UNITS))

    assert top_up_cents(soon, short, 0, NOW) == 0
    assert runway_warning(soon, short, NOW) is None
    assert runway_warning(order(), short, NOW).startswith(
        "what lies at the network lasts 1.5 hours"
    )


def test_a_job_that_serves_is_looked_at_less_often_and_many_are_spread():
    serving, starting = read(seen()), read(seen(services=DOWN))

    def gap(what: Watched, jitter: float) -> timedelta:
        return look_again(what, NOW, jitter) - NOW

    assert gap(serving, 0.5) == LOOK_EVERY
    assert gap(starting, 0.5) == LOOK_SOON
    assert gap(serving, 0.0) < gap(serving, 1.0) <= LOOK_EVERY * 1.25


def test_a_provider_is_asked_until_its_job_serves_and_then_now_and_then():
    serving = read(seen()).json()

    assert asks_provider(None, 0.99)
    assert asks_provider(read(seen(services=DOWN)).json(), 0.99)
    assert [asks_provider(serving, chance) for chance in (ASKED_SHARE - 0.01, ASKED_SHARE)] == [
        True, False,
    ]  # fmt: skip


def test_what_is_kept_can_be_read_again():
    what = read(seen("reclaiming", reclaimed_by=NOW + timedelta(hours=3)))
    kept = what.json()

    assert datetime.fromisoformat(kept["reclaimed_by"]) == what.reclaimed_by
    assert read(None, kept, asked=False).services == what.services
    assert kept["said"] == "every service answers"

"""Which readings alert rules are judged by: the newest live one, and what was judged before it."""

from datetime import timedelta

import pytest

from connectors.jobs.ingest import load_recorded
from data import rate_cards
from data.alert_facts import Watch, key, longest_pause
from engine.market import Provider, providers_frame
from engine.runs import RunRecord
from engine.signals import Signal, signals_frame
from tests.cards import card
from tests.data.test_market import saved
from tests.engine.test_provider_search import provider
from tests.support import OBSERVED

HOUR = timedelta(hours=1)


def recorded(lake, network, run_id, at, **more) -> None:
    """Remember a good live run."""
    fields = {
        "run_id": run_id, "network": network, "source_kind": "live", "outcome": "ok",
        "message": "", "started_at": at, "finished_at": at,
    }  # fmt: skip
    lake.record(RunRecord(**(fields | more)))


def listed(lake, at, *providers: Provider, **more) -> str:
    """One reading of Akash's providers, with its record."""
    run_id = lake.new_run_id("akash", at)
    drop = lake.save("providers", "akash", run_id, providers_frame(list(providers)))
    recorded(lake, "akash", run_id, at, drops={"providers": drop}, **more)
    return run_id


def runs(look):
    return [
        {name: reading.run_id for name, reading in side.readings.items()}
        for side in (look.newest, look.before)
    ]


def test_the_newest_reading_is_judged_against_the_one_before(lake):
    first, second, third = (saved(lake, OBSERVED + n * HOUR, str(n + 1)) for n in range(3))
    look = Watch().look(lake, OBSERVED + 3 * HOUR)

    assert runs(look) == [{"akash": third.stem}, {"akash": second.stem}]
    assert look.newest.offers["usd_per_hour"].cast(float).to_list() == [3.0]
    assert look.before.offers["usd_per_hour"].cast(float).to_list() == [2.0]
    assert look.newest.readings["akash"].at == OBSERVED + 2 * HOUR
    assert first.stem not in str(runs(look))


def test_a_single_reading_has_none_before_it(lake):
    saved(lake, OBSERVED)

    assert runs(Watch().look(lake, OBSERVED))[1] == {}


def test_nothing_read_is_nothing_to_judge_by(lake):
    look = Watch().look(lake, OBSERVED)

    assert runs(look) == [{}, {}]
    assert look.newest.offers.is_empty()


def test_shipped_figures_are_no_reading(lake):
    load_recorded(lake, lambda: OBSERVED)
    assert runs(Watch().look(lake, OBSERVED)) == [{}, {}]
    live = saved(lake, OBSERVED + HOUR)

    assert runs(Watch().look(lake, OBSERVED + HOUR)) == [{"akash": live.stem}, {}]


def test_before_is_what_was_judged_last_also_when_readings_passed_unjudged(lake):
    watch = Watch()
    first = saved(lake, OBSERVED)
    watch.look(lake, OBSERVED)
    watch.settled()
    saved(lake, OBSERVED + HOUR)
    watch.look(lake, OBSERVED + HOUR)  # what came of it could not be kept
    third = saved(lake, OBSERVED + 2 * HOUR)

    expected = [{"akash": third.stem}, {"akash": first.stem}]
    assert runs(watch.look(lake, OBSERVED + 2 * HOUR)) == expected
    watch.settled()
    assert runs(watch.look(lake, OBSERVED + 2 * HOUR)) == expected, "nothing is new"


def test_a_newest_drop_that_is_set_aside_takes_the_judging_back(lake):
    watch = Watch()
    first, second, third = (saved(lake, OBSERVED + n * HOUR) for n in range(3))
    watch.look(lake, OBSERVED)
    watch.settled()
    lake.set_aside(third, "damaged")

    expected = [{"akash": second.stem}, {"akash": first.stem}]
    assert runs(watch.look(lake, OBSERVED)) == expected


def test_a_half_reading_of_providers_is_told_and_nothing_is_compared_with_it(lake):
    first = listed(lake, OBSERVED, provider())
    half = {"reject_counts": {"providers_unreachable": 1}}
    second = listed(lake, OBSERVED + HOUR, provider(), **half)
    watch = Watch()
    look = watch.look(lake, OBSERVED + HOUR)
    watch.settled()

    assert look.newest.provider_readings["akash"].run_id == second
    assert not look.newest.provider_readings["akash"].is_whole
    third = listed(lake, OBSERVED + 2 * HOUR, provider())
    for seen in (watch, Watch()):
        look = seen.look(lake, OBSERVED + 2 * HOUR)
        assert look.newest.provider_readings["akash"].run_id == third
        assert look.before.provider_readings["akash"].run_id == first


def test_rate_cards_that_hold_today_stand_on_both_sides(lake):
    rate_cards.import_card(lake, card(), by="ada", now=OBSERVED)
    look = Watch().look(lake, OBSERVED)

    assert look.newest.offers["source_kind"].to_list() == ["contract"]
    assert look.before.offers.equals(look.newest.offers)
    assert look.newest.readings == {}


def test_a_source_of_signals_only_has_its_good_readings_too(lake):
    at = OBSERVED + HOUR
    signal = Signal(
        network="aethir", signal="revenue_usd_day", at=at, observed_at=at, source_kind="live",
        source="a test", value=1.0,
    )  # fmt: skip
    run_id = lake.new_run_id("aethir", at)
    lake.save("signals", "aethir", run_id, signals_frame([signal]))
    recorded(lake, "aethir", run_id, at)
    saved(lake, OBSERVED)

    found = Watch().look(lake, at).asked
    assert {name: [one.at for one in asked] for name, asked in found.items()} == {
        "aethir": [at], "akash": [OBSERVED],
    }  # fmt: skip


def failed(lake, at, network="akash", **more) -> None:
    """A reading that came to nothing."""
    run_id = lake.new_run_id(network, at)
    recorded(lake, network, run_id, at, **({"outcome": "unreachable"} | more))


def test_a_source_was_asked_at_its_last_good_reading_and_at_each_that_failed_since(lake):
    failed(lake, OBSERVED - HOUR)
    saved(lake, OBSERVED)
    for hours in (1, 30):
        failed(lake, OBSERVED + hours * HOUR)
    found = Watch({"akash": HOUR}).look(lake, OBSERVED + 31 * HOUR).asked["akash"]

    assert [(one.at - OBSERVED) / HOUR for one in found] == [0, 1, 30]
    assert {one.again_by - one.at for one in found} == {longest_pause(HOUR)}


def test_a_source_that_asked_for_time_is_asked_again_when_that_is_over(lake):
    saved(lake, OBSERVED)
    failed(lake, OBSERVED + HOUR, retry_after_seconds=10 * 3600)
    failed(lake, OBSERVED + 11 * HOUR, retry_after_seconds=60)
    found = Watch().look(lake, OBSERVED + 90 * HOUR).asked["akash"]

    waits = [(one.again_by - one.at) / HOUR for one in found]
    assert waits[1] == pytest.approx(10 + 1 / 6)
    assert waits[0] == waits[2] == longest_pause(HOUR) / HOUR


def test_a_very_long_silence_is_looked_at_from_its_end(lake, monkeypatch):
    monkeypatch.setattr("data.alert_facts._ASKED_MAX", 2)
    saved(lake, OBSERVED)
    for hours in (20, 40, 41):
        failed(lake, OBSERVED + hours * HOUR)
    found = Watch().look(lake, OBSERVED + 41 * HOUR).asked["akash"]

    assert [(one.at - OBSERVED) / HOUR for one in found] == [0, 40, 41]
    assert found[0].again_by == found[1].at


@pytest.mark.parametrize("change", ["offers", "providers", "cards"])
def test_what_is_new_to_judge_by_changes_the_key(lake, change):
    saved(lake, OBSERVED)
    known = key(lake, OBSERVED)
    assert key(lake, OBSERVED) == known
    if change == "offers":
        saved(lake, OBSERVED + HOUR)
    elif change == "providers":
        listed(lake, OBSERVED + HOUR, provider())
    else:
        rate_cards.import_card(lake, card(), by="ada", now=OBSERVED)

    assert key(lake, OBSERVED) != known

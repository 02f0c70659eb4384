"""Providers of the whole market: joined once per reading."""

from datetime import timedelta

from data.offers import latest
from data.providers import provider_signals
from engine.market import providers_frame
from engine.provider_search import SIGNALS_SCHEMA
from tests.data.test_market import saved
from tests.engine.test_provider_search import provider
from tests.support import OBSERVED


def stated(lake, days: int, **changes: object) -> None:
    run_id = lake.new_run_id("akash", OBSERVED + timedelta(days=days))
    lake.save("providers", "akash", run_id, providers_frame([provider(**changes)]))


def test_a_market_without_provider_records_states_nothing(lake):
    saved(lake, OBSERVED)

    signals = provider_signals(lake, latest(lake, OBSERVED))
    assert dict(signals.schema) == dict(SIGNALS_SCHEMA)
    assert signals.is_empty()


def test_facts_are_read_again_only_when_there_are_newer_ones(lake):
    saved(lake, OBSERVED)
    stated(lake, 0)
    market = latest(lake, OBSERVED)
    first = provider_signals(lake, market)

    assert first["provider_location_type"].to_list() == ["datacenter"]
    assert provider_signals(lake, market) is first
    stated(lake, 1, location_type="home")
    assert provider_signals(lake, market)["provider_location_type"].to_list() == ["home"]

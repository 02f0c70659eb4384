"""Questions to the market."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.jobs.ingest import load_recorded
from data import history
from data import offers as questions
from data.market import Lake
from engine.market import offers_frame
from engine.runs import RunRecord
from tests.data.test_market import saved
from tests.support import OBSERVED, offer


def states(lake: Lake):
    return questions.states(lake, questions.latest(lake, OBSERVED))


def failed(lake: Lake, network: str = "akash") -> None:
    at = OBSERVED + timedelta(hours=2)
    lake.record(
        RunRecord(
            run_id=lake.new_run_id(network, at),
            network=network,
            source_kind="live",
            outcome="unreachable",
            message="no answer",
            started_at=at,
            finished_at=at,
        )
    )


def test_a_network_that_fails_keeps_its_figures_and_says_so(lake):
    saved(lake, OBSERVED)
    failed(lake)

    (state,) = states(lake)

    assert (state.status_at(OBSERVED), state.offers, state.observed_at) == ("failing", 1, OBSERVED)
    assert state.last is not None
    assert state.last.message == "no answer"


def test_a_network_without_any_good_run_is_failing_and_empty(lake):
    failed(lake)

    (state,) = states(lake)

    assert (state.status_at(OBSERVED), state.offers, state.observed_at) == ("failing", 0, None)


def test_a_network_that_answered_last_is_live(lake):
    saved(lake, OBSERVED)

    assert [s.status_at(OBSERVED) for s in states(lake)] == ["live"]


def test_a_reading_that_succeeded_long_ago_is_stale_not_live(lake):
    saved(lake, OBSERVED)
    (state,) = states(lake)

    assert state.status_at(OBSERVED + timedelta(hours=36)) == "live"
    assert state.status_at(OBSERVED + timedelta(hours=36, seconds=1)) == "stale"


def test_history_has_one_line_per_day_and_network_and_names_its_collector(lake, now):
    for hours, price in ((0, "2.5"), (1, "2.25"), (24, "2.75")):
        saved(lake, OBSERVED - timedelta(days=2) + timedelta(hours=hours), price)

    prices = history.model_history(lake, "H100-SXM")

    ours = prices.filter(collected_by="Necto")
    assert ours["min_usd_per_gpu_hour"].to_list() == [Decimal("2.25"), Decimal("2.75")]
    assert set(prices["collected_by"]) == {"Necto", "third party"}


def test_history_leaves_out_what_is_not_comparable(lake, now):
    run_id = lake.new_run_id("gcp", OBSERVED)
    rows = [
        offer(offer_id="a", price_basis="gpu_only"),
        offer(offer_id="b", term="spot"),
        offer(offer_id="c", rankable=False),
    ]
    lake.save("offers", "gcp", run_id, offers_frame(rows))

    prices = history.model_history(lake, "H100-SXM")

    assert prices.filter(collected_by="Necto").height == 0


def test_one_offer_s_last_price_of_a_day_is_kept(lake, now):
    saved(lake, OBSERVED, "2.5")
    saved(lake, OBSERVED + timedelta(minutes=5), "2.6")
    (offer_id,) = questions.latest(lake, OBSERVED).offers["offer_id"]

    prices = history.offer_history(lake, offer_id, "akash")

    assert prices["usd_per_gpu_hour"].to_list() == [Decimal("2.6")]


def test_recorded_providers_are_readable_per_network(lake):
    load_recorded(lake)

    assert questions.providers(lake, "akash").height > 30
    assert questions.providers(lake, "lium").height == 0


@pytest.mark.parametrize("network", ["aws", "azure", "gcp"])
def test_a_hyperscaler_is_a_baseline_not_a_network(lake, network):
    load_recorded(lake)
    market = questions.latest(lake, OBSERVED)

    assert network not in set(market.networks["network"])
    assert network in set(market.baselines["network"])

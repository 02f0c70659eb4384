"""Prices over time: finished days are rolled up once and read from one small file."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from data import history
from data.history import roll_up
from data.market import Lake
from engine.market import offers_frame
from tests.data.test_market import saved
from tests.support import OBSERVED, offer

OFFER = "akash:p1:h100 80Gi SXM5:on_demand:-"
TOMORROW = OBSERVED + timedelta(days=1)


def rollup(lake: Lake, table: str = "daily") -> Path:
    return lake.root / table / "network=akash" / "month=2026-11.parquet"


def prices(lake: Lake) -> list[Decimal]:
    rows = history.model_history(lake, "H100-SXM").filter(collected_by="Necto")
    return rows["min_usd_per_gpu_hour"].to_list()


@pytest.fixture
def three_days(lake):
    for hours, price in ((0, "2.5"), (1, "2.25"), (24, "2.75"), (48, "3")):
        saved(lake, OBSERVED - timedelta(days=2) + timedelta(hours=hours), price)
    return lake


def test_a_rolled_up_history_says_what_the_drops_say(three_days):
    from_drops = history.model_history(three_days, "H100-SXM")

    assert roll_up(three_days, "akash", OBSERVED) == 2
    assert history.model_history(three_days, "H100-SXM").equals(from_drops)
    assert prices(three_days) == [Decimal("2.25"), Decimal("2.75"), Decimal(3)]


def test_a_finished_day_is_rolled_up_once(three_days):
    assert [roll_up(three_days, "akash", OBSERVED) for _ in range(2)] == [2, 0]
    assert roll_up(three_days, "akash", TOMORROW) == 1


def test_the_running_day_is_not_finished(lake):
    saved(lake, OBSERVED)

    assert roll_up(lake, "akash", OBSERVED) == 0
    assert not rollup(lake).exists()


def test_finished_days_are_read_without_their_drops(three_days):
    before = history.model_history(three_days, "H100-SXM")
    roll_up(three_days, "akash", TOMORROW)
    for drop in (three_days.root / "offers").rglob("*.parquet"):
        drop.unlink()

    assert history.model_history(three_days, "H100-SXM").equals(before)
    assert history.offer_history(three_days, OFFER, "akash").height == 3


@pytest.mark.parametrize("table", ["daily", "bands"])
@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1 broken PAR1"])
def test_a_damaged_rollup_is_rebuilt_from_the_drops(three_days, table, content):
    before = prices(three_days), history.offer_history(three_days, OFFER, "akash")
    roll_up(three_days, "akash", OBSERVED)
    rollup(three_days, table).write_bytes(content)

    assert prices(three_days) == before[0]
    assert history.offer_history(three_days, OFFER, "akash").equals(before[1])
    assert "nothing is lost" in next(iter(three_days.aside().values()))
    assert roll_up(three_days, "akash", OBSERVED) == 2


def test_a_price_that_was_taken_all_day_is_no_price(lake):
    run_id = lake.new_run_id("akash", OBSERVED)
    taken = offer(available=False, available_count=0)
    lake.save("offers", "akash", run_id, offers_frame([taken]))

    assert prices(lake) == []


def test_shipped_figures_keep_the_day_they_were_read(lake):
    long_ago = OBSERVED - timedelta(days=100)
    row = offer(source_kind="recorded", observed_at=long_ago)
    lake.save("offers", "akash", lake.new_run_id("akash", OBSERVED), offers_frame([row]))
    rows = history.model_history(lake, "H100-SXM").filter(collected_by="recorded")

    assert rows["day"].to_list() == [long_ago.date()]


def test_a_newer_reading_is_in_the_history_at_once(three_days):
    assert prices(three_days)[-1] == Decimal(3)
    saved(three_days, OBSERVED + timedelta(hours=1), "2.9")

    assert prices(three_days)[-1] == Decimal("2.9")


def test_what_to_expect_rests_on_finished_days_of_the_range(lake):
    for hour in range(24):
        saved(lake, OBSERVED - timedelta(days=3) + timedelta(minutes=hour))
    saved(lake, OBSERVED)
    assert history.market_outlook(lake, OBSERVED).height == 0  # nothing is rolled up yet

    roll_up(lake, "akash", OBSERVED)
    (seen,) = history.market_outlook(lake, OBSERVED).to_dicts()
    assert (seen["network"], seen["readings"], seen["availability"]) == ("akash", 24, 1.0)
    assert history.market_outlook(lake, OBSERVED, days=2).height == 0
    assert history.market_outlook(lake, OBSERVED, days=None).height == 1

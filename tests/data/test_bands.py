"""Bands, facts and history of a range: what they say, and that they do not read more with age."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data import history
from data import offers as questions
from data.history import (
    bands,
    market_facts,
    market_outlook,
    model_history,
    model_index,
    offer_history,
    roll_up,
)
from data.market import Lake
from engine.market import PROVIDER_SCHEMA, offers_frame
from engine.outlook import READINGS_MIN
from engine.savings import MODELLED
from tests.data.test_market import saved
from tests.support import OBSERVED, baseline, offer

OFFER = "akash:p1:h100 80Gi SXM5:on_demand:-"
FACTS = {
    "network", "gpu_model", "term", "runs", "runs_free", "availability", "volatility",
    "unchanged_since", "days_seen", "min_usd_per_gpu_hour", "median_usd_per_gpu_hour",
    "max_usd_per_gpu_hour",
}  # fmt: skip


def aged(root: Path, days: int, every: int = 1) -> Lake:
    """A lake that was read every so many days up to ``OBSERVED``, rolled up to that day."""
    lake = Lake(root)
    for day in range(days, -1, -every):
        at = OBSERVED - timedelta(days=day)
        saved(lake, at, f"2.{day % 7}")
        if day < every:
            providers = pl.DataFrame(schema=dict(PROVIDER_SCHEMA))
            lake.save("providers", "akash", lake.new_run_id("akash", at), providers)
    roll_up(lake, "akash", OBSERVED)
    return lake


def asked_by_pages(lake: Lake) -> None:
    """Every question of the Dashboard and the Market, of a process that remembers nothing."""
    market = questions.read(lake, OBSERVED)
    questions.states(lake, market)
    questions.raw_row(lake, "akash", OFFER)
    questions.providers(lake, "akash")
    model_history(lake, "H100-SXM")
    offer_history(lake, OFFER, "akash")
    bands(lake, "H100-SXM", OBSERVED)
    market_facts(lake, OBSERVED)
    model_index(lake, "H100-SXM", OBSERVED)


def test_the_rows_that_pages_scan_do_not_grow_with_history(tmp_path):
    scanned = []
    for days in (120, 240):  # both are longer than the default range
        lake = Lake(aged(tmp_path / str(days), days, every=6).root)
        with lake.measured() as scan:
            asked_by_pages(lake)
        scanned.append(scan)

    assert scanned[0].rows > 0
    assert (scanned[0].files, scanned[0].rows) == (scanned[1].files, scanned[1].rows)


def test_a_range_that_is_asked_for_is_read_and_no_more(tmp_path):
    lake = aged(tmp_path / "lake", 20)
    ours = pl.col("collected_by") == "Necto"

    whole = model_history(lake, "H100-SXM", days=None).filter(ours)
    week = model_history(lake, "H100-SXM", days=7).filter(ours)

    assert (whole["day"].n_unique(), week["day"].n_unique()) == (21, 8)
    assert whole.filter(pl.col("day") >= week["day"].min()).equals(week)
    assert offer_history(lake, OFFER, "akash", days=7).height == 8
    assert bands(lake, "H100-SXM", OBSERVED, days=7)["day"].min() == week["day"].min()


def test_bands_and_facts_say_how_often_it_was_free(lake):
    for hour, free in enumerate((True, False, True, True)):
        at = OBSERVED - timedelta(days=1) + timedelta(hours=hour)
        rows = [offer(observed_at=at, available=free), offer(offer_id="o2", usd_per_hour=Decimal(3),
                observed_at=at, available=False)]  # fmt: skip
        lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame(rows))

    (row,) = bands(lake, "H100-SXM", OBSERVED).to_dicts()
    (facts,) = market_facts(lake, OBSERVED).to_dicts()

    assert (row["runs"], row["runs_free"], row["offers"]) == (4, 3, 1)  # o2 was taken all day
    assert (facts["runs"], facts["runs_free"], facts["availability"]) == (4, 3, 0.75)
    assert set(facts) >= FACTS
    assert facts["unchanged_since"] == date(2026, 11, 22)


def test_routing_expects_what_was_seen_in_the_lake(lake):
    for hour in range(READINGS_MIN):
        at = OBSERVED - timedelta(days=1) + timedelta(minutes=30 * hour)
        rows = [offer(observed_at=at, available=hour % 4 > 0)]
        lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame(rows))

    roll_up(lake, "akash", OBSERVED)
    (row,) = market_outlook(lake, OBSERVED).to_dicts()

    assert (row["network"], row["readings"], row["availability"]) == ("akash", READINGS_MIN, 0.75)
    assert row["wait_minutes"] > 0


def test_the_index_leaves_baselines_and_modelled_prices_out(lake):
    rows = [
        offer(),
        offer(offer_id="n", network="nosana", usd_per_hour=Decimal("3.5")),
        offer(offer_id="x", network="lium", usd_per_hour=Decimal(1), price_basis=MODELLED[0]),
        baseline(observed_at=OBSERVED),
    ]
    for row in rows:
        run_id = lake.new_run_id(row.network, OBSERVED)
        lake.save("offers", row.network, run_id, offers_frame([row]))

    (found,) = model_index(lake, "H100-SXM", OBSERVED).to_dicts()

    assert found["index_usd_per_gpu_hour"] == Decimal(3)
    assert found["names"] == ["akash", "nosana"]


def test_a_reading_over_midnight_belongs_to_the_day_it_was_started(lake):
    midnight = OBSERVED.replace(hour=0)
    run_id = lake.new_run_id("akash", midnight - timedelta(seconds=2))
    frame = offers_frame([offer(observed_at=midnight + timedelta(seconds=3))])
    lake.save("offers", "akash", run_id, frame)

    assert bands(lake, "H100-SXM", OBSERVED)["day"].to_list() == [date(2026, 11, 22)]


def test_the_file_of_earlier_versions_is_taken_over_and_nothing_is_lost(lake):
    for day in range(3):
        saved(lake, OBSERVED + timedelta(days=day - 40), f"{day + 1}.5")
    saved(lake, OBSERVED)
    roll_up(lake, "akash", OBSERVED)
    before = offer_history(lake, OFFER, "akash", days=None)
    months = [p for table in ("daily", "bands") for p in (lake.root / table).rglob("month=*")]
    old = lake.root / "daily" / "network=akash.parquet"
    rows = [pl.read_parquet(path) for path in months if "daily" in str(path)]
    pl.concat(rows).drop("is_baseline").write_parquet(old)
    for path in months:
        path.unlink()
    for path in lake.drops_on("offers", "akash", (OBSERVED - timedelta(days=39)).date()):
        path.unlink()

    assert roll_up(lake, "akash", OBSERVED) == 2  # of the third the drops are gone

    assert offer_history(lake, OFFER, "akash", days=None).equals(before)
    assert bands(lake, "H100-SXM", OBSERVED, days=None)["runs"].to_list() == [1, None, 1, 1]
    assert not old.exists()


def test_a_damaged_file_of_an_earlier_version_is_set_aside(lake):
    saved(lake, OBSERVED - timedelta(days=1))
    (lake.root / "daily" / "network=akash.parquet").write_bytes(b"no table")

    assert roll_up(lake, "akash", OBSERVED) == 1
    assert "rebuilt from the drops" in next(iter(lake.aside().values()))


def test_killed_between_the_two_tables_the_day_is_finished_next_time(lake):
    saved(lake, OBSERVED - timedelta(days=1))
    roll_up(lake, "akash", OBSERVED)
    facts = market_facts(lake, OBSERVED)
    for path in (lake.root / "daily").rglob("month=*"):
        path.unlink()

    assert offer_history(lake, OFFER, "akash").height == 1
    assert not history.is_rolled_up(lake, "akash", (OBSERVED - timedelta(days=1)).date())
    assert roll_up(lake, "akash", OBSERVED) == 1
    assert market_facts(lake, OBSERVED).equals(facts)


def test_a_reader_beside_the_roll_up_sees_every_day_and_sets_nothing_aside(lake):
    for day in range(12):
        saved(lake, OBSERVED + timedelta(days=day - 12), f"{day + 1}")
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(offer_history(Lake(lake.root), OFFER, "akash").height)

    reader = threading.Thread(target=read)
    reader.start()
    for day in range(13):
        roll_up(lake, "akash", OBSERVED + timedelta(days=day - 12))
    stop.set()
    reader.join()

    assert set(seen) == {12}
    assert lake.aside() == {}


@pytest.mark.parametrize("days", [None, 90])
def test_an_empty_lake_has_every_column_and_no_row(lake, days):
    assert bands(lake, "H100-SXM", OBSERVED, days).height == 0
    assert set(market_facts(lake, OBSERVED, days).columns) >= FACTS
    assert offer_history(lake, OFFER, "akash", days=days).height == 0
    assert model_history(lake, "no such model", days=days).height == 0

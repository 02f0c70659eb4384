"""The lake: drops that survive each other, crashes and damage."""

import itertools
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data import offers as questions
from data.market import BrokenLake, Busy, Lake
from engine.market import OFFER_SCHEMA, offers_frame
from engine.runs import RunRecord
from tests.support import OBSERVED, offer


def saved(lake: Lake, at: datetime, price: str = "2.5", network: str = "akash") -> Path:
    """One whole run: a drop and its record."""
    run_id = lake.new_run_id(network, at)
    frame = offers_frame([offer(network=network, usd_per_hour=Decimal(price), observed_at=at)])
    drop = lake.save("offers", network, run_id, frame)
    lake.record(
        RunRecord(
            run_id=run_id,
            network=network,
            source_kind="live",
            outcome="ok",
            message="1 offer",
            started_at=at,
            finished_at=at,
            drops={"offers": drop},
        )
    )
    newest = lake.newest_drop("offers", network)
    assert newest is not None
    return newest


def prices(lake: Lake) -> list[Decimal]:
    return questions.latest(lake, OBSERVED).offers["usd_per_hour"].to_list()


def test_the_newest_drop_of_each_network_is_the_market(lake):
    saved(lake, OBSERVED, "2.5")
    saved(lake, OBSERVED + timedelta(days=1), "2.75")
    saved(lake, OBSERVED, "0.9", network="nosana")

    assert sorted(prices(lake)) == [Decimal("0.9"), Decimal("2.75")]


def test_a_price_keeps_its_18_decimals(lake):
    exact = "2.123456789012345678"
    saved(lake, OBSERVED, exact)

    assert prices(lake) == [Decimal(exact)]


def test_an_empty_lake_is_an_empty_market_with_every_column(lake):
    market = questions.latest(lake, OBSERVED)

    assert market.offers.height == 0
    assert set(market.offers.columns) == set(OFFER_SCHEMA) - {"raw"}


def test_the_market_is_read_again_only_when_a_drop_is_newer(lake):
    saved(lake, OBSERVED)
    first = questions.latest(lake, OBSERVED)

    assert questions.latest(lake, OBSERVED) is first
    saved(lake, OBSERVED + timedelta(hours=1))
    assert questions.latest(lake, OBSERVED) is not first


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-10], "truncated"),
        (lambda content: content[: len(content) // 2], "truncated"),
        (lambda _: b"", "truncated"),
        (lambda _: b"PAR1 this is no table PAR1", "changed since"),
        (lambda content: content[:60] + b"\0\0\0\0" + content[64:], "changed since"),
    ],
)
def test_a_damaged_drop_is_set_aside_and_the_one_before_it_serves(lake, damage, reason):
    saved(lake, OBSERVED, "2.5")
    broken = saved(lake, OBSERVED + timedelta(hours=1), "9.9")
    broken.write_bytes(damage(broken.read_bytes()))

    assert prices(Lake(lake.root)) == [Decimal("2.5")]
    assert not broken.exists()
    assert reason in next(iter(lake.aside().values()))


def test_a_parquet_file_of_another_table_is_set_aside(lake):
    saved(lake, OBSERVED, "2.5")
    foreign = saved(lake, OBSERVED + timedelta(hours=1)).with_name("20261124T000000000000Z.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(foreign)

    assert prices(Lake(lake.root)) == [Decimal("2.5")]
    assert "another table" in next(iter(lake.aside().values()))


def test_damage_found_while_reading_costs_that_file_only(lake):
    good = saved(lake, OBSERVED, "2.5")
    broken = good.with_name("20261124T000000000000Z.parquet")
    broken.write_bytes(good.read_bytes()[:-20])

    rows = lake.query("offers", [good, broken], "SELECT usd_per_hour FROM drops")

    assert rows["usd_per_hour"].to_list() == [Decimal("2.5")]
    assert len(lake.aside()) == 1


def test_half_written_and_foreign_files_are_tidied_away_when_old(lake):
    folder = saved(lake, OBSERVED).parent
    half, fresh, foreign = folder / "a.parquet.1.tmp", folder / "b.parquet.2.tmp", folder / "x.txt"
    for path in (half, fresh, foreign):
        path.write_text("half")
    os.utime(half, (0, 0))

    lake.tidy(datetime.now(UTC))

    assert (half.exists(), fresh.exists(), foreign.exists()) == (False, True, False)
    assert min(lake.aside().values()).startswith("never finished")


def test_an_unreadable_run_record_is_set_aside(lake):
    drop = saved(lake, OBSERVED)
    record = lake.root / "runs" / "network=akash" / drop.parent.name / f"{drop.stem}.json"
    record.write_text("{")

    assert lake.run("akash", drop.stem) is None
    assert "not a run record" in lake.aside().values()
    assert prices(lake) == [Decimal("2.5")]


def test_a_drop_from_before_a_column_existed_still_serves(lake):
    run_id = lake.new_run_id("akash", OBSERVED)
    lake.save("offers", "akash", run_id, offers_frame([offer()]).drop("note", "tier", "city"))

    market = questions.latest(lake, OBSERVED)

    assert market.offers.height == 1
    assert market.offers["note"].to_list() == [None]


def test_only_one_process_ingests_a_network_at_a_time(lake):
    with lake.ingesting("akash"):
        with pytest.raises(Busy, match="another process"), Lake(lake.root).ingesting("akash"):
            pass
        with Lake(lake.root).ingesting("nosana"):
            pass


def test_a_run_id_is_newer_although_the_clock_went_back(lake):
    saved(lake, OBSERVED, "2.5")
    saved(lake, OBSERVED - timedelta(days=3), "3.5")

    assert prices(lake) == [Decimal("3.5")]


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path):
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(BrokenLake, match="NECTO_LAKE"):
        Lake(file / "market")


def _write_for_a_while(root: Path, network: str, runs: int) -> None:
    lake = Lake(root)
    for number in range(runs):
        saved(lake, OBSERVED + timedelta(minutes=number), f"1.{number:03}", network)


def test_two_processes_write_while_a_third_reads_and_nobody_sees_half(lake):
    """Every answer is a whole market: one price per network, never older than one seen before."""
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write_for_a_while, args=(lake.root, name, 25))
        for name in ("akash", "nosana")
    ]
    for writer in writers:
        writer.start()
    seen: list[dict[str, Decimal]] = []
    while any(writer.is_alive() for writer in writers):
        offers = questions.latest(lake, OBSERVED).offers
        seen.append(dict(offers.select("network", "usd_per_hour").rows()))
        assert offers.height == offers["network"].n_unique()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert prices(lake) == [Decimal("1.024"), Decimal("1.024")]
    for before, after in itertools.pairwise(seen):
        assert all(after.get(name, Decimal(0)) >= price for name, price in before.items())
    assert lake.aside() == {}

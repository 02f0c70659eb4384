"""Readings in the house book: once each, failed ones too, recovered when their entry is missing."""

import shutil
from datetime import timedelta

import pytest

from data.faults import RecordsFault
from data.files import sha256_of
from data.history import roll_up
from data.market_trail import enter_run, missing, recover
from data.retention import retain
from engine.runs import RunRecord
from tests.data.test_market import saved
from tests.data.test_preferences import told
from tests.support import OBSERVED, house_of


@pytest.fixture
def house(tmp_path, records_url):
    return house_of(tmp_path, records_url)


def newest(lake, network="akash") -> RunRecord:
    run = lake.run(network, next(lake.run_ids(network)))
    assert run
    return run


def test_a_reading_is_entered_with_its_counts_and_the_digest_of_every_drop(house, lake):
    path = saved(lake, OBSERVED)
    run = newest(lake).model_copy(update={"reject_counts": {"odd": 2}})
    enter_run(house, run)
    (entry,) = told(house)
    data = entry["data"]

    assert (entry["type"], entry["subject"]) == ("necto.market.read", "network/akash")
    assert (data["actor"]["id"], data["actor"]["kind"]) == ("job:ingest", "job")
    assert data["request"] == f"market/akash/{run.run_id}"
    assert (data["result"]["outcome"], data["result"]["rows"]) == ("ok", {"offers": 1})
    assert data["result"]["rejects"] == {"odd": 2}
    (file,) = data["files"]
    assert lake.root / file["name"] == path
    assert (file["digest"], file["size"]) == (f"sha256:{sha256_of(path)}", path.stat().st_size)


def test_a_failed_run_is_entered_with_what_it_said_and_no_file(house, lake):
    saved(lake, OBSERVED)
    said = {"outcome": "denied", "message": "the key \ud800 is wrong", "drops": {}}
    enter_run(house, newest(lake).model_copy(update=said))
    (entry,) = told(house)

    assert (entry["data"]["outcome"], entry["data"]["files"]) == ("failed", [])
    assert entry["data"]["result"]["outcome"] == "denied"
    assert entry["data"]["result"]["message"] == "the key ? is wrong"


def test_entering_a_run_twice_is_entering_it_once(house, lake):
    saved(lake, OBSERVED)
    enter_run(house, newest(lake))
    enter_run(house, newest(lake))

    assert len(told(house)) == 1


def test_runs_without_an_entry_are_recovered_once_oldest_first(house, lake):
    for hours in range(3):
        saved(lake, OBSERVED + timedelta(hours=hours))
    saved(lake, OBSERVED, network="nosana")
    assert missing(house, lake, 50) == 4

    assert (recover(house, lake), recover(house, lake), missing(house, lake, 50)) == (4, 0, 0)
    runs = [e for e in told(house) if e["subject"] == "network/akash"]
    assert {e["type"] for e in runs} == {"necto.market.recovered"}
    started = [e["data"]["input"]["body"]["started_at"] for e in runs]
    assert started == sorted(started)
    assert all(e["data"]["files"] for e in runs)


def test_only_the_newest_runs_are_recovered(house, lake):
    for hours in range(5):
        saved(lake, OBSERVED + timedelta(hours=hours))

    assert recover(house, lake, most=2) == 2
    assert (missing(house, lake, 2), missing(house, lake, 5)) == (0, 3)


def test_drops_whose_run_was_never_recorded_are_recovered_as_that(house, lake):
    path = saved(lake, OBSERVED)
    shutil.rmtree(lake.root / "runs" / "network=akash")

    assert recover(house, lake) == 1
    (entry,) = told(house)
    assert entry["data"]["result"]["outcome"] == "unrecorded"
    assert [file["digest"] for file in entry["data"]["files"]] == [f"sha256:{sha256_of(path)}"]


def test_a_network_that_is_being_read_is_left_for_the_next_time(house, lake):
    saved(lake, OBSERVED)
    with lake.ingesting("akash"):
        assert recover(house, lake) == 0

    assert recover(house, lake) == 1


def test_a_lake_without_runs_has_nothing_to_recover(house, lake):
    (lake.root / "offers" / "network=akash").mkdir()

    assert (recover(house, lake), told(house)) == (0, [])


def test_what_cannot_be_entered_is_not_removed(lake):
    old = saved(lake, OBSERVED)
    now = OBSERVED + timedelta(days=500)
    saved(lake, now)
    roll_up(lake, "akash", now)

    def refuses(_retired):
        raise RecordsFault("the records are busy")

    with pytest.raises(RecordsFault):
        retain(lake, "akash", now, 400, told=refuses)
    assert old.exists()

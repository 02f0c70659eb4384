"""A drop that is gone was removed by Necto, which the trail says, or it is lost."""

from datetime import timedelta
from functools import partial

import pytest

from data.compaction import compact
from data.files import sha256_of
from data.history import roll_up
from data.lake_files import lost, standing
from data.market_trail import enter_merged, enter_retired, recover
from data.retention import retain
from tests.data.test_market import saved
from tests.data.test_preferences import told
from tests.support import OBSERVED, house_of

LATER = OBSERVED + timedelta(days=2)
LONG_AFTER = OBSERVED + timedelta(days=500)


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


@pytest.fixture
def read(house, lake):
    """Three readings on one day and one two days later, all entered; the drops of the first day."""
    paths = [saved(lake, OBSERVED + timedelta(hours=hours)) for hours in range(3)]
    saved(lake, LATER)
    recover(house, lake)
    return paths


def merge(house, lake, protected=()):
    return compact(lake, "akash", LATER, protected, partial(enter_merged, house))


def names(house) -> list[str]:
    with house.reading() as view:
        return sorted(standing(view))


def test_nothing_is_lost_of_what_lies_there(house, lake, read):
    assert lost(house, lake) == {}
    assert len(names(house)) == 4


def test_a_drop_that_somebody_removed_or_changed_is_told_with_its_entry(house, lake, read):
    read[0].unlink()
    read[1].write_bytes(b"PAR1 other PAR1")
    found = lost(house, lake)

    assert [str(lake.root / name) for name in found] == [str(read[0]), str(read[1])]
    gone, changed = found.values()
    assert gone == "gone, and no entry says why (entry 1)"
    assert changed.startswith("changed: it is sha256:")


def test_a_merged_day_stands_for_its_drops_and_the_trail_says_so(house, lake, read):
    digests = [f"sha256:{sha256_of(path)}" for path in read]
    merge(house, lake)
    entry = told(house)[-1]
    body, (file,) = entry["data"]["input"]["body"], entry["data"]["files"]

    assert (entry["type"], entry["data"]["actor"]["id"]) == ("necto.market.compacted", "job:upkeep")
    assert list(body["runs"].values()) == digests
    assert (body["merged"], body["replaces"]) == (file["digest"], None)
    assert file["digest"] == f"sha256:{sha256_of(lake.root / file['name'])}"
    assert not any(path.exists() for path in read)
    assert lost(house, lake) == {}
    (lake.root / file["name"]).unlink()
    assert list(lost(house, lake)) == [file["name"]]


def test_a_day_that_is_merged_again_tells_which_file_it_replaces(house, lake, read):
    merge(house, lake, protected=[read[2].stem])
    before = told(house)[-1]["data"]["files"][0]["digest"]
    merge(house, lake)
    body = told(house)[-1]["data"]["input"]["body"]

    assert (body["replaces"], len(body["runs"])) == (before, 1)
    assert lost(house, lake) == {}


def test_a_merge_whose_entry_is_refused_keeps_every_drop_and_is_finished_later(house, lake, read):
    def refuses(_merged):
        raise OSError("the records are full")

    done = compact(lake, "akash", LATER, told=refuses)
    assert "the records are full" in done.problems[0]
    assert all(path.exists() for path in read)

    merge(house, lake)
    assert not any(path.exists() for path in read)
    assert lost(house, lake) == {}


def test_days_that_are_too_old_go_and_the_trail_says_so(house, lake, read):
    merge(house, lake)
    saved(lake, LONG_AFTER)
    recover(house, lake)
    roll_up(lake, "akash", LONG_AFTER)
    retain(lake, "akash", LONG_AFTER, 400, told=partial(enter_retired, house))
    retired = [e for e in told(house) if e["type"] == "necto.market.retired"]

    assert [entry["data"]["input"]["body"]["day"] for entry in retired] == [
        "2026-11-23", "2026-11-25",
    ]  # fmt: skip
    assert all(
        d.startswith("sha256:") for d in retired[0]["data"]["input"]["body"]["files"].values()
    )
    assert lost(house, lake) == {}
    assert len(names(house)) == 1


def test_days_merged_before_there_was_a_house_book_are_not_lost(house, lake):
    for hours in range(3):
        saved(lake, OBSERVED + timedelta(hours=hours))
    saved(lake, LATER)
    compact(lake, "akash", LATER)
    recover(house, lake)

    assert len(names(house)) == 4
    assert lost(house, lake) == {}

"""Files set aside, and what is never mistaken for damage."""

import polars as pl
import pytest

from data.market import BrokenLake
from tests.data.test_market import saved
from tests.support import OBSERVED


def test_a_file_that_another_process_moved_is_no_fault(lake):
    lake.set_aside(lake.root / "offers" / "gone.parquet", "unreadable")

    assert not (lake.root / "set-aside" / "offers__gone.parquet").exists()


def test_a_file_that_cannot_be_moved_stays_and_is_logged(lake, caplog):
    stray = lake.root / "offers" / "stray"
    stray.write_text("x")
    (lake.root / "set-aside" / "offers__stray").mkdir()
    lake.set_aside(stray, "not ours")

    assert stray.exists()
    assert "could not be moved" in caplog.text


def test_too_many_open_files_damage_nothing(lake, monkeypatch):
    """What cannot be opened now says nothing about the file: it stays where it is."""
    drop = saved(lake, OBSERVED)

    def refused(*_args, **_kwargs):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(pl, "read_parquet", refused)
    with pytest.raises(BrokenLake, match="Too many open files"):
        lake.frame("offers", [drop], ["offer_id"])
    assert drop.exists()
    assert lake.aside() == {}

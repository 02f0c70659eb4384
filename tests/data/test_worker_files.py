"""Heartbeat, refresh request, settings, health."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.jobs.ingest import load_recorded
from data import worker
from data.market import Lake
from data.settings import BadSettings, Settings
from data.status import Status, metrics_text
from tests.support import house_of


def settings(home: Path) -> Settings:
    return Settings.from_env({"NECTO_HOME": str(home)})


def test_a_heartbeat_is_late_after_half_a_minute(tmp_path, now):
    worker.beat(tmp_path, 42, now)
    beat = worker.heartbeat(tmp_path)

    assert beat is not None
    assert (beat.pid, beat.is_late(now + timedelta(seconds=30))) == (42, False)
    assert beat.is_late(now + timedelta(seconds=31))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": 1}', '{"at": "x", "pid": "y"}'])
def test_a_heartbeat_that_cannot_be_read_is_none(tmp_path, now, content):
    worker.beat(tmp_path, 42, now)
    (tmp_path / "worker" / "heartbeat.json").write_text(content)

    assert worker.heartbeat(tmp_path) is None


def test_a_refresh_is_asked_once_and_taken_once(tmp_path, now):
    worker.request_refresh(tmp_path, now)
    worker.request_refresh(tmp_path, now)

    assert [worker.take_refresh_request(tmp_path) for _ in range(2)] == [True, False]


def test_settings_have_working_defaults(tmp_path):
    found = settings(tmp_path)

    assert (found.lake, found.mode, found.worker) == (tmp_path / "market", "sandbox", "internal")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NECTO_MODE", "live", "sign-in"),
        ("NECTO_MODE", "demo", "NECTO_MODE"),
        ("NECTO_WORKER", "maybe", "NECTO_WORKER"),
    ],
)
def test_a_wrong_setting_is_named(name, value, says):
    with pytest.raises(BadSettings, match=says):
        Settings.from_env({name: value})


def test_not_ready_says_why(tmp_path):
    reasons = Status.now(settings(tmp_path)).reasons_not_ready()

    assert len(reasons) == 2
    assert "empty" in reasons[0]
    assert "sign of life" in reasons[1]


def test_ready_with_figures_and_a_living_worker(tmp_path):
    load_recorded(Lake(tmp_path / "market"))
    worker.beat(tmp_path, 1, datetime.now(UTC))

    status = Status.now(settings(tmp_path))

    assert status.reasons_not_ready() == []
    assert status.entries_missing == len(status.sources)
    text = metrics_text(status)
    assert 'necto_offers{network="akash",status="recorded"} 38.0' in text
    assert "necto_ready 1.0" in text
    assert f"necto_entries_missing {status.entries_missing}.0" in text
    assert 'necto_network_failing{network="aws"} 0.0' in text


def test_a_market_folder_that_cannot_be_used_is_a_reason_not_a_crash(tmp_path):
    (tmp_path / "market").write_text("a file")

    status = Status.now(settings(tmp_path))

    assert "cannot be" in status.reasons_not_ready()[0]
    assert "necto_ready 0.0" in metrics_text(status)


def test_records_that_cannot_be_used_are_a_reason_in_words(tmp_path):
    (tmp_path / "records").write_text("a file")
    status = Status.now(settings(tmp_path))
    (reason, *_) = status.reasons_not_ready()

    assert reason.startswith("the house book of the records cannot be used: ")
    assert "necto_records_usable 0.0" in metrics_text(status)


def test_records_of_a_newer_version_are_a_reason_also_when_they_are_open_already(tmp_path):
    assert Status.now(settings(tmp_path)).records_fault is None
    with house_of(tmp_path).transaction() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert "Update this installation" in str(Status.now(settings(tmp_path)).records_fault)

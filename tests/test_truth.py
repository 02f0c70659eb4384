"""What every face says of a source's age, kind and error is true, however the source fails."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from cli import app
from connectors.base import Denied, Reading, Unreachable, Unreadable
from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data import preferences
from data.market import Lake
from data.settings import Settings
from data.status import Status, metrics_text
from data.worker import publish_connections
from tests.connectors.samples import Fake, ingest
from tests.support import ADA, house_of, offer

FRAME = Path(__file__).parents[1] / "components" / "frame.py"
LONG_AGO = timedelta(days=3)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    st.cache_resource.clear()
    publish_connections(tmp_path, [one.connection for one in connected(env={})])
    load_recorded(Lake(tmp_path / "market"))
    yield tmp_path
    st.cache_resource.clear()


def read(home: Path, said: Exception | Reading | None, ago: timedelta = timedelta(0)) -> datetime:
    at = datetime.now(UTC) - ago
    ingest(Lake(home / "market"), now=at).run(Fake("akash", said))
    return at


def status(network: str = "akash") -> dict:
    answer = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    return next(row for row in answer["networks"] if row["network"] == network)


def settings_page() -> str:
    visitor = AppTest.from_file(str(FRAME), default_timeout=60).run()
    visitor.switch_page(str(FRAME.parents[1] / "pages" / "settings.py")).run()
    assert not visitor.exception
    kinds = (visitor.markdown, visitor.caption, visitor.warning, visitor.info, visitor.error)
    return "\n".join(e.value for kind in kinds for e in kind).replace("\\", "")


def sources_table() -> dict:
    """The Networks page's line about Akash."""
    visitor = AppTest.from_file(str(FRAME), default_timeout=60).run()
    visitor.switch_page(str(FRAME.parents[1] / "pages" / "networks.py")).run()
    assert not visitor.exception
    tables = (element.value for element in visitor.dataframe)
    table = next(t for t in tables if "Last reading" in t.columns)
    return next(row for row in table.to_dict("records") if row["Source"] == "Akash")


FAILURES = {
    "unreachable": Unreachable("akash gave no answer: connection refused"),
    "denied": Denied("akash answered 401 Unauthorized (the key is missing)"),
    "unreadable": Unreadable("akash did not answer with JSON but a web page"),
    "failed": KeyError("a fault of ours"),
}


@pytest.mark.parametrize("outcome", FAILURES)
def test_a_failing_source_keeps_its_live_figures_their_age_and_says_why(home, outcome):
    good = read(home, None, timedelta(hours=2))
    read(home, FAILURES[outcome])
    said = status()
    words = {"unreachable": "refused", "denied": "401", "unreadable": "web page", "failed": "fault"}

    assert (said["status"], said["last_outcome"], said["source_kind"]) == (
        "failing", outcome, "live",
    )  # fmt: skip
    assert said["observed_at"] == good.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert abs(said["age_seconds"] - 7200) < 300
    assert (said["offers"], words[outcome] in said["message"]) == (1, True)
    line = sources_table()
    assert (line["Status"], line["Figures"], line["Oldest"]) == ("failing", "live", "2 h")
    assert words[outcome] in line["Last reading"]
    assert words[outcome] in settings_page()


def test_a_source_that_fails_at_first_shows_what_is_shipped_as_recorded(home):
    read(home, FAILURES["unreachable"])
    said, line = status(), sources_table()

    assert (said["status"], said["source_kind"]) == ("failing", "recorded")
    assert (line["Status"], line["Figures"]) == ("failing", "recorded")
    assert said["observed_at"].startswith("2026-09-28")


def test_a_source_that_answers_again_is_live(home):
    read(home, FAILURES["denied"], timedelta(hours=1))
    read(home, None)
    said, line = status(), sources_table()

    assert (said["status"], said["source_kind"], said["message"]) == ("live", "live", "1 offers")
    assert (line["Status"], line["Oldest"]) == ("live", "new")


def test_a_source_that_is_read_every_18_hours_is_live_between_two_readings(home):
    read(home, None, timedelta(hours=26))
    said, line = status(), sources_table()

    assert (said["status"], line["Status"]) == ("live", "live")


def test_a_source_that_nobody_reads_any_more_is_stale(home):
    read(home, None, LONG_AGO)
    said, line = status(), sources_table()

    assert (said["status"], said["source_kind"]) == ("stale", "live")
    assert (line["Status"], line["Oldest"]) == ("stale", "3 days")


def test_an_old_price_in_a_fresh_reading_shows_the_age_of_the_price(home):
    old = datetime.now(UTC) - timedelta(days=20)
    at = read(home, Reading([offer(network="akash", price_as_of=old)]))
    said, line = status(), sources_table()

    assert said["oldest_at"] == old.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert said["observed_at"].startswith(f"{at:%Y-%m-%d}") or said["age_seconds"] > 0
    assert line["Oldest"] == "20 days"


def test_a_source_that_is_switched_off_says_so_and_keeps_its_figures(home):
    read(home, None)
    preferences.switch(house_of(home), ADA, "akash", on=False)
    said, line = status(), sources_table()

    assert (said["status"], said["why"], said["reads"]) == ("off", "switched off", False)
    assert (said["source_kind"], said["offers"]) == ("live", 1)
    assert (line["Status"], line["Figures"]) == ("off", "live")
    assert "switched off" in line["Last reading"]


def test_the_health_check_and_the_metrics_say_the_same(home):
    read(home, None, timedelta(hours=2))
    read(home, FAILURES["unreachable"])
    found = Status.now(Settings.from_env({"NECTO_HOME": str(home)}))
    text = metrics_text(found)

    assert 'necto_offers{network="akash",status="failing"} 1.0' in text
    assert 'necto_network_failing{network="akash"} 1.0' in text
    assert 'necto_network_reads{network="akash"} 1.0' in text

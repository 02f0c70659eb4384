"""The Settings page: what a person switches, tests and prefers is kept; what is off says why."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from connectors.jobs.connect import connected
from data import preferences
from data.worker import publish_connections, take_test_requests

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    st.cache_resource.clear()
    publish_connections(tmp_path, [one.connection for one in connected(env={})])
    yield tmp_path
    st.cache_resource.clear()


def visit(section: str | None = None) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60)
    if section:
        visitor.query_params["section"] = section
    visitor.run()
    visitor.switch_page(f"{ROOT}/pages/settings.py").run()
    assert not visitor.exception
    return visitor


def words(visitor: AppTest) -> str:
    kinds = (visitor.markdown, visitor.caption, visitor.warning, visitor.info, visitor.error)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def test_a_source_is_switched_off_and_on_again(home):
    visitor = visit()
    assert visitor.toggle("on_lium").value
    visitor.toggle("on_lium").set_value(False).run()
    off = preferences.load(home).switched_off

    assert list(off) == ["lium"]
    assert off["lium"].by.startswith("local:")
    assert visitor.button("test_lium").disabled
    assert not visit().toggle("on_lium").value
    visitor.toggle("on_lium").set_value(True).run()
    assert preferences.load(home).switched_off == {}


def test_a_source_is_tested_by_asking_the_worker(home):
    visit().button("test_nosana").click().run()

    assert take_test_requests(home) == ["nosana"]


def test_before_the_worker_has_spoken_the_page_says_what_to_expect(home):
    (home / "worker" / "connections.json").unlink()

    assert "has not said yet" in words(visit())


def test_the_terms_of_every_source_and_what_is_not_built_are_shown(home):
    said = words(visit())

    for phrase in ("Terms not reviewed", "Vast.ai", "forbid automated", "RunPod", "Shadeform"):
        assert phrase in said


def test_preferences_are_kept_and_used(home):
    visitor = visit("Preferences")
    visitor.selectbox[0].set_value("Asia/Tokyo")
    visitor.multiselect[0].set_value(["L40S", "H200-SXM"])
    visitor.button[0].click().run()
    kept = preferences.load(home)

    assert (kept.time_zone, kept.models_of_interest) == ("Asia/Tokyo", ("L40S", "H200-SXM"))


def test_a_disk_that_refuses_is_told_and_nothing_changes(home):
    visitor = visit()
    (home / "preferences.lock").mkdir()
    visitor.toggle("on_lium").set_value(False).run()

    assert "Not kept" in words(visitor)
    assert preferences.load(home).switched_off == {}

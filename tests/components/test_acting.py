"""In the sandbox a person may act as one of its five people; the trail says so."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from connectors.jobs.connect import connected
from connectors.jobs.ingest import load_recorded
from data.market import Lake
from data.worker import publish_connections
from engine.people import PERSONAS
from tests.support import house_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(home):
    load_recorded(Lake(home / "market"))
    publish_connections(home, [one.connection for one in connected(env={})])
    return home


def visit(acting: str | None = None) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60).run()
    visitor.switch_page(f"{ROOT}/pages/settings.py").run()
    if acting:
        visitor.radio("acting_choice").set_value(f"persona:{acting}").run()
    assert not visitor.exception
    return visitor


def test_the_choice_names_the_five_and_what_each_may_do(home):
    options = visit().radio("acting_choice").options

    assert options[0].startswith("You (local")
    assert options[2] == "Tom Adeyemi: approver"
    assert len(options) == 1 + len(PERSONAS)


def test_what_is_done_then_is_the_persona_s_and_marked_as_simulated(home):
    visitor = visit("noor-haddad")
    visitor.toggle("on_lium").set_value(False).run()
    with house_of(home).reading() as view:
        found = view.exec_driver_sql(
            "SELECT actor, body FROM entries WHERE type = 'necto.settings.changed'"
        ).one()

    assert found.actor == "persona:noor-haddad"
    assert '"simulated":true' in found.body


def test_what_the_persona_may_not_do_is_refused_in_words_and_not_done(home):
    visitor = visit("tom-adeyemi")
    visitor.toggle("on_lium").set_value(False).run()

    assert "Tom Adeyemi may not do this (sources.switched)" in visitor.error[0].value
    assert visitor.toggle("on_lium").value


def test_one_can_be_oneself_again(home):
    visitor = visit("tom-adeyemi")
    visitor.radio("acting_choice").set_value("").run()
    visitor.toggle("on_lium").set_value(False).run()

    assert not visitor.error
    assert not visitor.toggle("on_lium").value

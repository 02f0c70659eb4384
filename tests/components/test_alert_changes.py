"""An alert rule changed on the Settings page: filled in exactly, kept once, refused in words."""

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from connectors.jobs.ingest import load_recorded
from data.alert_rules import change_rule, make_rule, rules
from data.alerts import history
from data.documents import versions
from data.faults import RecordsBusy
from data.market import Lake
from engine.people import local_actor
from tests.components.test_alerts import judged, pressed, said, settings_page
from tests.engine.alert_looks import rule
from tests.support import house_of

ANN = local_actor("ann")
SCRIPT = """
import streamlit as st
from components import alert_desk, desks
from connectors.registry import PAUSES
from data.alert_rules import rules

with desks.house().reading() as view:
    kept = st.session_state.setdefault("kept", rules(view)[0])
st.session_state[alert_desk._OPENED] = 0
alert_desk._open(kept, desks.alert_desk(PAUSES))
"""
"""AppTest runs the whole script after every act, so the page's dialog would be closed by then."""


@pytest.fixture
def home(home):
    load_recorded(Lake(home / "market"))
    return home


def dialog() -> AppTest:
    visitor = AppTest.from_string(SCRIPT, default_timeout=60).run()
    assert not visitor.exception
    return visitor


def button(visitor: AppTest):
    return next(one for one in visitor.button if one.label == "Change the rule")


def kept(home):
    with house_of(home).reading() as view:
        return rules(view)[0]


@pytest.mark.parametrize(
    "asks",
    [
        rule(usd_per_gpu_hour_below=Decimal("1.234567890123456789"), networks=("lium", "aws")),
        rule(gpu="A100-80", term="reserved_3y", free_only=False),
        rule("availability_returns", gpu="H1000", term="spot", network="aws"),
        rule("availability_returns", offer_id="akash:gone", title="A <b>bold</b> one"),
        rule("availability_returns", offer_id="akash:gone"),
        rule("network_silent", network="nowhere", hours=8760),
        rule("signature_lost", title="one.example", attribute="country", auditor="X"),
        rule("signature_lost", network="elsewhere"),
    ],
    ids=lambda one: one.words[:60],
)
def test_the_fields_begin_with_what_the_rule_asks_also_when_the_market_has_it_no_more(home, asks):
    make_rule(house_of(home), ANN, asks)
    visitor = dialog()

    assert asks.words in said(visitor)
    assert button(visitor).disabled, "nothing is to be changed yet"


def test_a_ceiling_is_changed_and_the_trail_tells_what_it_was(home):
    judged(home, rule())
    visitor = dialog()
    visitor.number_input(key="alert_price_1").set_value(1.25).run()
    assert "costs less than $1.25 per GPU-hour" in said(visitor)
    pressed(visitor, "Change the rule")

    now = kept(home)
    assert (now.version, now.rule) == (2, rule(usd_per_gpu_hour_below=Decimal("1.25")))
    assert now.by != ANN.name
    with house_of(home).reading() as view:
        assert len(versions(view, "alert-rule", now.id)) == 2
        assert [one.closed_because for one in history(view)] == ["its rule was changed"]
    assert "Changed: Tell me when an H100-SXM" in settings_page_toasts(visitor)


def settings_page_toasts(visitor: AppTest) -> str:
    page = settings_page()
    page.session_state["alert_desk_done"] = visitor.session_state["alert_desk_done"]
    return page.run().toast[0].value.replace("\\", "")


def test_another_kind_of_rule_is_changed_in_its_own_fields(home):
    make_rule(house_of(home), ANN, rule("network_silent", hours=6))
    visitor = dialog()
    visitor.number_input(key="alert_hours_1").set_value(12).run()
    visitor.selectbox(key="alert_network_1").set_value("lium").run()
    pressed(visitor, "Change the rule")

    assert kept(home).rule == rule("network_silent", network="lium", hours=12)


def test_a_change_from_what_somebody_else_changed_meanwhile_is_refused_in_words(home):
    one = make_rule(house_of(home), ANN, rule())
    visitor = dialog()
    change_rule(house_of(home), ANN, one, rule(gpu="B200"))
    visitor.number_input(key="alert_price_1").set_value(9.0).run()
    pressed(visitor, "Change the rule")

    assert f"Not changed: alert-rule {one.id} was changed meanwhile" in said(visitor)
    assert kept(home).rule == rule(gpu="B200")


def test_the_page_opens_the_dialog_of_the_rule_that_was_pressed(home):
    for asks in (rule(), rule(gpu="B200")):
        make_rule(house_of(home), ANN, asks)
    visitor = settings_page()
    visitor.button(key=f"change_{kept(home).id}").click().run()

    assert not visitor.exception
    assert said(visitor).count(kept(home).rule.words) == 2, "in the list and in the dialog"


def test_a_market_that_cannot_be_read_is_told(home, monkeypatch):
    make_rule(house_of(home), ANN, rule())
    visitor = settings_page()

    def busy(*_):
        raise RecordsBusy("another process")

    monkeypatch.setattr("components.desks.choices_now", busy)
    pressed(visitor, "Change")

    assert "What the market holds cannot be read: another process" in said(visitor)

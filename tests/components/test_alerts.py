"""Alerts on the pages: what needs a person, rules made from the filters, switched and removed."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.alerts import market_query
from connectors.jobs.alerts import judge_once
from connectors.jobs.ingest import load_recorded
from data.alert_rules import make_rule, rules
from data.alerts import history, open_alerts
from data.books import open_book
from data.faults import RecordsBusy
from data.market import Lake
from data.offers import latest
from data.settings import Settings
from data.shipped import catalogue
from data.worker import beat
from engine.alert_rules import PriceBelow
from engine.alert_states import Evidence
from engine.market import offers_frame, providers_frame
from engine.people import local_actor
from tests.components.test_pages import first_offer_id, words
from tests.components.test_pages import visit as visit_page
from tests.data.test_alert_facts import failed
from tests.data.test_market import saved
from tests.engine.alert_looks import rule
from tests.engine.test_provider_search import provider
from tests.support import offer

ANN = local_actor("ann")
PAGES = Path(__file__).parents[2] / "pages"


@pytest.fixture
def home(home):
    load_recorded(Lake(home / "market"))
    return home


def house(home):
    return open_book(Settings.from_env({"NECTO_HOME": str(home)}))


def kept(home):
    with house(home).reading() as view:
        return rules(view)


def alerts(home):
    with house(home).reading() as view:
        return history(view)


def judged(home, *asked):
    """Make rules and judge them against two live readings, of which the newest is cheap."""
    for one in asked:
        make_rule(house(home), ANN, one)
    lake, at = Lake(home / "market"), datetime.now(UTC)
    saved(lake, at - timedelta(hours=1), "3")
    saved(lake, at, "1.4")
    settings = Settings.from_env({"NECTO_HOME": str(home)})
    return judge_once(settings, Lake(home / "market"), datetime.now(UTC))


def visit(page: str = "dashboard") -> AppTest:
    return visit_page(page)


def settings_page() -> AppTest:
    visitor = visit("settings")
    visitor.radio(key="section").set_value("Alerts").run()
    assert not visitor.exception
    return visitor


def said(visitor: AppTest) -> str:
    return words(visitor).replace("\\", "")


def pressed(visitor: AppTest, label: str) -> AppTest:
    next(button for button in visitor.button if button.label == label).click().run()
    assert not visitor.exception
    return visitor


DIALOG = """
from components import desks, session
from components.alert_dialog import alert_dialog
from components.alert_forms import Choices
from data.shipped import catalogue
from engine.search import Search

sold = session.listing(session.market(), hyperscalers=False)
alert_dialog(Choices(Search(), sold.offers, sold.providers, catalogue()), desks.keep_rule)
"""
"""AppTest runs the whole script after every act, so the Market's dialog would be closed by then."""


def dialog(kind: str) -> AppTest:
    visitor = AppTest.from_string(DIALOG, default_timeout=60).run()
    visitor.button_group(key="alert_kind").set_value(kind).run()
    assert not visitor.exception
    return visitor


def test_without_a_rule_the_dashboard_says_how_to_make_one(home):
    assert "Nothing needs you now. To be told of a price" in said(visit())


def test_rules_that_are_watched_are_counted_and_a_dead_worker_is_said(home):
    make_rule(house(home), ANN, rule())
    assert "The worker is not running: alert rules are not judged" in said(visit())
    beat(home, 1, datetime.now(UTC))

    assert "Nothing needs you now; 1 alert rule cannot be judged: see Settings." in said(visit())


def test_an_open_alert_is_on_the_dashboard_until_somebody_acknowledges_it(home):
    judged(home, rule())
    visitor = visit()
    assert "Needs you now" in said(visitor)
    assert "H100-SXM on demand costs $1.40 per GPU-hour on Akash, free: below $1.50." in said(
        visitor
    )
    assert "Low price" in said(visitor)
    pressed(visitor, "Acknowledge")
    beat(home, 1, datetime.now(UTC))

    assert "Needs you now" not in said(visit())
    assert "1 alert rule is watched. 1 acknowledged and not over: see Settings." in said(visit())
    (alert,) = alerts(home)
    assert alert.acknowledged_by.startswith("local:")


def test_a_silent_network_leads_to_the_networks_page(home):
    make_rule(house(home), ANN, rule("network_silent", hours=6))
    lake, at = Lake(home / "market"), datetime.now(UTC) + timedelta(hours=7)
    saved(lake, at - timedelta(hours=7), "3")
    for minutes in range(405, -1, -15):
        failed(lake, at - timedelta(minutes=minutes))
    assert len(judge_once(Settings.from_env({"NECTO_HOME": str(home)}), lake, at)) == 1
    visitor = visit()

    assert "The last good reading of Akash is of" in said(visitor)
    assert next(one.proto.page for one in visitor.get("page_link")) == "networks"


def test_many_alerts_are_counted_and_one_click_away(home):
    judged(home, *[rule(usd_per_gpu_hour_below=Decimal(n)) for n in range(2, 7)])
    visitor = visit()

    assert len([b for b in visitor.button if b.label == "Acknowledge"]) == 5
    assert [one.proto.popover.label for one in visitor.get("popover")][1:] == ["3 more"]


def test_an_alert_that_is_over_cannot_be_acknowledged_and_that_is_said(home, monkeypatch):
    judged(home, rule())
    visitor = visit()
    monkeypatch.setattr("data.alerts._open_one", busy)
    pressed(visitor, "Acknowledge")

    assert "Not acknowledged: another process" in said(visitor)


def busy(*_):
    raise RecordsBusy("another process held the records: try again")


def test_alerts_that_cannot_be_read_leave_the_figures(home, monkeypatch):
    monkeypatch.setattr("components.desks.open_alerts", busy)
    visitor = visit()

    assert "The alerts cannot be read: another process" in said(visitor)
    assert visitor.metric


def test_the_dialog_is_filled_in_from_the_filters_and_says_the_rule(home):
    visitor = visit("market")
    visitor.multiselect(key="gpu").select("H100-SXM").run()
    visitor.multiselect(key="network").select("Akash").run()
    visitor.number_input(key="price").set_value(2.25).run()
    pressed(visitor, "Alert me")

    assert "an H100-SXM on demand that is free costs less than $2.25 per GPU-hour on Akash." in (
        said(visitor)
    )


def test_a_price_rule_is_kept_exactly_as_it_was_said(home):
    visitor = dialog("price_below")
    assert "Choose a GPU. Say below what price." in said(visitor)
    visitor.selectbox(key="alert_gpu").set_value("H100").run()
    visitor.number_input(key="alert_price").set_value(1.505).run()
    visitor.multiselect(key="alert_networks").set_value(["akash", "lium"]).run()
    visitor.selectbox(key="alert_term").set_value("spot").run()
    visitor.toggle(key="alert_free").set_value(False).run()
    assert "an H100 spot costs less than $1.505 per GPU-hour on Akash or Lium." in said(visitor)
    pressed(visitor, "Make the rule")

    (one,) = kept(home)
    assert one.rule == PriceBelow(
        gpu="H100", usd_per_gpu_hour_below=Decimal("1.505"), networks=("akash", "lium"),
        term="spot", free_only=False,
    )  # fmt: skip
    assert one.by.startswith("local:")


def test_a_family_in_the_filters_is_the_family_in_the_rule(home):
    visitor = visit("market")
    visitor.multiselect(key="family").select("A100").run()
    pressed(visitor, "Alert me")

    assert visitor.selectbox(key="alert_gpu").value == "A100"
    assert next(b for b in visitor.button if b.label == "Make the rule").disabled
    assert "Say below what price." in said(visitor)


def test_a_silence_is_asked_for_by_the_hour(home):
    visitor = dialog("network_silent")
    assert "Choose a network." in said(visitor)
    visitor.selectbox(key="alert_network").set_value("lium").run()
    visitor.number_input(key="alert_hours").set_value(3).run()
    pressed(visitor, "Make the rule")

    assert [one.rule for one in kept(home)] == [rule("network_silent", network="lium", hours=3)]
    pressed(visitor, "Make the rule")
    assert "No rule was made: this rule is there already" in said(visitor)
    assert len(kept(home)) == 1


def test_one_offer_or_any_machine_of_a_gpu_can_be_waited_for(home):
    visitor = dialog("availability_returns")
    visitor.selectbox(key="alert_gpu").set_value("H200").run()
    visitor.selectbox(key="alert_network").set_value("akash").run()
    assert "Tell me when an H200 on demand is free again on Akash." in said(visitor)
    offers = visitor.selectbox(key="alert_offer")
    offers.set_value(first_offer_id(home, network="akash", gpu_model="H100-SXM")).run()
    pressed(visitor, "Make the rule")

    (one,) = kept(home)
    assert one.rule.offer_id.startswith("akash:")
    assert one.rule.title.startswith("H100-SXM of provider.")
    assert one.rule.gpu is None


def test_a_provider_s_signature_can_be_watched(home):
    lake, at = Lake(home / "market"), datetime.now(UTC)
    rows = [offer(offer_id="akash:1", provider_id="p1", observed_at=at)]
    lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame(rows))
    lake.save("providers", "akash", lake.new_run_id("akash", at), providers_frame([provider()]))
    visitor = dialog("signature_lost")
    assert "Choose a provider." in said(visitor)
    visitor.selectbox(key="alert_provider").set_value("p1").run()
    visitor.selectbox(key="alert_attribute").set_value("country").run()
    visitor.selectbox(key="alert_auditor").set_value("Akash Network").run()
    pressed(visitor, "Make the rule")

    assert [one.rule.words for one in kept(home)] == [
        "Tell me when one.example on Akash loses the signature of Akash Network on country"
    ]


def test_an_alert_for_a_signature_leads_to_the_offers_of_its_provider(home):
    sold = latest(Lake(home / "market"), datetime.now(UTC)).networks
    id_ = sold.filter(network="akash")["provider_id"][0]
    query = market_query(rule("signature_lost", provider_id=id_), Evidence(), catalogue())
    visitor = visit()
    visitor.switch_page(str(PAGES / "market.py"))
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.run()

    assert not visitor.exception
    assert f"{sold.filter(provider_id=id_, rankable=True).height} of 53 offers" in said(visitor)


def test_settings_says_what_a_rule_is_for_and_lists_every_rule_with_what_was_found(home):
    assert "No alert rule yet" in said(settings_page())
    judged(home, rule(), rule(gpu="B200"), rule("network_silent", hours=6))
    text = said(settings_page())

    assert "Tell me when an H100-SXM on demand that is free costs less than $1.50" in text
    assert all(word in text for word in (" firing]", " quiet]", " cannot be judged]"))
    assert "No firm live price of B200 on demand has been seen on any network." in text


def test_a_rule_is_switched_off_and_its_alert_ends(home):
    judged(home, rule())
    (one,) = kept(home)
    visitor = settings_page()
    visitor.toggle(key=f"rule_{one.id}").set_value(False).run()

    assert not visitor.exception
    assert "Switched off: it is not judged." in said(visitor)
    assert [r.is_on for r in kept(home)] == [False]
    assert [a.state for a in alerts(home)] == ["closed"]
    assert visitor.dataframe[0].value["Why closed"].to_list() == ["its rule was switched off"]


def test_a_rule_is_removed_and_its_alerts_stay_readable(home):
    judged(home, rule())
    visitor = pressed(settings_page(), "Remove")

    assert kept(home) == []
    assert "No alert rule yet" in said(visitor)
    assert visitor.dataframe[0].value["State"].to_list() == ["closed"]


def test_what_stops_a_change_of_a_rule_is_told(home, monkeypatch):
    make_rule(house(home), ANN, rule())
    visitor = settings_page()
    monkeypatch.setattr("components.desks.remove_rule", busy)
    pressed(visitor, "Remove")
    assert "Not done: another process" in said(visitor)
    monkeypatch.setattr("components.desks.rules", busy)

    assert "The alert rules cannot be read: another process" in said(visitor.run())


def test_hostile_text_in_an_alert_is_shown_as_text(home):
    nasty = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1)) $x$ :red[y]"
    asked = rule("availability_returns", offer_id="akash:1", title=nasty)
    make_rule(house(home), ANN, asked)
    lake, at = Lake(home / "market"), datetime.now(UTC)
    for hours, free in ((1, False), (0, True)):
        row = offer(offer_id="akash:1", available=free, observed_at=at)
        run_id = lake.new_run_id("akash", at - timedelta(hours=hours))
        lake.save("offers", "akash", run_id, offers_frame([row]))
    settings = Settings.from_env({"NECTO_HOME": str(home)})
    assert len(judge_once(settings, Lake(lake.root), at)) == 1
    with house(home).reading() as view:
        assert nasty in open_alerts(view)[0].sentence

    for text in (words(visit()), words(settings_page())):
        assert "\\*\\*bold\\*\\*" in text
        assert "<img" not in text.replace("\\<img", "")


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        (rule(), {"gpu": ["H100-SXM"], "term": ["on demand"], "price": ["1.50"], "free": ["true"]}),
        (rule(gpu="H100", networks=("akash", "ionet"), free_only=False, term="spot"),
         {"family": ["H100"], "network": ["Akash", "io.net"], "term": ["spot"], "price": ["1.50"]}),
        (rule(gpu="A100-80", free_only=False),
         {"gpu": ["A100-80", "A100-80-PCIe", "A100-80-SXM"], "term": ["on demand"],
          "price": ["1.50"]}),
        (rule(gpu="H1000", free_only=False), {"term": ["on demand"], "price": ["1.50"]}),
        (rule("availability_returns", gpu="A100-80-SXM"),
         {"gpu": ["A100-80-SXM"], "network": ["Akash"], "term": ["on demand"], "free": ["true"]}),
        (rule("availability_returns", offer_id="akash:1"), {"offer": ["akash:1"]}),
        (rule("signature_lost"), {"network": ["Akash"], "provider": ["p1"]}),
        (rule("network_silent"), {"network": ["Akash"]}),
    ],
)  # fmt: skip
def test_an_alert_leads_to_the_market_with_its_filters(asked, query):
    found = market_query(asked, Evidence(), catalogue())

    assert found.pop("family", None) == query.pop("family", None)
    assert json.dumps(found, sort_keys=True) == json.dumps(query, sort_keys=True)

"""The Jobs page without a browser: what it says of orders in each state, and what it offers."""

import uuid

import pytest
from streamlit.testing.v1 import AppTest

from data.decisions import saved
from data.orders import listed, order
from data.policies import import_policy
from data.stops import freeze
from tests.components.test_pages import ROOT, SECONDS, words
from tests.placed import (
    AT_QUOTE,
    INES,
    KOFI,
    TEXT,
    decided,
    ordered,
    read,
    running,
    stores_of,
    then,
)

STRICT = "name: strict\napproval_above_usd: 5\n"


@pytest.fixture
def stores(home):
    return stores_of(home)


def visit(who: str | None = None, **query) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=SECONDS)
    if who:
        visitor.session_state["acting_as_persona"] = who
    visitor.run()
    visitor.switch_page(f"{ROOT}/pages/jobs.py")
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.run()
    assert not visitor.exception
    return visitor


def said(visitor: AppTest) -> str:
    return words(visitor).replace("\\", "")


def press(visitor: AppTest, label: str) -> AppTest:
    next(one for one in visitor.button if one.label.startswith(label)).click()
    visitor.run()
    assert not visitor.exception
    return visitor


def labels(visitor: AppTest) -> set[str]:
    return {one.label for one in visitor.button}


def now_of(stores, name):
    with stores.records.reading() as view:
        return order(view, name)


def waiting(stores):
    import_policy(stores.house, STRICT, KOFI)
    return ordered(stores, text=f"{TEXT}policy: strict\n")


def kept(stores) -> str:
    return saved(stores.lake, stores.records, decided(stores), INES, str(uuid.uuid4())).digest


def test_an_empty_book_says_how_to_begin(stores):
    visitor = visit()

    assert "Nothing has been ordered yet" in said(visitor)
    assert not next(one for one in visitor.button if one.label == "Order a job").disabled


def test_jobs_are_listed_with_state_place_cost_and_runway(stores):
    read(stores.records, running(stores.records, ordered(stores)), "1.25")
    row = visit().dataframe[0].value.iloc[0]

    assert (row["State"], row["Provider"], row["In"]) == ("▶ runs", "de", "DE")
    assert (row["Cost"], row["Runway"], row["Health"]) == (1.25, "4.0 h", "serves")


def test_ended_jobs_stand_under_their_own_filter_and_names_are_found(stores):
    ordered(stores)

    assert "No order has ended yet" in said(visit(show="ended"))
    assert "No order is called so" in said(visit(words="nothing"))
    assert len(visit(words="FINE").dataframe) == 1


def test_one_job_tells_every_step_with_its_entry(stores):
    known = running(stores.records, ordered(stores, terms=AT_QUOTE))
    read(stores.records, known, "1.25")
    visitor = visit(order=known.order_id)
    text = said(visitor)

    for step in ("placed the order", "asked for bids (900)", "It is leased from de for $2.000"):
        assert step in text
    assert "spent **$1.25**, left **$18.75**" in text
    assert visitor.code[0].value == "job.example"


def test_texts_of_a_network_are_shown_inert(stores):
    known = ordered(stores)
    then(stores.records, known, "declined", reasons=["[click](http://evil) :red[x] <b>"])

    assert r"\[click\]\(http\:" in words(visit(order=known.order_id))


def test_who_asked_is_not_offered_to_approve(stores):
    known = waiting(stores)

    assert {"Approve", "Reject"} & labels(visit("ines", order=known.order_id)) == set()
    assert {"Approve", "Reject"} <= labels(visit("tom", order=known.order_id))


def test_a_second_person_approves_after_the_consequence_was_named(stores):
    known = waiting(stores)
    visitor = press(visit("tom", order=known.order_id), "Approve")
    asked = said(visitor)
    press(visitor, "Approve it")

    assert "It is bought as soon as you approve" in asked
    assert now_of(stores, known.order_id).approved_by == "persona:tom-adeyemi"


def test_stopping_says_that_data_is_lost_and_asks_why(stores):
    known = running(stores.records, ordered(stores))
    visitor = press(visit("ines", order=known.order_id), "Stop")
    assert "data on it is lost" in said(visitor)
    assert next(one for one in visitor.button if one.label == "Stop it").disabled

    visitor.text_input(key="job_act_text").input("no longer needed").run()
    press(visitor, "Stop it")
    assert now_of(stores, known.order_id).reasons[0].endswith("stopped it: no longer needed")


def test_extending_says_what_more_is_set_aside(stores):
    known = ordered(stores, terms=AT_QUOTE)
    visitor = press(visit("ines", order=known.order_id), "Extend")
    visitor.text_input(key="job_act_text").input("5").run()
    assert "$10.00 more is set aside, $30.00 in all" in said(visitor)

    press(visitor, "Extend it")
    assert now_of(stores, known.order_id).hold_cents == 3000


def test_before_it_is_confirmed_an_order_says_everything_then_it_is_placed_once(stores):
    visitor = visit("ines", **{"from": kept(stores)})
    visitor.text_input(key="order_centre").input("CC-7").run()
    text = said(visitor)
    press(visitor, "Confirm")

    for heading in ("What is bought", "Where data goes", "If it fails", "Who must agree"):
        assert f"**{heading}**" in text
    with stores.records.reading() as view:
        (head,) = listed(view)
    assert (head.cost_centre, head.state) == ("CC-7", "placed")
    assert visitor.query_params["order"] == head.order_id


def test_terms_that_make_no_order_are_told_before(stores):
    visitor = visit("ines", **{"from": kept(stores)})

    assert "name the cost centre" in said(visitor)
    assert "Confirm the order" not in labels(visitor)


def test_a_freeze_stands_on_the_page_and_nothing_can_be_confirmed(stores):
    freeze(stores.records, "a leak", INES, "f")
    visitor = visit("ines", **{"from": kept(stores)})
    visitor.text_input(key="order_centre").input("CC-7").run()

    assert "Nothing can be bought: buying is frozen by persona:ines-romero" in said(visitor)
    assert next(one for one in visitor.button if one.label.startswith("Confirm")).disabled


def test_order_again_routes_the_same_job_with_the_same_terms(stores):
    known = ordered(stores)
    visitor = press(visit("ines", order=known.order_id), "Order again")

    assert visitor.text_input(key="order_centre").value == "CC-1"
    assert visitor.query_params["like"] == known.order_id


def test_a_requirement_file_goes_on_to_its_order_and_faults_are_all_told(stores):
    visitor = press(visit("ines"), "Order a job")
    visitor.text_area(key="job_begin_text").input("gpus: {models: [H1000], count: 0}").run()
    press(visitor, "Route it")
    assert "H1000" in said(visitor)
    assert "greater than or equal" in said(visitor) or "at least 1" in said(visitor)

    visitor.text_area(key="job_begin_text").input(TEXT).run()
    press(visitor, "Route it")
    assert "from" in visitor.query_params


def test_an_order_or_decision_that_is_not_there_is_told(stores):
    assert "there is no order 'sbx-none'" in said(visit(order="sbx-none"))
    assert "no decision sha256:0" in said(visit(**{"from": "sha256:0"}))


def test_who_may_not_buy_cannot_begin(stores):
    begin = next(one for one in visit("kofi").button if one.label == "Order a job")
    assert begin.disabled


def test_the_dashboard_shows_what_runs_what_it_costs_and_what_needs_somebody(stores):
    known = running(stores.records, ordered(stores))
    read(stores.records, known, "1.25", health="silent")
    visitor = dashboard()

    shown = {metric.label: metric.value for metric in visitor.metric}
    assert (shown["Jobs that run"], shown["USD an hour"]) == ("1", "$2.000")
    assert shown["USD a month at this rate"] == "$1,460.83"
    assert "its provider does not answer" in said(visitor)
    assert "No alert is open" in said(visitor)


def dashboard() -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=SECONDS)
    visitor.run()
    assert not visitor.exception
    return visitor

"""The Route page without a browser: what it says of a job in each state of the market."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from data.books import open_book
from data.decisions import decisions
from data.market import Lake
from data.policies import import_policy
from engine.market import offers_frame
from tests.components.test_pages import ROOT, SECONDS, recorded, words
from tests.support import ADA, house_of, offer, settings_of

__all__ = ["recorded"]

H100 = {"models": ["H100"], "gpu_count": "1"}
POLICY = "name: only-us\nrules: {countries: [US]}\n"


def visit(**query) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=SECONDS)
    visitor.run()
    visitor.switch_page(f"{ROOT}/pages/route.py")
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.run()
    assert not visitor.exception
    return visitor


def said(visitor: AppTest) -> str:
    return words(visitor).replace("\\", "")


def button(visitor: AppTest, label: str):
    return next(one for one in visitor.button if one.label.startswith(label))


@pytest.fixture
def three(home):
    """Three offers: in Germany, in the US, and of unknown place."""
    lake, at = Lake(home / "market"), datetime.now(UTC)
    prices = {"de": ("DE", "2.5"), "us": ("US", "1.5"), "xx": (None, "1")}
    rows = [
        offer(offer_id=f"akash:{name}", provider_id=name, provider_name=f"{name}.example",
              country_code=country, usd_per_hour=Decimal(price), observed_at=at)
        for name, (country, price) in prices.items()
    ]  # fmt: skip
    lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame(rows))
    return home


def test_an_empty_market_says_what_happens_next(home):
    assert "No offers yet" in said(visit())


def test_without_a_job_it_says_how_to_begin(recorded):
    visitor = visit()

    assert "which GPUs the job needs" in said(visitor)
    assert button(visitor, "Save decision").disabled


def test_an_example_fills_the_form_and_is_routed(recorded):
    visitor = visit()
    button(visitor, "Start from this").click().run()

    assert visitor.number_input(key="duration_hours").value == 6
    assert "the lowest landed cost" in said(visitor)


def test_the_winner_is_named_with_what_it_costs_and_why(three):
    visitor = visit(**H100, duration_hours="72")
    shown = {metric.label: metric.value for metric in visitor.metric}

    assert "1 × H100-SXM** from **Akash, xx.example" in said(visitor)
    assert "the lowest landed cost of the 3 of 3 offers" in said(visitor)
    assert shown["USD for 72 h"] == "$72.00"


def test_refusals_are_counted_by_gate_with_examples(three):
    visitor = visit(**H100, countries=["EEA"])
    folds = [fold.label for fold in visitor.expander]

    assert {"Country · 1", "Country not known · 1"} <= set(folds)
    assert "located in US; the job allows EEA" in said(visitor)


def test_one_offer_has_all_its_reasons(three):
    visitor = visit(**H100, countries=["EEA"], vcpu_min="32", refused="us.example")
    found = [one.value for one in visitor.markdown if "vCPU" in one.value]

    assert any("located in US" in text and "at least 32" in text for text in found)


def test_an_offer_that_may_be_taken_says_so(three):
    german = H100 | {"countries": ["EEA"]}

    assert ":green[:material/check_circle: may be taken]" in said(visit(**german, refused="de.ex"))
    assert "No offer of this market has that" in said(visit(**german, refused="nobody"))


def test_relaxing_a_condition_changes_the_form(three):
    visitor = visit(**H100, countries=["EEA"])
    button(visitor, "Allowing US").click().run()

    assert visitor.multiselect(key="countries").value == ["EEA", "US"]
    assert "us.example" in said(visitor)


def test_every_fault_is_told_at_once(three):
    text = said(visit(models=["H1000"], usd_total_max="5", also="ports: 3"))

    assert "No GPU is called 'H1000'" in text
    assert "needs duration_hours" in text
    assert "ports: 3 is a whole number" in text


def test_a_machine_for_several_nodes_is_for_the_planner(three):
    assert "planned with `necto plan`" in said(visit(**H100, also="nodes: 4"))


def test_the_policies_are_those_imported_and_the_shipped_ones(three):
    import_policy(house_of(three), POLICY, ADA)
    visitor = visit(**H100, policy="only-us")

    assert {"cost-first", "only-us"} <= set(visitor.selectbox(key="policy").options)
    assert "(only-us@1)" in said(visitor)
    assert "located in DE; policy only-us allows US" in said(visitor)


def test_an_unknown_policy_is_said(three):
    assert "there is no policy 'nothing'" in said(visit(**H100, policy="nothing"))


def test_a_decision_is_kept_once_and_shown_the_same(three):
    visitor = visit(**H100, countries=["EEA"])
    before = said(visitor)
    button(visitor, "Save decision").click().run()
    with open_book(settings_of(three), "sandbox").reading() as view:
        (kept,) = decisions(view)

    assert visitor.query_params["decision"] == kept.digest
    after = said(visitor)
    for told in ("de.example", "located in US; the job allows EEA", "standbys: 2 wanted, 0 found"):
        assert told in before
        assert told in after
    assert "EEA" in after


def test_a_kept_decision_stays_when_the_market_moves_on(three):
    visitor = visit(**H100, countries=["US"])
    button(visitor, "Save decision").click().run()
    digest = visitor.query_params["decision"]
    lake, at = Lake(three / "market"), datetime.now(UTC)
    lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame([offer()]))
    visitor = visit(decision=digest, refused="de.example")

    assert "us.example" in said(visitor)
    assert ":material/block:] Country" in said(visitor)  # the code: its market is no longer here
    button(visitor, "Route it again").click().run()
    assert visitor.multiselect(key="models").value == ["H100"]
    assert "one.example" in said(visitor)


def test_an_unknown_decision_says_so(three):
    assert "cannot be shown" in said(visit(decision=f"sha256:{'0' * 64}"))


def test_pasted_faults_are_told_by_line_and_change_nothing(three):
    visitor = visit()
    button(visitor, "From a file").click().run()
    visitor.text_area(key="route_file_text").set_value("gpus: {count: 1}\nhours: 2\n").run()
    button(visitor, "Put it into the form").click().run()

    assert "2 faults" in said(visitor)
    assert "line 2" in said(visitor)


def test_a_sound_text_fills_the_form(three):
    visitor = visit()
    button(visitor, "From a file").click().run()
    text = "gpus: {models: [H100], count: 1}\nduration_hours: 2\nports: [{port: 80}]\n"
    visitor.text_area(key="route_file_text").set_value(text).run()
    button(visitor, "Put it into the form").click().run()

    assert not visitor.exception
    assert visitor.number_input(key="duration_hours").value == 2
    assert visitor.text_area(key="also").value == 'ports: [{"port": 80}]\n'


def test_clearing_the_form_begins_anew(three):
    visitor = visit(**H100, countries=["EEA"], interruptible="true")
    button(visitor, "Clear the form").click().run()

    assert "which GPUs the job needs" in said(visitor)
    assert not visitor.toggle(key="interruptible").value


def test_a_ticked_quote_shows_its_own_cost(three):
    visitor = visit(**H100, quote="akash:us")
    chosen = next(one for one in visitor.selectbox if one.label == "Whose cost")
    assert chosen.value == "akash:us"
    assert "Compute | $1.50" in said(visitor)

    chosen.select("akash:de").run()
    assert visitor.query_params["quote"] == "akash:de"
    assert "Compute | $2.50" in said(visitor)


def test_hostile_names_are_shown_as_text(home):
    lake, at = Lake(home / "market"), datetime.now(UTC)
    nasty = "<img src=x> **b** [x](javascript:1) $x$ :red[y]"
    row = offer(offer_id=nasty, provider_name=nasty, provider_id=nasty, observed_at=at)
    lake.save("offers", "akash", lake.new_run_id("akash", at), offers_frame([row]))
    text = words(visit(**H100, policy=nasty)) + words(visit(**H100, refused="img"))

    assert "**b**" not in text
    assert "<img" not in text.replace("\\<img", "")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("objective: cost_and_risk", "the lowest cost with the policy's price of risk"),
        ("objective: score", "the best score by the policy's weights"),
        ("rules: {countries: [DE]}", "the only one of 3 offers that meets every condition"),
    ],
)
def test_why_the_winner_wins_follows_the_policy(three, policy, words):
    import_policy(house_of(three), f"name: ours\n{policy}\n", ADA)

    assert words in said(visit(**H100, policy="ours"))


def test_an_open_ended_job_is_told_by_the_hour(three):
    visitor = visit(**H100)
    shown = {metric.label: metric.value for metric in visitor.metric}

    assert shown["USD in 30 days, about"] == "$720.00"
    assert "What it costs an hour" in [one.value for one in visitor.subheader]


def test_the_policy_s_wishes_for_an_order_are_said(three):
    import_policy(house_of(three), "name: ours\ncost_centre_required: true\n", ADA)

    assert "requires a cost_centre" in said(visit(**H100, policy="ours"))


def test_a_network_that_nobody_knows_is_a_warning(three):
    assert "no network called 'aksh'" in said(visit(**H100, networks_banned=["aksh"])).lower()


def test_standbys_say_what_they_may_not_share(three):
    asked = "standbys: {count: 1, other_network: true, other_datacenter: true}"
    text = said(visit(**H100, also=asked))

    assert "One standby wanted; no two of the plan share the provider, network or data" in text


def test_a_bad_record_of_the_trail_is_told_in_words(three, monkeypatch):
    visitor = visit(**H100)
    monkeypatch.setenv("NECTO_HOME", str(three))
    for drop in (three / "market" / "offers").rglob("*.parquet"):
        drop.unlink()
    button(visitor, "Save decision").click().run()

    assert "The decision was not kept" in said(visitor)


def test_the_market_leads_here_with_its_filters(three):
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=SECONDS)
    visitor.run().switch_page(f"{ROOT}/pages/market.py")
    visitor.query_params["family"] = "H100"
    visitor.run()
    button(visitor, "Route this").click().run()

    assert "Where does this job run" in visitor.title[0].value
    assert "H100-SXM" in visitor.multiselect(key="models").value


def test_all_refused_names_the_commonest_reason(three):
    text = said(visit(**H100, vcpu_min="64"))

    assert "None of 3 offers meets every condition; most often it is the vcpu (3)" in text
    assert "No offer may be taken" not in text

"""Every page through the frame, without a browser: what it says in each state of the market."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components import session
from connectors.jobs.ingest import load_recorded
from data import offers as questions
from data import worker
from data.market import Lake
from engine.market import offers_frame
from tests.data.test_market import saved
from tests.data.test_offers import failed
from tests.support import offer

ROOT = Path(__file__).parents[2]
SECONDS = 30


@pytest.fixture
def recorded(home):
    load_recorded(Lake(home / "market"))
    return home


def visit(page: str = "dashboard", **query: str) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=SECONDS)
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.run()
    if page != "dashboard":
        visitor.switch_page(f"{ROOT}/pages/{page}.py").run()
    assert not visitor.exception
    return visitor


def words(visitor: AppTest) -> str:
    kinds = (visitor.markdown, visitor.caption, visitor.warning, visitor.info, visitor.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def cards(visitor: AppTest) -> dict[str, str]:
    return {metric.label.replace("\\", ""): metric.value for metric in visitor.metric}


def test_the_dashboard_shows_price_savings_and_their_label(recorded):
    shown = cards(visit())

    assert shown["H100-SXM per GPU-hour"] == "$2.039"
    assert shown["Saves vs AWS"] == "62 to 70 %"
    assert shown["Saves 70 % or more"] == "4 of 17"


def test_a_gpu_no_hyperscaler_sells_has_no_saving(recorded):
    shown = cards(visit(model="RTX 5090"))

    assert shown["Saves vs AWS"] == "–"


def test_an_empty_market_says_what_happens_next(home):
    assert "No offers yet" in words(visit())
    assert "No offers yet" in words(visit("market"))


def test_a_missing_worker_is_said_on_every_page(recorded):
    assert "Worker not running" in words(visit())
    assert "Worker not running" in words(visit("market"))


def test_a_living_worker_is_said(recorded):
    worker.beat(recorded, 1, datetime.now(UTC))

    assert "Worker alive" in words(visit())


def test_a_failing_network_is_named_and_its_figures_are_kept(recorded):
    failed(Lake(recorded / "market"))
    text = words(visit())

    assert "Nothing new from Akash (figures of 2026-08-29 to 2026-09-28 kept)" in text
    assert cards(visit())["H100-SXM per GPU-hour"] == "$2.039"


def test_a_file_set_aside_is_reported(recorded):
    lake = Lake(recorded / "market")
    stray = lake.root / "offers" / "stray.txt"
    stray.write_text("x")
    lake.set_aside(stray, "not a file that Necto wrote")

    assert "1 unusable files were set aside" in words(visit())


def test_refresh_now_asks_the_worker(recorded):
    visitor = visit()
    visitor.button[0].click().run()

    assert worker.take_refresh_request(recorded)


def test_the_market_lists_what_can_be_procured(recorded):
    assert "53 of 53 offers" in words(visit("market"))


def test_the_market_says_when_nothing_fits(recorded):
    visitor = visit("market")
    visitor.number_input(key="price").set_value(0.01).run()

    assert "meet all filters: remove one" in words(visitor)


def test_every_filter_narrows_the_market(recorded):
    visitor = visit("market")
    for key, value in (("family", "A100"), ("network", "Lium")):
        visitor.multiselect(key=key).select(value).run()

    assert "1 of 53 offers" in words(visitor)


def test_clearing_the_filters_shows_everything_again(recorded):
    visitor = visit("market")
    visitor.multiselect(key="family").select("A100").run()
    visitor.toggle(key="free").set_value(True).run()
    visitor.number_input(key="price").set_value(1.1).run()
    assert "1 of 53 offers" in words(visitor)

    next(b for b in visitor.button if b.label == "Clear filters").click().run()
    assert not visitor.exception
    assert "53 of 53 offers" in words(visitor)


def test_a_country_outside_the_chosen_group_finds_nothing(recorded):
    visitor = visit("market")
    visitor.selectbox(key="place").select("EU").run()
    visitor.multiselect(key="country").select("JP").run()

    assert "meet all filters: remove one" in words(visitor)


def first_offer_id(home, **conditions):
    networks = questions.latest(Lake(home / "market"), datetime.now(UTC)).networks
    return networks.filter(**conditions)["offer_id"][0]


def test_the_slide_over_tells_source_saving_and_provider(recorded):
    offer_id = questions.latest(Lake(recorded / "market"), datetime.now(UTC)).networks.filter(
        gpu_model="H100-SXM"
    )["offer_id"][0]
    visitor = visit("market")
    visitor.selectbox(key="offer_opener").select(offer_id).run()
    text = words(visitor).replace("\\", "")

    assert "uact per block" in text
    assert "against AWS p5.4xlarge" in text
    assert "No attribute of this provider is recorded" in text


def test_an_offer_of_a_source_without_providers_says_so(recorded):
    offer_id = questions.latest(Lake(recorded / "market"), datetime.now(UTC)).networks.filter(
        network="nosana"
    )["offer_id"][0]
    visitor = visit("market")
    visitor.selectbox(key="offer_opener").select(offer_id).run()

    assert "publishes nothing about the provider" in words(visitor)
    assert "same model in the same form factor" in words(visitor)


def test_the_price_history_carries_its_credit(recorded):
    visitor = visit("market")
    visitor.radio(key="view").set_value("Price history").run()

    assert "gpurentalprices.com" in words(visitor)


def test_hostile_text_from_a_network_is_shown_as_text(home):
    lake = Lake(home / "market")
    nasty = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1)) $x$ :red[y]"
    row = offer(provider_name=nasty, source=nasty, note=nasty, gpu_model=None, gpu_name=nasty)
    lake.save("offers", "akash", lake.new_run_id("akash", row.observed_at), offers_frame([row]))
    visitor = visit("market")
    visitor.selectbox(key="offer_opener").select(row.offer_id).run()

    assert "\\*\\*bold\\*\\*" in words(visitor)
    assert "<img" not in words(visitor).replace("\\<img", "")


def test_new_figures_are_shown_without_a_restart(home):
    lake = Lake(home / "market")
    saved(lake, datetime.now(UTC) - timedelta(hours=1), "2.5")
    visitor = visit()
    assert cards(visitor)["H100-SXM per GPU-hour"] == "$2.500"

    saved(lake, datetime.now(UTC), "2.25")
    assert cards(visitor.run())["H100-SXM per GPU-hour"] == "$2.250"


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("[a-z]*.py")), ids=lambda p: p.name)
def test_a_page_opened_outside_the_frame_shows_nothing(recorded, page, monkeypatch):
    monkeypatch.setattr(session._run, "framed", False, raising=False)
    visitor = AppTest.from_file(str(page), default_timeout=SECONDS).run()

    assert "outside Necto's frame" in visitor.error[0].value
    assert not visitor.metric
    assert not visitor.dataframe


def test_a_person_without_the_role_is_told_so(recorded, tmp_path):
    script = tmp_path / "page.py"
    script.write_text(
        "from components.session import enter_frame, require\n"
        "import streamlit as st\nenter_frame()\nrequire('admin')\nst.metric('secret', 1)\n"
    )
    visitor = AppTest.from_file(str(script), default_timeout=SECONDS)
    visitor.session_state["acting_as_persona"] = "persona:ines-romero"
    visitor.run()

    assert "with the role admin. Ines Romero does not" in visitor.error[0].value
    assert not visitor.metric


def test_a_market_folder_that_vanishes_is_an_empty_market(recorded):
    visit()
    shutil.rmtree(recorded / "market" / "offers")

    assert "No offers yet" in words(visit())


def test_the_grid_is_narrowed_by_the_filters_and_has_a_term(recorded):
    visitor = visit("market")
    visitor.radio(key="view").set_value("Like for like").run()
    whole = visitor.dataframe[0].value
    visitor.multiselect(key="family").select("A100").run()
    narrowed = visitor.dataframe[0].value

    assert "USD per GPU-hour" in words(visitor)
    assert whole.shape[0] > narrowed.shape[0] == 1
    visitor.selectbox(key="grid_term").select("spot").run()
    assert not visitor.dataframe
    assert "sells on this term: choose another" in words(visitor)


def test_networks_that_say_nothing_about_providers_are_counted_out(recorded):
    visitor = visit("market")
    visitor.toggle(key="datacenter").set_value(True).run()

    assert "Left out because they do not state it: kind of place (53)" in words(visitor)


def test_two_offers_stand_side_by_side_by_their_ids(recorded):
    networks = questions.latest(Lake(recorded / "market"), datetime.now(UTC)).networks
    one, other = networks.filter(gpu_model="H100-SXM")["offer_id"][:2]
    visitor = visit(offer=one, **{"with": other})
    visitor.switch_page(f"{ROOT}/pages/market.py")
    visitor.query_params["offer"], visitor.query_params["with"] = one, other
    visitor.run()

    assert not visitor.exception
    assert "cheaper per GPU-hour" in words(visitor).replace("\\", "")
    next(b for b in visitor.button if b.label == "Back to the first offer").click().run()
    assert "Where this figure comes from" in [h.value for h in visitor.header]


def test_a_contract_s_days_are_told(home):
    lake = Lake(home / "market")
    row = offer(
        term="contract", source_kind="contract", valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
    )  # fmt: skip
    lake.save("offers", "akash", lake.new_run_id("akash", row.observed_at), offers_frame([row]))
    visitor = visit("market")
    visitor.selectbox(key="offer_opener").select(row.offer_id).run()

    assert "2026-01-01 to 2026-12-31, both included" in words(visitor).replace("\\", "")

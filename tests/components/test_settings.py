"""The Settings page: what a person switches, tests and prefers is kept; what is off says why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from connectors.jobs.connect import connected
from data import preferences, rate_cards
from data.chosen import chosen
from data.faults import RecordsBusy
from data.market import Lake
from data.offers import latest
from data.rate_cards import cards
from data.worker import beat, publish_connections, take_test_requests
from tests.cards import row, written
from tests.connectors.samples import SAMPLES, answering, ingest, says
from tests.support import ADA, house_of, settings_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(home):
    publish_connections(home, [one.connection for one in connected(env={})])
    return home


def visit(section: str | None = None) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60)
    if section:
        visitor.query_params["section"] = section
    visitor.run()
    visitor.switch_page(f"{ROOT}/pages/settings.py").run()
    assert not visitor.exception
    return visitor


def words(visitor: AppTest) -> str:
    kinds = (visitor.markdown, visitor.caption, visitor.warning, visitor.info, visitor.error,
             visitor.success)  # fmt: skip
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def test_a_source_is_switched_off_and_on_again(home):
    visitor = visit()
    assert visitor.toggle("on_lium").value
    visitor.toggle("on_lium").set_value(False).run()
    off = chosen(settings_of(home)).switched_off

    assert list(off) == ["lium"]
    assert off["lium"].by.startswith("local:")
    assert f"Switched off by {off['lium'].by} at {off['lium'].at:%Y-%m-%d %H:%M}" in words(visitor)
    assert visitor.button("test_lium").disabled
    assert not visit().toggle("on_lium").value
    visitor.toggle("on_lium").set_value(True).run()
    assert chosen(settings_of(home)).switched_off == {}
    assert "Switched on by local:" in words(visitor)


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
    kept = chosen(settings_of(home))
    (zone, gpus) = visitor.dataframe[0].value.to_dict("records")[::-1]

    assert (kept.time_zone, kept.models_of_interest) == ("Asia/Tokyo", ("L40S", "H200-SXM"))
    assert (zone["What"], zone["Before"], zone["After"]) == (
        "Reporting time zone", "UTC", "Asia/Tokyo",
    )  # fmt: skip
    assert (gpus["Before"], gpus["After"]) == ("none", "L40S, H200-SXM")
    assert zone["Who"].startswith("local:")
    assert zone["When"].endswith("JST")
    assert words(visitor).count("changed by local:") == 2


def test_before_anybody_changed_a_setting_the_page_says_so(home):
    said = words(visit("Preferences"))

    assert "Nobody has changed a setting yet" in said
    assert said.count("as it ships") == 2


def test_the_last_changes_are_told_with_who_and_from_what(home):
    preferences.switch(house_of(home), ADA, "akash", on=False)
    (line,) = visit().dataframe[0].value.to_dict("records")

    assert (line["Who"], line["What"]) == ("local:ada", "Reading Akash")
    assert (line["Before"], line["After"]) == ("on", "off")


def test_records_that_refuse_are_told_and_nothing_changes(home, monkeypatch):
    visitor = visit()

    def refuses(*_arguments, **_named):
        raise RecordsBusy("another process held the records: try again")

    monkeypatch.setattr("data.preferences.switch", refuses)
    visitor.toggle("on_lium").set_value(False).run()

    assert "Not kept: another process held the records" in words(visitor)
    assert chosen(settings_of(home)).switched_off == {}


def test_records_that_cannot_be_used_are_told_on_a_clear_page(home):
    with house_of(home).transaction() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60).run()

    (said,) = visitor.error
    assert "The house book of the records cannot be used" in said.value
    assert "Update this installation" in said.value
    assert not visitor.exception


def keyed(home, **env) -> str:
    """What the page says when the worker was started with these variables."""
    publish_connections(home, [one.connection for one in connected(env=env)])
    return words(visit())


def test_a_missing_key_says_what_to_set(home):
    said = keyed(home)

    assert " key missing]" in said
    assert "set NECTO_RENDER_KEY to pk" in said
    assert "then restart the worker" in said
    assert visit().button("test_render").disabled


def test_a_key_that_cannot_be_used_says_what_to_change_and_is_not_shown(home):
    said = keyed(home, NECTO_RENDER_KEY="two words")

    assert " key unusable]" in said
    assert "one line of plain characters is expected" in said
    assert "two words" not in said


def test_what_waits_for_a_review_of_its_terms_cannot_be_switched_on(home):
    visitor = visit()

    assert "off: terms" in words(visitor)
    assert visitor.toggle("on_ionet").disabled
    assert "have not been reviewed" in visitor.toggle("on_ionet").help
    assert not visitor.toggle("on_lium").disabled


def test_a_source_says_how_its_readings_go(home):
    lake, now = Lake(home / "market"), datetime.now(UTC)
    for name, at in (("lium", now), ("nosana", now - timedelta(days=2))):
        sample = SAMPLES[name]
        ingest(lake, answering(sample, sample.texts()), at).run(sample.made())
    ingest(lake, says(403), now).run(SAMPLES["azure"].made())
    said = words(visit())

    assert all(f" {word}]" in said for word in ("live", "stale", "failing", "not read yet"))
    assert "just now: " in said


def test_that_the_worker_does_not_run_is_said_until_it_does(home):
    assert "this is what it said last" in words(visit())
    beat(home, 1, datetime.now(UTC))

    assert "this is what it said last" not in words(visit())


TODAY = datetime.now(UTC).date()


def card(**changes: str) -> bytes:
    days = {"valid_from": str(TODAY), "valid_until": str(TODAY + timedelta(days=30))}
    return written(row(**(days | changes)))


def imported(content: bytes | None, name: str = "", visitor: AppTest | None = None) -> AppTest:
    visitor = visitor or visit("Rate cards")
    if content is not None:
        visitor.file_uploader[0].set_value(("rates.csv", content, "text/csv"))
    visitor.text_input[0].set_value(name)
    pressed(visitor, "Import")
    return visitor


def pressed(visitor: AppTest, label: str) -> None:
    next(button for button in visitor.button if button.label == label).click().run()
    assert not visitor.exception


def on_the_market(home) -> pl.DataFrame:
    return latest(Lake(home / "market"), datetime.now(UTC)).offers.filter(network="aethir")


def test_without_a_card_the_page_says_what_one_is_for(home):
    assert "No rate card yet" in words(visit("Rate cards"))
    assert "Choose a file first" in words(imported(None))


def test_a_refused_card_is_told_by_line_and_column_and_nothing_is_kept(home):
    visitor = imported(card(usd_per_gpu_hour="2,15"))
    (fault,) = visitor.dataframe[0].value.to_dict("records")

    assert "Nothing was imported: 1 fault. " in words(visitor)
    assert (fault["Line"], fault["Column"], fault["Value"]) == (2, "usd_per_gpu_hour", "2,15")
    assert "decimal point" in fault["What to do"]
    assert "All faults as CSV" in [button.label for button in visitor.download_button]
    assert cards(Lake(home / "market"), datetime.now(UTC)) == []


def test_many_faults_are_counted_and_the_first_are_shown(home):
    lines = written(*[row(usd_per_gpu_hour="2,15", contract_reference=str(n)) for n in range(250)])
    visitor = imported(lines)

    assert "The first 200 of 499:" in words(visitor)
    assert len(visitor.dataframe[0].value) == 200


def test_a_good_card_is_on_the_market_and_in_the_table(home):
    visitor = imported(card(), "frankfurt")
    (line,) = visitor.dataframe[0].value.to_dict("records")

    assert "frankfurt, version 1, Aethir: 1 prices" in words(visitor)
    assert (line["Card"], line["State"], line["Prices"]) == ("frankfurt", "current", 1)
    assert line["By"].startswith("local:")
    assert on_the_market(home)["source_kind"].to_list() == ["contract"]
    assert "Original file" in [button.label for button in visitor.download_button]


def test_the_same_file_again_is_known_already_and_another_is_a_version(home):
    again = imported(card(), visitor=imported(card()))
    assert "Known already: rates, version 1" in words(again)
    newer = imported(card(usd_per_gpu_hour="2"), visitor=again)

    assert newer.dataframe[0].value["State"].to_list() == ["current", "superseded"]
    assert newer.selectbox[0].options == ["rates · aethir · 2", "rates · aethir · 1"]


def test_a_name_of_a_gpu_that_nobody_knows_is_a_warning(home):
    visitor = imported(card(gpu="NVIDIA H1000"))

    assert "they were imported all the same" in words(visitor)
    assert visitor.dataframe[0].value["Value"].to_list() == ["NVIDIA H1000"]
    assert on_the_market(home).height == 1


def withdraw_reason(visitor: AppTest):
    return next(one for one in visitor.text_input if str(one.key).startswith("withdraw_"))


def test_a_card_is_withdrawn_for_a_reason_and_stays_in_the_table(home):
    visitor = imported(card())
    assert next(b for b in visitor.button if b.label == "Withdraw").disabled
    withdraw_reason(visitor).set_value("ended early").run()
    pressed(visitor, "Withdraw")
    line = visitor.dataframe[0].value.to_dict("records")[0]

    assert (line["State"], line["Why withdrawn"]) == ("withdrawn", "ended early")
    assert on_the_market(home).is_empty()


def test_a_card_that_cannot_be_kept_or_withdrawn_is_told(home, monkeypatch):
    visitor = imported(card())
    monkeypatch.setattr("data.rate_cards.LOCK_SECONDS_MAX", 0.05)
    withdraw_reason(visitor).set_value("ended").run()
    with rate_cards.alone(Lake(home / "market")):
        pressed(visitor, "Withdraw")
        assert "Not withdrawn: another process" in words(visitor)
        imported(card(usd_per_gpu_hour="2"), visitor=visitor)
        assert "Nothing was imported: another process" in words(visitor)

    assert on_the_market(home)["usd_per_gpu_hour"].cast(float).to_list() == [2.15]


def test_a_test_that_cannot_be_asked_for_is_told(home):
    visitor = visit()
    (home / "worker" / "test-nosana.request").mkdir()
    pressed_test = visitor.button("test_nosana").click().run()

    assert "The request could not be written" in words(pressed_test)

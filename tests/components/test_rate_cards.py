"""Rate cards on the Settings page: what can leave the market, what can be downloaded, gaps told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.card_files import read_card
from data.card_register import import_card as import_card_registered
from data.faults import RecordsFull
from data.market import Lake
from data.rate_cards import cards, import_card
from data.shipped import catalogue
from tests.cards import row, written
from tests.data.test_preferences import told
from tests.support import ADA, house_of

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)
TODAY = NOW.date()
NOW_ON = {"valid_from": str(TODAY - timedelta(9)), "valid_until": str(TODAY + timedelta(99))}
OVER = {"valid_from": "2026-01-01", "valid_until": "2026-01-31"}


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    st.cache_resource.clear()
    yield Lake(tmp_path / "market")
    st.cache_resource.clear()


def kept(lake, filename, **changes):
    content = written(row(**changes))
    return import_card(lake, read_card(filename, content, catalogue(), NOW), by="Ada", now=NOW)


def visit() -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60)
    visitor.query_params["section"] = "Rate cards"
    visitor.run()
    visitor.switch_page(f"{ROOT}/pages/settings.py").run()
    assert not visitor.exception
    return visitor


def chooser(visitor, label):
    return next(box for box in visitor.selectbox if box.label == label)


def button(visitor, label):
    return next(one for one in visitor.button if one.label == label)


def states(lake):
    return [(one.record.name, one.record.version, one.state) for one in cards(lake, NOW)]


def test_only_a_card_on_the_market_can_be_withdrawn_and_its_version_is_named(lake):
    kept(lake, "old.csv", **OVER)
    kept(lake, "rates.csv", **NOW_ON)
    kept(lake, "rates.csv", **NOW_ON, usd_per_gpu_hour="2")
    visitor = visit()

    assert len(chooser(visitor, "Card, seller, version").options) == 3
    assert chooser(visitor, "Card, seller").options == ["rates · aethir"]
    said = [caption.value for caption in visitor.caption]
    assert any(text.startswith("Version 2 leaves the market now") for text in said)


def test_a_reason_is_for_one_card_only(lake):
    kept(lake, "one.csv", **NOW_ON)
    kept(lake, "two.csv", **NOW_ON, provider="other")
    visitor = visit()
    assert button(visitor, "Withdraw").disabled

    next(box for box in visitor.text_input if box.label == "Why").set_value("cancelled").run()
    button(visitor, "Withdraw").click().run()

    assert states(lake) == [("one", 1, "withdrawn"), ("two", 1, "current")]
    assert chooser(visitor, "Card, seller").options == ["two · aethir"]
    assert button(visitor, "Withdraw").disabled


def test_without_a_card_on_the_market_there_is_nothing_to_withdraw(lake):
    kept(lake, "old.csv", **OVER)

    visitor = visit()

    assert [box.label for box in visitor.selectbox] == ["Card, seller, version"]
    assert [one for one in visitor.button if one.label == "Withdraw"] == []


def test_a_version_leaves_as_it_came_or_as_a_card(lake):
    kept(lake, "rates.csv", **NOW_ON)

    found = [(one.label, one.proto.id != "") for one in visit().get("download_button")]

    assert [label for label, _ in found if label not in ("CSV", "XLSX")] == [
        "Original file",
        "As a card",
    ]


def test_a_card_that_begins_later_tells_which_days_lose_their_price(lake):
    kept(lake, "rates.csv", **NOW_ON)
    begins = TODAY + timedelta(10)
    later = written(row(valid_from=str(begins), valid_until=str(begins)))
    visitor = visit()

    visitor.file_uploader[0].set_value(("rates.csv", later, "text/csv"))
    button(visitor, "Import").click().run()

    said = [warning.value.replace("\\", "") for warning in visitor.warning]
    told = f"Aethir has no price of rates from {TODAY} to {begins - timedelta(1)}: version 1"
    assert any(text.startswith(told) for text in said)
    assert states(lake)[-1] == ("rates", 2, "not yet valid")


def test_a_card_that_is_imported_here_is_registered_with_who_did_it(lake, tmp_path):
    visitor = visit()
    visitor.file_uploader[0].set_value(("rates.csv", written(row(**NOW_ON)), "text/csv"))
    button(visitor, "Import").click().run()
    (entry,) = told(house_of(tmp_path))

    assert entry["type"] == "necto.rate-card.imported"
    assert entry["data"]["actor"]["id"].startswith("local:")


def test_an_entry_that_is_late_is_a_warning_that_the_card_is_in(lake, monkeypatch):
    def refuses(*_arguments):
        raise RecordsFull("the disk is full")

    monkeypatch.setattr("data.card_register._registered", refuses)
    visitor = visit()
    visitor.file_uploader[0].set_value(("rates.csv", written(row(**NOW_ON)), "text/csv"))
    button(visitor, "Import").click().run()

    assert any("Done, but the card is imported" in one.value for one in visitor.warning)
    assert states(lake) == [("rates", 1, "current")]


def test_a_registered_file_that_is_gone_is_told_below_the_cards(lake, tmp_path):
    card = read_card("rates.csv", written(row(**NOW_ON)), catalogue(), NOW)
    import_card_registered(house_of(tmp_path), lake, card, ADA, NOW)
    next(lake.root.rglob("cards/originals/*")).unlink()
    said = [caption.value.replace("\\", "") for caption in visit().caption]

    assert any("a registered rate card's file is gone" in text for text in said)

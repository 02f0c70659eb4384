"""Late entries: the worker enters what was published without one, and trouble ends nothing."""

import threading

import pytest

from connectors.jobs import recovery
from connectors.jobs.recovery import recover_once, recover_until
from data import rate_cards
from data.faults import RecordsFull
from tests.cards import NOW, card
from tests.data.test_market import saved
from tests.data.test_preferences import told
from tests.support import OBSERVED, house_of


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def test_a_card_without_an_entry_is_entered_at_the_start(house, lake):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    stop = threading.Event()
    stop.set()
    recover_until(lambda: house, lake, stop)

    assert [entry["type"] for entry in told(house)] == ["necto.rate-card.recovered"]


def test_records_in_trouble_are_said_and_tried_again(house, lake, caplog, monkeypatch):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    monkeypatch.setattr(recovery, "LOOK_SECONDS", 0.01)
    faults = iter([RecordsFull("the disk is full"), ValueError("ours")])
    stop = threading.Event()

    def opened():
        for fault in faults:
            raise fault
        stop.set()
        return house

    recover_until(opened, lake, stop)
    assert "cannot be entered in the records: the disk is full" in caplog.text
    assert "ours" in caplog.text
    assert len(told(house)) == 1


def test_what_another_process_is_at_is_left_for_the_next_time(house, lake, monkeypatch):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    monkeypatch.setattr(rate_cards, "LOCK_SECONDS_MAX", 0.05)
    with rate_cards.alone(lake):
        assert recover_once(lambda: house, lake) == 0

    assert recover_once(lambda: house, lake) == 1


def test_a_reading_without_an_entry_is_entered_too(house, lake):
    saved(lake, OBSERVED)

    assert recover_once(lambda: house, lake) == 1
    assert [entry["type"] for entry in told(house)] == ["necto.market.recovered"]

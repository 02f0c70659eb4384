"""Exports in the house book: one entry for each that leaves, with who and what was asked."""

import pytest

from data.exports import enter_export
from data.unit import OtherCommand
from engine.exports import Export
from tests.data.test_preferences import told
from tests.support import ADA, house_of

MADE = Export("necto-offers.csv", 2, b"a\r\n1\r\n2\r\n")


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def test_an_export_is_entered_with_who_what_and_the_digest_of_its_bytes(house):
    enter_export(house, ADA, MADE, "market", "network=Akash&count=1")
    (entry,) = told(house)

    assert (entry["type"], entry["subject"]) == ("necto.export.made", "export/market")
    assert entry["data"]["actor"]["id"] == "local:ada"
    assert entry["data"]["result"] == entry["data"]["input"]["body"] == {
        "place": "market", "asked": "network=Akash&count=1", "file": "necto-offers.csv",
        "format": "csv", "rows": 2, "digest": MADE.digest, "size": 9,
    }  # fmt: skip


def test_every_click_is_an_entry_and_a_click_that_arrives_twice_is_one(house):
    enter_export(house, ADA, MADE, "market", "")
    enter_export(house, ADA, MADE, "market", "")
    assert len(told(house)) == 2
    first = enter_export(house, ADA, MADE, "market", "", key="click-1")

    assert enter_export(house, ADA, MADE, "market", "", key="click-1") == first
    with pytest.raises(OtherCommand):
        enter_export(house, ADA, MADE, "market", "another", key="click-1")


def test_a_hostile_address_is_kept_exactly(house):
    asked = "q=<b>\u202e\x00" * 10
    enter_export(house, ADA, MADE, "market", asked)

    assert told(house)[0]["data"]["result"]["asked"] == asked

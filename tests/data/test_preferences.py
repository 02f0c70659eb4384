"""What people chose is a document each: who changed it, when, from what, and nothing is lost."""

import json
import threading

import pytest

from data import preferences
from data.documents import put
from data.engines import writing
from data.faults import RecordsDamaged
from data.preferences import Preferences, read, recent_changes
from data.terms import terms
from data.unit import OtherCommand
from engine.commands import Command
from engine.people import local_actor
from engine.settings_changes import TIME_ZONE, switch_of
from tests.support import ADA, house_of

BOB = local_actor("bob")


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def held(house) -> Preferences:
    with house.reading() as view:
        return read(view)


def told(house) -> list[dict]:
    """The entries of the book, without the one that opened it."""
    with house.reading() as view:
        rows = view.exec_driver_sql("SELECT body FROM entries ORDER BY leaf_index").all()
    return [json.loads(row[0]) for row in rows[1:]]


def test_nothing_chosen_is_the_defaults(house):
    assert held(house) == Preferences(time_zone="UTC")
    assert recent_changes(house, 9) == []


def test_a_choice_is_there_with_who_made_it(house):
    preferences.switch(house, ADA, "lium", on=False)
    preferences.keep(house, BOB, time_zone="Europe/Paris")
    found = held(house)

    assert found.time_zone == "Europe/Paris"
    assert found.switched_off["lium"] == found.marks[switch_of("lium")]
    assert (found.switched_off["lium"].by, found.marks[TIME_ZONE].by) == ("local:ada", "local:bob")


def test_an_auditor_reads_who_switched_what_off_and_that_it_was_on_before(house):
    preferences.switch(house, ADA, "akash", on=False, key="click-1")
    (entry,) = told(house)

    assert (entry["type"], entry["subject"]) == ("necto.settings.changed", "settings/source:akash")
    assert entry["data"]["actor"]["id"] == "local:ada"
    assert entry["data"]["input"]["body"] == {"setting": "source:akash", "value": False}
    assert (entry["data"]["previous"], entry["data"]["request"]) == (True, "click-1/source:akash")
    assert [e["key"] for e in entry["data"]["effects"]] == ["settings/source:akash/1"]


def test_what_is_off_keeps_who_switched_it_off_until_it_is_on(house):
    preferences.switch(house, ADA, "lium", on=False)
    preferences.switch(house, BOB, "lium", on=False)
    assert held(house).switched_off["lium"].by == "local:ada"
    preferences.switch(house, BOB, "lium", on=True)

    assert held(house).switched_off == {}
    assert held(house).marks[switch_of("lium")].by == "local:bob"
    assert len(told(house)) == 2


def test_each_thing_that_changed_has_an_entry_and_what_did_not_has_none(house):
    preferences.keep(house, ADA, time_zone="Asia/Tokyo", models_of_interest=["L40S"])
    preferences.keep(house, ADA, time_zone="Asia/Tokyo", models_of_interest=["H100-SXM"])

    changes = [(c.setting, c.before, c.after) for c in recent_changes(house, 9)]
    assert changes == [
        ("gpus-of-interest", ["L40S"], ["H100-SXM"]),
        ("gpus-of-interest", [], ["L40S"]),
        ("time-zone", "UTC", "Asia/Tokyo"),
    ]
    assert len(recent_changes(house, 2)) == 2


def test_a_click_that_arrives_twice_is_done_once_and_its_key_is_good_for_nothing_else(house):
    preferences.switch(house, ADA, "lium", on=False, key="k")
    preferences.switch(house, ADA, "lium", on=False, key="k")
    with pytest.raises(OtherCommand):
        preferences.switch(house, ADA, "lium", on=True, key="k")

    assert list(held(house).switched_off) == ["lium"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "UTC\n"])
def test_a_time_zone_that_does_not_exist_is_refused_and_nothing_changes(house, zone):
    with pytest.raises(ValueError, match="no time zone"):
        preferences.keep(house, ADA, time_zone=zone, models_of_interest=["L40S"])

    assert held(house) == Preferences()


def test_too_many_gpus_of_interest_are_refused(house):
    with pytest.raises(ValueError, match="at most 20"):
        preferences.keep(house, ADA, models_of_interest=[f"gpu-{n}" for n in range(21)])


def test_two_people_at_once_lose_nothing(house):
    names = [f"source-{n}" for n in range(12)]
    threads = [
        threading.Thread(target=preferences.switch, args=(house, ADA, name), kwargs={"on": False})
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(held(house).switched_off) == sorted(names)


def test_every_note_says_something_and_what_is_not_built_is_off():
    for one in terms().values():
        assert len(one.note) > 20
        assert one.is_built or not one.default_on
    assert {n for n, one in terms().items() if not one.is_built} == {"vast", "runpod", "shadeform"}
    assert not terms()["ionet"].default_on
    assert not terms()["fluence"].default_on


def test_a_setting_that_was_not_written_here_is_said_in_words(house):
    asked = Command.of("k1", "settings.changed", BOB, "settings/time-zone", {})
    house.perform(asked, lambda unit: put(unit, preferences.KIND, TIME_ZONE, {}).version)
    with pytest.raises(RecordsDamaged, match="necto audit verify"):
        held(house)


def test_a_setting_whose_entry_was_cut_off_is_said_in_words(house):
    preferences.switch(house, ADA, "akash", on=False)

    def cut_off():
        with writing(house.engine) as connection:
            connection.exec_driver_sql("DROP TRIGGER entries_refuses_delete")
            connection.exec_driver_sql("DELETE FROM entries WHERE leaf_index = 1")
            read(connection)

    with pytest.raises(RecordsDamaged, match="names entry 1, which the book lacks"):
        cut_off()
    assert held(house).marks

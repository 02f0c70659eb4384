"""What people chose is kept whole, by whoever changes it, and never stops the readings."""

import threading

import pytest

from data import preferences
from data.preferences import Preferences
from data.terms import terms


def test_nothing_chosen_is_the_defaults(tmp_path):
    found = preferences.load(tmp_path)

    assert (found.switched_off, found.time_zone, found.models_of_interest) == ({}, "UTC", ())


def test_a_choice_is_there_the_next_time(tmp_path, now):
    preferences.change(tmp_path, lambda p: p.switched("lium", on=False, by="ada", at=now))
    preferences.change(tmp_path, lambda p: p.model_copy(update={"time_zone": "Europe/Paris"}))
    found = preferences.load(tmp_path)

    assert found.time_zone == "Europe/Paris"
    assert (found.switched_off["lium"].by, found.switched_off["lium"].at) == ("ada", now)


def test_what_is_off_keeps_who_switched_it_off_until_it_is_on(now):
    off = Preferences().switched("lium", on=False, by="ada", at=now)

    assert off.switched("lium", on=False, by="bob", at=now) == off
    assert off.switched("lium", on=True, by="bob", at=now) == Preferences()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "UTC\n"])
def test_a_time_zone_that_does_not_exist_is_refused_and_nothing_changes(tmp_path, zone):
    with pytest.raises(ValueError, match="no time zone"):
        preferences.change(tmp_path, lambda p: p.model_copy(update={"time_zone": zone}))

    assert preferences.load(tmp_path) == Preferences()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"time_zone": 7}'])
def test_a_damaged_file_is_kept_beside_itself(tmp_path, content):
    (tmp_path / "preferences.json").write_text(content)

    assert preferences.load(tmp_path) == Preferences()
    assert (tmp_path / "preferences.damaged").read_text() == content


def test_two_people_at_once_lose_nothing(tmp_path, now):
    def switch(name: str) -> None:
        preferences.change(tmp_path, lambda p: p.switched(name, on=False, by=name, at=now))

    names = [f"source-{n}" for n in range(12)]
    threads = [threading.Thread(target=switch, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(preferences.load(tmp_path).switched_off) == sorted(names)


def test_every_note_says_something_and_what_is_not_built_is_off():
    for one in terms().values():
        assert len(one.note) > 20
        assert one.is_built or not one.default_on
    assert {n for n, one in terms().items() if not one.is_built} == {"vast", "runpod", "shadeform"}
    assert not terms()["ionet"].default_on
    assert not terms()["fluence"].default_on

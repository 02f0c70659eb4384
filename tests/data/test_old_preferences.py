"""``preferences.json`` of an earlier version is taken over once, with its own entry, and kept."""

import json

import pytest

from data import preferences
from data.chosen import chosen, forget
from data.preferences import Preferences, recent_changes
from engine.canonical import digest
from tests.data.test_preferences import told
from tests.support import ADA, house_of, settings_of

OLD = {
    "switched_off": {"lium": {"by": "local:eve", "at": "2026-11-20T08:00:00Z"}},
    "time_zone": "Europe/Paris",
    "models_of_interest": ["L40S"],
}


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path)


def written(settings, content: str) -> None:
    (settings.home / "preferences.json").write_text(content)


def test_it_holds_from_the_first_start_on_with_who_had_chosen(settings):
    written(settings, json.dumps(OLD))
    found = chosen(settings)

    assert (found.time_zone, found.models_of_interest) == ("Europe/Paris", ("L40S",))
    assert found.switched_off["lium"].by == "local:eve"
    assert f"{found.switched_off['lium'].at:%Y-%m-%d %H}" == "2026-11-20 08"


def test_its_entry_vouches_for_the_file_and_tells_every_setting(settings):
    written(settings, json.dumps(OLD))
    chosen(settings)
    (entry,) = told(house_of(settings.home))
    (file,) = entry["data"]["files"]

    assert (entry["type"], entry["data"]["actor"]["kind"]) == (
        "necto.settings.taken-over", "system",
    )  # fmt: skip
    assert digest((settings.home / file["name"]).read_bytes()) == file["digest"]
    assert {c.setting for c in recent_changes(house_of(settings.home), 9)} == {
        "source:lium", "time-zone", "gpus-of-interest",
    }  # fmt: skip


def test_it_is_never_read_again(settings):
    written(settings, json.dumps(OLD))
    chosen(settings)
    preferences.switch(house_of(settings.home), ADA, "lium", on=True)
    assert not (settings.home / "preferences.json").exists()
    forget()

    assert chosen(settings).switched_off == {}


def test_what_was_taken_over_but_not_renamed_is_not_taken_over_twice(settings):
    written(settings, json.dumps(OLD))
    chosen(settings)
    preferences.switch(house_of(settings.home), ADA, "lium", on=True)
    written(settings, json.dumps(OLD))
    forget()

    assert chosen(settings).switched_off == {}
    assert len(told(house_of(settings.home))) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"time_zone": 7}', '{"time_zone": "Mars"}'])
def test_a_damaged_file_is_kept_beside_itself_and_its_loss_is_told(settings, content):
    written(settings, content)

    assert chosen(settings) == Preferences()
    assert (settings.home / "preferences.damaged").read_text() == content
    (entry,) = told(house_of(settings.home))
    assert entry["data"]["result"] == {"changes": [], "damaged": True}


def test_it_holds_while_the_book_cannot_be_opened_and_waits(settings):
    written(settings, json.dumps(OLD))
    (settings.home / "records").write_text("in the way")

    assert list(chosen(settings).switched_off) == ["lium"]
    assert (settings.home / "preferences.json").exists()


def test_what_somebody_chose_anew_is_not_undone_by_the_old_file(settings):
    preferences.keep(house_of(settings.home), ADA, time_zone="Asia/Tokyo")
    written(settings, json.dumps(OLD))
    found = chosen(settings)

    assert (found.time_zone, found.models_of_interest) == ("Asia/Tokyo", ("L40S",))

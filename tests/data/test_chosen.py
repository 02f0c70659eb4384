"""What people chose is read cheaply, and holds also while the house book cannot be read."""

import time

import pytest

from data import chosen as module
from data import preferences
from data.books import close_books
from data.chosen import chosen, forget
from data.preferences import Preferences, set_one
from engine.commands import Command
from engine.settings_changes import TIME_ZONE
from tests.support import ADA, house_of, settings_of

READ_SECONDS_MAX = 0.002
"""Ten times what it takes here, so that a busy machine fails no test."""


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path)


def off(settings) -> list[str]:
    return list(chosen(settings).switched_off)


def spoil(home) -> None:
    """Put something else where the book was, as another tool might."""
    close_books()
    for path in (home / "records").iterdir():
        path.unlink()
    (home / "records" / "house.sqlite").write_bytes(b"no database " * 1000)


def test_nothing_chosen_is_the_defaults(settings):
    assert chosen(settings) == Preferences()


def test_a_choice_holds_at_the_next_look_and_is_read_once(settings):
    assert off(settings) == []
    preferences.switch(house_of(settings.home), ADA, "lium", on=False)

    assert off(settings) == ["lium"]
    assert chosen(settings) is chosen(settings)


def test_looking_costs_next_to_nothing(settings):
    chosen(settings)
    costs = []
    for _ in range(50):
        began = time.perf_counter()
        chosen(settings)
        costs.append(time.perf_counter() - began)

    assert sorted(costs)[25] < READ_SECONDS_MAX


def test_a_damaged_book_switches_nothing_on_neither_now_nor_after_a_start(settings, caplog):
    preferences.switch(house_of(settings.home), ADA, "aws", on=False)
    before = chosen(settings)
    spoil(settings.home)

    assert chosen(settings) == before
    forget()
    assert chosen(settings) == before
    assert "what was known last holds" in caplog.text


def test_a_book_that_is_mended_is_read_again(settings, monkeypatch):
    preferences.switch(house_of(settings.home), ADA, "aws", on=False)
    chosen(settings)
    close_books()
    (settings.home / "records").rename(settings.home / "away")
    (settings.home / "records").write_text("in the way")
    assert off(settings) == ["aws"]
    (settings.home / "records").unlink()
    (settings.home / "away").rename(settings.home / "records")
    preferences.switch(house_of(settings.home), ADA, "aws", on=True)
    assert off(settings) == ["aws"]  # not asked again at every clock

    monkeypatch.setattr(module.time, "monotonic", lambda: 1e12)
    assert off(settings) == []


def test_without_a_book_and_without_a_memory_sources_are_as_they_ship(settings):
    (settings.home / "records").write_text("in the way")

    assert chosen(settings) == Preferences()


def test_a_disk_that_keeps_no_memory_does_not_keep_the_choice_from_holding(settings):
    preferences.switch(house_of(settings.home), ADA, "aws", on=False)
    (settings.home / "worker").write_text("in the way")

    assert off(settings) == ["aws"]


def test_a_time_zone_that_this_machine_does_not_know_leaves_what_was_known(settings):
    house = house_of(settings.home)
    preferences.keep(house, ADA, time_zone="Europe/Paris")
    chosen(settings)
    with house.transaction() as unit:
        command = Command.of("k", "settings.changed", ADA, "settings/time-zone", {})
        unit.perform(command, lambda u: {"changes": [set_one(u, TIME_ZONE, "Mars/Olympus")]})

    assert chosen(settings).time_zone == "Europe/Paris"

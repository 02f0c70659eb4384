"""Settings by name: a source's switch is told from every other setting, values are words."""

import pytest

from engine.settings_changes import TIME_ZONE, source_of, switch_of, value_text


def test_the_switch_of_a_source_names_its_source_and_no_other_setting_does():
    assert source_of(switch_of("akash")) == "akash"
    assert source_of(TIME_ZONE) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "on"), (False, "off"), (["L40S", "H100"], "L40S, H100"), ([], "none"), ("UTC", "UTC")],
)
def test_a_value_is_told_in_words(value, text):
    assert value_text(value) == text

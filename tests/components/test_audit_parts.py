"""Parts of the Audit page that are values: times, words of an entry, rows of the table."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from components.audit_entry import lines_of
from components.audit_table import _shown
from components.audit_time import Times, times_of
from engine.paging import Row

PARIS = ZoneInfo("Europe/Paris")
SEALED = {"sealed": {"person": "p-17", "commitment": "sha256:", "box": "AAAA"}}
NOW = datetime(2026, 11, 24, 12, tzinfo=PARIS)


def test_a_preset_looks_back_from_now_and_has_no_end():
    assert Times("7d").bounds(NOW) == (NOW - timedelta(days=7), None)
    assert Times().bounds(NOW) == (None, None)


def test_days_are_of_the_reporting_zone_and_both_included():
    start, end = Times("dates", date(2026, 10, 25), date(2026, 10, 25)).bounds(NOW)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)
    assert Times("dates", None, date.max).bounds(NOW) == (None, None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("", "", ""), Times()),
        (("24h", "2026-11-01", ""), Times("24h")),
        (("", "2026-11-01", ""), Times("dates", date(2026, 11, 1))),
        (("dates", "", "2026-11-02"), Times("dates", None, date(2026, 11, 2))),
    ],
)
def test_times_are_read_from_an_address(asked, expected):
    faults = []
    assert (times_of(*asked, faults), faults) == (expected, [])


def test_what_an_entry_holds_is_told_line_by_line():
    told = {"a": {"b": [1, None, {}]}, "c": "x\ny", "d": {"sealed": "no box"}, "e": SEALED}
    assert lines_of(told) == [
        "a.b[0]: 1", "a.b[1]: null", "a.b[2]: {}", "c: x␊y", "d.sealed: no box",
        "e: 🔒 sealed (p-17)",
    ]  # fmt: skip
    assert lines_of("alone") == ["alone"]


def test_what_is_long_is_cut_and_says_how_long_it_is():
    (line,) = lines_of("x" * 1_000_000)
    assert line.endswith("x… (1,000,000 characters)")
    assert len(line) < 500
    assert lines_of(list(range(50)))[-1] == "… and more: see the raw entry"
    assert len(lines_of(list(range(50)))) == 41


def test_a_row_shows_its_time_in_the_zone_and_what_is_known_of_its_actor():
    row = Row("1", {"place": "1", "time": "2026-11-24T11:00:00.000000Z", "actor": "ann",
                    "actor_is": "unauthenticated", "action": "necto.x"})  # fmt: skip
    shown = _shown(row, PARIS).cells
    assert shown == {"place": "1", "time": "2026-11-24 12:00:00", "actor": "ann · unauthenticated",
                     "action": "x"}  # fmt: skip


@pytest.mark.parametrize("text", ["soon", "9999-12-31T23:59:59.000000Z", None])
def test_a_time_that_cannot_be_shown_is_shown_as_it_is_kept(text):
    assert _shown(Row("1", {"time": text}), PARIS).cells["time"] == text

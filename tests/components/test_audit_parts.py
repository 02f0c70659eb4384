"""Parts of the Audit page that are values: times, words of an entry, rows of the table."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

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


def asking() -> None:
    """A page that shows what is read of its address after what was asked of it."""
    import streamlit as st  # noqa: PLC0415 - AppTest runs this text alone

    from components import audit_address  # noqa: PLC0415
    from components.audit_table import ASKS  # noqa: PLC0415
    from engine.paging import Query  # noqa: PLC0415

    st.text(audit_address.read(ASKS).revision)
    st.session_state.setdefault(audit_address.BOOK_KEY, "house")
    query = Query(
        sort=(("time", "desc"),), filters={"subject": "a/b"}, facets={"actor": ("ann", "bob")}
    )
    st.button("ask", on_click=audit_address.keep_query, args=(query,))
    st.button("open", on_click=audit_address.open_row, args=("7",))
    st.button("close", on_click=audit_address.close_entry)
    found = audit_address.read(ASKS)
    st.text(f"{audit_address.row_was_opened()} {found.entry}")
    st.text(f"{found.query == query} {found.revision}")


def test_what_is_asked_is_in_the_address_and_followed_from_it():
    visitor = AppTest.from_function(asking).run()
    visitor.button[0].click().run()
    assert visitor.text[2].value == "True 1"
    visitor.button[1].click().run()
    assert [text.value for text in visitor.text] == ["1", "True 7", "True 1"]
    visitor.button[2].click().run()
    assert visitor.text[1].value == "False None"
    assert "entry" not in visitor.query_params


def test_a_link_that_is_followed_is_a_new_start():
    visitor = AppTest.from_function(asking).run()
    visitor.button[0].click().run()
    visitor.query_params["sort"] = "size.asc"
    visitor.run()
    assert visitor.text[2].value == "False 2"


def telling() -> None:
    import streamlit as st  # noqa: PLC0415 - AppTest runs this text alone

    from components import audit_entry  # noqa: PLC0415
    from engine.trail import EffectTold  # noqa: PLC0415

    audit_entry.raw_entry(('"\u202e' + "x" * 30_000 + '"').encode())
    effect = EffectTold(table="t", key="k", digest="sha256:" + "0" * 64)
    audit_entry._vouched([effect] * 50, [])
    audit_entry._vouched([], [])
    st.text("end")


def test_what_is_long_is_cut_on_the_screen_and_said():
    visitor = AppTest.from_function(telling).run()
    note = visitor.caption[0].value
    assert "The first 20,000 characters are shown" in note
    assert "1 signs that would act" in note
    assert visitor.code[0].value.startswith('"\\u202exxx')
    assert visitor.code[1].value.endswith("… and 10 more: see the raw entry")
    assert len(visitor.code) == 2


def losing() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - AppTest runs this text alone

    from components import audit_drawer, audit_proof  # noqa: PLC0415

    desk = audit_drawer.EntryDesk(
        look=lambda _: None, around=lambda _: (None, None), sign=lambda: None, pack=lambda *_: b""
    )
    audit_drawer.audit_drawer("house", datetime.now(UTC), desk)
    audit_proof._verify(None)


def test_an_entry_that_goes_while_it_is_looked_at_is_missed():
    said = [error.value for error in AppTest.from_function(losing).run().error]
    assert len(said) == 2
    assert all("verify the whole book" in one for one in said)

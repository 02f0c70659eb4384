"""An evidence pack is asked for by time, subject and checkpoint, and handed over or refused."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from components.audit_pack import Shown, Wanted
from components.audit_time import Times

PARIS = ZoneInfo("Europe/Paris")


def page() -> None:
    from datetime import datetime  # noqa: PLC0415 - AppTest runs this text alone
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    import streamlit as st  # noqa: PLC0415

    from components.audit_pack import pack_dialog  # noqa: PLC0415

    now = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Europe/Paris"))
    points = [(7, "2026-11-24T10:30:00.000000Z"), (1, "2026-11-23T10:30:00.000000Z")]
    pack_dialog("house", points, st.session_state["shown"], now, st.session_state["make"])


class Small:
    size, entries, checkpoint, key = 2, 1, 7, "necto/here/house+0a0b0c0d+AQ=="

    def content(self):
        return b"PK"


class Maker:
    """Makes a small pack and remembers what was wanted; raises ``fault`` instead if told so."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[Wanted] = []
        self.fault = fault

    def __call__(self, wanted, progress):
        self.asked.append(wanted)
        progress(1, 2)
        if self.fault:
            raise self.fault
        return Small()


def visit(maker: Maker, shown: Shown | None = None) -> AppTest:
    visitor = AppTest.from_function(page)
    visitor.session_state["make"] = maker
    visitor.session_state["shown"] = shown or Shown()
    visitor.run()
    assert not visitor.exception
    return visitor


def made(visitor: AppTest) -> AppTest:
    visitor.button(key="pack_make").click().run()
    assert not visitor.exception
    return visitor


def test_without_a_choice_the_whole_book_is_wanted():
    maker = Maker()
    visitor = made(visit(maker))

    assert maker.asked == [Wanted()]
    assert [button.label for button in visitor.get("download_button")] == ["Download the pack"]


def test_days_of_the_reporting_zone_a_subject_and_a_checkpoint_are_wanted():
    maker = Maker()
    visitor = visit(maker)
    visitor.date_input(key="pack_days").set_value((date(2026, 11, 1), date(2026, 11, 2)))
    visitor.text_input(key="pack_subject").set_value(" rate-card/aethir ")
    visitor.selectbox(key="pack_checkpoint").set_value("At 7 entries, signed 2026-11-24 11:30 CET")
    made(visitor)
    (wanted,) = maker.asked

    assert (
        wanted.start
        == datetime(2026, 11, 1, tzinfo=PARIS)
        == datetime(2026, 10, 31, 23, tzinfo=UTC)
    )
    assert wanted.end == datetime(2026, 11, 3, tzinfo=PARIS)
    assert (wanted.subject, wanted.checkpoint) == ("rate-card/aethir", 7)


@pytest.mark.parametrize(
    ("times", "start", "end"),
    [
        (Times("24h"), date(2026, 11, 23), date(2026, 11, 24)),
        (Times("dates", date(2026, 11, 2)), date(2026, 11, 2), date(2026, 11, 2)),
    ],
)
def test_the_pack_is_about_what_the_page_shows_unless_somebody_changes_it(times, start, end):
    maker = Maker()
    visitor = visit(maker, Shown(times, "network/akash", ["actor"]))
    assert visitor.date_input(key="pack_days").value == (start, end)
    assert "filtered by actor too" in visitor.caption[0].value
    made(visitor)

    assert maker.asked[0].subject == "network/akash"
    assert maker.asked[0].start == datetime.combine(start, datetime.min.time(), PARIS)


def test_a_pack_that_was_made_says_what_it_holds_and_how_it_is_checked():
    visitor = made(visit(Maker()))

    assert visitor.success[0].value == "It holds 1 entry under the checkpoint at 7 entries."
    key, command = (code.value for code in visitor.code)
    assert key == Small.key
    assert command == f"python3 verify.py necto-house-evidence.zip --key {key}"


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, OSError])
def test_a_pack_that_cannot_be_made_says_why(kind):
    visitor = made(visit(Maker(kind("the <b>tree</b> differs"))))

    assert visitor.error[0].value.replace("\\", "") == "No pack was made: the <b>tree</b> differs"
    assert not visitor.get("download_button")

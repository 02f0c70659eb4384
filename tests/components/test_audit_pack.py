"""An evidence pack is asked for by time, subject and checkpoint, and handed over or refused."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from components.audit_pack import Wanted

PARIS = ZoneInfo("Europe/Paris")


def page() -> None:
    from datetime import datetime  # noqa: PLC0415 - AppTest runs this text alone
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    import streamlit as st  # noqa: PLC0415

    from components.audit_pack import pack_dialog  # noqa: PLC0415

    now = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Europe/Paris"))
    pack_dialog("house", [7, 3], now, st.session_state["make"])


class Small:
    size = 2

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


def visit(maker: Maker) -> AppTest:
    visitor = AppTest.from_function(page)
    visitor.session_state["make"] = maker
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
    visitor.selectbox(key="pack_checkpoint").set_value("At 7 entries")
    made(visitor)
    (wanted,) = maker.asked

    assert (
        wanted.start
        == datetime(2026, 11, 1, tzinfo=PARIS)
        == datetime(2026, 10, 31, 23, tzinfo=UTC)
    )
    assert wanted.end == datetime(2026, 11, 3, tzinfo=PARIS)
    assert (wanted.subject, wanted.checkpoint) == ("rate-card/aethir", 7)


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, OSError])
def test_a_pack_that_cannot_be_made_says_why(kind):
    visitor = made(visit(Maker(kind("the <b>tree</b> differs"))))

    assert visitor.error[0].value.replace("\\", "") == "No pack was made: the <b>tree</b> differs"
    assert not visitor.get("download_button")

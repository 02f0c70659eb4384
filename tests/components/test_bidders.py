"""Who can bid now: the form makes a question that can be sent; silence is not nobody."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from components.bidders import answer_shown, ask_form
from engine.screening import GpuWanted, ScreeningAnswer, ScreeningAsk
from tests.components.test_settings import words
from tests.data.test_asks import given, wanted

AUDITORS = ("akash1auditor",)
BIDDER = "akash1alder"


def drawn_by(component: Callable[..., None], **values: object) -> AppTest:
    def script(component, values):
        component(**values)

    passed = {"component": component, "values": values}
    drawn = AppTest.from_function(script, kwargs=passed, default_timeout=30).run()
    assert not drawn.exception
    return drawn


def form(gpu_name: str, asked: list[ScreeningAsk]) -> AppTest:
    return drawn_by(ask_form, gpu_name=gpu_name, auditors=AUDITORS, on_ask=asked.append)


def shown(answer: ScreeningAnswer | None, now, names=None, *, is_waiting: bool = False) -> AppTest:
    return drawn_by(answer_shown, answer=answer, now=now, is_waiting=is_waiting, names=names or {})


def answered(now, **changes) -> ScreeningAnswer:
    return given(wanted(), now).model_copy(update=changes)


def test_what_is_filled_in_is_what_is_asked():
    asked: list[ScreeningAsk] = []
    drawn = form("h100 80Gi SXM5", asked)
    for place, value in enumerate((2, 0.1, 64.0, 200.5)):
        drawn.number_input[place].set_value(value)
    drawn.button[0].click().run()

    assert asked == [
        ScreeningAsk(
            gpu=GpuWanted(model="h100", ram_gib=80, interface="sxm"),
            gpu_count=2,
            vcpu=Decimal("0.1"),
            memory_gib=Decimal(64),
            storage_gib=Decimal("200.5"),
            signed_by_any=AUDITORS,
        )
    ]


def test_nothing_is_asked_before_somebody_presses_the_button():
    asked: list[ScreeningAsk] = []
    drawn = form("h100", asked)
    assert asked == []
    drawn.toggle[0].set_value(False)
    drawn.button[0].click().run()

    assert [ask.signed_by_any for ask in asked] == [()]


@pytest.mark.parametrize("edge", ["min", "max"])
def test_every_value_that_the_form_takes_can_be_asked(edge):
    asked: list[ScreeningAsk] = []
    drawn = form("h100", asked)
    for field in drawn.number_input:
        field.set_value(getattr(field, edge))
    drawn.button[0].click().run()

    assert not drawn.exception
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["any nvidia", "RTX*4090* 24Gi", "h100 9999Gi"])
def test_a_gpu_that_the_network_does_not_name_so_cannot_be_asked_for(name):
    drawn = form(name, [])

    assert not drawn.button
    assert "is not a model, its memory and its interface" in words(drawn)
    assert "pydantic" not in words(drawn)


def test_a_bidder_is_shown_by_its_name_with_its_week(now):
    drawn = shown(answered(now), now + timedelta(minutes=5), {BIDDER: "alder.example"})
    (row,) = drawn.dataframe[0].value.to_dict("records")

    assert (row["Provider"], row["Audited"], row["Down in 7 days, min"]) == (
        "alder.example", "yes", 1,
    )  # fmt: skip
    assert "5 min ago" in words(drawn)
    assert "1 provider can bid now, 1 audited. No price" in words(drawn)


def test_a_provider_without_a_name_is_shown_by_its_address_as_text(now):
    bidder = answered(now).bidders[0]
    nasty = bidder.model_copy(
        update={"host_uri": "=cmd()", "location": "=x", "is_audited": False,
                "has_open_incident": True}
    )  # fmt: skip
    (row,) = shown(answered(now, bidders=(nasty,)), now).dataframe[0].value.to_dict("records")

    assert (row["Provider"], row["Place"]) == ("'=cmd()", "'=x")
    assert (row["Audited"], row["Incident now"]) == ("no", "open")


def test_nobody_is_told_without_a_table(now):
    drawn = shown(answered(now, bidders=(), sentence="0 providers can bid now"), now)

    assert not drawn.dataframe
    assert "0 providers can bid now" in words(drawn)
    assert "Not known" not in words(drawn)


@pytest.mark.parametrize("outcome", ["unreachable", "denied", "unreadable", "failed"])
def test_what_was_not_answered_is_not_known(now, outcome):
    drawn = shown(answered(now, outcome=outcome, bidders=(), sentence="no answer"), now)

    assert "Not known, asked just now: no answer" in drawn.warning[0].value
    assert not drawn.dataframe


def test_a_question_that_waits_is_said_beside_the_answer_from_before(now):
    alone = shown(None, now, is_waiting=True)
    both = shown(answered(now), now, is_waiting=True)

    assert "The worker is asking Akash" in alone.info[0].value
    assert not alone.dataframe
    assert both.info
    assert len(both.dataframe) == 1

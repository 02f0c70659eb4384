"""Questions from pages to the worker: few, once, and not for long."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from data import asks
from engine.screening import Bidder, GpuWanted, ScreeningAnswer, ScreeningAsk


def wanted(**changes) -> ScreeningAsk:
    fields = {
        "gpu": GpuWanted(model="h100"),
        "vcpu": Decimal(8),
        "memory_gib": Decimal(32),
        "storage_gib": Decimal(100),
    }
    return ScreeningAsk(**(fields | changes))


def given(ask: ScreeningAsk, now) -> ScreeningAnswer:
    bidder = Bidder(
        provider_id="akash1alder",
        host_uri="https://gpu.alder.example:8443",
        is_audited=True,
        location=None,
        organization="Ålder",
        known_since=now,
        downtime_seconds_7d=60,
        incidents_7d=1,
        has_open_incident=False,
    )
    return ScreeningAnswer(
        ask_id=asks.ask_id_of(ask),
        ask=ask,
        asked_at=now,
        answered_at=now,
        outcome="ok",
        sentence="1 provider can bid now, 1 audited",
        bidders=(bidder,),
    )


def test_a_question_is_asked_once_and_taken_once(tmp_path, now):
    first = asks.ask(tmp_path, wanted(), now)
    assert asks.ask(tmp_path, wanted(), now + timedelta(seconds=9)) == first
    assert asks.is_waiting(tmp_path, first)
    (taken,) = asks.take_asks(tmp_path, now)
    assert (taken.ask, taken.ask_id) == (wanted(), first)
    assert taken.asked_at == now + timedelta(seconds=9)
    assert asks.take_asks(tmp_path, now) == []
    assert not asks.is_waiting(tmp_path, first)


def test_another_question_has_another_name_and_the_oldest_is_first(tmp_path, now):
    changes = [{"count": 2}, {"vcpu": Decimal(9)}, {"country_code": "DE"}, {"region": "eu-west"}]
    for late, change in enumerate(changes):
        asks.ask(tmp_path, wanted(**change), now - timedelta(seconds=late))
    assert [a.ask for a in asks.take_asks(tmp_path, now)] == [
        wanted(**change) for change in reversed(changes)
    ]


def test_of_several_workers_one_takes_a_question(tmp_path, now):
    for count in range(1, 11):
        asks.ask(tmp_path, wanted(count=count), now)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: asks.take_asks(tmp_path, now), range(4))
    counts = sorted(asked.ask.count for taken in found for asked in taken)
    assert counts == list(range(1, 11))


def test_too_many_questions_are_refused_with_a_sentence(tmp_path, now):
    for count in range(asks.ASKS_MAX):
        asks.ask(tmp_path, wanted(gpu_count=1, count=count + 1), now)
    with pytest.raises(asks.TooManyAsks, match="20 questions wait"):
        asks.ask(tmp_path, wanted(gpu_count=2), now)
    asks.ask(tmp_path, wanted(gpu_count=1, count=1), now)
    assert len(asks.take_asks(tmp_path, now)) == asks.ASKS_MAX
    asks.ask(tmp_path, wanted(gpu_count=2), now)


@pytest.mark.parametrize("age", [timedelta(minutes=11), timedelta(days=-2)])
def test_a_question_that_expired_is_dropped(tmp_path, now, age):
    found = asks.ask(tmp_path, wanted(), now - age)
    assert asks.take_asks(tmp_path, now) == []
    assert not asks.is_waiting(tmp_path, found)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"ask": {}}', b"\xff", b" " * 2_000_000])
def test_a_question_that_cannot_be_read_is_set_aside(tmp_path, now, content):
    good = asks.ask(tmp_path, wanted(), now)
    (tmp_path / "worker" / "asks" / f"{'0' * 16}.json").write_bytes(content)
    assert [asked.ask_id for asked in asks.take_asks(tmp_path, now)] == [good]
    kept = sorted(path.name for path in (tmp_path / "worker" / "set-aside").iterdir())
    assert kept == [f"asks__{'0' * 16}.json", f"asks__{'0' * 16}.json.reason"]
    assert asks.take_asks(tmp_path, now) == []


def test_an_answer_is_found_as_it_was_given(tmp_path, now):
    answer = given(wanted(), now)
    assert asks.answer(tmp_path, answer.ask_id) is None
    asks.save_answer(tmp_path, answer)
    assert asks.answer(tmp_path, answer.ask_id) == answer
    assert asks.take_asks(tmp_path, now) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 15, "X" * 16, "0" * 16 + "\n"])
def test_a_name_that_is_none_finds_nothing(tmp_path, name):
    assert asks.answer(tmp_path, name) is None
    assert not asks.is_waiting(tmp_path, name)


def test_an_answer_that_cannot_be_read_is_none_and_set_aside(tmp_path, now):
    answer = given(wanted(), now)
    asks.save_answer(tmp_path, answer)
    path = tmp_path / "worker" / "asks" / f"{answer.ask_id}.answer.json"
    path.write_text("half")
    assert asks.answer(tmp_path, answer.ask_id) is None
    assert not path.exists()


def test_answers_make_room_for_newer_ones(tmp_path, now, monkeypatch):
    monkeypatch.setattr(asks, "ANSWERS_MAX", 2)
    ids = []
    for late in range(4):
        answer = given(wanted(count=late + 1), now)
        asks.save_answer(tmp_path, answer)
        ids.append(answer.ask_id)
        at = now.timestamp() + late
        os.utime(tmp_path / "worker" / "asks" / f"{answer.ask_id}.answer.json", (at, at))
    asks.save_answer(tmp_path, given(wanted(count=4), now))
    assert [asks.answer(tmp_path, i) is not None for i in ids] == [False, False, True, True]


def test_an_answer_over_a_day_old_goes(tmp_path, now):
    old = given(wanted(), now)
    asks.save_answer(tmp_path, old)
    at = now.timestamp() - 86_401
    os.utime(tmp_path / "worker" / "asks" / f"{old.ask_id}.answer.json", (at, at))
    asks.save_answer(tmp_path, given(wanted(count=2), now))
    assert asks.answer(tmp_path, old.ask_id) is None

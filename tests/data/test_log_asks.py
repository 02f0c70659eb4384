"""What jobs wrote: asked for once, taken by one worker, kept small and for a day."""

import os
from datetime import timedelta

import pytest
from pydantic import ValidationError

from data import log_asks
from data.log_asks import (
    Logs,
    TooManyLogAsks,
    ask_logs,
    is_asked,
    logs_of,
    newest,
    save_logs,
    take_log_asks,
)
from engine.buying import LogLine

ORDER = "sbx-01jd8z6s3v0000000000000001"


def fetched(now, **changes):
    usual = {"order_id": ORDER, "stream": "logs", "asked_at": now, "answered_at": now,
             "outcome": "ok", "sentence": "the newest 1 line",
             "lines": (LogLine(source="web", text="\x1b[2Jhello"),)}  # fmt: skip
    return Logs(**(usual | changes))


def test_asking_twice_is_asking_once_and_one_worker_takes_it(tmp_path, now):
    ask_logs(tmp_path, ORDER, now)
    ask_logs(tmp_path, ORDER, now, lines=5)
    assert is_asked(tmp_path, ORDER)
    assert [one.lines for one in take_log_asks(tmp_path, now)] == [5]
    assert take_log_asks(tmp_path, now) == []
    assert not is_asked(tmp_path, ORDER)


def test_logs_and_events_are_two_questions(tmp_path, now):
    for stream in ("logs", "events"):
        ask_logs(tmp_path, ORDER, now, stream)
    assert {one.stream for one in take_log_asks(tmp_path, now)} == {"logs", "events"}


def test_what_was_fetched_is_kept_as_it_came_for_nobody_else_s_eyes(tmp_path, now):
    assert logs_of(tmp_path, ORDER) is None
    save_logs(tmp_path, fetched(now))
    assert logs_of(tmp_path, ORDER) == fetched(now)
    assert logs_of(tmp_path, ORDER, "events") is None
    (file,) = (tmp_path / "worker" / "logs").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_question_that_nobody_waits_for_any_more_is_dropped(tmp_path, now):
    ask_logs(tmp_path, ORDER, now)
    assert take_log_asks(tmp_path, now + timedelta(minutes=6)) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "sbx-A", "", "sbx-a/b", "x"])
def test_what_is_no_order_is_neither_asked_nor_looked_for(tmp_path, now, name):
    with pytest.raises(ValidationError):
        ask_logs(tmp_path, name, now)
    assert logs_of(tmp_path, name) is None


def test_only_so_many_may_wait(tmp_path, now):
    for number in range(log_asks.ASKS_MAX):
        ask_logs(tmp_path, f"sbx-{number:026}", now)
    with pytest.raises(TooManyLogAsks, match="try again"):
        ask_logs(tmp_path, "sbx-x", now)
    ask_logs(tmp_path, f"sbx-{0:026}", now)


def test_what_is_none_of_ours_is_removed_and_answers_nothing(tmp_path, now):
    ask_logs(tmp_path, ORDER, now)
    folder = tmp_path / "worker" / "logs"
    (folder / "x.ask").write_text("{")
    (folder / f"{ORDER}.logs.json").write_bytes(b"[]" + b" " * 3_000_000)
    assert [one.order_id for one in take_log_asks(tmp_path, now)] == [ORDER]
    assert not (folder / "x.ask").exists()
    assert logs_of(tmp_path, ORDER) is None


def test_old_ones_make_room(tmp_path, now):
    save_logs(tmp_path, fetched(now, order_id="sbx-old"))
    (file,) = (tmp_path / "worker" / "logs").iterdir()
    os.utime(file, (now.timestamp() - 100_000,) * 2)
    save_logs(tmp_path, fetched(now))
    assert logs_of(tmp_path, "sbx-old") is None


def test_the_newest_lines_stay_within_bounds():
    many = [LogLine(source="", text=str(number)) for number in range(1_500)]
    kept, is_cut = newest(many)
    assert (len(kept), kept[-1].text, is_cut) == (1_000, "1499", True)
    long = [LogLine(source="", text=name * 150_000) for name in "ab"]
    assert newest(long) == ((long[1],), True)
    assert newest(many[:3]) == (tuple(many[:3]), False)

"""The worker fetches what a job wrote; the terminal asks, waits and shows it inert."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from connectors.base import Denied, Unreachable, Unreadable
from connectors.jobs import terminal_logs
from connectors.jobs.job_logs import answer_logs, answer_logs_until
from connectors.jobs.order_desk import Desk
from data.log_asks import ask_logs, logs_of
from data.worker import beat
from engine.buying import LogLine
from tests.placed import ordered, running, stores_of

HOSTILE = LogLine(source="web", text="\x1b[2J\x1b]0;owned\x07one\rtwo", at="10:00")


class Told:
    """A network that tells what it was made to tell."""

    networks = ("akash",)

    def __init__(self, found) -> None:
        self.found, self.asked = found, []

    def of(self, _network):
        return self

    def logs(self, handle, lines_max):
        self.asked.append(("logs", handle, lines_max))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def events(self, handle, lines_max):
        self.asked.append(("events", handle, lines_max))
        return [LogLine(source="pod", text="Pulled")]


@pytest.fixture
def stores(tmp_path):
    return stores_of(tmp_path)


def desk_of(stores, found):
    told = Told(found)
    return Desk(records=stores.records, sellers=told, secrets_of=lambda _: {}), told


def fetched(stores, home, found, stream="logs", order=None):
    desk, told = desk_of(stores, found)
    known = order or running(stores.records, ordered(stores))
    ask_logs(home, known.order_id, datetime.now(UTC), stream, 7)
    assert answer_logs(desk, home) == 1
    return logs_of(home, known.order_id, stream), told


def test_what_a_job_wrote_is_fetched_by_its_handle_and_kept_as_it_came(stores, tmp_path):
    found, told = fetched(stores, tmp_path, [HOSTILE])
    assert found.lines == (HOSTILE,)
    assert (found.outcome, found.sentence) == ("ok", "the newest 1 line")
    assert told.asked == [("logs", "900", 7)]


def test_what_its_provider_reported_is_another_question(stores, tmp_path):
    found, told = fetched(stores, tmp_path, [], "events")
    assert found.lines[0].text == "Pulled"
    assert told.asked == [("events", "900", 7)]


def test_no_more_than_was_asked_for_is_kept(stores, tmp_path):
    found, _ = fetched(stores, tmp_path, [HOSTILE] * 20)
    assert len(found.lines) == 7


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(Unreachable("away"), "unreachable"), (Denied("the Console shows them"), "denied"),
     (Unreadable("odd"), "unreadable"), (RuntimeError("ours"), "failed")],
)  # fmt: skip
def test_what_kept_it_from_being_fetched_is_said(stores, tmp_path, fault, outcome):
    found, _ = fetched(stores, tmp_path, fault)
    assert found.outcome == outcome
    assert found.lines == ()
    assert "ours" not in found.sentence


def test_a_job_that_has_not_run_has_written_nothing(stores, tmp_path):
    found, told = fetched(stores, tmp_path, [], order=ordered(stores))
    assert "has not run yet" in found.sentence
    assert told.asked == []


def test_an_order_that_is_in_no_book_is_said(stores, tmp_path):
    ask_logs(tmp_path, "sbx-nobody", datetime.now(UTC))
    answer_logs(desk_of(stores, [])[0], tmp_path)
    assert "no order" in logs_of(tmp_path, "sbx-nobody").sentence


@contextmanager
def worker(stores, home, found):
    """A worker that lives and answers, for the block."""
    stop, (desk, _) = threading.Event(), desk_of(stores, found)
    beat(home, 1, datetime.now(UTC))
    thread = threading.Thread(target=answer_logs_until, args=(lambda: desk, home, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(terminal_logs.app, list(arguments))


def test_the_terminal_shows_lines_that_cannot_steer_it(stores, tmp_path, logs):
    known = running(stores.records, ordered(stores))
    with worker(stores, tmp_path, [HOSTILE]):
        done = logs(known.order_id[:12])
        as_json = logs(known.order_id, "--json")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("10:00 [web] ")
    assert "\x1b" not in done.stdout + as_json.stdout
    assert done.stdout.count("\n") == 1
    assert '"outcome": "ok"' in as_json.stdout


def test_what_could_not_be_had_ends_with_1_and_the_reason(stores, tmp_path, logs):
    known = running(stores.records, ordered(stores))
    with worker(stores, tmp_path, Denied("the Console shows them")):
        done = logs(known.order_id)
    assert done.exit_code == 1
    assert "the Console shows them" in done.stderr


def test_without_a_worker_nobody_waits(stores, logs):
    known = running(stores.records, ordered(stores))
    assert "python -m connectors work" in logs(known.order_id).stderr


def test_a_worker_that_does_not_answer_is_said(stores, tmp_path, logs, monkeypatch):
    monkeypatch.setattr(terminal_logs, "WAIT_SECONDS", 0.1)
    known = running(stores.records, ordered(stores))
    beat(tmp_path, 1, datetime.now(UTC))
    done = logs(known.order_id)
    assert done.exit_code == 2
    assert "nobody answered" in done.stderr


def test_an_order_that_there_is_not_is_said(stores, logs):
    ordered(stores), ordered(stores, key="k2")
    assert "no order begins" in logs("sbx-nobody\x1b").stderr
    assert "2 orders begin" in logs("sbx-").stderr


def test_where_nothing_was_begun_there_are_no_orders(logs):
    assert "not begun yet" in logs("sbx-x").stderr

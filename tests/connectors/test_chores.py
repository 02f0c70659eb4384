"""What the worker does beside reading: it answers pages, and looks after the lake."""

import logging
import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors import __main__ as command
from connectors.jobs.connect import connected
from connectors.jobs.schedule import Worker
from connectors.jobs.screen import answer_until
from connectors.notify.places import Places
from connectors.registry import SOURCES
from data import asks, preferences
from data.market import Lake
from data.preferences import Preferences
from data.worker import connections
from tests.connectors.samples import Fake, client, ingest
from tests.connectors.test_akash_screening import provider, told
from tests.connectors.test_worker import quick, real_worker, soon, working
from tests.data.test_asks import wanted
from tests.loopback import answered, stand_ins
from tests.support import ADA, house_of, settings_of


def answer(home, ask_id: str):
    """The answer, as soon as there is one."""
    soon(lambda: asks.answer(home, ask_id))
    found = asks.answer(home, ask_id)
    assert found is not None
    return found


def test_the_real_worker_answers_what_a_page_asks(tmp_path):
    with ExitStack() as running:
        url = running.enter_context(answered(told(provider())))
        running.enter_context(real_worker(tmp_path, tmp_path / "log", NECTO_AKASH_URL=url))
        first = asks.ask(tmp_path, wanted(), datetime.now(UTC))
        found = answer(tmp_path, first)

        assert (found.outcome, found.sentence) == ("ok", "1 provider can bid now, 1 audited")
        assert not asks.is_waiting(tmp_path, first)
        second = asks.ask(tmp_path, wanted(count=2), datetime.now(UTC))
        assert answer(tmp_path, second).ask.count == 2


def test_a_worker_s_chores_run_beside_its_readings_and_end_with_it(tmp_path, lake):
    home, ended = tmp_path, threading.Event()
    http = client(told(provider()))
    (*_, answers) = command.chores(settings_of(home), lake, http, connected(env={}), Places())

    def chore(stop: threading.Event) -> None:
        answers(stop)
        ended.set()

    worker = Worker(home, replace(ingest(lake), clock=quick), [Fake("nosana")], chores=[chore])
    with working(worker):
        ask_id = asks.ask(home, wanted(), datetime.now(UTC))
        assert answer(home, ask_id).outcome == "ok"
        assert not ended.is_set()
    assert ended.wait(10)


def test_without_the_network_that_can_tell_nobody_answers_pages(tmp_path, lake):
    every = connected(env={})
    others = [one for one in every if one.connection.name != "akash"]

    def work(found):
        return command.chores(settings_of(tmp_path), lake, client(told()), found, Places())

    assert len(work(others)) == len(work(every)) - 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NECTO_DEADMAN_URL", "https://monitor.example/x"), ("NECTO_PROBE_HOSTS", ".example.com")],
)
def test_what_is_set_is_a_chore_more(tmp_path, lake, monkeypatch, variable, value):
    def work():
        return command.chores(settings_of(tmp_path), lake, client(told()), [], Places())

    before = len(work())
    monkeypatch.setenv(variable, value)
    assert len(work()) == before + 1
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    monkeypatch.setenv(variable, "*")
    assert command.main(["work"]) == 2


def test_every_chore_ends_when_the_worker_does(tmp_path, lake):
    stop = threading.Event()
    work = command.chores(settings_of(tmp_path), lake, client(told()), connected(env={}), Places())
    stop.set()

    assert {chore(stop) for chore in work} == {None}


def test_a_fault_of_ours_ends_no_answering(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("connectors.jobs.screen.LOOK_SECONDS", 0.01)
    faults = iter([ValueError("ours")])
    stop = threading.Event()

    def taken(*_):
        for fault in faults:
            raise fault
        stop.set()
        return []

    monkeypatch.setattr("connectors.jobs.screen.take_asks", taken)
    answer_until(tmp_path, client(told()), "http://127.0.0.1:9", stop)

    assert caplog.text.count("could not be answered") == 1
    assert "ours" in caplog.text


@pytest.fixture
def handlers():
    """Signal handlers and log levels as they were, after a command that sets its own."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    levels = {name: logging.getLogger(name).level for name in ("httpx", "alembic")}
    yield
    for name, handler in kept.items():
        signal.signal(name, handler)
    for library, level in levels.items():
        logging.getLogger(library).setLevel(level)


def test_a_worker_whose_app_is_gone_reads_nothing_that_is_off_and_ends(
    tmp_path, monkeypatch, handlers
):
    for kind in SOURCES:
        preferences.switch(house_of(tmp_path), ADA, kind.name, on=False)
    here = stand_ins("http://127.0.0.1:9") | {"NECTO_HOME": str(tmp_path)}
    for variable, value in here.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("NECTO_PARENT", "999999999")

    assert command.main(["work"]) == 0
    assert {c.name for c in connections(tmp_path, Preferences())} == {k.name for k in SOURCES}
    lake = Lake(tmp_path / "market")
    kinds = {lake.run(n, run_id).source_kind for n in lake.networks() for run_id in lake.run_ids(n)}
    assert kinds == {"recorded"}

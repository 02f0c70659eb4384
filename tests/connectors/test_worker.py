"""The worker: beats, reads each source on its own clock, and ends when it should."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors import __main__ as command
from connectors.base import Source, Unreachable
from connectors.http import HttpClient, Limits
from connectors.jobs.ingest import Ingest, load_recorded, run_all
from connectors.jobs.schedule import RETRY_SECONDS, Worker, first_pause, next_pause
from connectors.networks.lium import Lium
from data import offers as questions
from data.market import Lake
from data.shipped import catalogue, recorded_offers
from data.worker import heartbeat, request_refresh, request_test, take_refresh_request
from tests.connectors.samples import NOW, Fake, ingest
from tests.data.test_preferences import told
from tests.loopback import stand_ins
from tests.support import house_of

WAIT_SECONDS = 60
HOUSE = Path(__file__).parents[2]


def often(name: str) -> Fake:
    """A source that is due again as soon as it was read."""
    return Fake(name, before=lambda: time.sleep(0.05), refresh_seconds=0)


def quick() -> datetime:
    """A clock ten times as fast as the real one, so that a heartbeat is soon due."""
    return datetime.fromtimestamp(time.time() * 10, UTC)


def worker_of(home: Path, *sources: Source) -> Worker:
    quickly = replace(ingest(Lake(home / "market")), clock=quick)
    return Worker(home, quickly, sources)


@contextmanager
def working(worker: Worker, parent: int = 0) -> Iterator[threading.Thread]:
    """Run the worker in a thread; it has ended when the block has."""
    thread = threading.Thread(target=worker.work, kwargs={"parent": parent})
    thread.start()
    try:
        yield thread
    finally:
        worker.stop()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()


def soon(condition: Callable[[], object]) -> bool:
    """Whether it comes true before ``WAIT_SECONDS`` are over."""
    until = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(condition())


def live_runs(worker: Worker, network: str) -> int:
    lake = worker.ingest.lake
    runs = (lake.run(network, run_id) for run_id in lake.run_ids(network))
    return sum(run is not None and run.source_kind == "live" for run in runs)


def test_shows_life_loads_what_is_shipped_and_reads_at_once(tmp_path):
    worker = worker_of(tmp_path, Fake("nosana"))
    with working(worker, parent=os.getppid()) as thread:
        assert soon(lambda: live_runs(worker, "nosana") == 1)
        beat = heartbeat(tmp_path)
        assert beat is not None
        assert beat.pid == os.getpid()
        assert timedelta(0) <= quick() - beat.at < timedelta(minutes=10)
        networks = set(worker.ingest.lake.networks())
        assert {"akash", "aws", "azure", "gcp", "nosana"} <= networks
        assert thread.is_alive()


def test_a_refresh_request_is_consumed_and_every_source_read_at_once(tmp_path):
    one, two = Fake("nosana"), Fake("render", Unreachable("no answer"))
    with working(worker := worker_of(tmp_path, one, two)):
        assert soon(lambda: live_runs(worker, "nosana") == live_runs(worker, "render") == 1)
        request_refresh(tmp_path, NOW)
        assert soon(lambda: live_runs(worker, "nosana") == live_runs(worker, "render") == 2)
        assert not take_refresh_request(tmp_path)
    assert (one.times_asked, two.times_asked) == (2, 2)


def test_a_source_that_hangs_delays_no_other_and_no_heartbeat(tmp_path):
    go = threading.Event()
    hanging = Fake("render", before=lambda: go.wait(WAIT_SECONDS))
    with working(worker := worker_of(tmp_path, hanging, often("nosana"))):
        try:
            assert soon(lambda: live_runs(worker, "nosana") >= 3)
            first = heartbeat(tmp_path)
            assert soon(lambda: heartbeat(tmp_path) != first)
            assert (hanging.times_asked, live_runs(worker, "render")) == (1, 0)
        finally:
            go.set()


@pytest.mark.parametrize("error", [RuntimeError("ours"), OSError(28, "full")])
def test_a_fault_in_one_source_ends_neither_it_nor_another(tmp_path, error):
    faulty, sound = Fake("render", error), Fake("nosana")
    with working(worker := worker_of(tmp_path, faulty, sound)) as thread:
        assert soon(lambda: live_runs(worker, "nosana") == faulty.times_asked == 1)
        request_refresh(tmp_path, NOW)
        assert soon(lambda: live_runs(worker, "nosana") == faulty.times_asked == 2)
        assert thread.is_alive()


def test_what_another_process_holds_is_left_to_it_and_loaded_later(tmp_path):
    worker = worker_of(tmp_path, Fake("render"), Fake("nosana"))
    lake = worker.ingest.lake
    with ExitStack() as held:
        held.enter_context(lake.ingesting("render"))
        with working(worker):
            assert soon(lambda: live_runs(worker, "nosana") == 1)
            assert "render" not in lake.networks()
            held.close()
            assert soon(lambda: "render" in lake.networks())
    assert worker.sources[0].times_asked == 0


def test_ends_when_its_parent_is_gone(tmp_path):
    with working(worker_of(tmp_path), parent=os.getpid()) as thread:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()


def test_a_worker_told_to_stop_ends_its_threads_and_asks_nobody(tmp_path):
    before = set(threading.enumerate())
    source = Fake("nosana")
    with working(worker := worker_of(tmp_path, source)):
        assert soon(lambda: live_runs(worker, "nosana") == 1)
    assert soon(lambda: not set(threading.enumerate()) - before)
    assert source.times_asked == 1


def test_a_heartbeat_that_cannot_be_written_ends_nothing(tmp_path):
    (tmp_path / "worker").write_text("a file where the folder should be")
    with working(worker := worker_of(tmp_path, Fake("nosana"))) as thread:
        assert soon(lambda: live_runs(worker, "nosana") == 1)
        assert (heartbeat(tmp_path), thread.is_alive()) == (None, True)


@pytest.mark.parametrize(
    ("failures", "refresh_seconds", "asked_for", "pause"),
    [
        (0, 300, None, 300),
        (0, 300, 900.0, 300),
        (1, 300, None, RETRY_SECONDS),
        (2, 300, None, 120),
        (3, 300, None, 240),
        (4, 300, None, 300),
        (5000, 300, None, 300),
        (1, 30, None, 30),
        (9, 21_600, None, 15_360),
        (1, 300, 10.0, RETRY_SECONDS),
        (1, 300, 900.0, 900),
    ],
)
def test_a_failed_source_is_asked_again_sooner_and_then_ever_later(
    failures, refresh_seconds, asked_for, pause
):
    source = Fake("x", refresh_seconds=refresh_seconds)
    assert next_pause(source, failures, asked_for) == pause


def lake_read(tmp_path: Path, at: datetime, error: Exception | None = None) -> Lake:
    """A lake whose network was read at a moment, successfully or not."""
    lake = Lake(tmp_path / "market")
    ingest(lake, now=at).run(Fake("akash", error))
    return lake


@pytest.mark.parametrize(
    ("age_seconds", "error", "pause"),
    [
        (0, None, 300),
        (100, None, 200),
        (300, None, 0),
        (90_000, None, 0),
        (10, Unreachable("x"), RETRY_SECONDS - 10),
        (70, Unreachable("x"), 0),
        (100, Unreachable("x", retry_after_seconds=900), 800),
    ],
)
def test_a_restart_waits_until_the_source_is_due(tmp_path, age_seconds, error, pause):
    lake = lake_read(tmp_path, NOW - timedelta(seconds=age_seconds), error)
    assert first_pause(lake, Fake("akash", refresh_seconds=300), NOW) == pause


def test_a_source_never_read_live_is_due_at_once(tmp_path):
    lake = Lake(tmp_path / "market")
    assert first_pause(lake, Fake("akash"), NOW) == 0
    load_recorded(lake, lambda: NOW)
    assert first_pause(lake, Fake("akash"), NOW) == 0


def test_a_clock_that_was_ahead_does_not_silence_a_source(tmp_path):
    lake = lake_read(tmp_path, NOW + timedelta(days=365))
    assert first_pause(lake, Fake("akash", refresh_seconds=300), NOW) <= 300


@pytest.mark.parametrize("arguments", [[], ["walk"], ["work", "now"], ["--help"]], ids=str)
def test_another_command_is_answered_with_the_usage(arguments, capsys):
    assert command.main(arguments) == 2
    assert capsys.readouterr().err == command.USAGE + "\n"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("NECTO_MODE", "live", "NECTO_MODE=live"),
        ("NECTO_WORKER", "maybe", "NECTO_WORKER"),
        ("NECTO_LAKE", f"{__file__}/market", "set NECTO_LAKE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch, tmp_path, capsys, name, value, text):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    monkeypatch.setenv(name, value)
    assert command.main(["work"]) == 2
    assert text in capsys.readouterr().err


def test_the_usage_error_of_the_real_command_is_2():
    ran = subprocess.run(
        [sys.executable, "-m", "connectors"],
        cwd=HOUSE,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.decode().strip() == command.USAGE


@contextmanager
def real_worker(home: Path, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command itself, with every source pointed at a port that refuses connections."""
    with socket.socket() as closed, log.open("wb") as out:
        closed.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{closed.getsockname()[1]}"
        env = os.environ | stand_ins(here) | {"NECTO_HOME": str(home), "NO_PROXY": "*"} | more
        words = [sys.executable, "-m", "connectors", "work"]
        with subprocess.Popen(words, cwd=HOUSE, env=env, stdout=out, stderr=out) as process:
            try:
                yield process
            finally:
                process.kill()


def test_the_real_worker_loads_beats_and_ends_when_told(tmp_path):
    log = tmp_path / "log"
    lake = Lake(tmp_path / "market")
    with real_worker(tmp_path, log) as process:
        assert soon(lambda: set(lake.networks()) >= set(recorded_offers())), log.read_text()
        beat = heartbeat(tmp_path)
        assert beat is not None
        assert beat.pid == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0
    assert questions.latest(lake, datetime.now(UTC)).offers.height > 100
    assert {f"network/{name}" for name in recorded_offers()} <= {
        entry["subject"] for entry in told(house_of(tmp_path))
    }
    assert "Traceback" not in log.read_text()


def test_a_source_that_is_switched_off_is_not_read_until_it_is_on_again(tmp_path, monkeypatch):
    monkeypatch.setattr("connectors.jobs.schedule.OFF_SECONDS", 0.05)
    off = {"nosana"}
    nosana, lium = Fake("nosana"), Fake("lium")
    worker = Worker(
        tmp_path,
        replace(ingest(Lake(tmp_path / "market")), clock=quick),
        [nosana, lium],
        is_on=lambda name: name not in off,
    )
    with working(worker):
        assert soon(lambda: live_runs(worker, "lium") == 1)
        request_refresh(tmp_path, NOW)
        assert soon(lambda: lium.times_asked >= 1 and not list(tmp_path.rglob("*.request")))
        assert nosana.times_asked == 0
        off.clear()
        assert soon(lambda: live_runs(worker, "nosana") == 1)


def test_a_test_reads_that_source_and_no_other(tmp_path):
    nosana, lium = Fake("nosana"), Fake("lium")
    worker = worker_of(tmp_path, nosana, lium)
    with working(worker):
        assert soon(lambda: (live_runs(worker, "nosana"), live_runs(worker, "lium")) == (1, 1))
        request_test(tmp_path, "lium", NOW)
        assert soon(lambda: live_runs(worker, "lium") == 2)
        assert live_runs(worker, "nosana") == 1


def dripping(enough: threading.Event) -> int:
    """A server on loopback that answers a byte a second until it is enough; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with listener, connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while not enough.wait(1):
                connection.sendall(b" ")

    threading.Thread(target=drip, daemon=True).start()
    return int(listener.getsockname()[1])


def test_a_network_that_drips_a_byte_a_second_delays_no_other(tmp_path):
    enough = threading.Event()
    slow = Lium(f"http://127.0.0.1:{dripping(enough)}")
    with HttpClient(Limits(total_timeout_seconds=2 * WAIT_SECONDS, attempts_max=1)) as http:
        job = Ingest(Lake(tmp_path / "market"), http, catalogue())
        worker = Worker(tmp_path, job, [slow, often("nosana")])
        with working(worker):
            assert soon(lambda: live_runs(worker, "nosana") > 2)
            assert live_runs(worker, "lium") == 0
            enough.set()
            assert soon(lambda: live_runs(worker, "lium") == 1)
    run = job.lake.run("lium", next(job.lake.run_ids("lium")))
    assert run is not None
    assert run.outcome == "unreadable"


def test_all_sources_are_read_at_the_same_time_and_each_has_its_row(lake):
    both = threading.Barrier(2, timeout=WAIT_SECONDS)
    sources = [
        Fake("nosana", before=both.wait),
        Fake("lium", Unreachable("no luck"), before=both.wait),
    ]
    with lake.ingesting("akash"):
        rows = run_all(ingest(lake), [*sources, Fake("akash")])
    assert [(r["network"], r["outcome"]) for r in rows] == [
        ("nosana", "ok"), ("lium", "unreachable"), ("akash", "busy"),
    ]  # fmt: skip

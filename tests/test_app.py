"""The web process apart from its pages."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import app
from data.worker import heartbeat


@pytest.mark.parametrize("address", ["0.0.0.0", None, "10.1.2.3", "necto.example"])
def test_an_address_others_can_reach_is_refused_without_sign_in(address):
    with pytest.raises(SystemExit, match=r"127\.0\.0\.1"):
        app.refuse_unsafe_address(address)


@pytest.mark.parametrize("address", app.LOOPBACK)
def test_this_machine_s_own_addresses_are_served(address):
    app.refuse_unsafe_address(address)


def until(condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_a_worker_that_dies_is_started_again_and_ends_with_the_app(tmp_path, monkeypatch):
    for name in ("AKASH", "AZURE"):
        monkeypatch.setenv(f"NECTO_{name}_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    monkeypatch.setattr(app, "RESTART_SECONDS", 0.1)
    keeper = app.WorkerKeeper(tmp_path)
    keeper.start()
    try:
        first = until(lambda: heartbeat(tmp_path))
        os.kill(first.pid, signal.SIGKILL)
        second = until(lambda: (b := heartbeat(tmp_path)) and b.pid != first.pid and b)
    finally:
        keeper.stop()

    with contextlib.suppress(ProcessLookupError):
        os.kill(second.pid, 0)
        raise AssertionError("the worker outlived the app")


def test_the_app_calls_no_network_itself():
    """Only the worker process may: the web process does not even load the connectors."""
    code = "import app, sys; print('connectors' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(app.__file__).parent,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert found.stdout.strip() == "False"

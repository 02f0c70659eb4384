"""The web process apart from its pages."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import app
from data.books import open_book
from data.settings import Settings
from data.worker import heartbeat
from tests.loopback import stand_ins
from tests.signing import auth_file


@pytest.mark.parametrize("address", ["0.0.0.0", None, "10.1.2.3", "necto.example"])
def test_an_address_others_can_reach_is_refused_without_sign_in(address):
    with pytest.raises(SystemExit, match=r"127\.0\.0\.1"):
        app.refuse_unsafe_address(address)


def test_with_sign_in_others_may_reach_it():
    app.refuse_unsafe_address("0.0.0.0", has_sign_in=True)


def test_settings_that_nothing_can_start_with_are_told_in_words(monkeypatch):
    monkeypatch.setenv("NECTO_MODE", "live")
    with pytest.raises(SystemExit, match="needs sign-in"):
        app.started_settings()


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
    for variable, nowhere in stand_ins("http://127.0.0.1:9").items():
        monkeypatch.setenv(variable, nowhere)
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    monkeypatch.setattr(app, "RESTART_SECONDS", 0.1)
    keeper = app.WorkerKeeper(Settings.from_env())
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


def test_an_app_with_an_external_worker_ends_quietly(tmp_path):
    app.WorkerKeeper(Settings.from_env({"NECTO_HOME": str(tmp_path)})).stop()


def answered(server, path: str = "/", env: dict[str, str] | None = None) -> object:
    """The status of a request that reached this address of ours."""
    sent: list[dict[str, object]] = []

    async def inner(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "server": server, "path": path}
    asyncio.run(app.LoopbackOnly(inner, env or {})(scope, None, send))
    return sent[0]["status"]


ELSEWHERE = ("192.0.2.2", 8501)


@pytest.mark.parametrize(
    ("server", "status"),
    [(("127.0.0.1", 8501), 200), (("::1", 8501), 200), (None, 200), (ELSEWHERE, 403)],
)
def test_only_this_machine_s_own_address_is_answered_however_the_server_was_started(server, status):
    assert answered(server) == status


def test_with_sign_in_others_are_answered_but_for_the_metrics(tmp_path):
    env = {"NECTO_AUTH_FILE": str(auth_file(tmp_path))}

    assert answered(ELSEWHERE, "/", env) == 200
    assert answered(ELSEWHERE, "/metrics", env) == 403
    assert answered(("127.0.0.1", 8501), "/metrics", env) == 200


def test_a_web_socket_from_elsewhere_gets_no_answer():
    async def inner(*_):
        raise AssertionError("it reached the app")

    scope = {"type": "websocket", "server": ("192.0.2.2", 8501)}
    asyncio.run(app.LoopbackOnly(inner, {})(scope, None, None))


def test_an_unknown_api_address_is_a_json_404():
    routes = {route.path: route.endpoint for route in app.ROUTES}

    for path in ("/api", "/api/{rest:path}", "/webhooks", "/webhooks/{rest:path}"):
        assert routes[path](None).status_code == 404


def test_health_and_metrics_tell_the_truth_about_an_empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    found = app.healthz(None)

    assert found.status_code == 503
    assert b"market is empty" in found.body
    assert b"necto_ready 0.0" in app.metrics(None).body


def test_health_tells_the_orders_in_numbers_once_there_is_a_book(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    assert json.loads(app.healthz(None).body)["orders"] is None
    open_book(Settings.from_env(), "sandbox")

    told = json.loads(app.healthz(None).body)["orders"]
    assert (told["open"], told["overdue"], told["buying_is_stopped"]) == ({}, 0, False)
    assert b"necto_orders_overdue 0.0" in app.metrics(None).body

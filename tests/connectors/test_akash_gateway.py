"""Akash: a job's lines from its provider's gateway, bounded, hostile, and only where configured."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from connectors.base import Denied, Unreachable, Unreadable
from connectors.networks.akash import gateway
from engine.buying import LogLine
from tests.connectors.akash_console import TOKEN, Book


@contextmanager
def provider(*messages: Any, close: int = 1000, status: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """A gateway on loopback that sends these, and what it was asked."""
    asked: list[Any] = []

    def refuse(connection: ServerConnection, request: Any) -> Any:
        asked.append((request.path, request.headers.get("Authorization")))
        return connection.respond(status, "no") if status else None

    def tell(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message if isinstance(message, str | bytes) else json.dumps(message))
        connection.close(close)

    with serve(tell, "127.0.0.1", 0, process_request=refuse, compression=None) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/provider", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def book() -> Book:
    book = Book()
    book.add(lease="active")
    return book


def dseq(book: Book) -> str:
    return next(iter(book.deployments))


def test_lines_are_read_from_below_our_own_address_with_a_token_for_them_only(book):
    with provider({"name": "web-1", "message": "up"}, "\x1b[31m raw") as (url, asked):
        lines = book.purchaser(gateway_url=url).logs(dseq(book), 50)
    assert lines == [LogLine(source="web-1", text="up"), LogLine(source="", text="\x1b[31m raw")]
    path = f"/provider/akash1alder/lease/{dseq(book)}/1/1/logs?follow=false&tail=50"
    assert asked == [(path, f"Bearer {TOKEN}")]
    (sent,) = book.sent("POST", "/v1/create-jwt-token")
    assert sent["data"]["leases"] == {"access": "scoped", "scope": ["logs"]}


def test_events_are_read_as_the_provider_tells_them(book):
    event = {"type": "Normal", "reason": "ScalingReplicaSet", "note": "Scaled up",
             "object": {"kind": "Deployment", "namespace": "x", "name": "web"}}  # fmt: skip
    with provider(event, [1]) as (url, asked):
        lines = book.purchaser(gateway_url=url).events(dseq(book), 5)
    assert lines[0] == LogLine(source="Deployment/web", text="Normal ScalingReplicaSet: Scaled up")
    assert lines[1].text == "[1]"
    assert "kubeevents?follow=false" in asked[0][0]


def test_no_more_lines_are_read_than_asked_for_and_none_is_longer_than_allowed(book):
    long = {"name": "w", "message": "x" * 9_000}
    with provider(*[long] * 9) as (url, _):
        lines = book.purchaser(gateway_url=url).logs(dseq(book), 3)
    assert [len(line.text) for line in lines] == [gateway.LINE_CHARACTERS_MAX] * 3


@pytest.mark.parametrize(
    ("close", "error"), [(4000, Unreachable), (4001, Unreadable), (4002, Unreachable)]
)
def test_how_a_gateway_hangs_up_says_what_to_do(book, close, error):
    with provider(close=close) as (url, _), pytest.raises(error):
        book.purchaser(gateway_url=url).logs(dseq(book), 3)


@pytest.mark.parametrize(
    ("status", "error"), [(401, Denied), (403, Denied), (404, Unreadable), (503, Unreachable)]
)
def test_how_a_gateway_refuses_says_what_to_do(book, status, error):
    with provider(status=status) as (url, _), pytest.raises(error) as caught:
        book.purchaser(gateway_url=url).logs(dseq(book), 3)
    assert TOKEN not in str(caught.value)


def test_a_message_larger_than_allowed_and_a_dead_port_are_errors_in_words(book):
    with provider("x" * 70_000) as (url, _), pytest.raises(Unreachable, match="hung up"):
        book.purchaser(gateway_url=url).logs(dseq(book), 3)
    with pytest.raises(Unreachable, match="gave no lines"):
        book.purchaser(gateway_url=url).logs(dseq(book), 3)


def test_a_gateway_that_falls_quiet_has_told_what_it_has(book, monkeypatch):
    monkeypatch.setattr(gateway, "_QUIET_SECONDS", 0.05)
    with quiet() as url:
        assert book.purchaser(gateway_url=url).logs(dseq(book), 9) == [
            LogLine(source="", text="one")
        ]


@contextmanager
def quiet() -> Iterator[str]:
    def tell(connection: ServerConnection) -> None:
        connection.send("one")
        connection.recv()

    with serve(tell, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/provider"
        finally:
            server.shutdown()
            thread.join()


def test_a_provider_s_own_address_is_never_called(book):
    for read in (book.purchaser().logs, book.purchaser().events):
        with pytest.raises(Denied, match="Read them in the Console"):
            read(dseq(book), 5)
    assert book.requests == []


def test_an_order_without_a_lease_has_no_lines(book):
    other = book.add()
    assert book.purchaser(gateway_url="http://127.0.0.1:1/x").logs(other, 5) == ()
    assert book.purchaser(gateway_url="http://127.0.0.1:1/x").logs("99", 5) == ()

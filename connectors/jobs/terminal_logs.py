"""``necto order logs``: what a job wrote. The worker fetches it; here it is asked for and shown."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import Json, fail, settings
from engine.terminal import json_text, line_text

if TYPE_CHECKING:
    from data.log_asks import LogAsk, Logs

app = typer.Typer(add_completion=False)

WAIT_SECONDS = 30.0
_LOOK_SECONDS = 0.2


@app.command()
def logs(
    order_id: Annotated[str, typer.Argument(help="Its id, or how that begins.")],
    events: Annotated[
        bool, typer.Option("--events", help="What its provider reported, instead.")
    ] = False,
    lines: Annotated[int, typer.Option(min=1, max=1_000, help="So many, the newest.")] = 200,
    as_json: Json = False,
) -> None:
    """Show the newest lines that a job wrote, as the worker fetches them now.

    Ends with 1 when they could not be had, with 2 when nobody answered.
    """
    from data.log_asks import TooManyLogAsks, ask_logs

    home, whole = settings().home, _whole_id(order_id)
    _refuse_dead_worker(home)
    try:
        asked = ask_logs(home, whole, datetime.now(UTC), "events" if events else "logs", lines)
    except (TooManyLogAsks, OSError) as reason:
        fail(f"nothing was asked: {reason}")
    found = answer_to(home, asked, WAIT_SECONDS)
    if found is None:
        fail(f"nobody answered within {WAIT_SECONDS:.0f} seconds: see the worker's log")
    _print(found, as_json=as_json)
    if found.outcome != "ok":
        raise typer.Exit(1)


def answer_to(home: Path, asked: "LogAsk", wait_seconds: float) -> "Logs | None":
    """Wait for what was asked; None when nobody answered in time."""
    from data.log_asks import logs_of

    end = time.monotonic() + wait_seconds
    while time.monotonic() < end:
        found = logs_of(home, asked.order_id, asked.stream)
        if found is not None and found.asked_at >= asked.asked_at:
            return found
        time.sleep(_LOOK_SECONDS)
    return None


def _whole_id(beginning: str) -> str:
    from data.books import book_exists, open_book
    from data.faults import RecordsFault
    from data.order_search import ids_like

    mode = settings().mode
    try:
        if not book_exists(settings(), mode):
            fail(f"the {mode} book was not begun yet: there are no orders")
        with open_book(settings(), mode).reading() as view:
            found = ids_like(view, beginning)
    except RecordsFault as fault:
        fail(str(fault))
    if not found:
        fail(f"no order begins with {line_text(beginning[:60])!r}: see necto order list")
    if len(found) > 1:
        fail(f"{len(found)} orders begin with {line_text(beginning[:60])!r}: write more of it")
    return found[0]


def _refuse_dead_worker(home: Path) -> None:
    from data.worker import heartbeat

    beat = heartbeat(home)
    if beat is None or beat.is_late(datetime.now(UTC)):
        fail("the worker is not running, and only it asks networks: python -m connectors work")


def _print(found: "Logs", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(found.model_dump(mode="json")))
        return
    for line in found.lines:
        parts = (line.at, f"[{line.source}]" if line.source else "", line.text)
        sys.stdout.write(line_text(" ".join(part for part in parts if part)) + "\n")
    typer.echo(f"{found.order_id}: {line_text(found.sentence)}", err=True)

"""``necto sandbox …``: the stand-in network of the sandbox, its faults, its time, a new start.

Nothing here exists in live mode.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, settings
from engine.terminal import json_text, line_text, table_text

if TYPE_CHECKING:
    from connectors.sandbox.client import Control, Status

app = typer.Typer(help="The sandbox's stand-in network.", no_args_is_help=True)
fault = typer.Typer(help="What goes wrong at the stand-in, on purpose.", no_args_is_help=True)
app.add_typer(fault, name="fault")

T = TypeVar("T")
FAULT_COLUMNS = ("id", "kind", "method", "path", "probability", "remaining", "seconds", "provider")


@app.command()
def status(as_json: Json = False) -> None:
    """Say what the stand-in is doing: its time, what is deployed, the play money, its faults."""
    _tell(_asked(lambda control: control.status()), as_json=as_json)


@app.command()
def clock(
    factor: Annotated[float, typer.Option(help="1: real time; 60: an hour a minute; 0: stands.")],
    as_json: Json = False,
) -> None:
    """Change the pace of the stand-in's time."""
    _tell(_asked(lambda control: control.clock(factor=factor)), as_json=as_json)


@app.command()
def advance(
    seconds: Annotated[float, typer.Argument(help="So far its time jumps forward.")],
    as_json: Json = False,
) -> None:
    """Let the stand-in's time jump forward: leases burn their money, bids expire."""
    _tell(_asked(lambda control: control.clock(advance_seconds=seconds)), as_json=as_json)


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Begin the sandbox anew: a new book, new play money, an empty stand-in; the old book stays.

    Running pages and workers go on in the new book by themselves.
    """
    from data.sandbox_reset import left_behind, reset_sandbox

    who = actor_of(as_)
    _asked(lambda control: control.status())  # what cannot be finished is not begun
    left = _in_words(lambda: left_behind(settings()))
    typer.echo(f"{left.words} Its book is closed and kept as {left.kept_as}.", err=True)
    if not yes and not typer.confirm("Begin the sandbox anew?", err=True):
        fail("nothing was changed")
    done = _in_words(
        lambda: reset_sandbox(settings(), who, lambda: _asked(lambda control: control.reset()))
    )
    told = {"closed": done.closed, "book": done.begun, "stand_in": done.stand_in}
    words = (
        f"the sandbox's book is {done.begun} now; the one before it is read with --book "
        f"{done.closed}; the stand-in trades in {done.stand_in}\n"
    )
    sys.stdout.write(json_text(told) if as_json else words)


@fault.command("add")
def fault_add(
    kind: Annotated[str, typer.Argument(help="outage, lost_answer, no_bids, price_up, …")],
    path: Annotated[str, typer.Option(help="Only requests like this: /v1/leases*")] = "",
    method: Annotated[str, typer.Option(help="Only GET, POST, PUT or DELETE.")] = "",
    probability: Annotated[float, typer.Option(help="From 0 to 1.")] = 1.0,
    times: Annotated[int | None, typer.Option(help="So often; else until cleared.")] = None,
    seconds: Annotated[float, typer.Option(help="How slow, or what Retry-After says.")] = 0.0,
    status_: Annotated[int, typer.Option("--status", help="For the kind status.")] = 503,
    percent: Annotated[str, typer.Option(help="For price_up: so much dearer.")] = "0",
    provider: Annotated[str, typer.Option(help="Only this provider.")] = "",
    as_json: Json = False,
) -> None:
    """Switch a fault on; prints its number."""
    from connectors.sandbox.forms import Fault

    asked = {
        "kind": kind, "path": path, "method": method.upper(), "probability": probability,
        "times": times, "seconds": seconds, "status": status_, "percent": percent,
        "provider": provider,
    }  # fmt: skip
    wanted = _read(lambda: Fault.model_validate(asked))
    number = _asked(lambda control: control.fault(wanted))
    told = f"fault {number} is on: {kind}\n"
    sys.stdout.write(
        json_text({"id": number} | wanted.model_dump(mode="json")) if as_json else told
    )


@fault.command("list")
def fault_list(as_json: Json = False) -> None:
    """List the faults that are on."""
    rows = _asked(lambda control: control.faults())
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, FAULT_COLUMNS, ("path",)))


@fault.command("clear")
def fault_clear(
    number: Annotated[int | None, typer.Argument(help="Only this one; else all.")] = None,
    as_json: Json = False,
) -> None:
    """Switch one fault off, or all of them."""
    cleared = _asked(lambda control: control.clear(number))
    if number is not None and not cleared:
        fail(f"there is no fault {number}: see necto sandbox fault list")
    sys.stdout.write(json_text({"cleared": cleared}) if as_json else f"{cleared} cleared\n")


def control_of_sandbox() -> "Control":
    """Return the stand-in's control; ends with 2, in words, in live mode and where it is not."""
    from connectors.purchasers import SANDBOX_FOLDER
    from connectors.sandbox.client import Control, NotRunning

    if settings().mode == "live":
        fail("necto sandbox is for the sandbox, and this is live mode: unset NECTO_MODE first")
    try:
        return Control.at(settings().home / SANDBOX_FOLDER)
    except NotRunning:
        fail(NOT_RUNNING)


NOT_RUNNING = (
    "the sandbox's network is not running: start Necto, or its worker (python -m connectors work), "
    "which starts it as soon as somebody has opened the sandbox book"
)


def _asked(act: Callable[["Control"], T]) -> T:
    from pydantic import ValidationError

    from connectors.sandbox.client import Misunderstood, NotRunning

    control = control_of_sandbox()
    try:
        return _read(lambda: act(control))
    except NotRunning:
        fail(NOT_RUNNING)
    except (Misunderstood, ValidationError) as refused:
        fail(line_text(str(refused)))
    finally:
        control.close()


def _in_words(act: Callable[[], T]) -> T:
    from data.faults import RecordsFault
    from engine.commands import Refused

    try:
        return act()
    except (RecordsFault, Refused, OSError) as reason:
        fail(f"the sandbox was not begun anew: {line_text(str(reason))}")


def _read(make: Callable[[], T]) -> T:
    """Make what a person asked for, or end with 2 and every fault in it."""
    from pydantic import ValidationError

    try:
        return make()
    except ValidationError as error:
        fail("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))


def _tell(found: "Status", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(found.model_dump(mode="json")))
        return
    rows: list[tuple[str, Any]] = [
        ("book", found.book),
        ("account", found.owner),
        ("time", f"{found.time} (block {found.height}, {found.factor:g} times real time)"),
        ("providers", found.providers),
        ("deployments", _pairs(found.deployments)),
        ("leases", _pairs(found.leases)),
        ("money in uact", _pairs(found.money)),
        ("faults on", len(found.faults)),
    ]
    sys.stdout.write("".join(f"{name:14} {line_text(str(value))}\n" for name, value in rows))


def _pairs(found: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in found.items()) or "none"

"""``necto reconcile``: what the networks have against what the book knows, asked now.

A one-run worker: it calls the networks itself. After a restore a person accepts what it found.
"""

import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, settings
from engine.names import counted
from engine.terminal import json_text, line_text, table_text

if TYPE_CHECKING:
    from connectors.jobs.order_desk import Desk
    from data.reconciliations import Reconciled
    from engine.people import Actor

app = typer.Typer(add_completion=False)

COLUMNS = ("kind", "age", "owner", "order_id", "handle", "words")
BY_ITSELF = "the worker"
"""Who sees to what Necto closes or looks for itself: it needs no person."""


@app.command()
def reconcile(
    network: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="After a restore: accept what is found, buy again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept without being asked.")] = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Compare the networks with the book now; what is not ours is reported and never touched.

    Ends with 1 when something needs a person, with 2 when a network could not be compared.
    """
    who = actor_of(as_)
    if accept and network:
        fail("--accept takes every network: leave --network out")
    desk = _desk()
    found = [_reconciled(desk, name) for name in _chosen(desk, network)]
    if as_json:
        sys.stdout.write(json_text(_told(found)))
    else:
        sys.stdout.write(_text(found))
    if accept:
        _accepted(desk, found, who, is_asked=not yes)
    elif any(row["owner"] != BY_ITSELF for one in found for row in one.found):
        raise typer.Exit(1)


def _desk() -> "Desk":
    from connectors.jobs.order_desks import desk_of
    from data.books import book_exists
    from data.faults import RecordsFault

    mode = settings().mode
    try:
        if not book_exists(settings(), mode):
            fail(f"the {mode} book was not begun yet: nobody has bought anything in it")
        return desk_of(settings())
    except RecordsFault as fault:
        fail(str(fault))


def _chosen(desk: "Desk", network: list[str] | None) -> Sequence[str]:
    known = desk.sellers.networks
    wanted = [name.lower() for name in network or ()]
    if unknown := set(wanted) - set(known):
        fail(f"Necto cannot buy on {', '.join(sorted(unknown))}: only on {', '.join(known)}")
    return wanted or known


def _reconciled(desk: "Desk", network: str) -> "Reconciled":
    from connectors.base import SourceError
    from connectors.jobs.reconcile import reconcile as compared
    from data.faults import RecordsFault

    try:
        return compared(desk, network)
    except (SourceError, RecordsFault) as fault:
        fail(f"{network} was not compared with the book: {line_text(str(fault))}")


def _accepted(desk: "Desk", found: Sequence["Reconciled"], who: "Actor", *, is_asked: bool) -> None:
    """Let a restored book buy again, for exactly what was shown."""
    from data.faults import RecordsFault
    from data.stops import accept_reconciliation
    from engine.commands import Refused

    if is_asked and not typer.confirm("Accept exactly this, so that buying goes on?", err=True):
        fail("nothing was accepted: nothing is bought")
    digests = " ".join(one.digest for one in found)
    try:
        accept_reconciliation(desk.records, digests, who, f"accept-{uuid.uuid4()}")
    except (RecordsFault, Refused) as fault:
        fail(f"nothing was accepted: {fault}")
    typer.echo(f"accepted by {who.shown}: {digests}", err=True)


def _told(found: Sequence["Reconciled"]) -> list[dict[str, object]]:
    return [
        {
            "network": one.network,
            "at": one.at.isoformat(),
            "digest": one.digest,
            "found": [_row(row, one.at) for row in one.found],
        }
        for one in found
    ]


def _text(found: Sequence["Reconciled"]) -> str:
    parts = []
    for one in found:
        rows = [_row(row, one.at) for row in one.found]
        many = counted(len(rows), "difference") if rows else "nothing differs"
        if rows:
            parts.append(table_text(rows, COLUMNS, ("order_id", "words")))
        parts.append(f"{one.network}: {many} at {one.at:%Y-%m-%d %H:%M:%S} UTC ({one.digest})\n")
    return "".join(parts)


def _row(row: object, at: datetime) -> dict[str, object]:
    assert isinstance(row, dict)
    since = datetime.fromisoformat(str(row["since"])).astimezone(UTC)
    seconds = max(0, int((at - since).total_seconds()))
    return row | {"age": _age(seconds), "age_seconds": seconds}


def _age(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

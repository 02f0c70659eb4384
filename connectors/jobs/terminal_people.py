"""``necto people …``: who holds which roles once people sign in."""

import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, opened_house, this_person
from engine.people import PERSONAS, job_roles
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.people import Granted

T = TypeVar("T")
Who = Annotated[str, typer.Argument(help="An e-mail address, or group:NAME.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="May be repeated.")]
Key = Annotated[str, typer.Option(help="The same key again is the same act.")]

app = typer.Typer(help="Who may do what, once people sign in.", no_args_is_help=True)


@app.command()
def grant(
    who: Who, role: Roles = None, key: Key = "", as_: As = None, as_json: Json = False
) -> None:
    """Give roles, beside those held. All may look; an address must be verified to count."""
    from data.people import grant as given

    actor, roles = actor_of(as_), role or []
    _print([_done(lambda: given(opened_house(), actor, who, roles, key))], as_json=as_json)


@app.command()
def revoke(
    who: Annotated[str, typer.Argument(help="An e-mail address, group:NAME, or an id.")],
    role: Roles = None,
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Take roles away, all of them where none is named; it holds from the next click on."""
    from data.people import revoke as taken

    actor, roles = actor_of(as_), role or []
    left = _done(lambda: taken(opened_house(), actor, who, roles, key))
    _print([left] if left else [], as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List who holds which roles."""
    from data.people import people

    def read() -> "list[Granted]":
        with opened_house().reading() as view:
            return people(view)

    _print(_done(read), as_json=as_json)


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="An id: necto people list, or oidc:… of a trail.")],
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone.")] = False,
) -> None:
    """Destroy the key of a person's address and name: the trail proves on, and tells no more."""
    from data.sealed import shred

    if not yes:
        fail(f"{person} will never be readable again, and holds no roles then: add --yes")
    house, who = opened_house(), this_person()
    outcome = _done(lambda: shred(house, person, f"erase-{uuid.uuid4()}", who))
    is_gone = outcome.result == {"destroyed": True}
    typer.echo(f"{person}: {'erased' if is_gone else 'there is nothing to erase'}")


@app.command()
def personas(as_json: Json = False) -> None:
    """List the sandbox's five invented people, for --as."""
    rows = [
        {"name": one.called, "as": one.name, "roles": ", ".join(job_roles(one))} for one in PERSONAS
    ]
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, ("name", "roles", "as")))


def _print(held: "list[Granted]", *, as_json: bool) -> None:
    rows = [{"id": one.id, "who": one.who, "roles": ", ".join(one.roles)} for one in held]
    columns = ("who", "roles", "id")
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, columns))


def _done(act: Callable[[], T]) -> T:
    from data.faults import RecordsFault
    from engine.commands import BadCommand

    try:
        return act()
    except (RecordsFault, BadCommand) as fault:
        fail(str(fault))

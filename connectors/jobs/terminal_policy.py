"""``necto policy …``: the rules that every job meets, imported, listed and shown."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, opened_house
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.policies import KeptPolicy
    from engine.told_faults import BadFile, Fault

app = typer.Typer(help="What your company allows.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="YAML or JSON; see: necto policy example.")],
    key: Annotated[str, typer.Option(help="The same key again is the same import.")] = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Import a policy whole, or refuse it with every fault. The same name makes a new version."""
    from data.faults import RecordsFault
    from data.policies import import_policy
    from engine.commands import BadCommand
    from engine.told_faults import BadFile

    try:
        text, warnings = _checked(file)
        kept = import_policy(opened_house(), text, actor_of(as_), key)
    except BadFile as refused:
        _fail_with(refused, as_json=as_json)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except (RecordsFault, BadCommand) as error:
        fail(f"nothing was imported: {error}")
    for warning in warnings:
        typer.echo(f"{file.name}: {warning}", err=True)
    row = _row(kept)
    sys.stdout.write(json_text(row) if as_json else table_text([row], list(row)))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List every policy with its newest version, who imported it and when."""
    from data.faults import RecordsFault
    from data.policies import policies

    try:
        with opened_house().reading() as view:
            rows = [_row(kept) for kept in policies(view)]
    except RecordsFault as error:
        fail(str(error))
    columns = ("policy", "title", "imported_by", "imported_at")
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, columns))


@app.command()
def show(
    policy: Annotated[str, typer.Argument(help="Its name, or name@version.")],
    as_json: Json = False,
) -> None:
    """Print a policy as it was imported, the newest version unless one is named."""
    from data.faults import RecordsFault
    from data.policies import policy as policy_called
    from engine.told_json_text import told_of

    try:
        with opened_house().reading() as view:
            kept = policy_called(view, policy)
    except RecordsFault as error:
        fail(str(error))
    if as_json:
        sys.stdout.write(json_text(_row(kept) | {"states": told_of(kept.policy)}))
        return
    typer.echo(f"{kept.ref}, imported by {kept.by} at {kept.at.isoformat()}", err=True)
    sys.stdout.write(kept.text if kept.text.endswith("\n") else f"{kept.text}\n")


@app.command()
def example(
    name: Annotated[str | None, typer.Argument(help="Which one; without it: their names.")] = None,
) -> None:
    """Print an example to start from: change it, then import it."""
    from data.examples import policy_examples
    from engine.policy_file import read_policy

    examples = policy_examples()
    if name is None:
        rows = [
            {"example": known, "title": read_policy(text, known).title}
            for known, text in examples.items()
        ]
        sys.stdout.write(table_text(rows, ("example", "title")))
    elif name in examples:
        sys.stdout.write(examples[name])
    else:
        fail(f"there is no example {name[:60]!r}: there are {', '.join(examples)}")


def _checked(file: Path) -> "tuple[str, tuple[Fault, ...]]":
    from connectors.registry import SOURCES
    from data.shipped import HYPERSCALERS, catalogue
    from engine.policy_file import policy_reading
    from engine.told_files import BYTES_MAX, decoded
    from engine.told_names import checked

    with file.open("rb") as source:
        text = decoded(source.read(BYTES_MAX + 1), file.name)
    networks = {kind.name for kind in SOURCES} | set(HYPERSCALERS)
    _, warnings = checked(policy_reading(text, file.name), catalogue(), networks)
    return text, warnings


def _fail_with(refused: "BadFile", *, as_json: bool) -> None:
    from dataclasses import asdict

    rows = [asdict(fault) for fault in refused.faults]
    if as_json:
        sys.stdout.write(json_text(rows))
    else:
        sys.stdout.write(f"{refused}\n")
    fail(f"nothing was imported: {len(rows)} {'fault' if len(rows) == 1 else 'faults'}")


def _row(kept: "KeptPolicy") -> dict[str, object]:
    return {
        "policy": kept.ref,
        "title": kept.policy.title,
        "digest": kept.digest,
        "imported_by": kept.by,
        "imported_at": kept.at.isoformat(),
    }

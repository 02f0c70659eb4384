"""The commands that act: ``necto ingest`` and its like. ``cli.py`` mounts them.

Commands import what they need when they run, so that ``necto --help`` answers at once.
"""

import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.base import Source
    from data.market import Lake
    from data.settings import Settings

app = typer.Typer(add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def ingest(
    network: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Read every source once, now. Ends with 1 when one of them gave nothing."""
    from connectors.http import HttpClient
    from connectors.jobs.ingest import Ingest, load_recorded, run_all
    from data.shipped import catalogue

    lake = _lake()
    chosen = _chosen(network)
    with HttpClient() as http:
        load_recorded(lake)
        rows = run_all(Ingest(lake, http, catalogue()), chosen)
    if as_json:
        sys.stdout.write(json_text(rows))
    else:
        sys.stdout.write(table_text(rows, ("network", "outcome", "offers", "rejects", "message")))
    if any(row["outcome"] not in ("ok", "busy") for row in rows):
        raise typer.Exit(1)


def _chosen(network: list[str] | None) -> "list[Source]":
    """The sources to read: all that are on and have their key, or the named ones."""
    from connectors.jobs.connect import connected
    from data import preferences

    found = {one.connection.name: one for one in connected(preferences.load(_home()))}
    wanted = [name.lower() for name in network or ()]
    if unknown := set(wanted) - set(found):
        _fail(f"No connector for {', '.join(sorted(unknown))}. Known: {', '.join(found)}")
    for one in (found[name] for name in wanted):
        if not one.connection.reads:
            _fail(f"{one.connection.name}: {one.connection.state}. {one.connection.key_note}")
    chosen = [found[name] for name in wanted] if wanted else list(found.values())
    return [one.source for one in chosen if one.source and one.connection.reads]


def _home() -> "Path":
    return _settings().home


def _settings() -> "Settings":
    from data.settings import BadSettings, Settings

    try:
        return Settings.from_env()
    except BadSettings as error:
        _fail(str(error))


def _lake() -> "Lake":
    from data.market import BrokenLake, Lake

    try:
        return Lake(_settings().lake)
    except BrokenLake as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)

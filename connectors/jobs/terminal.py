"""The commands that act: ``necto ingest`` and its like. ``cli.py`` mounts them.

Commands import what they need when they run, so that ``necto --help`` answers at once.
"""

import getpass
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.people import Actor, UnknownPersona, local_actor, operator, persona
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from connectors.base import Source
    from data.market import Lake
    from data.records import Records
    from data.settings import Settings

app = typer.Typer(add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[
    str | None,
    typer.Option("--as", help="Act as one of the sandbox's people: Ines, Tom, Fay, Kofi, Noor."),
]


@app.command()
def ingest(
    network: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Read every source once, now. Ends with 1 when one of them gave nothing."""
    from datetime import UTC, datetime

    from connectors.http import HttpClient
    from connectors.jobs.alerts import judge_once
    from connectors.jobs.ingest import Ingest, load_recorded, run_all
    from data.books import open_book
    from data.shipped import catalogue

    lake, house = opened_lake(), partial(open_book, settings(), "house")
    chosen = _chosen(network)
    with HttpClient() as http:
        load_recorded(lake, house=house)
        rows = run_all(Ingest(lake, http, catalogue(), house=house), chosen)
    for alert in judge_once(settings(), lake, datetime.now(UTC)):
        typer.echo(f"alert {alert.state}: {alert.sentence}", err=True)
    if as_json:
        sys.stdout.write(json_text(rows))
    else:
        sys.stdout.write(table_text(rows, ("network", "outcome", "offers", "rejects", "message")))
    if any(row["outcome"] not in ("ok", "busy") for row in rows):
        raise typer.Exit(1)


@app.command()
def bidders(
    gpu: Annotated[str, typer.Option(help='As Akash names it: "h100 80Gi SXM5".')],
    gpus: Annotated[int, typer.Option(help="GPUs in one machine.")] = 1,
    vcpu: Annotated[str, typer.Option(help="vCPU of one machine.")] = "8",
    memory_gib: Annotated[str, typer.Option(help="RAM of one machine.")] = "32",
    storage_gib: Annotated[str, typer.Option(help="Disk of one machine.")] = "100",
    country: Annotated[str | None, typer.Option(help="ISO code the provider states.")] = None,
    usd_per_hour_max: Annotated[str | None, typer.Option(help="Price cap of a machine.")] = None,
    audited: Annotated[bool, typer.Option(help="Only providers a known auditor signed.")] = True,
    as_json: Json = False,
) -> None:
    """Ask Akash who could bid for a machine right now. Ends with 1 when it is not known."""
    from pydantic import ValidationError

    from connectors.http import HttpClient
    from connectors.jobs.screen import screen_once
    from connectors.networks.akash import AUDITORS
    from engine.screening import GpuWanted, ScreeningAsk

    try:
        ask = ScreeningAsk(
            gpu=GpuWanted.named(gpu),
            gpu_count=gpus,
            vcpu=vcpu,
            memory_gib=memory_gib,
            storage_gib=storage_gib,
            country_code=country.upper() if country else None,
            usd_per_hour_max=usd_per_hour_max,
            signed_by_any=tuple(AUDITORS) if audited else (),
        )
    except ValidationError as error:
        fail("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except ValueError as error:
        fail(str(error))
    with HttpClient() as http:
        given = screen_once(http, _chosen(["akash"])[0].base_url, ask)
    rows = [bidder.model_dump(mode="json") for bidder in given.bidders]
    if as_json:
        sys.stdout.write(json_text(given.model_dump(mode="json")))
    else:
        columns = ("provider_id", "host_uri", "is_audited", "location", "downtime_seconds_7d")
        sys.stdout.write(table_text(rows, columns) + f"\n{given.sentence}\n")
    if given.outcome != "ok":
        raise typer.Exit(1)


@app.command()
def upkeep(as_json: Json = False) -> None:
    """Merge finished days into one file each and remove what is older than NECTO_KEEP_DAYS."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from connectors.jobs.upkeep import keep_up, tell_of_decisions
    from data.books import open_book

    lake, house, now = opened_lake(), partial(open_book, settings(), "house"), datetime.now(UTC)
    done = keep_up(lake, house, now, settings().keep_days, this_person())
    for name, why in tell_of_decisions(settings(), lake, now).items():
        typer.echo(f"{name}: {why}", err=True)
    if as_json:
        sys.stdout.write(json_text([asdict(one) for one in done]))
        return
    rows = [
        {
            "network": one.network,
            "days_rolled_up": one.days_rolled_up,
            "days_merged": one.compacted.days,
            "bytes_saved": one.compacted.bytes_before - one.compacted.bytes_after,
            "days_removed": one.removed.days,
            "bytes_removed": one.removed.bytes,
            "note": "; ".join([*filter(None, [one.skipped]), *one.compacted.problems]),
        }
        for one in done
    ]
    sys.stdout.write(table_text(rows, list(rows[0]) if rows else ("network",)))


def _chosen(network: list[str] | None) -> "list[Source]":
    """The sources to read: all that are on and have their key, or the named ones."""
    from connectors.jobs.connect import connected
    from data.chosen import chosen

    found = {one.connection.name: one for one in connected(chosen(settings()))}
    wanted = [name.lower() for name in network or ()]
    if unknown := set(wanted) - set(found):
        fail(f"No connector for {', '.join(sorted(unknown))}. Known: {', '.join(found)}")
    for one in (found[name] for name in wanted):
        if not one.connection.reads:
            fail(f"{one.connection.name}: {one.connection.state}. {one.connection.key_note}")
    named = [found[name] for name in wanted] if wanted else list(found.values())
    return [one.source for one in named if one.source and one.connection.reads]


def settings() -> "Settings":
    from data.settings import BadSettings, Settings

    try:
        return Settings.from_env()
    except BadSettings as error:
        fail(str(error))


def opened_lake() -> "Lake":
    from data.market import BrokenLake, Lake

    try:
        return Lake(settings().lake)
    except BrokenLake as error:
        fail(str(error))


def opened_house() -> "Records":
    """The book that imports and exports are entered in."""
    from data.books import open_book
    from data.faults import RecordsFault

    try:
        return open_book(settings(), "house")
    except RecordsFault as error:
        fail(f"the house book of the records cannot be used: {error}")


def actor_of(as_: str | None) -> Actor:
    """Who acts: whom ``--as`` names, else who types.

    In live mode nobody signs in at a terminal, so who types there holds no role that buys or pays.
    """
    is_live = settings().mode == "live"
    if as_ is None:
        return (operator if is_live else local_actor)(getpass.getuser())
    if is_live:
        fail("--as is for the sandbox: in live mode people sign in on the pages and act there")
    try:
        return persona(as_)
    except UnknownPersona as unknown:
        fail(str(unknown))


def this_person() -> Actor:
    """Who types."""
    return actor_of(None)


def fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)

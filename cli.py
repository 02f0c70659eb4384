"""The terminal's face: ``necto offers|savings|ingest|status``. Every reading command has --json.

Commands import what they need when they run, so that ``necto --help`` answers at once.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn, get_args

import typer

from connectors.jobs.terminals import MOUNTED
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.market import Lake
    from data.offers import Market
    from data.settings import Settings
    from engine.sources import SourceStatus

app = typer.Typer(
    name="necto",
    help="Compare, buy and account for compute on decentralised networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, commands in MOUNTED:
    app.add_typer(commands, name=name)

Gpu = Annotated[str | None, typer.Option(help="Model or family: H100-SXM, H100, A100-80.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def offers(
    gpu: Gpu = None,
    network: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="ISO code, or EU, EEA, EEA+adequate; repeatable.")
    ] = None,
    term: Annotated[list[str] | None, typer.Option(help="on_demand, spot, …; repeatable.")] = None,
    usd_per_gpu_hour_max: Annotated[str | None, typer.Option(help="Price ceiling in USD.")] = None,
    available: Annotated[bool, typer.Option("--available", help="Only what was free.")] = False,
    baselines: Annotated[bool, typer.Option(help="Include AWS, Azure and Google.")] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List offers, cheapest per GPU-hour first."""
    from data.shipped import catalogue
    from engine.export import OFFER_COLUMNS, csv_text, records
    from engine.resources import UnknownGpu
    from engine.search import Search, matching

    market = _market(_lake(_settings()))
    names = frozenset(name.lower() for name in network or ())
    if unknown := names - set(market.offers["network"].unique()):
        _fail(f"No offers of {', '.join(sorted(unknown))}. Known: {_known_networks(market)}")
    try:
        search = Search(
            gpu_models=catalogue().select(gpu) if gpu else frozenset(),
            networks=names,
            countries=_countries(country or ()),
            terms=_terms(term or ()),
            usd_per_gpu_hour_max=_amount(usd_per_gpu_hour_max),
            available_only=available,
        )
    except UnknownGpu as error:
        _fail(str(error))
    everything = baselines or bool(names)
    found = matching(market.offers if everything else market.networks, search, datetime.now(UTC))
    if as_json:
        _print_json(records(found))
    elif as_csv:
        sys.stdout.write(csv_text(records(found), OFFER_COLUMNS))
    else:
        _print_table(
            records(found),
            ("gpu_model", "network", "provider_name", "country_code", "gpu_count", "term",
             "usd_per_gpu_hour", "available_count", "source_kind", "price_as_of", "observed_at"),
        )  # fmt: skip


@app.command()
def savings(gpu: Gpu = None, as_json: Json = False) -> None:
    """Compare each network's cheapest offer with AWS, Azure and Google, like for like."""
    from components.text import saving_range
    from data.shipped import catalogue
    from engine.export import SAVING_COLUMNS, records
    from engine.overview import Comparison
    from engine.resources import UnknownGpu
    from engine.savings import cheapest_per_network, compared

    market = _market(_lake(_settings()))
    chosen = cheapest_per_network(market.networks)
    if gpu:
        try:
            chosen = chosen.filter(chosen["gpu_model"].is_in(sorted(catalogue().select(gpu))))
        except UnknownGpu as error:
            _fail(str(error))
    pairs = compared(chosen, market.baselines, datetime.now(UTC))
    rows = records(pairs, SAVING_COLUMNS)
    if as_json:
        _print_json(rows)
    else:
        _print_table(
            [
                {**row, "saves": saving_range(Comparison.of(pair))}
                for row, pair in zip(rows, pairs.to_dicts(), strict=True)
            ],
            ("gpu_model", "network", "usd_per_gpu_hour", "baseline", "baseline_instance",
             "baseline_usd_per_gpu_hour", "saves", "confidence", "baseline_observed_on"),
        )  # fmt: skip


@app.command()
def status(as_json: Json = False) -> None:
    """Say how fresh every network's figures are, and whether the worker lives."""
    from data.chosen import chosen
    from data.offers import states
    from data.status import entries_missing, records_fault, set_aside
    from data.worker import connections, heartbeat
    from engine.sources import source_statuses

    settings = _settings()
    lake = _lake(settings)
    now = datetime.now(UTC)
    market = _market(lake)
    beat = heartbeat(settings.home)
    linked = connections(settings.home, chosen(settings))
    broken, aside = records_fault(settings), set_aside(settings, lake)
    late = entries_missing(settings, lake)
    found = source_statuses(states(lake, market), linked, now)
    networks = [_source_record(source, now) for source in found]
    if as_json:
        _print_json(
            {
                "mode": settings.mode,
                "lake": str(settings.lake),
                "worker_alive": beat is not None and not beat.is_late(now),
                "worker_seen_at": beat.at.isoformat() if beat else None,
                "records_fault": broken,
                "entries_missing": late,
                "networks": networks,
                "set_aside": aside,
            }
        )
        return
    _print_table(networks, ("network", "status", "offers", "available", "observed_at", "message"))
    alive = beat is not None and not beat.is_late(now)
    typer.echo(f"\nworker {'alive' if alive else 'not running'} · mode {settings.mode}")
    if broken:
        typer.echo(f"the house book of the records cannot be used: {broken}")
    if late:
        typer.echo(f"{late} readings or cards have no entry in the house book yet: run the worker")
    for name, reason in aside.items():
        typer.echo(f"set aside: {name} ({reason})")


def _source_record(source: "SourceStatus", now: datetime) -> dict[str, object]:
    from engine.export import moment_text

    state = source.state
    seen = state.observed_at if state else None
    oldest = state.oldest_at if state else None
    last = state.last if state else None
    return {
        "network": source.name,
        "status": source.word,
        "why": source.why,
        "reads": source.connection.reads if source.connection else False,
        "key": source.connection.key_state if source.connection else None,
        "source_kind": source.kind,
        "offers": state.offers if state else 0,
        "contract_offers": state.contract_offers if state else 0,
        "available": state.available if state else None,
        "oldest_at": moment_text(oldest) if oldest else None,
        "observed_at": moment_text(seen) if seen else None,
        "age_seconds": int((now - seen).total_seconds()) if seen else None,
        "last_run_at": moment_text(last.started_at) if last else None,
        "last_outcome": last.outcome if last else None,
        "message": last.message if last else "",
        "rejects": state.good.reject_counts if state and state.good else {},
    }


def _settings() -> "Settings":
    from data.settings import BadSettings, Settings

    try:
        return Settings.from_env()
    except BadSettings as error:
        _fail(str(error))


def _lake(settings: "Settings") -> "Lake":
    from data.market import BrokenLake, Lake

    try:
        return Lake(settings.lake)
    except BrokenLake as error:
        _fail(str(error))


def _market(lake: "Lake") -> "Market":
    """The newest offers; on a fresh machine the shipped figures are loaded first."""
    from connectors.jobs.ingest import load_recorded
    from data.books import open_book
    from data.offers import latest

    house = partial(open_book, _settings(), "house")
    if not lake.networks() and (held := load_recorded(lake, house=house)):
        typer.echo(f"another process is loading the figures of {', '.join(held)}", err=True)
    return latest(lake, datetime.now(UTC))


def _countries(wanted: Sequence[str]) -> frozenset[str]:
    from data.shipped import catalogue

    found: set[str] = set()
    for text in wanted:
        try:
            found |= catalogue().countries_in(text)
        except ValueError:
            code = catalogue().country(text)
            if code is None:
                _fail(f"{text!r} is no country: write an ISO code (DE), EU, EEA or EEA+adequate")
            found.add(code)
    return frozenset(found)


def _terms(wanted: Sequence[str]) -> frozenset[str]:
    from engine.market import Term

    known = get_args(Term)
    if unknown := set(wanted) - set(known):
        _fail(f"{', '.join(sorted(unknown))} is no term: write one of {', '.join(known)}")
    return frozenset(wanted)


def _amount(text: str | None) -> Decimal | None:
    from engine.money import exact

    try:
        amount = exact(text) if text else None
    except ValueError as error:
        _fail(f"The price ceiling {error}")
    if amount is not None and amount <= 0:
        _fail(f"The price ceiling {text} must be above zero")
    return amount


def _known_networks(market: "Market") -> str:
    return ", ".join(sorted(market.offers["network"].unique()))


def _print_json(value: object) -> None:
    sys.stdout.write(json_text(value))


def _print_table(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> None:
    sys.stdout.write(table_text(rows, columns))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


def main() -> None:
    app()

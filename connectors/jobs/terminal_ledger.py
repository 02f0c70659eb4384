"""``necto ledger …``: what lies where, what moved, and the whole book for other people's tools."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import Json, fail
from connectors.jobs.terminal_audit import InBook, opened_book, utc
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from engine.ledger import Posting

app = typer.Typer(help="The ledger: balances, statements, export.", no_args_is_help=True)

Asset = Annotated[str, typer.Option(help="The asset's code.")]


@app.command()
def balances(
    book: InBook = "sandbox",
    at: Annotated[datetime | None, typer.Option(help="As of this moment (UTC).")] = None,
    as_json: Json = False,
) -> None:
    """Print what lies in every account, now or as of any moment."""
    from data import ledger

    with opened_book(book).reading() as view:
        found = ledger.balances_at(view, utc(at))
    rows = [
        {"account": name, "asset": asset, "balance": _shown(units, asset)}
        for (name, asset), units in found.items()
    ]
    _print(rows, ("account", "asset", "balance"), as_json=as_json)


@app.command()
def statement(
    account: Annotated[str, typer.Argument(help="Such as assets:treasury.")],
    book: InBook = "sandbox",
    start: Annotated[datetime | None, typer.Option("--from", help="UTC.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="UTC, not included.")] = None,
    asset: Asset = "USD",
    as_json: Json = False,
) -> None:
    """Print an account's lines with the balance after each, as a bank would."""
    from engine.balances import statement as stated
    from engine.ledger import UnknownAccount

    try:
        found = stated(_postings(book), account, asset, utc(start), utc(end))
    except UnknownAccount as unknown:
        fail(str(unknown))
    lines = [
        {
            "at": line.at.isoformat(),
            "posting": line.posting_id,
            "what": line.description,
            "amount": _shown(line.amount, asset),
            "balance": _shown(line.balance, asset),
        }
        for line in found.lines
    ]
    rows = [
        {"what": "opening", "balance": _shown(found.opening, asset)},
        *lines,
        {"what": "closing", "balance": _shown(found.closing, asset)},
    ]
    _print(rows, ("at", "posting", "what", "amount", "balance"), as_json=as_json)


@app.command("trial-balance")
def trial(book: InBook = "sandbox", as_json: Json = False) -> None:
    """Print debits and credits of every account. Ends with 1 unless they are equal per asset."""
    from engine.balances import balances as added_up
    from engine.balances import trial_balance

    found = trial_balance(added_up(_postings(book)))
    sides = [(row.account, row.asset, row.turnover) for row in found.rows]
    sides += [("total", asset, turnover) for asset, turnover in found.by_asset.items()]
    rows = [
        {
            "account": name,
            "asset": asset,
            "debits": _shown(turnover.debits, asset),
            "credits": _shown(turnover.credits, asset),
        }
        for name, asset, turnover in sides
    ]
    _print(rows, ("account", "asset", "debits", "credits"), as_json=as_json)
    if not found.is_balanced:
        raise typer.Exit(1)


@app.command("export")
def export(book: InBook = "sandbox") -> None:
    """Print the whole ledger as beancount text, which bean-check judges."""
    from data import ledger
    from engine.ledger_export import beancount_text

    with opened_book(book).reading() as view:
        indexes = ledger.entry_indexes(view)
        postings = list(ledger.postings(view))
    sys.stdout.write(beancount_text([], postings, entry_indexes=indexes))


def _postings(book: str) -> "list[Posting]":
    from data import ledger

    with opened_book(book).reading() as view:
        return list(ledger.postings(view))


def _shown(units: int, asset: str) -> str:
    from engine.assets import asset_of, shown

    return shown(units, asset_of(asset))


def _print(rows: Sequence[dict[str, str]], columns: Sequence[str], *, as_json: bool) -> None:
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, columns))

"""``necto budget``, ``treasury``, ``freeze``, ``unfreeze`` and ``stop-all``: what buying costs."""

import sys
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail
from connectors.jobs.terminal_acts import Key, Yes, done, mode_book, mode_name
from engine.names import counted
from engine.terminal import json_text, line_text, table_text

budget = typer.Typer(help="How much a cost centre may commit in a month.", no_args_is_help=True)
treasury = typer.Typer(help="Money that was paid in.", no_args_is_help=True)
stops = typer.Typer(add_completion=False)


@budget.command("set")
def set_(
    cost_centre: Annotated[str, typer.Option(help="Who pays.")],
    usd: Annotated[str, typer.Option(help="So much a month, as 5000.00.")],
    month: Annotated[str | None, typer.Option(help="As 2026-11; else this month (UTC).")] = None,
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Set a month's limit: an order that would commit more is refused, with the numbers."""
    from data.budgets import set_budget, spent
    from engine.budgets import BadBudget, budget_of

    who, book = actor_of(as_), mode_book()
    when = month or f"{datetime.now(UTC):%Y-%m}"
    wanted = done(lambda: budget_of(cost_centre, when, usd), BadBudget)
    done(lambda: set_budget(book, wanted, who, key or str(uuid.uuid4())))
    with book.reading() as view:
        row = _row(spent(view, wanted.cost_centre, wanted.month))
    sys.stdout.write(json_text(row) if as_json else table_text([row], list(row)))


@budget.command("list")
def list_(as_json: Json = False) -> None:
    """List every budget, the newest month first: limit, committed, left."""
    from data.budgets import budgets

    with mode_book().reading() as view:
        rows = [_row(one) for one in budgets(view)]
    columns = ("month", "cost_centre", "limit_usd", "committed_usd", "left_usd")
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, columns))


@treasury.command()
def show(as_json: Json = False) -> None:
    """Say where money lies: free, set aside, in escrow at networks."""
    from data.treasury import begin_play_money, locked

    book = mode_book()
    done(lambda: begin_play_money(book))
    with book.reading() as view:
        rows = [{"account": name, "usd": _usd(cents)} for name, cents in locked(view).items()]
    if as_json:
        sys.stdout.write(json_text({"mode": mode_name(), "accounts": rows}))
        return
    sys.stdout.write(table_text(rows, ("account", "usd")))
    if mode_name() == "sandbox":
        typer.echo("\nplay money: the sandbox buys nothing real")


@treasury.command()
def deposit(
    usd: Annotated[str, typer.Option(help="So much was paid in, as 5000.00.")],
    reference: Annotated[str, typer.Option(help="The bank's reference of the payment.")],
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Book money that finance paid in, with the bank's reference."""
    from data.treasury import begin_play_money, free_cents
    from data.treasury import deposit as booked
    from engine.assets import Unfit
    from engine.money import Money, exact

    who, book = actor_of(as_), mode_book()
    amount = done(lambda: Money(exact(usd.replace(",", ""))), ValueError)
    done(lambda: begin_play_money(book))
    done(lambda: booked(book, amount, reference, who, key or str(uuid.uuid4())), Unfit)
    with book.reading() as view:
        free = _usd(free_cents(view))
    sys.stdout.write(json_text({"free_usd": free}) if as_json else f"free now: ${free}\n")


@stops.command()
def freeze(
    why: Annotated[str, typer.Option(help="The reason, which others will read.")],
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Stop all buying at once; what runs goes on running."""
    from data.stops import freeze as frozen

    who, book = actor_of(as_), mode_book()
    done(lambda: frozen(book, why, who, key or str(uuid.uuid4())))
    _print_stops(as_json=as_json)


@stops.command()
def unfreeze(key: Key = "", as_: As = None, as_json: Json = False) -> None:
    """Let everybody buy again."""
    from data.stops import unfreeze as thawed

    who, book = actor_of(as_), mode_book()
    done(lambda: thawed(book, who, key or str(uuid.uuid4())))
    _print_stops(as_json=as_json)


@stops.command("stop-all")
def stop_all(
    why: Annotated[str, typer.Option(help="The reason, which others will read.")],
    key: Key = "",
    yes: Yes = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """End every order there is: says what that means, and asks before it does."""
    from data.stop_all import consequences, stop_everything

    who, book = actor_of(as_), mode_book()
    with book.reading() as view:
        means = consequences(view)
    typer.echo(means.words, err=True)
    if not yes and not typer.confirm("End all of them?", err=True):
        fail("nothing was ended")
    ended = done(lambda: stop_everything(book, why, who, key or str(uuid.uuid4())))
    told = {"ended": ended, "were_open": means.orders, "were_held_usd": _usd(means.held_cents)}
    if as_json:
        sys.stdout.write(json_text(told))
    else:
        typer.echo(f"{counted(len(ended), 'order')} ended; the worker closes what runs")


def _print_stops(*, as_json: bool) -> None:
    from data.stops import stops as standing

    with mode_book().reading() as view:
        why = standing(view)
    if as_json:
        sys.stdout.write(json_text({"may_buy": not why, "stops": why}))
    else:
        typer.echo("\n".join(map(line_text, why)) or "everybody may buy")


def _row(one: object) -> dict[str, object]:
    from data.budgets import Spent

    assert isinstance(one, Spent)
    return {
        "month": one.month,
        "cost_centre": one.cost_centre,
        "limit_usd": None if one.limit_cents is None else _usd(one.limit_cents),
        "committed_usd": _usd(one.committed_cents),
        "left_usd": None if one.left_cents is None else _usd(one.left_cents),
    }


def _usd(cents: int) -> str:
    from engine.assets import USD, shown

    return shown(cents, USD)

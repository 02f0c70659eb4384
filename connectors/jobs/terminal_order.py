"""``necto order …``: place, list, show, approve, reject, cancel, extend.

Only the intent is committed here: the worker buys, watches and closes.
"""

import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, opened_house, opened_lake
from connectors.jobs.terminal_acts import Key, Why, Yes, done, mode_book
from engine.terminal import json_text, line_text, table_text

if TYPE_CHECKING:
    from data.ordering_from import Stores
    from data.records import Records
    from engine.decision_record import DecisionRecord
    from engine.orders import Order
    from engine.people import Actor
    from engine.placing import Terms
    from engine.requirement import Requirement

app = typer.Typer(help="Orders: what is bought, runs and has ended.", no_args_is_help=True)

OrderId = Annotated[str, typer.Argument(help="Its id, or how that begins.")]


@app.command()
def place(
    requirement: Annotated[Path | None, typer.Option(help="A job: YAML or JSON.")] = None,
    decision: Annotated[str | None, typer.Option(help="A kept decision's digest.")] = None,
    offer: Annotated[str | None, typer.Option(help="An offer of it; else the first.")] = None,
    cost_centre: Annotated[str | None, typer.Option(help="Who pays; else the job's own.")] = None,
    po: Annotated[str | None, typer.Option(help="Purchase order number; else the job's.")] = None,
    hours: Annotated[str | None, typer.Option(help="How long; else the job's own.")] = None,
    funded_hours: Annotated[str | None, typer.Option(help="Open-ended, paid so long.")] = None,
    ceiling: Annotated[str | None, typer.Option(help="USD an hour at most; else quoted.")] = None,
    only_this_provider: Annotated[
        bool, typer.Option("--only-this-provider", help="No other bidder may serve it.")
    ] = False,
    sdl: Annotated[Path | None, typer.Option(help="Your own deployment file (SDL).")] = None,
    key: Key = "",
    yes: Yes = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Place an order: says what is bought and what happens then, and asks before it does."""
    from connectors.jobs.terminal_order_text import draft_text
    from connectors.purchasers import network_refusals
    from data.ordering_from import drafted, order_from

    who, stores, click = actor_of(as_), _stores(), key or str(uuid.uuid4())
    record, now = _record(requirement, decision, as_json=as_json)
    terms = _terms(
        record.requirement, cost_centre, po, hours, funded_hours, ceiling, sdl,
        any_bidder=not only_this_provider,
    )  # fmt: skip
    if not yes:
        draft = done(lambda: drafted(stores, record, terms, who, click, now, offer))
        typer.echo(draft_text(draft), err=as_json)
        if wrong := network_refusals(draft.placed):
            fail("it cannot be bought so:\n" + "\n".join(map(line_text, wrong)))
        if not typer.confirm("Place this order?", err=as_json):
            fail("nothing was ordered")
    made = done(lambda: order_from(stores, record, terms, who, click, now, offer))
    _print_order(stores.records, made.order_id, as_json=as_json)


@app.command("list")
def list_(
    state: Annotated[Literal["open", "ended", "all"], typer.Option(help="Which orders.")] = "open",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="So many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List orders, the newest first: state, provider, cost so far, runway."""
    from connectors.jobs.terminal_order_text import COLUMNS, row_of
    from data.orders import listed
    from engine.attention import states_of

    states = () if state == "all" else states_of(state)
    with mode_book().reading() as view:
        rows = [row_of(head, datetime.now(UTC)) for head in listed(view, states, most)]
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, COLUMNS, ("order",)))


@app.command()
def show(order_id: OrderId, as_json: Json = False) -> None:
    """Show one order: its terms, its money, and everything that happened to it."""
    book = mode_book()
    _print_order(book, _whole_id(book, order_id), as_json=as_json)


@app.command()
def approve(
    order_id: OrderId, key: Key = "", yes: Yes = False, as_: As = None, as_json: Json = False
) -> None:
    """Approve an order that waits for a second person; it is bought then."""
    from data import ordering
    from engine.order_words import approve_words

    _act(order_id, ordering.approve, key, as_, approve_words, yes=yes, as_json=as_json)


@app.command()
def reject(
    order_id: OrderId, why: Why, key: Key = "", as_: As = None, as_json: Json = False
) -> None:
    """Say no to an order that waits; what was set aside is free again."""
    from data import ordering

    def act(book: "Records", name: str, who: "Actor", click: str) -> "Order":
        return ordering.reject(book, name, why, who, click)

    _act(order_id, act, key, as_, None, yes=True, as_json=as_json)


@app.command()
def cancel(
    order_id: OrderId,
    why: Why,
    key: Key = "",
    yes: Yes = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """End an order in any state: what runs is closed by the worker, its data is lost."""
    from data import ordering
    from engine.order_words import stop_words

    def act(book: "Records", name: str, who: "Actor", click: str) -> "Order":
        return ordering.stop(book, name, why, who, click)

    _act(order_id, act, key, as_, stop_words, yes=yes, as_json=as_json)


@app.command()
def extend(
    order_id: OrderId,
    hours: Annotated[str, typer.Option(help="So many hours more.")],
    key: Key = "",
    yes: Yes = False,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Let an order run longer: more is set aside for it, at the highest price agreed to."""
    from data import ordering
    from data.orders import order
    from engine.order_words import extend_words
    from engine.placing import extension_cents

    more = _number(hours, "--hours")
    assert more is not None, "an option without a default is given"

    def act(book: "Records", name: str, who: "Actor", click: str) -> "Order":
        with book.reading() as view:
            cents = extension_cents(order(view, name), more)
        return ordering.extend(book, name, ordering.Extension(hours=more, cents=cents), who, click)

    _act(order_id, act, key, as_, lambda known: extend_words(known, more), yes=yes, as_json=as_json)


def _act(
    beginning: str,
    act: "Callable[[Records, str, Actor, str], Order]",
    key: str,
    as_: str | None,
    words: "Callable[[Order], str] | None",
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Do what a person asks of one order, after it was said what that means."""
    from data.orders import order

    book, who = mode_book(), actor_of(as_)
    name = _whole_id(book, beginning)
    if words and not yes:
        with book.reading() as view:
            typer.echo(line_text(words(order(view, name))), err=as_json)
        if not typer.confirm("Do it?", err=as_json):
            fail("nothing was done")
    done(lambda: act(book, name, who, key or str(uuid.uuid4())))
    _print_order(book, name, as_json=as_json)


def _stores() -> "Stores":
    from data.ordering_from import Stores

    return Stores(lake=opened_lake(), house=opened_house(), records=mode_book())


def _whole_id(book: "Records", beginning: str) -> str:
    from data.order_search import ids_like

    with book.reading() as view:
        found = ids_like(view, beginning)
    if not found:
        fail(f"there is no order {beginning[:80]!r} in this book: see necto order list")
    if len(found) > 1 and beginning not in found:
        fail(f"{len(found)} orders begin with {beginning!r}: give more of the id")
    return beginning if beginning in found else found[0]


def _record(
    requirement: Path | None, decision: str | None, *, as_json: bool
) -> "tuple[DecisionRecord, datetime]":
    """Return the decision that is ordered from: a kept one, or what is decided now."""
    from connectors.jobs.terminal_decisions import opened
    from connectors.jobs.terminal_route import decided_now

    if (requirement is None) == (decision is None):
        fail("name one of --requirement FILE and --decision DIGEST: what is to be ordered")
    if decision is not None:
        return opened(decision), datetime.now(UTC)
    assert requirement is not None, "one of the two is given"
    return decided_now(requirement, as_json=as_json)


def _terms(
    need: "Requirement",
    cost_centre: str | None,
    po: str | None,
    hours: str | None,
    funded_hours: str | None,
    ceiling: str | None,
    sdl: Path | None,
    *,
    any_bidder: bool,
) -> "Terms":
    from connectors.jobs.terminal_inputs import text_of
    from connectors.networks.akash.sdl_read import read_sdl
    from engine.placing import OPEN_ENDED_HOURS, Terms
    from engine.told_faults import BadFile

    if hours is not None and funded_hours is not None:
        fail("--hours ends the job after that time, --funded-hours is of open-ended ones: name one")
    own = None
    try:
        if sdl is not None:
            own = text_of(sdl)
            read_sdl(own, str(sdl))
    except BadFile as bad:
        fail("; ".join(f"{bad.name}: {fault}" for fault in bad.faults))
    runs = need.duration_hours if hours is None else _number(hours, "--hours")
    return Terms(
        cost_centre=cost_centre or need.cost_centre or "",
        po_number=po or need.po_number,
        hours=None if funded_hours is not None else runs,
        funded_hours=_number(funded_hours, "--funded-hours") or OPEN_ENDED_HOURS,
        usd_per_hour_max=_number(ceiling, "--ceiling"),
        any_bidder=any_bidder,
        own_sdl=own,
    )


def _number(text: str | None, option: str) -> Decimal | None:
    from engine.money import exact

    if text is None:
        return None
    try:
        number = exact(text)
    except ValueError as error:
        fail(f"{option}: {error}")
    if number <= 0:
        fail(f"{option} must be more than nothing")
    return number


def _print_order(book: "Records", order_id: str, *, as_json: bool) -> None:
    from connectors.jobs.terminal_order_text import order_text, order_told
    from data.order_life import life

    with book.reading() as view:
        found = life(view, order_id)
    now = datetime.now(UTC)
    sys.stdout.write(json_text(order_told(found, now)) if as_json else order_text(found, now))

"""What the processes do that are killed, and how a book shows whether each was done exactly once.

One kind of command is one line in ``KINDS``: what it adds, and what the book must then hold for
the numbers of that kind that were done.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from data import ledger
from data.documents import one, put
from data.records import Records
from data.tables import entries
from data.unit import Transaction
from data.verify import Report, check_entries, check_tree
from data.verify_ledger import check_ledger
from engine import postings as say
from engine.commands import Command, Outcome, Refused
from engine.holds import event
from engine.people import local_actor

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
ANN = local_actor("ann")
FUNDS, SPENT = 500, 120  # cents: paid in by every order, used by every order
TOGETHER = 4  # commands that every seventh transaction holds

Act = Callable[[Transaction], object]
Holds = Callable[[Connection, list[str]], list[str]]


def order(key: str) -> Act:
    """Money in, a hold, usage from it, its close: four postings and three events of a hold."""

    def at(step: str) -> say.Head:
        return say.Head(f"{key}-{step}", datetime(2026, 11, 2, tzinfo=UTC), "an order")

    def act(unit: Transaction) -> object:
        ledger.post(unit, say.top_up(at("in"), FUNDS))
        opened = say.hold_opened(at("hold"), key, FUNDS)
        ledger.post(unit, opened, event(opened, "opened"))
        used = say.hold_posted(at("use"), key, "akash", SPENT, 0)
        ledger.post(unit, used, event(used, "posted"))
        closed = say.hold_closed(at("close"), key, FUNDS - SPENT)
        ledger.post(unit, closed, event(closed, "closed"))
        return {"order": key}

    return act


def orders_balance(view: Connection, done: list[str]) -> list[str]:
    found = ledger.balances_at(view)
    wanted = {
        ("assets:cash", "USD"): -FUNDS * len(done),
        ("assets:treasury", "USD"): (FUNDS - SPENT) * len(done),
        ("expenses:usage:akash", "USD"): SPENT * len(done),
    }
    same = found == {place: units for place, units in wanted.items() if units}
    return [] if same else [f"{len(done)} orders were done and the ledger says {found}"]


def count(_key: str) -> Act:
    def act(unit: Transaction) -> object:
        known = one(unit.connection, "count", "all")
        number = known.body["number"] + 1 if known else 1
        put(unit, "count", "all", {"number": number}, expected=known.version if known else 0)
        return {"number": number}

    return act


def all_counted(view: Connection, done: list[str]) -> list[str]:
    known = one(view, "count", "all")
    number = known.body["number"] if known else 0
    return [] if number == len(done) else [f"{len(done)} were counted as {number}"]


def note(key: str) -> Act:
    def act(unit: Transaction) -> object:
        put(unit, "note", key, {"said": key * 40})
        return {"note": key}

    return act


def all_noted(view: Connection, done: list[str]) -> list[str]:
    lost = [key for key in done if one(view, "note", key) is None]
    return [f"the notes {lost} are gone"] if lost else []


def refusal(key: str) -> Act:
    def act(unit: Transaction) -> object:
        put(unit, "refused", key, {})
        raise Refused(key)

    return act


def none_left(view: Connection, done: list[str]) -> list[str]:
    left = [key for key in done if one(view, "refused", key)]
    return [f"the refusals {left} left facts"] if left else []


@dataclass(frozen=True)
class Kind:
    """A kind of command: what it does, and what the book holds when these were done."""

    name: str
    act: Callable[[str], Act]
    problems: Holds


KINDS = (
    Kind("note", note, all_noted),
    Kind("count", count, all_counted),
    Kind("order", order, orders_balance),
    Kind("refusal", refusal, none_left),
)


def asked(lane: str, number: int) -> tuple[Command, Act]:
    """The command with this number of a process: always the same one."""
    kind = KINDS[number % len(KINDS)]
    key = f"{kind.name}-{lane}-{number}"
    command = Command(
        key, f"{kind.name}.asked", ANN, f"{kind.name}/x", {"number": number},
        may_be_refused=kind.name == "refusal",
    )  # fmt: skip
    return command, kind.act(key)


def perform(book: Records, lane: str, number: int) -> list[tuple[int, Outcome]]:
    """Do the commands from this number on that belong into one transaction: one, or several."""
    together = TOGETHER if number % 7 == 0 else 1
    with book.transaction() as unit:
        return [(n, unit.perform(*asked(lane, n))) for n in range(number, number + together)]


def problems(book: Records, acknowledged: dict[tuple[str, int], int]) -> list[str]:
    """What is wrong with a book. ``acknowledged``: by lane and number, the place in the trail."""
    report = Report()
    with book.reading() as view:
        check_tree(view, report)
        check_entries(view, book.installation, book.book, report)
        check_ledger(view, report)
        rows = view.execute(select(entries.c.request, entries.c.leaf_index, entries.c.body)).all()
        places = {row.request: row.leaf_index for row in rows}
        found = [f"{one.place} {one.what}" for one in report.problems]
        for (lane, number), place in acknowledged.items():
            key = asked(lane, number)[0].key
            if places.get(key) != place:
                found.append(f"{key} was acknowledged at {place}, and is at {places.get(key)}")
        for kind in KINDS:
            done = [key for key in places if key.startswith(f"{kind.name}-")]
            found += kind.problems(view, done)
    refused = {row.request for row in rows if json.loads(row.body)["data"]["outcome"] == "refused"}
    wrong = [key for key in places if key.startswith("refusal-") != (key in refused)]
    return found + [f"{key} has the wrong outcome" for key in wrong]
